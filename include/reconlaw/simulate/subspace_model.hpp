#pragma once
/// The subspace model with integer sizes: what simulations of it sample.

#include <Eigen/Core>

#include "reconlaw/problem/measurement_model.hpp"
#include "reconlaw/problem/subspace.hpp"

namespace reconlaw {

/// x = U c, c ~ N(0, I_d), y = x + z, z ~ N(0, sigma^2 I_n); training targets x + e, e ~ N(0, sigma_t^2 I_n).
/// U is, without loss of generality, the first d coordinates of R^n.
struct SubspaceModel {
    Eigen::Index dimension = 0;         ///< n
    Eigen::Index signal_dimension = 0;  ///< d, 1 <= d <= n
    double noise_level = 0.0;           ///< sigma > 0
    double target_noise = 0.0;          ///< sigma_t >= 0
};

/// @throws std::invalid_argument
inline void validate(const SubspaceModel& model) {
    constexpr auto f = "SubspaceModel";
    detail::require(model.dimension >= 1, f, "dimension n", model.dimension, "at least 1");
    detail::require(model.signal_dimension >= 1 && model.signal_dimension <= model.dimension, f,
                    "signal_dimension d", model.signal_dimension,
                    "between 1 and n = " + std::to_string(model.dimension));
    detail::require_finite_positive(model.noise_level, f, "noise_level sigma");
    detail::require_finite_nonnegative(model.target_noise, f, "target_noise");
}

/// The model written out as (dense) matrices; normalization d.
inline MeasurementModel subspace_model(const SubspaceModel& model) {
    validate(model);
    MeasurementModel dense;
    dense.signal_factor = Eigen::MatrixXd::Identity(model.dimension, model.signal_dimension);
    dense.forward = Eigen::MatrixXd::Identity(model.dimension, model.dimension);
    dense.noise_level = model.noise_level;
    dense.target_noise = model.target_noise;
    dense.normalization = static_cast<double>(model.signal_dimension);
    return dense;
}

/// The model's eigenvalues and weights, for the closed forms.
inline LinearGaussianProblem<double> linear_problem(const SubspaceModel& model) {
    validate(model);
    const auto n = static_cast<double>(model.dimension), d = static_cast<double>(model.signal_dimension);
    return with_noisy_targets(subspace_problem(n, d, model.noise_level), model.target_noise, n);
}

/// The paper's step size for N training pairs (problem/subspace.hpp).
inline double paper_step_size(const SubspaceModel& model, Eigen::Index training_size) {
    return paper_step_size(static_cast<double>(model.dimension), static_cast<double>(model.signal_dimension),
                           model.noise_level, static_cast<double>(training_size));
}

}  // namespace reconlaw
