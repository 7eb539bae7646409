#include "advice_next.hpp"

#include <Eigen/QR>
#include <algorithm>
#include <array>
#include <cmath>
#include <numeric>

#include "reconlaw/simulate/random.hpp"

namespace reconlaw::fit::advice_detail {

std::function<double(double, double)> cost_law(const JointCurve& curve, const Eigen::ArrayXd& cost,
                                               double size, double network) {
    if (cost.size() == 0) return [=](double n, double p) { return n / size * (p / network); };
    const double mean_n = curve.size.log().mean(), mean_p = curve.network.log().mean(),
                 mean_c = cost.log().mean();
    Eigen::MatrixXd columns(curve.points(), 2);
    columns.col(0) = curve.size.log() - mean_n;
    columns.col(1) = curve.network.log() - mean_p;
    Eigen::VectorXd target = cost.log() - mean_c, exponent = Eigen::VectorXd::Ones(2);
    std::vector<Eigen::Index> varied;
    for (Eigen::Index j = 0; j < 2; ++j)
        if (columns.col(j).norm() > 1e-9) varied.push_back(j);
    if (!varied.empty())
        exponent(varied) = columns(Eigen::all, varied).completeOrthogonalDecomposition().solve(target).eval();
    const double a = exponent[0], b = exponent[1];
    return [=](double n, double p) {
        return std::exp(mean_c + a * (std::log(n) - mean_n) + b * (std::log(p) - mean_p));
    };
}

namespace {

/// The gains of the possible curves, sorted, for quantiles under changing weights.
struct Gains {
    std::vector<Eigen::Index> order;
    Eigen::ArrayXd value;  ///< log(loss there/loss now)

