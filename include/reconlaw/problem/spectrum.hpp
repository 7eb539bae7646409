#pragma once
/// Denoising of signals with a given covariance spectrum.

#include <Eigen/Core>
#include <algorithm>
#include <cmath>
#include <numeric>
#include <string>
#include <type_traits>
#include <vector>

#include "reconlaw/problem/linear_gaussian.hpp"
#include "reconlaw/problem/measurement_model.hpp"

namespace reconlaw {

/// Denoising y = x + z, z ~ N(0, sigma^2 I_n), of a signal whose covariance has the eigenvalues l_1..l_n:
///
///     eigenvalues  l_j + sigma^2
///     weights      (l_j/(l_j + sigma^2))^2
///     floor        sum_j l_j sigma^2/(l_j + sigma^2)                               (docs/theory, section 1)
///
/// @param spectrum     l_j >= 0 in any order, one entry per dimension; the zeros share one entry of the
/// result
/// @param noise_level  sigma > 0 (standard deviation)
/// @return risks summed over coordinates; normalization n
/// @throws std::invalid_argument  empty spectrum, negative or non-finite entry, sigma <= 0
template <class T>
LinearGaussianProblem<T> spectrum_problem(const Eigen::Array<T, Eigen::Dynamic, 1>& spectrum,
                                          const std::type_identity_t<T>& noise_level) {
    constexpr auto f = "spectrum_problem";
    const Eigen::Index n = spectrum.size();
    detail::require(n > 0, f, "number of eigenvalues", n, "at least 1");
    for (Eigen::Index j = 0; j < n; ++j)
        detail::require_finite_nonnegative(spectrum[j], f, "eigenvalue[" + std::to_string(j) + "]");
    detail::require_finite_positive(noise_level, f, "noise_level sigma");

    std::vector<Eigen::Index> order(static_cast<std::size_t>(n));
    std::iota(order.begin(), order.end(), Eigen::Index{0});
    std::stable_sort(order.begin(), order.end(), [&](Eigen::Index a, Eigen::Index b) {
        return detail::value_of(spectrum[a]) > detail::value_of(spectrum[b]);
    });
    const Eigen::Index rank = std::count_if(
        order.begin(), order.end(), [&](Eigen::Index j) { return detail::value_of(spectrum[j]) > 0; });
    const bool rest = rank < n;

    const T s2 = noise_level * noise_level;
    LinearGaussianProblem<T> p;
    p.eigenvalue.resize(rank + rest), p.multiplicity.resize(rank + rest), p.weight.resize(rank + rest);
    p.floor = T(0.0);
    for (Eigen::Index i = 0; i < rank; ++i) {
        const T& l = spectrum[order[static_cast<std::size_t>(i)]];
        const T gain = l / (l + s2);
        p.eigenvalue[i] = l + s2;
        p.multiplicity[i] = T(1.0);
        p.weight[i] = gain * gain;
        p.floor += gain * s2;
    }
    if (rest) {
        p.eigenvalue[rank] = s2;
        p.multiplicity[rank] = T(static_cast<double>(n - rank));
        p.weight[rank] = T(0.0);
    }
    p.training_noise = p.floor;
    p.normalization = T(static_cast<double>(n));
    return p;
}

inline LinearGaussianProblem<double> spectrum_problem(const Eigen::VectorXd& spectrum, double noise_level) {
    return spectrum_problem<double>(spectrum.array(), noise_level);
}

/// l_j = scale j^-exponent, j = 1..n: the covariance spectrum of natural images is close to one with exponent
/// between 1 and 2.
/// @throws std::invalid_argument  n < 1, non-finite exponent, scale <= 0
template <class T>
Eigen::Array<T, Eigen::Dynamic, 1> power_law_spectrum(Eigen::Index n, const T& exponent,
                                                      const std::type_identity_t<T>& scale = T(1.0)) {
    using std::exp;
    constexpr auto f = "power_law_spectrum";
    detail::require(n >= 1, f, "n", n, "at least 1");
    detail::require(std::isfinite(detail::value_of(exponent)), f, "exponent", detail::value_of(exponent),
                    "finite");
    detail::require_finite_positive(scale, f, "scale");
    Eigen::Array<T, Eigen::Dynamic, 1> l(n);
    for (Eigen::Index j = 0; j < n; ++j) l[j] = scale * exp(-exponent * std::log(static_cast<double>(j + 1)));
    return l;
}

/// The model behind spectrum_problem with the coordinate axes as eigenvectors: F = diag(sqrt l), A = I.
inline MeasurementModel spectrum_model(const Eigen::VectorXd& spectrum, double noise_level) {
    (void)spectrum_problem(spectrum, noise_level);  // the same argument checks
    MeasurementModel model;
    model.signal_factor = spectrum.cwiseSqrt().asDiagonal();
    model.forward = Eigen::MatrixXd::Identity(spectrum.size(), spectrum.size());
    model.noise_level = noise_level;
    model.normalization = static_cast<double>(spectrum.size());
    return model;
}

}  // namespace reconlaw
