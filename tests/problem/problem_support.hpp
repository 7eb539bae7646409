#pragma once
/// Comparison of two problems entry by entry, whatever their grouping.

#include <algorithm>
#include <utility>
#include <vector>

#include "reconlaw/problem/linear_problem.hpp"
#include "support/check_close.hpp"

namespace reconlaw_test {

/// (eigenvalue, weight) with multiplicities written out, descending.
inline std::vector<std::pair<double, double>> expanded(const reconlaw::LinearGaussianProblem<double>& p) {
    std::vector<std::pair<double, double>> list;
    for (Eigen::Index i = 0; i < p.size(); ++i)
        list.insert(list.end(), static_cast<std::size_t>(p.multiplicity[i] + 0.5),
                    {p.eigenvalue[i], p.weight[i]});
    std::sort(list.rbegin(), list.rend());
    return list;
}

/// rtol covers the eigenvalue solver's error, a few ulps times the condition of the problem.
inline void check_same_problem(const reconlaw::LinearGaussianProblem<double>& value,
                               const reconlaw::LinearGaussianProblem<double>& expected, double rtol) {
    reconlaw::validate(value);
    reconlaw::validate(expected);
    const auto a = expanded(value), b = expanded(expected);
    REQUIRE(a.size() == b.size());
    const double scale = b.front().first;
    for (std::size_t i = 0; i < a.size(); ++i) {
        check_close(a[i].first, b[i].first, rtol, rtol * scale);
        check_close(a[i].second, b[i].second, rtol, rtol);
    }
    check_close(value.floor, expected.floor, rtol, rtol);
    check_close(value.training_noise, expected.training_noise, rtol, rtol);
    check_close(value.normalization, expected.normalization, 0, 0);
}

}  // namespace reconlaw_test
