#pragma once
/// When to stop: the number of steps, or the ridge, with the smallest predicted risk.

#include <boost/math/tools/minima.hpp>
#include <cmath>
#include <limits>
#include <utility>
#include <vector>

#include "reconlaw/risk/predict.hpp"

namespace reconlaw {

/// The best member of a family of filters and its predicted risk.
template <class T = double>
struct [[nodiscard]] Optimum {
    double parameter = 0.0;  ///< steps k, or lambda
    Risk<T> risk;
    bool at_limit = false;  ///< the smallest risk was found at the end of the allowed range
};

namespace detail {

/// Minimises f over the integers 0..last: a logarithmic scan, then ternary bisection around its best point.
/// Exact for functions with one minimum; otherwise the best valley the scan sees. Values within a relative
/// `tie` of each other count as equal and the smaller argument wins, so that a path that has converged does
/// not report noise.
template <class F>
long minimise_steps(long last, double tie, F&& f) {
    std::vector<long> grid{0};
    for (double k = 1; k < static_cast<double>(last); k *= 1.5)
        if (std::lround(k) > grid.back()) grid.push_back(std::lround(k));
    if (grid.back() < last) grid.push_back(last);
    std::size_t best = 0;
    double lowest = std::numeric_limits<double>::infinity();
    for (std::size_t i = 0; i < grid.size(); ++i)
        if (const double v = f(grid[i]); i == 0 || v < lowest - tie * std::abs(lowest)) lowest = v, best = i;
    long a = grid[best == 0 ? 0 : best - 1], b = grid[std::min(best + 1, grid.size() - 1)];
    while (b - a > 2) {
        const long left = a + (b - a) / 3, right = b - (b - a) / 3;
        if (const double v = f(right); f(left) <= v + tie * std::abs(v))
            b = right;
        else
            a = left;
    }
    long k = a;
    lowest = f(a);
    for (long i = a + 1; i <= b; ++i)
        if (const double v = f(i); v < lowest - tie * std::abs(lowest)) lowest = v, k = i;
    return k;
}

}  // namespace detail

/// Number of gradient steps 0 <= k <= max_steps with the smallest predicted risk. The whole path shares one
/// set of contour nodes. For an automatic-differentiation scalar the derivatives are those at the fixed
/// optimal k.
///
/// @param step_size  eta, below 2/(right edge of the sample spectrum)
/// @throws std::invalid_argument a diverging step size, max_steps < 1
template <class T>
Optimum<T> optimal_stopping(const LinearGaussianProblem<T>& problem, const T& training_size,
                            const T& step_size, long max_steps = 5000, const RiskOptions& options = {}) {
    detail::require(max_steps >= 1, "optimal_stopping", "max_steps", max_steps, "at least 1");
    detail::require_finite_positive(step_size, "optimal_stopping", "step_size");
    RiskPath<T> path(problem, training_size,
                     GradientDescent<T>{step_size, static_cast<double>(max_steps)}.geometry(), options);
    auto at = [&](long k) { return path(GradientDescent<T>{step_size, static_cast<double>(k)}); };
    const double tie = 2.0 * options.tolerance;
    auto value = [&](long j) { return detail::value_of(at(j).total()); };
    long k = detail::minimise_steps(max_steps, tie, value);
    // Still falling at the end, if slower than the tie from one step to the next?
    const bool at_limit = k >= max_steps - max_steps / 20 && value(max_steps) <= value(k);
    if (at_limit) k = max_steps;
    // Nodes of its own where those of the path, which serve its longest member, leave too large an error.
    Risk<T> risk = at(k);
    const GradientDescent<T> best{step_size, static_cast<double>(k)};
    if (!risk.ok()) risk = predict_risk(problem, training_size, best, options);
    return {best.steps, risk, at_limit};
}

namespace detail {

/// Minimises f over [low, high]: a scan, for minima that are narrow or not alone, then Brent's method around
/// its best point. Returns {argument, found at an end}.
template <class F>
std::pair<double, bool> minimise_scalar(double low, double high, F&& f) {
    constexpr int cells = 40;
    int best = 0;
    double lowest = std::numeric_limits<double>::infinity();
    for (int i = 0; i <= cells; ++i)
        if (const double v = f(low + (high - low) * i / cells); v < lowest) lowest = v, best = i;
    const double a = low + (high - low) * std::max(0, best - 1) / cells;
    const double b = low + (high - low) * std::min(cells, best + 1) / cells;
    return {boost::math::tools::brent_find_minima(f, a, b, 26).first, best == 0 || best == cells};
}

template <class T>
double mean_eigenvalue(const LinearGaussianProblem<T>& problem) {
    return value_of((problem.multiplicity * problem.eigenvalue).sum()) / value_of(problem.dimension());
}

}  // namespace detail

/// Ridge parameter with the smallest predicted risk, lambda between 1e-6 and 1e3 times the mean eigenvalue.
/// For an automatic-differentiation scalar the derivatives are those at the fixed optimal lambda.
template <class T>
Optimum<T> optimal_ridge(const LinearGaussianProblem<T>& problem, const T& training_size,
                         const RiskOptions& options = {}) {
    const double mean = detail::mean_eigenvalue(problem), smallest = 1e-6 * mean, largest = 1e3 * mean;
    RiskPath<T> path(problem, training_size, Ridge<T>{T(smallest)}.geometry(), options);
    auto at = [&](double log_lambda) { return path(Ridge<T>{T(std::exp(log_lambda))}); };
    const auto [x, at_limit] = detail::minimise_scalar(
        std::log(smallest), std::log(largest), [&](double v) { return detail::value_of(at(v).total()); });
    Risk<T> risk = at(x);
    if (!risk.ok()) risk = predict_risk(problem, training_size, Ridge<T>{T(std::exp(x))}, options);
    return {std::exp(x), risk, at_limit};
}

/// Stopping time of gradient flow with the smallest predicted risk, t between 1e-3 and 1e6 over the mean
/// eigenvalue.
template <class T>
Optimum<T> optimal_flow(const LinearGaussianProblem<T>& problem, const T& training_size,
                        const RiskOptions& options = {}) {
    const double mean = detail::mean_eigenvalue(problem), longest = 1e6 / mean;
    RiskPath<T> path(problem, training_size, GradientFlow<T>{T(longest)}.geometry(), options);
    auto at = [&](double log_time) { return path(GradientFlow<T>{T(std::exp(log_time))}); };
    const auto [x, at_limit] = detail::minimise_scalar(
        std::log(1e-3 / mean), std::log(longest), [&](double v) { return detail::value_of(at(v).total()); });
    Risk<T> risk = at(x);
    if (!risk.ok()) risk = predict_risk(problem, training_size, GradientFlow<T>{T(std::exp(x))}, options);
    return {std::exp(x), risk, at_limit};
}

}  // namespace reconlaw
