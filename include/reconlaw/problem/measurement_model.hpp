#pragma once
/// A linear measurement model written out as matrices: what is sampled. linear_problem.hpp reduces it to a
/// LinearGaussianProblem.

#include <Eigen/Core>
#include <string>

#include "reconlaw/detail/check.hpp"

namespace reconlaw {

/// x = F g, g ~ N(0, I_q);  y = A x + z, z ~ N(0, sigma^2 I_p);  training targets x + e, e ~ N(0, sigma_t^2
/// I_n).
struct MeasurementModel {
    Eigen::MatrixXd signal_factor;  ///< F, n x q: the signal covariance is F F'
    Eigen::MatrixXd forward;        ///< A, p x n
    double noise_level = 0.0;       ///< sigma > 0
    double target_noise = 0.0;      ///< sigma_t >= 0
    double normalization = 1.0;     ///< risks are divided by it when reported; d for subspaces, n otherwise

    Eigen::Index signal_dimension() const { return signal_factor.rows(); }
    Eigen::Index measurement_dimension() const { return forward.rows(); }
};

/// Checks shapes, noise levels and finiteness. @throws std::invalid_argument
inline void validate(const MeasurementModel& model) {
    constexpr auto f = "MeasurementModel";
    detail::require(model.signal_factor.size() > 0, f, "number of entries of signal_factor",
                    model.signal_factor.size(), "at least 1");
    detail::require(model.forward.rows() > 0, f, "rows of forward", model.forward.rows(), "at least 1");
    detail::require(model.forward.cols() == model.signal_factor.rows(), f, "columns of forward",
                    model.forward.cols(),
                    "the rows of signal_factor = " + std::to_string(model.signal_factor.rows()));
    detail::require_finite_positive(model.noise_level, f, "noise_level sigma");
    detail::require_finite_nonnegative(model.target_noise, f, "target_noise");
    detail::require_finite_positive(model.normalization, f, "normalization");
    detail::require(model.signal_factor.allFinite(), f, "signal_factor", "not finite",
                    "finite in every entry");
    detail::require(model.forward.allFinite(), f, "forward", "not finite", "finite in every entry");
}

/// Exact risk of any estimator W (n x p) under the model, E|W y - x|^2 = |(W A - I) F|_F^2 + sigma^2 |W|_F^2.
inline double population_risk(const MeasurementModel& model, const Eigen::Ref<const Eigen::MatrixXd>& W) {
    detail::require(
        W.rows() == model.signal_dimension() && W.cols() == model.measurement_dimension(), "population_risk",
        "shape of W", std::to_string(W.rows()) + " x " + std::to_string(W.cols()),
        std::to_string(model.signal_dimension()) + " x " + std::to_string(model.measurement_dimension()));
    const Eigen::MatrixXd signal = model.forward * model.signal_factor;
    return (W * signal - model.signal_factor).squaredNorm() +
           model.noise_level * model.noise_level * W.squaredNorm();
}

}  // namespace reconlaw
