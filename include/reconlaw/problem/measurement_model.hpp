#pragma once
/// A linear measurement model written out as matrices: what is sampled, and what reduces to a
/// LinearGaussianProblem.

#include <Eigen/Core>
#include <Eigen/Eigenvalues>

#include "reconlaw/problem/linear_gaussian.hpp"

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

/// Reduction of a model to its LinearGaussianProblem (docs/theory, section 1, last rows of the table):
/// eigenpairs of S = A F F' A' + sigma^2 I, weights v'B'B v with B = F F' A' S^-1, floor = tr(F F') - tr(B S
/// B'). Equal eigenvalues are kept as separate entries of multiplicity 1, except that directions without
/// signal (eigenvalue sigma^2) are merged into one.
inline LinearGaussianProblem<double> linear_problem(const MeasurementModel& model) {
    validate(model);
    const Eigen::MatrixXd M = model.forward * model.signal_factor;  // p x q
    const Eigen::Index p = M.rows();
    const double s2 = model.noise_level * model.noise_level;
    // Left singular vectors of M are the eigenvectors; work on the smaller side.
    Eigen::VectorXd signal;  // squared singular values, descending, at most min(p, q) of them
    Eigen::MatrixXd scaled;  // n x r: F M' u_i
    if (p <= M.cols()) {
        const Eigen::SelfAdjointEigenSolver<Eigen::MatrixXd> eig(M * M.transpose());
        signal = eig.eigenvalues().reverse().cwiseMax(0.0);
        const Eigen::MatrixXd u = eig.eigenvectors().rowwise().reverse();
        scaled = model.signal_factor * (M.transpose() * u);
    } else {
        const Eigen::SelfAdjointEigenSolver<Eigen::MatrixXd> eig(M.transpose() * M);
        signal = eig.eigenvalues().reverse().cwiseMax(0.0);
        const Eigen::MatrixXd v = eig.eigenvectors().rowwise().reverse();
        // u = M v / s, so F M' u = F v s.
        scaled = model.signal_factor * v * signal.cwiseSqrt().asDiagonal();
    }
    const double threshold = 1e-14 * std::max(signal[0], 1e-300);
    Eigen::Index rank = 0;
    while (rank < signal.size() && signal[rank] > threshold) ++rank;
    const bool rest = rank < p;

    LinearGaussianProblem<double> problem;
    problem.eigenvalue.resize(rank + rest), problem.multiplicity.resize(rank + rest);
    problem.weight.resize(rank + rest);
    double explained = 0;
    for (Eigen::Index i = 0; i < rank; ++i) {
        const double lambda = signal[i] + s2;
        problem.eigenvalue[i] = lambda;
        problem.multiplicity[i] = 1;
        problem.weight[i] = scaled.col(i).squaredNorm() / (lambda * lambda);
        explained += scaled.col(i).squaredNorm() / lambda;
    }
    if (rest) {
        problem.eigenvalue[rank] = s2;
        problem.multiplicity[rank] = static_cast<double>(p - rank);
        problem.weight[rank] = 0;
    }
    problem.floor = std::max(0.0, model.signal_factor.squaredNorm() - explained);
    problem.training_noise = problem.floor + static_cast<double>(model.signal_dimension()) *
                                                 model.target_noise * model.target_noise;
    problem.normalization = model.normalization;
    return problem;
}

}  // namespace reconlaw
