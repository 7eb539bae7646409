#pragma once
/// Large-N expansions: what the learning curves look like once the power law is nearly over.

#include "reconlaw/problem/linear_gaussian.hpp"

namespace reconlaw {

/// Excess risk of least squares over the floor for N >> p: floor p/N to first order (exactly
/// training_noise p/(N - p - 1) at any N >= p + 2). Relative error about (p + 1)/N.
template <class T>
T least_squares_excess(const LinearGaussianProblem<T>& problem, const T& training_size) {
    detail::require_at_least_one(training_size, "least_squares_excess", "training_size N");
    return problem.training_noise * problem.dimension() / training_size;
}

/// Excess risk of optimally stopped gradient descent for subspace denoising when N >> d + n sigma^2:
///
///     R/d - sigma^2/(1 + sigma^2) ~ sigma^2 (d + n sigma^2)/N                   (per signal dimension)
///
/// The excess has two sources: the d signal directions are learned at the price of least squares in d
/// dimensions, sigma^2 d/N; and signal leaks between the subspace and the n - d noise directions, sigma^4
/// n/N. It is the leading term for sigma^2 << 1 and steps that have left the noise directions untrained;
/// docs/accuracy.md measures where it holds.
///
/// @return summed over the signal dimensions, like every risk of the library
template <class T>
T early_stopping_excess(const T& dimension, const T& signal_dimension, const T& noise_level,
                        const T& training_size) {
    constexpr auto f = "early_stopping_excess";
    detail::require_at_least_one(training_size, f, "training_size N");
    detail::require_finite_positive(noise_level, f, "noise_level sigma");
    const T s2 = noise_level * noise_level;
    return signal_dimension * s2 * (signal_dimension + dimension * s2) / training_size;
}

}  // namespace reconlaw
