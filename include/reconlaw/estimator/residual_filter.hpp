#pragma once
/// Residual filters: one function r per learning rule describes the whole estimator.

#include <algorithm>
#include <cmath>
#include <complex>
#include <concepts>
#include <limits>
#include <string>
#include <string_view>

#include "reconlaw/detail/check.hpp"
#include "reconlaw/detail/complex.hpp"

namespace reconlaw {

/// Where in the complex plane a residual filter stays of order one; what a contour integral needs to know.
struct FilterGeometry {
    enum class Kind {
        wedge,  ///< bounded for Re z > 0 around the spectrum, and for |z| < reach: gradient descent and flow,
                ///< ridge
        parabola,  ///< bounded where |Im sqrt(z)| < sqrt(reach): momentum methods, whose residuals oscillate
        step       ///< r = 1 below `cut`, 0 above: minimum norm (cut = 0) and principal-component regression
    };
    Kind kind = Kind::wedge;
    double reach =
        1.0;  ///< distance the filter's value stays of order one beyond z = 0, in units of eigenvalues
    double cut = 0.0;
    /// Largest eigenvalue of the sample covariance for which the iteration does not diverge.
    double stable_up_to = std::numeric_limits<double>::infinity();
};

/// A learning rule as its residual filter r, r(0) = 1: from N pairs with S = YY'/N it computes
///
///     W = (X Y'/N) phi(S),   phi(s) = (1 - r(s))/s                                 (docs/theory, section 2)
///
/// A type models the concept when it has
///     template <class S> S residual(const S& s) const     r at a real or complex argument
///     FilterGeometry geometry() const
/// and optionally `complement(s)` = 1 - r(s), accurate where r is close to 1.
template <class F>
concept ResidualFilter = requires(const F& f, double s, detail::Complex<double> z) {
    { f.residual(s) } -> std::convertible_to<double>;
    { f.residual(z) } -> std::convertible_to<detail::Complex<double>>;
    { f.geometry() } -> std::convertible_to<FilterGeometry>;
};

/// 1 - r(s), by the filter's own accurate formula where it has one.
template <class F, class S>
S complement(const F& filter, const S& s) {
    if constexpr (requires { filter.complement(s); })
        return filter.complement(s);
    else
        return S(1.0) - filter.residual(s);
}

/// phi(s) = (1 - r(s))/s, the factor by which direction s of X Y'/N enters W; 0 at s = 0, where X Y'/N has
/// nothing to scale.
template <class F>
double shrinkage(const F& filter, double s) {
    return s > 0 ? complement(filter, s) / s : 0.0;
}

/// k steps of gradient descent from zero on (1/2N)|WY - X|^2: r(s) = (1 - eta s)^k.
template <class T = double>
struct GradientDescent {
    T step_size;   ///< eta > 0
    double steps;  ///< k >= 0

    template <class S>
    S residual(const S& s) const {
        using detail::exp, detail::log1p, std::exp, std::log1p, std::pow;
        if constexpr (std::is_floating_point_v<S>)
            return pow(S(1.0) - S(step_size) * s, steps);
        else if constexpr (requires { s.re; })
            return exp(S(steps) * log1p(-(S(step_size) * s)));
        else
            return pow(S(1.0) - S(step_size) * s, steps);
    }
    template <class S>
    S complement(const S& s) const {
        using detail::expm1, detail::log1p, std::expm1, std::log1p;
        if constexpr (requires { s.re; })
            return -expm1(S(steps) * log1p(-(S(step_size) * s)));
        else
            return step_size * s < 1.0 ? S(-expm1(steps * log1p(-(step_size * s)))) : S(1.0 - residual(s));
    }
    FilterGeometry geometry() const {
        const double eta = detail::value_of(step_size);
        return {FilterGeometry::Kind::wedge, 1.0 / (eta * std::max(steps, 1.0)), 0.0, 2.0 / eta};
    }
};
template <class T>
GradientDescent(T, double) -> GradientDescent<T>;

/// Gradient flow run for a time t: r(s) = exp(-t s); gradient descent with eta k = t and eta -> 0.
template <class T = double>
struct GradientFlow {
    T time;  ///< t >= 0

    template <class S>
    S residual(const S& s) const {
        using detail::exp, std::exp;
        return exp(-(S(time) * s));
    }
    template <class S>
    S complement(const S& s) const {
        using detail::expm1, std::expm1;
        return -expm1(-(S(time) * s));
    }
    FilterGeometry geometry() const {
        return {FilterGeometry::Kind::wedge, 1.0 / std::max(detail::value_of(time), 1e-300)};
    }
};
template <class T>
GradientFlow(T) -> GradientFlow<T>;

/// Ridge regression, minimising (1/N)|WY - X|^2 + lambda |W|^2: r(s) = lambda/(s + lambda).
template <class T = double>
struct Ridge {
    T lambda;  ///< > 0

