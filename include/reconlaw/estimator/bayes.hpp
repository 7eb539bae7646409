#pragma once
/// The best estimator, from a model or from moments.

#include <Eigen/Cholesky>
#include <Eigen/Core>
#include <algorithm>

#include "reconlaw/estimator/gradient_path.hpp"
#include "reconlaw/estimator/second_moments.hpp"

namespace reconlaw {

struct WienerFilter {
    Eigen::MatrixXd weights;  ///< B, n x p
    double risk = 0;          ///< its own, summed over target coordinates: the floor
};

/// B = F F' A' (A F F' A' + sigma^2 I)^-1, for Gaussian data the best of all estimators, and its risk
/// |(B A - I) F|^2 + sigma^2 |B|^2, the floor: a sum of squares, accurate however small the noise.
inline WienerFilter wiener_filter(const MeasurementModel& model) {
    validate(model);
    const Eigen::MatrixXd signal = model.forward * model.signal_factor;  // p x q
    // B = F M' (M M' + sigma^2)^-1 = F (M'M + sigma^2)^-1 M'; the smaller system.
    WienerFilter filter;
    const double s2 = model.noise_level * model.noise_level;
    const bool by_rows = signal.rows() <= signal.cols();
    Eigen::MatrixXd system =
        by_rows ? Eigen::MatrixXd(signal * signal.transpose()) : Eigen::MatrixXd(signal.transpose() * signal);
    system.diagonal().array() += s2;
    const Eigen::LDLT<Eigen::MatrixXd> solver(system);
    if (by_rows)
        filter.weights = solver.solve(signal * model.signal_factor.transpose()).transpose();
    else
        filter.weights = model.signal_factor * solver.solve(signal.transpose());
    filter.risk = population_risk(model, filter.weights);
    return filter;
}

/// The best linear estimator for measured moments, B = xy (yy + added_noise^2 I)^-1, and its risk on those
/// same moments, tr(xx - B xy').
///
/// With added_noise = 0 this is least squares on the data behind the moments (minimum norm where yy is
/// singular, with GradientPath's rank tolerance). For pairs of x and *noise-free* measurements A x,
/// added_noise = sigma gives the Wiener filter for measurements with white noise of that known level.
/// @throws std::invalid_argument  shapes, added_noise < 0
inline WienerFilter wiener_filter(const SecondMoments& moments, double added_noise = 0.0) {
    detail::require_finite_nonnegative(added_noise, "wiener_filter", "added_noise sigma");
    SecondMoments noisy = moments;
    noisy.yy.diagonal().array() += added_noise * added_noise;
    const GradientPath path(noisy);
    return {path.weights(MinimumNorm{}), path.training_loss(MinimumNorm{})};
}

}  // namespace reconlaw
