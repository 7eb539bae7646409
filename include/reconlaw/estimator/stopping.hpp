#pragma once
/// When to stop gradient descent: by the known risk, by a validation set, or where a theory says.

#include <algorithm>
#include <cmath>
#include <string>
#include <vector>

#include "reconlaw/estimator/gradient_path.hpp"

namespace reconlaw {

enum class StopStatus {
    interior,       ///< more steps and fewer steps are both worse
    no_training,    ///< zero steps are best: the risk never falls below that of W = 0
    limit_reached,  ///< the best is the last step allowed; more may be better
    prescribed      ///< the number of steps was given
};

struct [[nodiscard]] StoppingResult {
    double steps = 0;  ///< k, a whole number
    double risk = 0;   ///< on the moments the result is reported on, summed over target coordinates
    StopStatus status = StopStatus::prescribed;
    /// Risk on the moments that chose k: the same as `risk` for the oracle, the validation risk otherwise.
    double selection_risk = 0;
};

/// The whole number k in [0, max_steps] at which gradient descent has the least risk.
///
/// As a function of k the risk is a sum of products (1 - eta s_i)^k (1 - eta s_j)^k: on a logarithmic axis of
/// k it varies over factors, not over percents. So: every k up to 64, then a grid of ratio 1.05, then a
/// search by halving brackets around every local minimum of the grid. Where eta s_max > 1 some factors
/// alternate in sign, and odd and even k are searched apart. Of equal values the smallest k wins. About 64 +
/// 47 log10(max_steps/64) evaluations.
///
/// @param known      risk against the population (GradientPath::test_risk(population_moments(model)))
/// @param max_steps  whole number in [0, 1e15]
/// @throws std::invalid_argument  max_steps out of range; step size outside (0, 2/s_max)
inline StoppingResult oracle_stop(const TestRisk& known, double step_size, double max_steps) {
    constexpr auto f = "oracle_stop";
    detail::require(max_steps >= 0 && max_steps <= 1e15 && max_steps == std::floor(max_steps), f, "max_steps",
                    max_steps, "a whole number from 0 to 1e15");
    const auto at = [&](double k) { return known.risk(GradientDescent<double>{step_size, k}); };
    double best_k = 0, best = at(0);
    const auto consider = [&](double k, double value) {
        if (value < best || (value == best && k < best_k)) best = value, best_k = k;
    };
    const double stride = step_size * known.largest_eigenvalue() > 1 ? 2 : 1;
    for (double first = 0; first < stride && first <= max_steps; ++first) {
        // k = first + stride j, j = 0..last
        const double last = std::floor((max_steps - first) / stride);
        std::vector<double> grid, value;
        for (double j = 0;; j = std::min(last, j < 64 ? j + 1 : std::floor(1.05 * j))) {
            grid.push_back(j);
            value.push_back(at(first + stride * j));
            consider(first + stride * j, value.back());
            if (j >= last) break;
        }
        for (std::size_t i = 0; i < grid.size(); ++i) {
            const bool falls_before = i == 0 || value[i] <= value[i - 1];
            const bool rises_after = i + 1 == grid.size() || value[i] <= value[i + 1];
            if (!falls_before || !rises_after) continue;
            double low = i > 0 ? grid[i - 1] : grid[i], high = i + 1 < grid.size() ? grid[i + 1] : grid[i];
            while (high - low > 4) {
                const double middle = std::floor(0.5 * (low + high));
                if (at(first + stride * middle) <= at(first + stride * (middle + 1)))
                    high = middle;
                else
                    low = middle + 1;
            }
            for (double j = low; j <= high; ++j) consider(first + stride * j, at(first + stride * j));
        }
    }
    StoppingResult result{best_k, best, StopStatus::interior, best};
    if (best_k == 0)
        result.status = StopStatus::no_training;
    else if (best_k == max_steps)
        result.status = StopStatus::limit_reached;
    return result;
}

/// Stops where a validation set's risk is least, and reports the risk there against `test`.
/// @param validation  GradientPath::test_risk(moments of the validation set)
/// @param test        the same path's risk against the population or a test set
inline StoppingResult validation_stop(const TestRisk& validation, const TestRisk& test, double step_size,
                                      double max_steps) {
    StoppingResult result = oracle_stop(validation, step_size, max_steps);
    result.risk = test.risk(GradientDescent<double>{step_size, result.steps});
    return result;
}

/// Stops after the number of steps a theory gives (such as the optimum of the closed form) and reports the
/// risk.
inline StoppingResult predicted_stop(const TestRisk& test, double step_size, double steps) {
    const double value = test.risk(GradientDescent<double>{step_size, steps});
    return {steps, value, StopStatus::prescribed, value};
}

}  // namespace reconlaw
