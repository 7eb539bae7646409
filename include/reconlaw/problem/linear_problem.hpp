#pragma once
/// From the matrices of a measurement model to the eigenvalues and weights of the theory.

#include <Eigen/Core>
#include <Eigen/Eigenvalues>
#include <algorithm>

#include "reconlaw/problem/linear_gaussian.hpp"
#include "reconlaw/problem/measurement_model.hpp"

namespace reconlaw {

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
