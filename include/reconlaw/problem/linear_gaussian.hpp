#pragma once
/// The one type the whole theory works on.

#include <Eigen/Core>
#include <algorithm>
#include <cmath>

#include "reconlaw/detail/check.hpp"

namespace reconlaw {

/// A linear-Gaussian reconstruction problem, reduced to what the risk of linear estimators depends on.
///
/// Measurement y in R^p and target x in R^n, jointly Gaussian, mean zero. With S = E[y y'], eigenpairs
/// (lambda_i, v_i), the Wiener filter B = E[x y'] S^-1 and the residual covariance S_e = E[x x'] - B S B':
///
///     eigenvalue_i = lambda_i,  weight_i = v_i' B'B v_i,  floor = tr S_e          (docs/theory, section 1)
///
/// repeated `multiplicity_i` times. All risks are E|W y - x|^2 summed over target coordinates; divide by
/// `normalization` for the risk per signal dimension (subspace problems, as in the paper) or per coordinate.
///
/// The scalar T may be an automatic-differentiation type: every field can carry derivatives, multiplicities
/// included.
template <class T = double>
struct LinearGaussianProblem {
    using Array = Eigen::Array<T, Eigen::Dynamic, 1>;

    Array eigenvalue;    ///< lambda_i > 0 of the measurement covariance, descending
    Array multiplicity;  ///< c_i > 0; their sum is p
    Array weight;        ///< w_i >= 0
    T floor{};           ///< Bayes risk: no estimator does better
    T training_noise{};  ///< tr S_e seen in training: the floor, plus n sigma_t^2 for noisy targets
    T normalization{1.0};

    /// Number of distinct directions (rows of the arrays).
    Eigen::Index size() const { return eigenvalue.size(); }
    /// p, the dimension of a measurement.
    T dimension() const { return multiplicity.sum(); }
};

/// Checks lengths, signs and order. @throws std::invalid_argument naming the entry
template <class T>
void validate(const LinearGaussianProblem<T>& problem) {
    using detail::require;
    using detail::value_of;
    constexpr auto f = "LinearGaussianProblem";
    require(problem.size() > 0, f, "number of eigenvalues", problem.size(), "at least 1");
    require(problem.multiplicity.size() == problem.size(), f, "number of multiplicities",
            problem.multiplicity.size(), "the number of eigenvalues");
    require(problem.weight.size() == problem.size(), f, "number of weights", problem.weight.size(),
            "the number of eigenvalues");
    for (Eigen::Index i = 0; i < problem.size(); ++i) {
        detail::require_finite_positive(problem.eigenvalue[i], f, "eigenvalue[" + std::to_string(i) + "]");
        detail::require_finite_positive(problem.multiplicity[i], f,
                                        "multiplicity[" + std::to_string(i) + "]");
        detail::require_finite_nonnegative(problem.weight[i], f, "weight[" + std::to_string(i) + "]");
        if (i > 0)
            require(value_of(problem.eigenvalue[i]) <= value_of(problem.eigenvalue[i - 1]), f,
                    "eigenvalue[" + std::to_string(i) + "]", value_of(problem.eigenvalue[i]),
                    "at most the one before it (descending order)");
    }
    detail::require_finite_nonnegative(problem.floor, f, "floor");
    require(value_of(problem.training_noise) >= value_of(problem.floor) * (1 - 1e-12), f, "training_noise",
            value_of(problem.training_noise), "at least the floor");
    detail::require_finite_positive(problem.normalization, f, "normalization");
}

/// The same problem trained with targets that carry their own independent noise, x' = x + e', of variance
/// `target_noise`^2 in each of the `target_dimension` coordinates (self-supervised training). The test risk
/// is still measured against clean targets, so only `training_noise` grows, by n sigma_t^2.
template <class T>
LinearGaussianProblem<T> with_noisy_targets(LinearGaussianProblem<T> problem, const T& target_noise,
                                            const T& target_dimension) {
    detail::require_finite_nonnegative(target_noise, "with_noisy_targets", "target_noise");
    detail::require_at_least_one(target_dimension, "with_noisy_targets", "target_dimension");
    problem.training_noise += target_dimension * target_noise * target_noise;
    return problem;
}

}  // namespace reconlaw
