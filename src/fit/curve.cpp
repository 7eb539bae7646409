#include "reconlaw/fit/curve.hpp"

#include <algorithm>
#include <array>
#include <cmath>
#include <numeric>
#include <stdexcept>

#include "reconlaw/detail/check.hpp"

namespace reconlaw::fit {

LearningCurve LearningCurve::between(double first, double last) const {
    std::vector<Eigen::Index> kept;
    for (Eigen::Index i = 0; i < points(); ++i)
        if (size[i] >= first && size[i] <= last) kept.push_back(i);
    LearningCurve part{size(kept), loss(kept)};
    if (log_error.size() != 0) part.log_error = log_error(kept);
    part.error_freedom = error_freedom;
    return part;
}

void validate(const LearningCurve& curve, std::string_view function) {
    detail::require(curve.points() >= 1, function, "number of points", curve.points(), "at least 1");
    detail::require(curve.loss.size() == curve.points(), function, "number of losses", curve.loss.size(),
                    "the number of sizes = " + std::to_string(curve.points()));
    detail::require(curve.log_error.size() == 0 || curve.log_error.size() == curve.points(), function,
                    "number of errors", curve.log_error.size(), "0 or " + std::to_string(curve.points()));
    detail::require(curve.error_freedom > 0, function, "error_freedom", curve.error_freedom, "> 0");
    for (Eigen::Index i = 0; i < curve.points(); ++i) {
        const std::string entry = "[" + std::to_string(i) + "]";
        detail::require_finite_positive(curve.size[i], function, "size" + entry);
        detail::require_finite_positive(curve.loss[i], function, "loss" + entry);
        if (curve.log_error.size() != 0)
            detail::require_finite_positive(curve.log_error[i], function, "log_error" + entry);
        if (i > 0)
            detail::require(curve.size[i] > curve.size[i - 1], function, "size" + entry, curve.size[i],
                            "above size[" + std::to_string(i - 1) + "]");
    }
}

LearningCurve make_curve(const std::vector<double>& size, const std::vector<double>& loss, bool use_repeats) {
    constexpr auto f = "make_curve";
    detail::require(!size.empty(), f, "number of observations", size.size(), "at least 1");
    detail::require(size.size() == loss.size(), f, "number of losses", loss.size(),
                    "the number of sizes = " + std::to_string(size.size()));
    for (std::size_t i = 0; i < size.size(); ++i) {
        detail::require_finite_positive(size[i], f, "size[" + std::to_string(i) + "]");
        detail::require_finite_positive(loss[i], f, "loss[" + std::to_string(i) + "]");
    }
    std::vector<std::size_t> order(size.size());
    std::iota(order.begin(), order.end(), std::size_t{0});
    std::stable_sort(order.begin(), order.end(), [&](auto a, auto b) { return size[a] < size[b]; });

    struct Group {
        double size, mean, squares;
        int count;
    };
    std::vector<Group> groups;
    for (std::size_t first = 0; first < order.size();) {
        std::size_t last = first;
        double sum = 0;
        for (; last < order.size() && size[order[last]] == size[order[first]]; ++last)
            sum += std::log(loss[order[last]]);
        Group group{size[order[first]], sum / static_cast<double>(last - first), 0,
                    static_cast<int>(last - first)};
        for (std::size_t i = first; i < last; ++i)
            group.squares += std::pow(std::log(loss[order[i]]) - group.mean, 2);
        if (group.squares <= 1e-24 * group.count)
            group.squares = 0;  // equal losses: the mean of logarithms rounds
        groups.push_back(group);
        first = last;
    }
    LearningCurve curve{Eigen::ArrayXd(groups.size()), Eigen::ArrayXd(groups.size())};
    double squares = 0;
    int freedom = 0;
    bool repeated = use_repeats;
    for (std::size_t i = 0; i < groups.size(); ++i) {
        const auto at = static_cast<Eigen::Index>(i);
        curve.size[at] = groups[i].size, curve.loss[at] = std::exp(groups[i].mean);
        squares += groups[i].squares, freedom += groups[i].count - 1;
        repeated = repeated && groups[i].count >= 2;
    }
    if (!repeated || squares == 0) return curve;
    curve.log_error.resize(curve.points());
    curve.error_freedom = freedom;
    for (std::size_t i = 0; i < groups.size(); ++i) {
        const double pooled = squares / freedom, own = groups[i].squares / std::max(groups[i].count - 1, 1);
        curve.log_error[static_cast<Eigen::Index>(i)] =
            std::sqrt((groups[i].count >= 5 && own > 0 ? own : pooled) / groups[i].count);
    }
    return curve;
}

namespace {

constexpr std::array metrics{Metric::loss, Metric::mse,      Metric::psnr,
                             Metric::ssim, Metric::accuracy, Metric::r2};

}  // namespace

const std::vector<std::string>& metric_names() {
    static const std::vector<std::string> names{"loss", "mse", "psnr", "ssim", "accuracy", "r2"};
    return names;
}

Metric metric_named(std::string_view name) {
    std::string list;
    for (std::size_t i = 0; i < metrics.size(); ++i) {
        if (name == metric_names()[i]) return metrics[i];
        list += (i == 0 ? "" : ", ") + metric_names()[i];
    }
    throw std::invalid_argument("metric '" + std::string(name) + "' is unknown: one of " + list);
}

bool larger_is_better(Metric metric) {
    return metric != Metric::loss && metric != Metric::mse;
}

double to_loss(Metric metric, double value) {
    if (metric == Metric::psnr) return std::pow(10.0, -value / 10.0);
    return larger_is_better(metric) ? 1.0 - value : value;
}

double from_loss(Metric metric, double loss) {
    if (metric == Metric::psnr) return -10.0 * std::log10(loss);
    return larger_is_better(metric) ? 1.0 - loss : loss;
}

std::string label(Metric metric) {
    switch (metric) {
        case Metric::mse:
            return "MSE";
        case Metric::psnr:
            return "PSNR (dB)";
        case Metric::ssim:
            return "SSIM";
        case Metric::accuracy:
            return "accuracy";
        case Metric::r2:
            return "R2";
        default:
            return "loss";
    }
}

std::string loss_label(Metric metric) {
    if (metric == Metric::psnr) return "MSE/range^2";
    return larger_is_better(metric) ? "1 - " + label(metric) : label(metric);
}

}  // namespace reconlaw::fit
