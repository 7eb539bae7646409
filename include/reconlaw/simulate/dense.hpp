#pragma once
/// Dense sampling of a measurement model: training sets written out as matrices.

#include <Eigen/Core>
#include <Eigen/Eigenvalues>
#include <algorithm>

#include "reconlaw/problem/measurement_model.hpp"
#include "reconlaw/simulate/random.hpp"
#include "reconlaw/simulate/sample_spectrum.hpp"

namespace reconlaw {

/// N training pairs, one per column.
struct DenseSample {
    Eigen::MatrixXd target;       ///< X, n x N, target noise included
    Eigen::MatrixXd measurement;  ///< Y, p x N
};

/// Draws N pairs x = F g, y = A x + z, targets x + e. Streams: 1 for g, 2 for z, 3 for e.
/// @throws std::invalid_argument  an invalid model, or N < 1
inline DenseSample sample_dense(const MeasurementModel& model, Eigen::Index training_size,
                                const DrawKey& key) {
    validate(model);
    detail::require(training_size >= 1, "sample_dense", "training_size N", training_size, "at least 1");
    const Eigen::MatrixXd clean = model.forward * model.signal_factor;
    const Eigen::MatrixXd g = normal_matrix(key, 1, model.signal_factor.cols(), training_size);
    DenseSample sample;
    sample.target = model.signal_factor * g;
    sample.measurement =
        normal_matrix(key, 2, model.measurement_dimension(), training_size) * model.noise_level;
    sample.measurement += clean * g;
    if (model.target_noise > 0)
        sample.target += model.target_noise * normal_matrix(key, 3, model.signal_dimension(), training_size);
    return sample;
}

/// The sample's spectrum, from one symmetric eigendecomposition of the smaller of YY'/N and Y'Y/N.
/// Eigenvalues below 1e-13 of the largest count as zero.
inline SampleSpectrum sample_spectrum(const MeasurementModel& model, const DenseSample& sample) {
    const Eigen::MatrixXd &X = sample.target, &Y = sample.measurement;
    const Eigen::Index p = Y.rows(), N = Y.cols();
    detail::require(X.cols() == N, "sample_spectrum", "columns of target", X.cols(),
                    "the columns of measurement");
    const auto size = static_cast<double>(N);
    const Eigen::MatrixXd clean = model.forward * model.signal_factor;

    SampleSpectrum spectrum;
    spectrum.goal = model.signal_factor;
    spectrum.noise_variance = model.noise_level * model.noise_level;
    Eigen::MatrixXd covariance = Eigen::MatrixXd::Zero(std::min(p, N), std::min(p, N));
    if (p < N)
        covariance.selfadjointView<Eigen::Lower>().rankUpdate(Y, 1.0 / size);
    else
        covariance.selfadjointView<Eigen::Lower>().rankUpdate(Y.transpose(), 1.0 / size);
    const Eigen::SelfAdjointEigenSolver<Eigen::MatrixXd> eig(covariance);
    spectrum.eigenvalue = eig.eigenvalues();
    const double zero = 1e-13 * spectrum.eigenvalue.maxCoeff();
    spectrum.eigenvalue = (spectrum.eigenvalue < zero).select(0.0, spectrum.eigenvalue);
    const Eigen::ArrayXd root = spectrum.eigenvalue.sqrt();
    if (p < N) {  // eigenvectors u_i: v_i = Y'u_i/sqrt(N s_i)
        const Eigen::ArrayXd inverse = (root > 0).select(root.inverse(), 0.0);
        spectrum.target = ((X * Y.transpose()) * eig.eigenvectors()) * (inverse / size).matrix().asDiagonal();
        spectrum.signal = (clean.transpose() * eig.eigenvectors()) * root.matrix().asDiagonal();
        spectrum.null_energy = std::max(0.0, X.squaredNorm() / size - spectrum.target.squaredNorm());
    } else {
        spectrum.target = X * eig.eigenvectors() / std::sqrt(size);
        spectrum.signal = (clean.transpose() * Y) * eig.eigenvectors() / std::sqrt(size);
        for (Eigen::Index i = 0; i < root.size(); ++i)
            if (root[i] == 0) spectrum.signal.col(i).setZero();
    }
    return spectrum;
}

}  // namespace reconlaw