    template <class S>
    S residual(const S& s) const {
        return S(1.0) / (S(1.0) + s * S(T(1.0) / lambda));
    }
    template <class S>
    S complement(const S& s) const {
        const S u = s * S(T(1.0) / lambda);
        return u / (S(1.0) + u);
    }
    FilterGeometry geometry() const { return {FilterGeometry::Kind::wedge, 0.5 * detail::value_of(lambda)}; }
};
template <class T>
Ridge(T) -> Ridge<T>;

/// Minimum-norm least squares, the limit of infinitely many steps (the paper's W-infinity): r(s) = 1{s = 0}.
/// On computed eigenvalues, those below 1e-11 times the largest should be set to zero first.
struct MinimumNorm {
    template <class S>
    S residual(const S& s) const {
        return S(detail::magnitude(s) > 0 ? 0.0 : 1.0);
    }
    FilterGeometry geometry() const { return {FilterGeometry::Kind::step, 0.0, 0.0}; }
};

/// Principal-component regression: least squares on the eigenvectors of S with eigenvalue >= cutoff,
/// r(s) = 1{s < cutoff}. On a complex argument, decided by its real part.
struct PrincipalComponentRegression {
    double cutoff;  ///< > 0

    template <class S>
    S residual(const S& s) const {
        if constexpr (requires { s.re; })
            return S(detail::value_of(s.re) < cutoff ? 1.0 : 0.0);
        else
            return S(detail::value_of(s) < cutoff ? 1.0 : 0.0);
    }
    FilterGeometry geometry() const { return {FilterGeometry::Kind::step, 0.0, cutoff}; }
};

/// Gradient descent with heavy-ball momentum (Polyak 1964): w+ = w - eta grad + beta (w - w-),
///
///     r_{k+1} = (1 + beta - eta s) r_k - beta r_{k-1},   r_0 = 1, r_1 = 1 - eta s
template <class T = double>
struct HeavyBall {
    T step_size;      ///< 0 < eta < 2 (1 + beta)/largest eigenvalue
    double momentum;  ///< 0 <= beta < 1
    int steps;

    template <class S>
    S residual(const S& s) const {
        S before(1.0), now = steps > 0 ? S(1.0) - S(step_size) * s : S(1.0);
        for (int k = 1; k < steps; ++k) {
            const S next = (S(1.0 + momentum) - S(step_size) * s) * now - S(momentum) * before;
            before = now, now = next;
        }
        return now;
    }
    FilterGeometry geometry() const {
        const double eta = detail::value_of(step_size);
        // Both the k steps of an undamped oscillation and the damped stationary regime bound the reach.
        const double wavelength = 1.0 / (std::max(steps, 1) * std::sqrt(eta));
        return {FilterGeometry::Kind::parabola, wavelength * wavelength, 0.0, 2.0 * (1.0 + momentum) / eta};
    }
};

/// Nesterov's accelerated gradient (1983) with beta_k = k/(k + 3): u = w_k + beta_k (w_k - w_{k-1}),
/// w_{k+1} = u - eta grad(u),
///
///     r_{k+1} = (1 - eta s)(r_k + beta_k (r_k - r_{k-1})),   r_0 = 1, r_1 = 1 - eta s
template <class T = double>
struct Nesterov {
    T step_size;  ///< 0 < eta <= 1/largest eigenvalue
    int steps;

    template <class S>
    S residual(const S& s) const {
        const S contraction = S(1.0) - S(step_size) * s;
        S before(1.0), now(1.0);
        for (int k = 0; k < steps; ++k) {
            const S next = contraction * (now + S(k / (k + 3.0)) * (now - before));
            before = now, now = next;
        }
        return now;
    }
    FilterGeometry geometry() const {
        const double eta = detail::value_of(step_size);
        const double wavelength = 1.0 / (std::max(steps, 1) * std::sqrt(eta));
        return {FilterGeometry::Kind::parabola, wavelength * wavelength, 0.0, 4.0 / (3.0 * eta)};
    }
};

/// Checks a filter's own parameters, whichever of step_size, steps, momentum, time and lambda it has.
/// @throws std::invalid_argument naming function, parameter, value and range
template <ResidualFilter F>
void validate(const F& filter, std::string_view function) {
    if constexpr (requires { filter.step_size; })
        detail::require_finite_positive(filter.step_size, function, "step_size");
    if constexpr (requires { filter.steps; })
        detail::require(std::isfinite(static_cast<double>(filter.steps)) && filter.steps >= 0, function,
                        "steps", filter.steps, "finite and >= 0");
    if constexpr (requires { filter.momentum; })
        detail::require(filter.momentum >= 0 && filter.momentum < 1, function, "momentum", filter.momentum,
                        "in [0, 1)");
    if constexpr (requires { filter.time; })
        detail::require_finite_nonnegative(filter.time, function, "time");
    if constexpr (requires { filter.lambda; })
        detail::require_finite_nonnegative(filter.lambda, function, "lambda");
    if constexpr (requires { filter.cutoff; })
        detail::require_finite_nonnegative(filter.cutoff, function, "cutoff");
}

static_assert(ResidualFilter<GradientDescent<>> && ResidualFilter<GradientFlow<>> && ResidualFilter<Ridge<>>);
static_assert(ResidualFilter<MinimumNorm> && ResidualFilter<PrincipalComponentRegression>);
static_assert(ResidualFilter<HeavyBall<>> && ResidualFilter<Nesterov<>>);

}  // namespace reconlaw
