#pragma once
/// Complex numbers over any real scalar, automatic-differentiation types included (for which std::complex is
/// unspecified). Plain formulas, no recovery of infinities: also faster than std::complex in scalar loops.

#include <Eigen/Core>
#include <cmath>
#include <complex>
#include <type_traits>

#include "reconlaw/detail/check.hpp"

namespace reconlaw::detail {

template <class T>
struct Complex {
    T re{};
    T im{};

    Complex() : re(0.0), im(0.0) {}
    Complex(const T& real) : re(real), im(0.0) {}  // NOLINT: implicit like std::complex
    Complex(const T& real, const T& imag) : re(real), im(imag) {}
    explicit Complex(const std::complex<double>& z) : re(z.real()), im(z.imag()) {}
    template <class U>
    requires(std::is_arithmetic_v<U> && !std::is_same_v<U, T>) Complex(U real)
        : re(static_cast<double>(real)), im(0.0) {}  // NOLINT

    Complex& operator+=(const Complex& b) { return re += b.re, im += b.im, *this; }
    Complex& operator-=(const Complex& b) { return re -= b.re, im -= b.im, *this; }
    Complex& operator*=(const Complex& b) { return *this = *this * b; }
    Complex& operator/=(const Complex& b) { return *this = *this / b; }

    friend Complex operator+(const Complex& a, const Complex& b) { return {a.re + b.re, a.im + b.im}; }
    friend Complex operator-(const Complex& a, const Complex& b) { return {a.re - b.re, a.im - b.im}; }
    friend Complex operator-(const Complex& a) { return {-a.re, -a.im}; }
    friend Complex operator*(const Complex& a, const Complex& b) {
        return {a.re * b.re - a.im * b.im, a.re * b.im + a.im * b.re};
    }
    friend Complex operator/(const Complex& a, const Complex& b) {
        const T q = T(1.0) / (b.re * b.re + b.im * b.im);
        return {(a.re * b.re + a.im * b.im) * q, (a.im * b.re - a.re * b.im) * q};
    }
    friend bool operator==(const Complex& a, const Complex& b) { return a.re == b.re && a.im == b.im; }
};

template <class T>
Complex<T> conj(const Complex<T>& z) {
    return {z.re, -z.im};
}

template <class T>
T squared_norm(const Complex<T>& z) {
    return z.re * z.re + z.im * z.im;
}

/// |z| of the value part, for tests of convergence.
template <class T>
double magnitude(const Complex<T>& z) {
    return std::hypot(value_of(z.re), value_of(z.im));
}
inline double magnitude(double x) {
    return std::abs(x);
}
inline double magnitude(const std::complex<double>& z) {
    return std::abs(z);
}

template <class T>
Complex<T> exp(const Complex<T>& z) {
    using std::cos;
    using std::exp;
    using std::sin;
    const T r = exp(z.re);
    return {r * cos(z.im), r * sin(z.im)};
}

template <class T>
Complex<T> log(const Complex<T>& z) {
    using std::atan2;
    using std::log;
    return {log(squared_norm(z)) * T(0.5), atan2(z.im, z.re)};
}

/// log(1 + z), accurate for small |z|.
template <class T>
Complex<T> log1p(const Complex<T>& z) {
    using std::atan2;
    using std::log1p;
    return {log1p(z.re * T(2.0) + squared_norm(z)) * T(0.5), atan2(z.im, T(1.0) + z.re)};
}

/// exp(z) - 1, accurate for small |z|.
template <class T>
Complex<T> expm1(const Complex<T>& z) {
    using std::cos;
    using std::expm1;
    using std::sin;
    const T e = expm1(z.re);
    const T h = sin(z.im * T(0.5));
    return {e * cos(z.im) - T(2.0) * h * h, (e + T(1.0)) * sin(z.im)};
}

}  // namespace reconlaw::detail

template <class T>
struct Eigen::NumTraits<reconlaw::detail::Complex<T>>
    : Eigen::GenericNumTraits<reconlaw::detail::Complex<T>> {
    using Real = reconlaw::detail::Complex<T>;
    using NonInteger = reconlaw::detail::Complex<T>;
    using Literal = reconlaw::detail::Complex<T>;
    using Nested = reconlaw::detail::Complex<T>;
    enum {
        IsComplex = 0,
        IsInteger = 0,
        IsSigned = 1,
        RequireInitialization = 1,
        ReadCost = 2,
        AddCost = 2,
        MulCost = 6
    };
};
