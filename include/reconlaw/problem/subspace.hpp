#pragma once
/// Subspace denoising, the problem of the paper's section 5.

#include "reconlaw/problem/linear_gaussian.hpp"

namespace reconlaw {

/// Denoising of signals in a d-dimensional subspace of R^n: x = U c, c ~ N(0, I_d), y = x + z, z ~ N(0,
/// sigma^2 I_n).
///
///     eigenvalues  1 + sigma^2 (d times), sigma^2 (n - d times)
///     weights      1/(1 + sigma^2)^2,     0
///     floor        d sigma^2/(1 + sigma^2)                          (paper, section 5; docs/theory, section
///     1)
///
/// @param dimension         n >= 1
/// @param signal_dimension  1 <= d <= n
/// @param noise_level       sigma > 0 (standard deviation)
/// @return risks summed; normalization d
/// @throws std::invalid_argument outside these ranges
template <class T>
LinearGaussianProblem<T> subspace_problem(const T& dimension, const T& signal_dimension,
                                          const T& noise_level) {
    constexpr auto f = "subspace_problem";
    detail::require_at_least_one(dimension, f, "dimension n");
    const double n = detail::value_of(dimension);
    const double d = detail::value_of(signal_dimension);
    detail::require(d >= 1 && d <= n, f, "signal_dimension d", d, "between 1 and n = " + std::to_string(n));
    detail::require_finite_positive(noise_level, f, "noise_level sigma");

    const T s2 = noise_level * noise_level;
    LinearGaussianProblem<T> p;
    const Eigen::Index groups = d < n ? 2 : 1;
    p.eigenvalue.resize(groups), p.multiplicity.resize(groups), p.weight.resize(groups);
    p.eigenvalue[0] = T(1.0) + s2;
    p.multiplicity[0] = signal_dimension;
    p.weight[0] = T(1.0) / ((T(1.0) + s2) * (T(1.0) + s2));
    if (groups == 2) {
        p.eigenvalue[1] = s2;
        p.multiplicity[1] = dimension - signal_dimension;
        p.weight[1] = T(0.0);
    }
    p.floor = signal_dimension * s2 / (T(1.0) + s2);
    p.training_noise = p.floor;
    p.normalization = signal_dimension;
    return p;
}

inline LinearGaussianProblem<double> subspace_problem(double n, double d, double sigma) {
    return subspace_problem<double>(n, d, sigma);
}

/// The paper's step size for subspace denoising, in the units of the loss (1/2N)|WY - X|^2:
///
///     eta = 1/((1 + epsilon)(1 + sigma^2)),   epsilon = sqrt(10 (d + sigma^2 n) log(n)/N)
///
/// @param training_size  N >= 1
template <class T>
T paper_step_size(const T& dimension, const T& signal_dimension, const T& noise_level,
                  const T& training_size) {
    using std::log;
    using std::sqrt;
    constexpr auto f = "paper_step_size";
    detail::require_at_least_one(training_size, f, "training_size N");
    detail::require_finite_positive(noise_level, f, "noise_level sigma");
    detail::require_at_least_one(signal_dimension, f, "signal_dimension d");
    detail::require_at_least_one(dimension, f, "dimension n");
    const T s2 = noise_level * noise_level;
    const T squared = T(10.0) * (signal_dimension + s2 * dimension) * log(dimension) / training_size;
    const T epsilon = detail::value_of(squared) > 0 ? T(sqrt(squared)) : T(0.0);
    return T(1.0) / ((T(1.0) + epsilon) * (T(1.0) + s2));
}

inline double paper_step_size(double n, double d, double sigma, double training_size) {
    return paper_step_size<double>(n, d, sigma, training_size);
}

}  // namespace reconlaw