    Estimate weighted(const Eigen::ArrayXd& weight, double level, double widening) const {
        const double all = weight.sum();
        std::array<double, 3> wanted{0.5 - level / 2, 0.5, 0.5 + level / 2}, found{};
        std::size_t next = 0;
        double sum = 0;
        for (const Eigen::Index i : order) {
            sum += weight[i] / all;
            while (next < 3 && sum >= wanted[next] - 1e-12) found[next++] = value[i];
        }
        while (next < 3) found[next++] = value[order.back()];
        return {found[1], found[1] + widening * (found[0] - found[1]),
                found[1] + widening * (found[2] - found[1])};
    }
};

Gains gains_of(const Advice& advice, const ExpectedGain& gain) {
    const PossibleCurves& curves = advice.possible;
    Gains gains{std::vector<Eigen::Index>(static_cast<std::size_t>(curves.count)),
                Eigen::ArrayXd(curves.count)};
    for (Eigen::Index c = 0; c < curves.count; ++c)
        gains.value[c] =
            std::log(curves.loss(c, advice.size * gain.data_factor, advice.network * gain.network_factor) /
                     curves.loss(c, advice.size, advice.network));
    std::iota(gains.order.begin(), gains.order.end(), Eigen::Index{0});
    std::stable_sort(gains.order.begin(), gains.order.end(),
                     [&](auto a, auto b) { return gains.value[a] < gains.value[b]; });
    return gains;
}

/// Width after the experiment and chance to decide, averaged over what it may find: each of 40 possible
/// curves in turn is taken as true and measured with noise; the others are weighted by how well they agree.
void expect(Experiment& experiment, const Advice& advice, const Gains& gains, double noise,
            const AdviceOptions& options, std::uint32_t number) {
    const PossibleCurves& curves = advice.possible;
    Eigen::ArrayXd seen(curves.count);
    for (Eigen::Index c = 0; c < curves.count; ++c)
        seen[c] = std::log(curves.loss(c, experiment.size, experiment.network));
    const double error =
        std::max(noise * curves.widening, 1e-4) / std::sqrt(static_cast<double>(experiment.runs));
    const auto width = [](const Estimate& e) { return e.upper - e.lower; };
    const double before =
        width(gains.weighted(Eigen::ArrayXd::Ones(curves.count), options.level, curves.widening));
    const double limit = std::log(1 - options.worth);
    const int truths = 40;
    double sum = 0, decided = 0;
    for (int t = 0; t < truths; ++t) {
        const Eigen::Index truth = t * curves.count / truths;
        const double measured = seen[truth] + error * normal_value({options.seed, 1000 + number, 0}, 0,
                                                                   static_cast<std::uint64_t>(t), 0);
        const Eigen::ArrayXd distance = (seen - measured).square() / (2 * error * error);
        const Estimate after =
            gains.weighted((distance.minCoeff() - distance).exp(), options.level, curves.widening);
        sum += width(after);
        decided += after.upper <= limit || after.lower > limit;
    }
    experiment.width = before > 0 ? std::min(1.0, sum / truths / before) : 1;
    experiment.decides = decided / truths;
}

const ExpectedGain& deciding(const Direction& direction) {
    return direction.gains[1];
}

}  // namespace

void plan_experiments(Advice& advice, const Sample& sample, const AdviceOptions& options,
                      const std::function<double(double, double)>& cost) {
    const double n = advice.size, p = advice.network;
    const auto add = [&](double size, double network, int runs, const char* purpose) {
        Experiment e{size, network, runs, runs * cost(size, network), 1, 0, purpose};
        advice.experiments.push_back(e);
    };
    // the deciding gain: the undecided one that promises most
    const Direction* open = nullptr;
    const std::array<std::pair<const char*, const Direction*>, 3> directions{
        std::pair{"data", &advice.data}, std::pair{"network", &advice.larger},
        std::pair{"both", &advice.both}};
    for (const auto& [name, direction] : directions) {
        if (!direction->known || direction->verdict != Verdict::cannot_tell) continue;
        if (open == nullptr || deciding(*direction).ratio.value < deciding(*open).ratio.value)
            open = direction, advice.decisive = name;
    }
    const std::vector<double> networks = distinct(advice.curve.network), sizes = distinct(advice.curve.size);
    if (open == nullptr) {
        if (!advice.larger.known && advice.data.known && networks.size() == 1 &&
            !options.network_name.empty())
            add(n, 4 * p, 1, "a second network size");
        if (!advice.data.known && advice.larger.known && sizes.size() == 1)
            add(n / 4, p, 1, "a second training size");
        if (!advice.experiments.empty()) advice.next = 0;
        return;
    }
    if (advice.data.known)
        for (const double factor : {2.0, 4.0, 10.0}) {
            add(factor * n, p, 1, "more data");
            if (advice.larger.known && networks.front() < p)
                add(factor * n, networks.front(), 1, "more data, smallest network");
        }
    if (advice.larger.known)
        for (const double factor : {2.0, 4.0}) {
            add(n, factor * p, 1, "a larger network");
            if (advice.data.known && sizes.front() < n)
                add(sizes.front(), factor * p, 1, "a larger network, fewest samples");
        }
    if (advice.data.known && advice.larger.known) {
        add(2 * n, 2 * p, 1, "more data, larger network");
        add(4 * n, 4 * p, 1, "more data, larger network");
    }
    add(n, p, 3, "repeated seeds");

    const Gains gains = gains_of(advice, deciding(*open));
    std::uint32_t number = 0;
    for (Experiment& e : advice.experiments) expect(e, advice, gains, sample.noise, options, number++);
    std::stable_sort(advice.experiments.begin(), advice.experiments.end(),
                     [](const Experiment& a, const Experiment& b) { return a.cost < b.cost; });
    // the cheapest that probably decides; else the best reduction of the width per cost that is worth naming
    double best = 0;
    for (std::size_t i = 0; i < advice.experiments.size(); ++i)
        if (advice.experiments[i].decides >= 0.5) {
            advice.next = static_cast<int>(i);
            return;
        }
    for (std::size_t i = 0; i < advice.experiments.size(); ++i) {
        const Experiment& e = advice.experiments[i];
        if (e.width > 0.8 || (1 - e.width) / e.cost <= best) continue;
        best = (1 - e.width) / e.cost;
        advice.next = static_cast<int>(i);
    }
}

}  // namespace reconlaw::fit::advice_detail
