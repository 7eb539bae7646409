#pragma once
/// One call for any filter.

#include <algorithm>
#include <cmath>
#include <limits>
#include <utility>

#include "reconlaw/risk/real_line.hpp"
#include "reconlaw/risk/risk.hpp"

namespace reconlaw {

namespace detail {

/// Evaluates with more and more nodes until the difference of the two contours, `evaluate(nodes).first`, is
/// allowed,
/// `.second`, or no longer falls (rounding). Returns the last difference.
template <class F>
double refine_nodes(int nodes, int max_nodes, F&& evaluate) {
    double last = std::numeric_limits<double>::infinity();
    while (true) {
        const auto [difference, allowed] = evaluate(nodes);
        if (difference <= allowed || difference > 0.5 * last || nodes >= max_nodes) return difference;
        last = difference;
        nodes = std::min(max_nodes, nodes + nodes / 2);
    }
}

/// Filters with r = 1 below a cut and 0 above: one contour around what lies above the cut (variance), one
/// around what lies below (bias), both through a gap of the support.
template <class T>
Risk<T> step_risk(const LinearGaussianProblem<T>& problem, const T& training_size, double cut,
                  const RiskOptions& options) {
    const Companion companion(problem, training_size);
    Risk<T> risk;
    risk.floor = problem.floor;
    const double p = value_of(problem.dimension()), n = value_of(training_size);
    const bool least_squares = cut == 0.0;
    if (least_squares && std::abs(p - n) <= 1.0) {
        if (options.order == Order::corrected || p == n) {
            risk.variance = T(std::numeric_limits<double>::infinity());
            risk.training_loss = problem.training_noise * T(std::max(0.0, 1.0 - p / n));
            risk.status = RiskStatus::infinite;
            return risk;
        }
    }
    double below = 0.0, above = companion.left_edge();  // the gap the contours pass through
    if (cut > above) {
        const auto support = companion.support();
        for (const auto& [lower, upper] : support) {
            if (cut > lower && cut < upper) {
                risk.status = RiskStatus::limit_only;  // inside the support: the caller's business
                risk.nodes = -1;
                return risk;
            }
            if (upper <= cut) below = upper;
        }
        above = std::numeric_limits<double>::infinity();
        for (auto it = support.rbegin(); it != support.rend(); ++it)
            if (it->lower >= cut) above = it->lower;
    }
    const double right = companion.right_edge();
    const bool nothing_above = !std::isfinite(above), nothing_below = below == 0.0 && p <= n;

    risk.training_loss = problem.training_noise * (T(1.0) - problem.dimension() / training_size);
    double difference = 0;
    bool solved = true;
    int nodes = 0;
    if (nothing_above) {  // r = 1 everywhere: W = 0
        risk.bias = (problem.multiplicity * problem.weight * problem.eigenvalue).sum();
        risk.training_loss = risk.bias + problem.training_noise;
        risk.status = RiskStatus::converged;
        return risk;
    }
    const double margin = below > 0 ? 0.5 * std::log(above / below) : 1.0;
    auto upper = [&](int q) {
        return ContourPair{interval_contour(above, right, std::min(margin, 1.0), 1.0, q),
                           interval_contour(above, right, 0.6 * std::min(margin, 1.0), 0.7, q)};
    };
    const double width = below > 0 ? std::min(above - below, below) : above;
    auto lower = [&](int q) {
        return ContourPair{origin_contour(below, 0.5 * width, q), origin_contour(below, 0.3 * width, q)};
    };
    auto count = [&](const ContourPair& pair) {
        return std::clamp(static_cast<int>(std::log(10.0 / options.tolerance) / pair.inner.rate), 32,
                          options.max_nodes);
    };
    if (least_squares && n > p) {  // the inverse Wishart mean is exact at any size
        const T excess = options.order == Order::corrected ? T(1.0) : T(0.0);
        risk.variance =
            problem.training_noise * problem.dimension() / (training_size - problem.dimension() - excess);
    } else {
        difference = refine_nodes(count(upper(2)), options.max_nodes, [&](int q) {
            const ContourTable<T> table(problem, training_size, companion, upper(q), options.order, false);
            const auto variance = table.variance(table.zeros());
            risk.variance = variance.value;
            solved = table.converged(), nodes = table.nodes();
            return std::pair{variance.difference, options.tolerance * value_of(risk.total())};
        });
    }
    if (!nothing_below) {
        const T loss = risk.training_loss;
        difference += refine_nodes(count(lower(2)), options.max_nodes, [&](int q) {
            const ContourTable<T> table(problem, training_size, companion, lower(q), options.order);
            const auto ones = table.ones();
            risk.bias = table.bias(ones);
            risk.training_loss = loss + table.training(ones).value;
            solved = solved && table.converged(), nodes = std::max(nodes, table.nodes());
            return std::pair{2.0 * table.mean_residual(ones).difference + table.bias_rounding(ones),
                             options.tolerance * value_of(risk.total())};
        });
    }
    risk.error = difference / std::max(std::abs(value_of(risk.total())), 1e-300);
    risk.nodes = nodes;
    risk.status =
        solved && risk.error <= options.tolerance ? RiskStatus::converged : RiskStatus::not_converged;
    return risk;
}

}  // namespace detail

/// Expected test risk and training loss of a residual filter learned from N samples.
///
/// By contour integrals with the first finite-size correction (or the limit, options.order). Least squares
/// (MinimumNorm) has the exact variance training_noise p/(N - p - 1) for N >= p + 2, and infinite expectation
/// at N = p - 1, p, p + 1 (status `infinite`). A filter that jumps inside the support of the spectrum
/// (PrincipalComponentRegression) is evaluated on the real line, without the correction (status `limit_only`,
/// to a tolerance of 1e-5).
///
/// @param training_size  N > 0
/// @throws std::invalid_argument  invalid problem or N; a step size at which the iteration diverges
template <class T, ResidualFilter F>
Risk<T> predict_risk(const LinearGaussianProblem<T>& problem, const T& training_size, const F& filter,
                     const RiskOptions& options = {}) {
    validate(filter, "predict_risk");
    detail::require(options.tolerance >= 1e-13, "predict_risk", "tolerance", options.tolerance,
                    "at least 1e-13");
    detail::require(options.max_nodes >= 12, "predict_risk", "max_nodes", options.max_nodes, "at least 12");
    const FilterGeometry geometry = filter.geometry();
    if (geometry.kind != FilterGeometry::Kind::step)
        return RiskPath<T>(problem, training_size, geometry, options)(filter);
    detail::require_finite_nonnegative(geometry.cut, "predict_risk", "cut of the filter");
    Risk<T> risk = detail::step_risk(problem, training_size, geometry.cut, options);
    if (risk.nodes == -1) {
        if constexpr (std::is_same_v<T, double>)
            return RealLine(problem, training_size, 400, geometry.cut)
                .risk(filter, std::max(options.tolerance, 1e-5));
        else
            throw std::invalid_argument(
                "predict_risk: no derivatives where the filter jumps inside the support");
    }
    return risk;
}

}  // namespace reconlaw
