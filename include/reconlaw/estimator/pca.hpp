#pragma once
/// Denoising by projection on the principal directions of the measurements.

#include <Eigen/Core>
#include <Eigen/QR>
#include <cstdint>
#include <string>

#include "reconlaw/estimator/gradient_path.hpp"
#include "reconlaw/simulate/random.hpp"

namespace reconlaw {

/// W = scale P, with P the projection on the top d eigenvectors of YY'/N. It sees no targets.
///
/// When the data has fewer than d informative directions (N < d), P contains all of them, and d - r further
/// directions that nothing determines: any of the null space of YY'. They are taken to be uniformly random
/// there.
struct PcaEstimator {
    Eigen::MatrixXd directions;         ///< the informative ones, p x r with r <= d, orthonormal
    Eigen::Index signal_dimension = 0;  ///< d
    double scale = 1;
};

/// PCA from measurements.
/// @param path   the training set's factorisation; r = min(d, its rank)
/// @param signal_dimension  1 <= d <= p
/// @param scale  factor on the projection; 1/(1 + sigma^2) in the paper
/// @throws std::invalid_argument outside these ranges
inline PcaEstimator pca_estimator(const GradientPath& path, Eigen::Index signal_dimension, double scale) {
    const Eigen::Index p = path.directions().rows();
    detail::require(signal_dimension >= 1 && signal_dimension <= p, "pca_estimator", "signal_dimension d",
                    signal_dimension, "between 1 and p = " + std::to_string(p));
    detail::require(std::isfinite(scale), "pca_estimator", "scale", scale, "finite");
    return {path.directions().leftCols(std::min(signal_dimension, path.rank())), signal_dimension, scale};
}

/// The paper's estimator for subspace denoising, W = Uhat Uhat'/(1 + sigma^2) (docs/theory, section 5).
/// @param Y            measurements, n x N
/// @param noise_level  sigma >= 0
inline PcaEstimator pca_estimator(const Eigen::Ref<const Eigen::MatrixXd>& Y, Eigen::Index signal_dimension,
                                  double noise_level) {
    detail::require_finite_nonnegative(noise_level, "pca_estimator", "noise_level sigma");
    return pca_estimator(GradientPath(Y, Y), signal_dimension, 1.0 / (1.0 + noise_level * noise_level));
}

/// W (p x p), the undetermined directions drawn with `seed`.
inline Eigen::MatrixXd weights(const PcaEstimator& pca, std::uint64_t seed = 0) {
    const Eigen::MatrixXd& u = pca.directions;
    const Eigen::Index missing = pca.signal_dimension - u.cols();
    Eigen::MatrixXd projection = u * u.transpose();
    if (missing > 0) {
        Eigen::MatrixXd extra = normal_matrix({seed, 0, 0}, 0x706361u, u.rows(), missing);
        extra -= u * (u.transpose() * extra);
        const Eigen::HouseholderQR<Eigen::MatrixXd> qr(extra);
        const Eigen::MatrixXd q = qr.householderQ() * Eigen::MatrixXd::Identity(u.rows(), missing);
        projection += q * q.transpose();
    }
    return pca.scale * projection;
}

/// Average squared error of the PCA estimator of x = y - noise, exact over the undetermined directions: with
/// E P = U U' + (d - r)/(p - r) (I - U U'), and because P is a projection,
///
///     scale^2 tr(E P yy) - 2 scale tr(E P xy) + xx          [summed over coordinates]
///
/// @throws std::invalid_argument  shapes; targets and measurements of different dimension
inline double risk(const PcaEstimator& pca, const SecondMoments& moments) {
    validate(moments);
    const Eigen::MatrixXd& u = pca.directions;
    const Eigen::Index p = u.rows(), r = u.cols();
    detail::require(moments.yy.rows() == p && moments.xy.rows() == p, "risk", "shape of xy",
                    std::to_string(moments.xy.rows()) + " x " + std::to_string(moments.xy.cols()),
                    std::to_string(p) + " x " + std::to_string(p));
    const Eigen::MatrixXd form = pca.scale * pca.scale * moments.yy - 2 * pca.scale * moments.xy;
    const double inside = u.cwiseProduct(form * u).sum();
    const double share = r < pca.signal_dimension
                             ? static_cast<double>(pca.signal_dimension - r) / static_cast<double>(p - r)
                             : 0.0;
    return moments.xx + inside + share * (form.trace() - inside);
}

}  // namespace reconlaw
