#pragma once
/// Problems whose signal covariance is known as a matrix, measured on a data set or not.

#include <Eigen/Core>
#include <Eigen/Eigenvalues>
#include <algorithm>
#include <string>

#include "reconlaw/problem/linear_problem.hpp"
#include "reconlaw/problem/spectrum.hpp"

namespace reconlaw {

namespace detail {

/// Eigendecomposition of a covariance matrix: symmetric to 1e-10 and positive semi-definite to 1e-10,
/// relative to the largest entry or eigenvalue; eigenvalues within rounding of zero (1e-13 relative) become
/// zero.
inline void covariance_eigen(const Eigen::Ref<const Eigen::MatrixXd>& covariance, const char* function,
                             Eigen::VectorXd& eigenvalues, Eigen::MatrixXd* eigenvectors) {
    require(covariance.rows() > 0, function, "rows of the covariance", covariance.rows(), "at least 1");
    require(covariance.rows() == covariance.cols(), function, "columns of the covariance", covariance.cols(),
            "its rows = " + std::to_string(covariance.rows()));
    require(covariance.allFinite(), function, "covariance", "not finite", "finite in every entry");
    const double asymmetry = (covariance - covariance.transpose()).cwiseAbs().maxCoeff();
    require(asymmetry <= 1e-10 * covariance.cwiseAbs().maxCoeff(), function, "asymmetry of the covariance",
            asymmetry, "0 to within 1e-10 of its largest entry");
    const Eigen::SelfAdjointEigenSolver<Eigen::MatrixXd> eig(
        covariance, eigenvectors ? Eigen::ComputeEigenvectors : Eigen::EigenvaluesOnly);
    eigenvalues = eig.eigenvalues().reverse();
    const double largest = eigenvalues[0], smallest = eigenvalues[eigenvalues.size() - 1];
    require(smallest >= -1e-10 * std::max(largest, 0.0), function, "smallest eigenvalue of the covariance",
            smallest, "at least 0 (up to 1e-10 of the largest)");
    eigenvalues = (eigenvalues.array() > 1e-13 * largest).select(eigenvalues, 0.0);
    if (eigenvectors) *eigenvectors = eig.eigenvectors().rowwise().reverse();
}

/// The same problem with the noise level written as a T of equal value: for the eigenvalue s_i of A Sigma_x
/// A' and f_i = |Sigma_x A' v_i|^2, lambda_i = s_i + sigma^2, weight_i = f_i/lambda_i^2, floor = tr Sigma_x -
/// sum f_i/lambda_i.
template <class T>
LinearGaussianProblem<T> with_noise_level(const LinearGaussianProblem<double>& problem, double sigma,
                                          const T& noise_level) {
    LinearGaussianProblem<T> p;
    const Eigen::Index size = problem.size();
    p.eigenvalue.resize(size), p.multiplicity.resize(size), p.weight.resize(size);
    p.floor = T(problem.floor);
    const T added = noise_level * noise_level - T(sigma * sigma);  // zero in value: carries the derivative
    for (Eigen::Index i = 0; i < size; ++i) {
        const double lambda = problem.eigenvalue[i], f = problem.weight[i] * lambda * lambda;
        p.eigenvalue[i] = added + T(lambda);
        p.multiplicity[i] = T(problem.multiplicity[i]);
        p.weight[i] = T(f) / (p.eigenvalue[i] * p.eigenvalue[i]);
        p.floor += T(problem.multiplicity[i] * f / lambda) * (added / p.eigenvalue[i]);
    }
    p.training_noise = p.floor + T(problem.training_noise - problem.floor);
    p.normalization = T(problem.normalization);
    return p;
}

}  // namespace detail

/// Eigenvalues of a covariance matrix, descending, those within rounding of zero set to zero.
/// @throws std::invalid_argument  not square, not symmetric, not finite, or not positive semi-definite
inline Eigen::VectorXd covariance_spectrum(const Eigen::Ref<const Eigen::MatrixXd>& covariance) {
    Eigen::VectorXd l;
    detail::covariance_eigen(covariance, "covariance_spectrum", l, nullptr);
    return l;
}

/// F (n x rank) with F F' = covariance: its eigenvectors times the square roots of the non-zero eigenvalues.
/// @throws std::invalid_argument  as covariance_spectrum, or if the covariance is zero
inline Eigen::MatrixXd covariance_factor(const Eigen::Ref<const Eigen::MatrixXd>& covariance) {
    Eigen::VectorXd l;
    Eigen::MatrixXd v;
    detail::covariance_eigen(covariance, "covariance_factor", l, &v);
    const Eigen::Index rank = (l.array() > 0).count();
    detail::require(rank > 0, "covariance_factor", "rank of the covariance", rank, "at least 1");
    return v.leftCols(rank) * l.head(rank).cwiseSqrt().asDiagonal();
}

/// Covariance of a data set, (1/N) sum_i (x_i - mean)(x_i - mean)', samples in columns (n x N). Works in
/// blocks of columns, so nothing the size of the data is allocated.
/// @throws std::invalid_argument  no samples, or an entry that is not finite
inline Eigen::MatrixXd data_covariance(const Eigen::Ref<const Eigen::MatrixXd>& samples) {
    constexpr auto f = "data_covariance";
    const Eigen::Index n = samples.rows(), count = samples.cols(), block = 1024;
    detail::require(n > 0, f, "dimension (rows)", n, "at least 1");
    detail::require(count > 0, f, "number of samples (columns)", count, "at least 1");
    const Eigen::VectorXd mean = samples.rowwise().mean();
    detail::require(mean.allFinite(), f, "samples", "not finite", "finite in every entry");
    Eigen::MatrixXd sum = Eigen::MatrixXd::Zero(n, n);
    for (Eigen::Index start = 0; start < count; start += block) {
        const Eigen::MatrixXd part =
            samples.middleCols(start, std::min(block, count - start)).colwise() - mean;
        sum.selfadjointView<Eigen::Lower>().rankUpdate(part, 1.0 / static_cast<double>(count));
    }
    return sum.selfadjointView<Eigen::Lower>();
}

/// Denoising of a signal with this covariance matrix: its eigenvalues handed to spectrum_problem.
/// The covariance may come from data_covariance or from streamed moments (SecondMoments::yy).
/// @return normalization n
inline LinearGaussianProblem<double> covariance_problem(const Eigen::Ref<const Eigen::MatrixXd>& covariance,
                                                        double noise_level) {
    return spectrum_problem(covariance_spectrum(covariance), noise_level);
}

/// Denoising of signals like the columns of `samples` (n x N), mean removed.
/// @return normalization n
inline LinearGaussianProblem<double> data_problem(const Eigen::Ref<const Eigen::MatrixXd>& samples,
                                                  double noise_level) {
    return covariance_problem(data_covariance(samples), noise_level);
}

/// The model y = A x + z of a signal with a known covariance matrix.
/// @param covariance   n x n
/// @param forward      A, p x n
/// @param noise_level  sigma > 0
/// @return normalization n
inline MeasurementModel covariance_model(const Eigen::Ref<const Eigen::MatrixXd>& covariance,
                                         const Eigen::Ref<const Eigen::MatrixXd>& forward,
                                         double noise_level) {
    MeasurementModel model;
    model.signal_factor = covariance_factor(covariance);
    model.forward = forward;
    model.noise_level = noise_level;
    model.normalization = static_cast<double>(covariance.rows());
    validate(model);
    return model;
}

/// Reduction of (covariance, A, sigma) to a LinearGaussianProblem; see linear_problem(MeasurementModel). The
/// noise level may carry derivatives: the matrices are decomposed once, in double, and the eigenvalues of A
/// Sigma_x A', which do not depend on sigma, are carried on.
/// @return normalization n
template <class T>
LinearGaussianProblem<T> linear_problem(const Eigen::Ref<const Eigen::MatrixXd>& covariance,
                                        const Eigen::Ref<const Eigen::MatrixXd>& forward,
                                        const T& noise_level) {
    const double sigma = detail::value_of(noise_level);
    return detail::with_noise_level(linear_problem(covariance_model(covariance, forward, sigma)), sigma,
                                    noise_level);
}

}  // namespace reconlaw
