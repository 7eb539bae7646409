#pragma once
/// Super-resolution: reconstruct a signal or image patch from a blurred, decimated, noisy version.

#include <Eigen/Core>
#include <cmath>
#include <string>
#include <unsupported/Eigen/KroneckerProduct>

#include "reconlaw/problem/data_covariance.hpp"

namespace reconlaw {

/// One axis of the super-resolution operator, (size/factor) x size: convolution with a Gaussian of standard
/// deviation `blur_px` sampled at whole pixels up to 4 standard deviations and normalised to sum 1, the
/// signal continued by reflection about its outer pixel edges (... c b a | a b c ...); then every factor-th
/// sample is kept, starting at (factor - 1)/2. Each row sums to 1, so constants are kept.
///
/// @param size     at least 1; an axis of length 1 is left alone
/// @param factor   >= 1, divides size
/// @param blur_px  >= 0; 0 is decimation only. factor/2 is a usual anti-alias choice.
/// @throws std::invalid_argument outside these ranges
inline Eigen::MatrixXd blur_decimate_axis(Eigen::Index size, Eigen::Index factor, double blur_px) {
    constexpr auto f = "blur_decimate_operator";
    detail::require(size >= 1, f, "size of an axis", size, "at least 1");
    detail::require(factor >= 1, f, "factor", factor, "at least 1");
    detail::require_finite_nonnegative(blur_px, f, "blur_px");
    if (size == 1) return Eigen::MatrixXd::Ones(1, 1);
    detail::require(size % factor == 0, f, "factor", factor,
                    "a divisor of the axis, " + std::to_string(size) + " pixels");

    detail::require(blur_px <= 1000.0 * static_cast<double>(size), f, "blur_px", blur_px,
                    "at most 1000 times the axis");
    const auto radius = static_cast<Eigen::Index>(std::ceil(4 * blur_px));
    Eigen::MatrixXd a = Eigen::MatrixXd::Zero(size / factor, size);
    for (Eigen::Index i = 0; i < a.rows(); ++i) {
        const Eigen::Index centre = i * factor + (factor - 1) / 2;
        for (Eigen::Index offset = -radius; offset <= radius; ++offset) {
            const double z = radius > 0 ? static_cast<double>(offset) / blur_px : 0.0;
            const Eigen::Index period = 2 * size, folded = ((centre + offset) % period + period) % period;
            a(i, folded < size ? folded : period - 1 - folded) += std::exp(-0.5 * z * z);
        }
        a.row(i) /= a.row(i).sum();
    }
    return a;
}

/// Separable blur and decimation of a rows x cols patch (blur_decimate_axis along each axis), as a dense
/// matrix A. Pixels are numbered along rows: pixel (r, c) is coordinate r cols + c. A 1-D signal has cols = 1
/// or rows = 1.
/// @return A, (rows/factor · cols/factor) x (rows · cols)
inline Eigen::MatrixXd blur_decimate_operator(Eigen::Index rows, Eigen::Index cols, Eigen::Index factor,
                                              double blur_px) {
    return Eigen::kroneckerProduct(blur_decimate_axis(rows, factor, blur_px),
                                   blur_decimate_axis(cols, factor, blur_px));
}

/// What is sampled in super-resolution: x ~ N(0, covariance), y = A x + z with A the blur_decimate_operator.
/// @param covariance  n x n with n = rows · cols, pixels numbered along rows
inline MeasurementModel super_resolution_model(const Eigen::Ref<const Eigen::MatrixXd>& covariance,
                                               Eigen::Index rows, Eigen::Index cols, Eigen::Index factor,
                                               double blur_px, double noise_level) {
    const Eigen::MatrixXd forward = blur_decimate_operator(rows, cols, factor, blur_px);
    detail::require(covariance.rows() == rows * cols, "super_resolution_model", "rows of the covariance",
                    covariance.rows(), "rows * cols of the patch = " + std::to_string(rows * cols));
    return covariance_model(covariance, forward, noise_level);
}

/// Super-resolution by `factor` of a rows x cols patch (cols = 1: a 1-D signal) with a known covariance, from
/// measurements with white noise of standard deviation `noise_level` (docs/theory, section 1, last rows of
/// the table). The floor includes the detail that the decimation loses.
/// @return risks summed over pixels; normalization n = rows · cols
/// @throws std::invalid_argument  shapes, factor not dividing an axis, negative blur, sigma <= 0
template <class T>
LinearGaussianProblem<T> super_resolution_problem(const Eigen::Ref<const Eigen::MatrixXd>& covariance,
                                                  Eigen::Index rows, Eigen::Index cols, Eigen::Index factor,
                                                  double blur_px, const T& noise_level) {
    const double sigma = detail::value_of(noise_level);
    const MeasurementModel model = super_resolution_model(covariance, rows, cols, factor, blur_px, sigma);
    return detail::with_noise_level(linear_problem(model), sigma, noise_level);
}

}  // namespace reconlaw
