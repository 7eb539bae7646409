#include <algorithm>
#include <cmath>
#include <string>

#include "reconlaw/data/metrics.hpp"

namespace reconlaw::data::metrics_detail {
namespace {

/// Weights of a window along one axis, sum 1.
Eigen::ArrayXd window_weights(const SsimOptions& o) {
    constexpr auto f = "ssim";
    if (o.window == SsimWindow::uniform) {
        detail::require(o.side_px >= 3 && o.side_px % 2 == 1, f, "side_px", o.side_px, "odd and >= 3");
        return Eigen::ArrayXd::Constant(o.side_px, 1.0 / static_cast<double>(o.side_px));
    }
    detail::require(o.sigma_px >= 0.2 && o.sigma_px <= 1000, f, "sigma_px", o.sigma_px,
                    "between 0.2 and 1000");
    const auto radius = static_cast<Eigen::Index>(3.5 * o.sigma_px + 0.5);
    const auto distance =
        Eigen::ArrayXd::LinSpaced(2 * radius + 1, -static_cast<double>(radius), static_cast<double>(radius));
    const Eigen::ArrayXd weights = (-0.5 * (distance / o.sigma_px).square()).exp();
    return weights / weights.sum();
}

std::string shape_text(const Plane& x) {
    return std::to_string(x.rows()) + " x " + std::to_string(x.cols());
}

}  // namespace

double ssim(const Plane& a, const Plane& b, const SsimOptions& options) {
    constexpr auto f = "ssim";
    detail::require_finite_positive(options.range, f, "range");
    detail::require_finite_positive(options.k1, f, "k1");
    detail::require_finite_positive(options.k2, f, "k2");
    const Eigen::ArrayXd weights = window_weights(options);
    const Eigen::Index side = weights.size();
    detail::require(a.rows() == b.rows() && a.cols() == b.cols(), f, "shape", shape_text(a),
                    "the other image's, " + shape_text(b));
    detail::require(a.rows() >= side && a.cols() >= side, f, "shape", shape_text(a),
                    "at least the window, " + std::to_string(side) + " x " + std::to_string(side));
    detail::require(a.isFinite().all() && b.isFinite().all(), f, "pixel values", "infinite or NaN", "finite");

    const auto n = static_cast<double>(side * side);
    const double scale = options.sample_covariance ? n / (n - 1) : 1.0;
    const double c1 = std::pow(options.k1 * options.range, 2);
    const double c2 = std::pow(options.k2 * options.range, 2);
    const Eigen::Index cols = a.cols(), inner = cols - side + 1;

    // One line of windows at a time: weighted sums over its rows, then along it. Rows of `sums` are a, b, a^2
    // + b^2 and ab: the formula needs the two variances as a sum only.
    using Lines = Eigen::Array<double, 4, Eigen::Dynamic, Eigen::RowMajor>;
    Lines sums(4, cols), means(4, inner);
    double total = 0;
    for (Eigen::Index i = 0; i + side <= a.rows(); ++i) {
        sums.setZero();
        for (Eigen::Index k = 0; k < side; ++k) {
            const double w = weights[k];
            const auto x = a.row(i + k), y = b.row(i + k);
            sums.row(0) += w * x;
            sums.row(1) += w * y;
            sums.row(2) += w * (x.square() + y.square());
            sums.row(3) += w * (x * y);
        }
        means.setZero();
        for (Eigen::Index k = 0; k < side; ++k) means += weights[k] * sums.middleCols(k, inner);
        const auto ma = means.row(0), mb = means.row(1);
        const auto squares = ma.square() + mb.square();
        const auto product = ma * mb;
        total += ((2 * product + c1) * (2 * scale * (means.row(3) - product) + c2) /
                  ((squares + c1) * (scale * (means.row(2) - squares) + c2)))
                     .sum();
    }
    return total / static_cast<double>((a.rows() - side + 1) * inner);
}

}  // namespace reconlaw::data::metrics_detail
