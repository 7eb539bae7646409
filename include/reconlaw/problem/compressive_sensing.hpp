#pragma once
/// Compressive sensing of signals in a subspace.

#include <Eigen/Core>
#include <Eigen/QR>
#include <Eigen/SVD>
#include <cmath>
#include <cstdint>
#include <string>

#include "reconlaw/problem/linear_gaussian.hpp"
#include "reconlaw/problem/measurement_model.hpp"
#include "reconlaw/simulate/random.hpp"

namespace reconlaw {

namespace detail {

/// n x k with orthonormal columns, uniform (Haar): QR of a Gaussian matrix with the signs of R's diagonal
/// undone.
inline Eigen::MatrixXd random_orthonormal(Eigen::Index n, Eigen::Index k, std::uint64_t seed,
                                          std::uint64_t stream) {
    const Eigen::HouseholderQR<Eigen::MatrixXd> qr(normal_matrix({seed, 0, 0}, stream, n, k));
    Eigen::MatrixXd q = qr.householderQ() * Eigen::MatrixXd::Identity(n, k);
    for (Eigen::Index j = 0; j < k; ++j)
        if (qr.matrixQR()(j, j) < 0) q.col(j) *= -1;
    return q;
}

inline void check_compressive_sensing(const Eigen::Ref<const Eigen::MatrixXd>& A,
                                      const Eigen::Ref<const Eigen::MatrixXd>& U, double sigma) {
    constexpr auto f = "compressive_sensing_problem";
    require(A.rows() > 0, f, "number of measurements m (rows of A)", A.rows(), "at least 1");
    require(U.cols() > 0 && U.cols() <= U.rows(), f, "signal_dimension d (columns of U)", U.cols(),
            "between 1 and n = " + std::to_string(U.rows()));
    require(A.cols() == U.rows(), f, "columns of A", A.cols(), "the rows of U = " + std::to_string(U.rows()));
    require(A.allFinite() && U.allFinite(), f, "A and U", "not finite", "finite in every entry");
    const double defect =
        (U.transpose() * U - Eigen::MatrixXd::Identity(U.cols(), U.cols())).cwiseAbs().maxCoeff();
    require(defect <= 1e-8, f, "largest entry of U'U - I", defect, "at most 1e-8 (orthonormal columns)");
    require_finite_positive(sigma, f, "noise_level sigma");
}

}  // namespace detail

/// U, n x d: an orthonormal basis of a uniformly random subspace.
/// @throws std::invalid_argument unless 1 <= d <= n
inline Eigen::MatrixXd random_subspace(Eigen::Index n, Eigen::Index d, std::uint64_t seed) {
    detail::require(d >= 1 && d <= n, "random_subspace", "d", d, "between 1 and n = " + std::to_string(n));
    return detail::random_orthonormal(n, d, seed, 0x7375627370616365u);
}

/// A, m x n: uniformly random orthonormal rows times sqrt(n/m), so that E|A x|^2 = |x|^2.
/// Independent of random_subspace with the same seed.
/// @throws std::invalid_argument unless 1 <= m <= n
inline Eigen::MatrixXd random_row_orthonormal(Eigen::Index m, Eigen::Index n, std::uint64_t seed) {
    detail::require(m >= 1 && m <= n, "random_row_orthonormal", "m", m,
                    "between 1 and n = " + std::to_string(n));
    const double scale = std::sqrt(static_cast<double>(n) / static_cast<double>(m));
    return scale * detail::random_orthonormal(n, m, seed, 0x666f7277617264u).transpose();
}

/// Compressive sensing y = A x + z, x = U c, c ~ N(0, I_d), z ~ N(0, sigma^2 I_m). With s_1..s_r the non-zero
/// singular values of A U:
///
///     eigenvalues  s_j^2 + sigma^2,              sigma^2 (m - r times)
///     weights      s_j^2/(s_j^2 + sigma^2)^2,    0
///     floor        sum_j sigma^2/(s_j^2 + sigma^2)  +  (d - r)                     (docs/theory, section 1)
///
/// The last term is the signal A does not see, as when m < d.
///
/// @param A            m x n, any rank
/// @param U            n x d, orthonormal columns
/// @param noise_level  sigma > 0; may carry derivatives
/// @return risks summed; normalization d
/// @throws std::invalid_argument  shapes, d > n, U not orthonormal, sigma <= 0
template <class T>
LinearGaussianProblem<T> compressive_sensing_problem(const Eigen::Ref<const Eigen::MatrixXd>& A,
                                                     const Eigen::Ref<const Eigen::MatrixXd>& U,
                                                     const T& noise_level) {
    detail::check_compressive_sensing(A, U, detail::value_of(noise_level));
    const Eigen::MatrixXd measured = A * U;
    const Eigen::JacobiSVD<Eigen::MatrixXd> svd(measured);
    const Eigen::VectorXd s = svd.singularValues();
    const Eigen::Index rank = (s.array() > 1e-13 * s[0]).count();
    const bool rest = rank < A.rows();

    const T s2 = noise_level * noise_level;
    LinearGaussianProblem<T> p;
    p.eigenvalue.resize(rank + rest), p.multiplicity.resize(rank + rest), p.weight.resize(rank + rest);
    p.floor = T(static_cast<double>(U.cols() - rank));
    for (Eigen::Index j = 0; j < rank; ++j) {
        const T lambda = s2 + T(s[j] * s[j]);
        p.eigenvalue[j] = lambda;
        p.multiplicity[j] = T(1.0);
        p.weight[j] = T(s[j] * s[j]) / (lambda * lambda);
        p.floor += s2 / lambda;
    }
    if (rest) {
        p.eigenvalue[rank] = s2;
        p.multiplicity[rank] = T(static_cast<double>(A.rows() - rank));
        p.weight[rank] = T(0.0);
    }
    p.training_noise = p.floor;
    p.normalization = T(static_cast<double>(U.cols()));
    return p;
}

/// The model behind compressive_sensing_problem: F = U.
inline MeasurementModel compressive_sensing_model(const Eigen::Ref<const Eigen::MatrixXd>& A,
                                                  const Eigen::Ref<const Eigen::MatrixXd>& U,
                                                  double noise_level) {
    detail::check_compressive_sensing(A, U, noise_level);
    MeasurementModel model;
    model.signal_factor = U, model.forward = A;
    model.noise_level = noise_level;
    model.normalization = static_cast<double>(U.cols());
    return model;
}

}  // namespace reconlaw
