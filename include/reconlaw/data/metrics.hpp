#pragma once
/// Mean squared error, peak signal-to-noise ratio and structural similarity.

#include <Eigen/Core>
#include <cmath>
#include <limits>
#include <string>

#include "reconlaw/detail/check.hpp"

namespace reconlaw::data {

/// (1/size) sum (estimate - reference)^2, accumulated in double.
/// @throws std::invalid_argument  different or empty shapes
template <class A, class B>
double mean_squared_error(const Eigen::DenseBase<A>& estimate, const Eigen::DenseBase<B>& reference) {
    constexpr auto f = "mean_squared_error";
    const auto shape = [](const auto& x) {
        return std::to_string(x.rows()) + " x " + std::to_string(x.cols());
    };
    detail::require(estimate.rows() == reference.rows() && estimate.cols() == reference.cols(), f,
                    "shape of estimate", shape(estimate), "the reference's, " + shape(reference));
    detail::require(estimate.size() > 0, f, "size", estimate.size(), ">= 1");
    const auto difference = estimate.derived().template cast<double>().array() -
                            reference.derived().template cast<double>().array();
    return difference.square().mean();
}

/// Peak signal-to-noise ratio 10 log10(range^2/mse), in dB; +infinity for mse = 0.
/// psnr_db(mean_squared_error(a, b), range) is scikit-image's peak_signal_noise_ratio(b, a,
/// data_range=range). Neither clips: clip an estimate to the possible values first where it may leave them.
///
/// @param mse    mean squared error >= 0
/// @param range  difference of the largest and smallest possible value: 1 for images in [0, 1], 255 for bytes
/// @throws std::invalid_argument  mse negative or NaN, range not positive
inline double psnr_db(double mse, double range = 1.0) {
    detail::require(mse >= 0, "psnr_db", "mse", mse, ">= 0");
    detail::require_finite_positive(range, "psnr_db", "range");
    if (mse == 0) return std::numeric_limits<double>::infinity();
    return 10 * std::log10(range * range / mse);
}

enum class SsimWindow { uniform, gaussian };

/// The defaults are scikit-image's and fastMRI's.
struct SsimOptions {
    double range = 1;  ///< difference of the largest and smallest possible value
    SsimWindow window = SsimWindow::uniform;
    Eigen::Index side_px = 7;       ///< uniform window: odd, >= 3
    double sigma_px = 1.5;          ///< Gaussian window, of floor(3.5 sigma + 0.5) pixels on each side
    bool sample_covariance = true;  ///< variances and covariance times n/(n - 1), n pixels in the window
    double k1 = 0.01, k2 = 0.03;
};

/// The options of Wang et al. 2004: Gaussian window of 11 x 11 pixels, sigma 1.5, plain covariance.
inline SsimOptions gaussian_ssim(double range = 1) {
    return {.range = range, .window = SsimWindow::gaussian, .sample_covariance = false};
}

namespace metrics_detail {
using Plane = Eigen::Array<double, Eigen::Dynamic, Eigen::Dynamic, Eigen::RowMajor>;
double ssim(const Plane& a, const Plane& b, const SsimOptions& options);
}  // namespace metrics_detail

/// Structural similarity (Z. Wang, A. C. Bovik, H. R. Sheikh, E. P. Simoncelli, Image quality assessment:
/// from error visibility to structural similarity, IEEE Trans. Image Processing 13 (2004) 600-612, eq. (13)):
/// the mean, over all windows inside the images, of
///
///     (2 ma mb + C1)(2 cab + C2) / ((ma^2 + mb^2 + C1)(va + vb + C2))
///
/// with C1 = (k1 range)^2, C2 = (k2 range)^2, and m, v and c the means, variances and covariance in a
/// window. 1 for equal images, symmetric, at most 1. In double precision whatever the images are stored in;
/// equals scikit-image's structural_similarity(a, b, data_range=range, win_size=side_px) on double-precision
/// images to rounding, and with gaussian_weights=True, sigma=sigma_px for the Gaussian window
/// (use_sample_covariance=sample_covariance).
///
/// @throws std::invalid_argument  different shapes, smaller than the window, a pixel that is not finite, an
///                                option outside its range
template <class A, class B>
double ssim(const Eigen::DenseBase<A>& a, const Eigen::DenseBase<B>& b, const SsimOptions& options = {}) {
    return metrics_detail::ssim(a.derived().template cast<double>(), b.derived().template cast<double>(),
                                options);
}

}  // namespace reconlaw::data
