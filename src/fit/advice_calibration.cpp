#include <algorithm>
#include <boost/math/distributions/normal.hpp>
#include <cmath>
#include <map>
#include <utility>

#include "advice_draws.hpp"

namespace reconlaw::fit::advice_detail {

Calibration calibrate(const JointCurve& curve, Inputs inputs, double level, std::uint64_t seed) {
    const Eigen::Index n = curve.points();
    std::vector<std::vector<bool>> schemes;
    const auto add = [&](auto&& kept) {
        std::vector<bool> keep(static_cast<std::size_t>(n));
        for (Eigen::Index i = 0; i < n; ++i) keep[static_cast<std::size_t>(i)] = kept(i);
        schemes.push_back(std::move(keep));
    };
    const double last_size = curve.size.maxCoeff(), last_network = curve.network.maxCoeff();
    if (inputs == Inputs::both) {
        add([&](Eigen::Index i) { return curve.size[i] < 0.7 * last_size; });
        add([&](Eigen::Index i) { return curve.network[i] < 0.7 * last_network; });
        add([&](Eigen::Index i) {
            return curve.size[i] < 0.35 * last_size || curve.network[i] < 0.35 * last_network;
        });
    } else {
        const std::vector<double> x = distinct(inputs == Inputs::network ? curve.network : curve.size);
        const auto at = [&](Eigen::Index i) {
            return inputs == Inputs::network ? curve.network[i] : curve.size[i];
        };
        // cut after about three quarters, seven eighths and all but one of the points
        const std::size_t count = x.size();
        std::vector<std::size_t> cuts{count * 3 / 4, count * 7 / 8, count - 1};
        cuts.erase(std::unique(cuts.begin(), cuts.end()), cuts.end());
        for (const std::size_t cut : cuts)
            if (cut >= 4 && cut < count) add([&, cut](Eigen::Index i) { return at(i) < x[cut]; });
    }
    const double z = boost::math::quantile(boost::math::normal(), 0.5 + level / 2);
    std::vector<double> needed;  // distances from the median in units of the interval's half-width
    int covered = 0;
    for (std::size_t s = 0; s < schemes.size(); ++s) {
        const JointCurve rest = curve.where(schemes[s]);
        if (rest.points() < 4 || rest.points() == n || inputs_of(rest) != inputs) continue;
        const Sample sample = draw_curves(rest, inputs, 300, seed + 1 + s);
        if (sample.curves.count == 0) continue;
        for (Eigen::Index i = 0; i < n; ++i) {
            if (schemes[s][static_cast<std::size_t>(i)]) continue;
            std::vector<double> values;
            for (Eigen::Index c = 0; c < sample.curves.count; ++c)
                values.push_back(std::log(sample.curves.loss(c, curve.size[i], curve.network[i])));
            const Estimate predicted = summary(std::move(values), level, 1);
            const double measured = std::log(curve.loss[i]);
            const double side = measured > predicted.value ? predicted.upper - predicted.value
                                                           : predicted.value - predicted.lower;
            const double half = std::hypot(side, z * sample.noise);
            needed.push_back(std::abs(measured - predicted.value) / std::max(half, 1e-12));
            covered += needed.back() <= 1;
        }
    }
    Calibration result;
    if (needed.empty()) return result;
    std::sort(needed.begin(), needed.end());
    const auto count = static_cast<double>(needed.size());
    const double rank = std::min(std::ceil((count + 1) * level), count);
    result.predictions = static_cast<int>(needed.size());
    result.covered = covered / count;
    result.widening = std::max(1.0, needed[static_cast<std::size_t>(rank) - 1]);
    return result;
}

namespace {

/// Bin of each entry, and what stands for the bin: the value itself where there are few, else NaN (the mean).
struct Bins {
    std::vector<int> of;
    std::vector<double> value;
};

Bins bins_of(const Eigen::ArrayXd& x, std::size_t most) {
    const std::vector<double> values = distinct(x);
    Bins bins;
    const double first = std::log(values.front()), range = std::log(values.back()) - first;
    for (const double value : x) {
        const double place = (std::log(value) - first) / range * static_cast<double>(most);
        bins.of.push_back(
            values.size() <= most
                ? static_cast<int>(std::lower_bound(values.begin(), values.end(), value) - values.begin())
                : std::min(static_cast<int>(most) - 1, static_cast<int>(place)));
    }
    bins.value = values.size() <= most ? values : std::vector<double>(most, std::nan(""));
    return bins;
}

}  // namespace

JointCurve binned(const JointCurve& curve) {
    const Bins n = bins_of(curve.size, 24), p = bins_of(curve.network, 16);
    struct Sum {
        double size = 0, network = 0, loss = 0, count = 0;
    };
    std::map<std::pair<int, int>, Sum> sums;
    for (Eigen::Index i = 0; i < curve.points(); ++i) {
        const auto at = static_cast<std::size_t>(i);
        Sum& s = sums[{p.of[at], n.of[at]}];
        s.size += std::log(curve.size[i]), s.network += std::log(curve.network[i]);
        s.loss += std::log(curve.loss[i]), s.count += 1;
    }
    std::vector<double> size, network, loss;
    for (const auto& [place, s] : sums) {
        const double exact_p = p.value[static_cast<std::size_t>(place.first)],
                     exact_n = n.value[static_cast<std::size_t>(place.second)];
        size.push_back(std::isnan(exact_n) ? std::exp(s.size / s.count) : exact_n);
        network.push_back(std::isnan(exact_p) ? std::exp(s.network / s.count) : exact_p);
        loss.push_back(std::exp(s.loss / s.count));
    }
    return make_joint_curve(size, network, loss);
}

}  // namespace reconlaw::fit::advice_detail
