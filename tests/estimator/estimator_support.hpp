#pragma once
/// Data drawn from a measurement model, for the estimator tests.

#include <Eigen/Core>

#include "reconlaw/problem/compressive_sensing.hpp"
#include "reconlaw/problem/linear_problem.hpp"
#include "reconlaw/simulate/dense.hpp"
#include "support/check_close.hpp"

namespace reconlaw_test {

struct Pairs {
    Eigen::MatrixXd X, Y;
};

inline Eigen::MatrixXd normal(Eigen::Index rows, Eigen::Index cols, std::uint64_t seed) {
    return reconlaw::normal_matrix({seed, 0, 0}, 0, rows, cols);
}

inline Pairs draw(const reconlaw::MeasurementModel& model, Eigen::Index count, std::uint64_t seed) {
    const reconlaw::DenseSample sample = reconlaw::sample_dense(model, count, {seed, 0, 0});
    return {sample.target, sample.measurement};
}

/// n = 9 target coordinates, p = 6 measurements, full-rank signal with decaying spectrum.
inline reconlaw::MeasurementModel small_model() {
    reconlaw::MeasurementModel model;
    model.signal_factor = normal(9, 9, 11) * Eigen::VectorXd::LinSpaced(9, 1, 0.1).asDiagonal() / 3;
    model.forward = normal(6, 9, 12) / 3;
    model.noise_level = 0.2;
    model.normalization = 9;
    return model;
}

/// Subspace denoising as a dense model.
inline reconlaw::MeasurementModel subspace_model(Eigen::Index n, Eigen::Index d, double sigma) {
    return reconlaw::compressive_sensing_model(Eigen::MatrixXd::Identity(n, n),
                                               reconlaw::random_subspace(n, d, 5), sigma);
}

/// Largest difference relative to the largest entry.
inline double distance(const Eigen::MatrixXd& a, const Eigen::MatrixXd& b) {
    return (a - b).cwiseAbs().maxCoeff() / b.cwiseAbs().maxCoeff();
}

}  // namespace reconlaw_test
