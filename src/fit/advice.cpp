#include "reconlaw/fit/advice.hpp"

#include <algorithm>
#include <cmath>
#include <limits>

#include "advice_draws.hpp"
#include "advice_next.hpp"
#include "advice_words.hpp"
#include "constants.hpp"
#include "reconlaw/detail/check.hpp"

namespace reconlaw::fit {

using namespace advice_detail;

namespace {

/// exp of a summary of logarithms.
Estimate exponential(const Estimate& e) {
    return {std::exp(e.value), std::exp(e.lower), std::exp(e.upper)};
}

Estimate log_summary(const PossibleCurves& curves, double level, const auto& log_value) {
    std::vector<double> values;
    for (Eigen::Index c = 0; c < curves.count; ++c) values.push_back(log_value(c));
    const double largest = *std::max_element(values.begin(), values.end());
    Estimate e = summary(std::move(values), level, curves.widening);
    if (largest <= 0) e.upper = std::min(e.upper, 0.0);  // no curve rises: widening does not make one
    return e;
}

ExpectedGain gain_of(const Advice& a, double data_factor, double network_factor,
                     const AdviceOptions& options) {
    ExpectedGain gain{data_factor, network_factor, {}, {}, {}};
    gain.ratio =
        a.possible.ratio(a.size, a.network, data_factor * a.size, network_factor * a.network, options.level);
    const double now = a.loss.value;
    gain.difference = {now * (1 - gain.ratio.value), now * (1 - gain.ratio.upper),
                       now * (1 - gain.ratio.lower)};
    const auto db = [](double ratio) { return -10 * std::log10(ratio); };
    gain.decibels = {db(gain.ratio.value), db(gain.ratio.upper), db(gain.ratio.lower)};
    if (gain.ratio.upper <= 1 - options.worth)
        gain.verdict = Verdict::worth_it;
    else if (gain.ratio.lower > 1 - options.worth)
        gain.verdict = Verdict::not_worth_it;
    return gain;
}

/// log of the smallest x from which log L(10 x) - log L(x) stays above `limit` < 0; the fall shrinks with x.
double plateau_of(const auto& log_loss, double present, double limit) {
    const auto fall = [&](double u) { return log_loss(u + std::log(10.0)) - log_loss(u); };
    double low = std::log(present) - std::log(1e3), high = std::log(present) + std::log(1e6);
    if (fall(high) <= limit) return infinity;
    if (fall(low) > limit) return -infinity;
    for (int i = 0; i < 40; ++i) {
        const double middle = 0.5 * (low + high);
        (fall(middle) <= limit ? low : high) = middle;
    }
    return high;
}

void describe_direction(Advice& a, Direction& direction, bool data, bool network,
                        const AdviceOptions& options) {
    for (std::size_t i = 0; i < options.data_factors.size(); ++i)
        direction.gains.push_back(gain_of(a, data ? options.data_factors[i] : 1,
                                          network ? options.network_factors[i] : 1, options));
    direction.verdict = direction.gains[1].verdict;
    if (data && network) return;
    const double limit = std::log(1 - options.worth);
    std::vector<double> logs;
    for (Eigen::Index c = 0; c < a.possible.count; ++c)
        logs.push_back(plateau_of(
            [&](double u) {
                return std::log(data ? a.possible.loss(c, std::exp(u), a.network)
                                     : a.possible.loss(c, a.size, std::exp(u)));
            },
            data ? a.size : a.network, limit));
    direction.plateau = exponential(summary(std::move(logs), options.level, a.possible.widening));
}

/// Student's t of the slope of log(loss) in log(x), with a mean of its own for each value of the other input.
double slope_significance(const Eigen::ArrayXd& x, const Eigen::ArrayXd& other, const Eigen::ArrayXd& loss) {
    double xx = 0, xy = 0, yy = 0, freedom = -1;
    for (const double group : distinct(other)) {
        double count = 0, mean_x = 0, mean_y = 0;
        for (Eigen::Index i = 0; i < x.size(); ++i)
            if (other[i] == group) count += 1, mean_x += std::log(x[i]), mean_y += std::log(loss[i]);
        mean_x /= count, mean_y /= count;
        for (Eigen::Index i = 0; i < x.size(); ++i)
            if (other[i] == group) {
                const double u = std::log(x[i]) - mean_x, v = std::log(loss[i]) - mean_y;
                xx += u * u, xy += u * v, yy += v * v;
            }
        freedom += count - 1;
    }
    if (freedom < 1 || xx == 0) return 0;
    const double rest = std::max(yy - xy * xy / xx, 1e-12 * yy);
    return rest > 0 ? xy / std::sqrt(xx * rest / freedom) : 0;
}

/// What bars any statement on one input; empty if nothing does.
std::string obstacle(const JointCurve& curve, bool of_network, const AdviceOptions& options) {
    const Eigen::ArrayXd &x = of_network ? curve.network : curve.size,
                         &other = of_network ? curve.size : curve.network;
    const std::string name = of_network ? options.network_name : options.data_name;
    if (name.empty()) return "nothing is known of network size: it was not recorded";
    if (distinct(x).size() < 2)
        return "nothing is known of " + name + ": all points have " + name + " = " + number(x[0]);
    if (curve.loss.maxCoeff() <= curve.loss.minCoeff() * (1 + 1e-9))
        return "the loss is the same at all points: a plateau, or not learning yet";
    if (slope_significance(x, other, curve.loss) > 3)
        return "the loss grows with " + name +
               "; no law here describes that (if larger is better, as for a PSNR, an SSIM or an accuracy, "
               "say so with "
               "the metric)";
    return "";
}

void check(const JointCurve& curve, const AdviceOptions& options, const Eigen::ArrayXd& cost) {
    constexpr auto f = "advice";
    validate(curve, f);
    detail::require(options.level > 0 && options.level < 1, f, "level", options.level, "inside (0, 1)");
    detail::require(options.worth > 0 && options.worth < 1, f, "worth", options.worth, "inside (0, 1)");
    detail::require(options.curves >= 100, f, "curves", options.curves, "at least 100");
    const std::size_t factors = options.data_factors.size();
    detail::require(factors >= 2, f, "number of data_factors", factors, "at least 2");
    detail::require(options.network_factors.size() == factors, f, "number of network_factors",
                    options.network_factors.size(), "that of data_factors = " + std::to_string(factors));
    for (std::size_t i = 0; i < factors; ++i)
        for (const double factor : {options.data_factors[i], options.network_factors[i]})
            detail::require(std::isfinite(factor) && factor > 1, f, "factor", factor, "finite and above 1");
    detail::require(cost.size() == 0 || cost.size() == curve.points(), f, "number of costs", cost.size(),
                    "0 or the number of points = " + std::to_string(curve.points()));
    for (Eigen::Index i = 0; i < cost.size(); ++i)
        detail::require_finite_positive(cost[i], f, "cost[" + std::to_string(i) + "]");
}

void describe_limit(Advice& a, const AdviceOptions& options) {
    const Estimate by_data = a.possible.ratio(a.size, a.network, 10 * a.size, a.network, options.level);
    const Estimate by_network = a.possible.ratio(a.size, a.network, a.size, 10 * a.network, options.level);
    double count = 0;
    for (Eigen::Index c = 0; c < a.possible.count; ++c)
        count += a.possible.loss(c, 10 * a.size, a.network) < a.possible.loss(c, a.size, 10 * a.network);
    a.data_chance = count / static_cast<double>(a.possible.count);
    if (by_data.lower > 1 - options.worth && by_network.lower > 1 - options.worth)
        a.limit = Limit::neither;
    else if (a.data_chance >= options.level)
        a.limit = Limit::data;
    else if (a.data_chance <= 1 - options.level)
        a.limit = Limit::network;
}

}  // namespace

Estimate PossibleCurves::loss_at(double size, double network, double level) const {
    std::vector<double> logs;
    for (Eigen::Index c = 0; c < count; ++c) logs.push_back(std::log(loss(c, size, network)));
    return exponential(summary(std::move(logs), level, widening));
}

Estimate PossibleCurves::ratio(double from_size, double from_network, double to_size, double to_network,
                               double level) const {
    return exponential(log_summary(*this, level, [&](Eigen::Index c) {
        return std::log(loss(c, to_size, to_network) / loss(c, from_size, from_network));
    }));
}

std::string to_string(Verdict verdict) {
    switch (verdict) {
        case Verdict::worth_it:
            return "worth it";
        case Verdict::not_worth_it:
            return "not worth it";
        case Verdict::cannot_tell:
            break;
    }
    return "cannot be told from these points";
}

std::string to_string(Limit limit) {
    switch (limit) {
        case Limit::data:
            return "data";
        case Limit::network:
            return "network";
        case Limit::neither:
            return "neither";
        case Limit::unknown:
            break;
    }
    return "cannot be told";
}

Advice advice(const JointCurve& measured, const AdviceOptions& options, const Eigen::ArrayXd& cost) {
    check(measured, options, cost);
    Advice a;
    a.curve = measured;
    if (measured.points() > 400) {
        a.curve = binned(measured);
        a.notes.push_back(std::to_string(measured.points()) + " different points were averaged in " +
                          std::to_string(a.curve.points()) + " bins");
    }
    Eigen::Index present = 0;
    (a.curve.size * a.curve.network).maxCoeff(&present);
    a.size = a.curve.size[present], a.network = a.curve.network[present];
    a.loss = {a.curve.loss[present], a.curve.loss[present], a.curve.loss[present]};

    a.data.reason = obstacle(a.curve, false, options);
    a.larger.reason = obstacle(a.curve, true, options);
    const Inputs inputs = inputs_of(a.curve);
    Sample sample;
    if (inputs != Inputs::none && (a.data.reason.empty() || a.larger.reason.empty())) {
        sample = draw_curves(a.curve, inputs, options.curves, options.seed);
        if (sample.curves.count == 0) {
            for (Direction* d : {&a.data, &a.larger})
                if (d->reason.empty()) d->reason = sample.reason;
        }
        if (sample.curves.count > 0) a.notes.insert(a.notes.end(), sample.notes.begin(), sample.notes.end());
    }
    a.data.known = a.data.reason.empty(), a.larger.known = a.larger.reason.empty();
    a.both.known = a.data.known && a.larger.known;
    if (!a.both.known) a.both.reason = a.data.known ? a.larger.reason : a.data.reason;
    if (a.data.known || a.larger.known) {
        const Calibration calibration = calibrate(a.curve, inputs, options.level, options.seed);
        a.held_back = calibration.predictions, a.held_back_covered = calibration.covered;
        a.laws = sample.laws;
        a.possible = sample.curves;
        a.possible.widening = calibration.widening;
        a.loss = a.possible.loss_at(a.size, a.network, options.level);
        if (a.data.known) describe_direction(a, a.data, true, false, options);
        if (a.larger.known) describe_direction(a, a.larger, false, true, options);
        if (a.both.known) {
            describe_direction(a, a.both, true, true, options);
            describe_limit(a, options);
        }
        plan_experiments(a, sample, options, cost_law(measured, cost, a.size, a.network));
        if (calibration.predictions == 0)
            a.notes.push_back("too few points to leave some out: the intervals trust the laws");
    }
    put_into_words(a, options);
    return a;
}

}  // namespace reconlaw::fit
