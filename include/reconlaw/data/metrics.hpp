#pragma once
/// Mean squared error and peak signal-to-noise ratio.

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
/// @param mse    mean squared error >= 0
/// @param range  difference of the largest and smallest possible value: 1 for images in [0, 1], 255 for bytes
/// @throws std::invalid_argument  mse negative or NaN, range not positive
inline double psnr_db(double mse, double range = 1.0) {
    detail::require(mse >= 0, "psnr_db", "mse", mse, ">= 0");
    detail::require_finite_positive(range, "psnr_db", "range");
    if (mse == 0) return std::numeric_limits<double>::infinity();
    return 10 * std::log10(range * range / mse);
}

}  // namespace reconlaw::data
