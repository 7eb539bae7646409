#pragma once
/// Argument checks: one sentence naming function, argument, value and allowed range.

#include <cmath>
#include <sstream>
#include <stdexcept>
#include <string>
#include <string_view>

namespace reconlaw::detail {

/// The double behind a scalar: itself, or the value part of an automatic-differentiation type (member `a`,
/// as in ceres::Jet).
template <class T>
double value_of(const T& x) {
    if constexpr (requires { x.a; })
        return value_of(x.a);
    else
        return static_cast<double>(x);
}

/// @throws std::invalid_argument "function: argument = value, must be range" unless `ok`
template <class V>
void require(bool ok, std::string_view function, std::string_view argument, const V& value,
             std::string_view range) {
    if (ok) return;
    std::ostringstream message;
    message << function << ": " << argument << " = " << value << ", must be " << range;
    throw std::invalid_argument(message.str());
}

template <class T>
void require_finite_positive(const T& x, std::string_view function, std::string_view argument) {
    const double v = value_of(x);
    require(std::isfinite(v) && v > 0, function, argument, v, "finite and > 0");
}

template <class T>
void require_finite_nonnegative(const T& x, std::string_view function, std::string_view argument) {
    const double v = value_of(x);
    require(std::isfinite(v) && v >= 0, function, argument, v, "finite and >= 0");
}

template <class T>
void require_at_least_one(const T& x, std::string_view function, std::string_view argument) {
    const double v = value_of(x);
    require(std::isfinite(v) && v >= 1, function, argument, v, "finite and >= 1");
}

}  // namespace reconlaw::detail
