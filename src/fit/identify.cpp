#include "reconlaw/fit/identify.hpp"

#include <algorithm>
#include <cmath>
#include <cstdio>
#include <limits>

#include "constants.hpp"
#include "reconlaw/detail/check.hpp"

namespace reconlaw::fit {

namespace {

std::string number(double value) {
    char text[32];
    std::snprintf(text, sizeof text, "%.3g", value);
    return text;
}

std::string level_text(double level) {
    return number(100 * level) + " %";
}

std::string range(const Interval& interval, const char* unlimited) {
    return "[" + number(interval.lower) + ", " + (interval.upper_open ? unlimited : number(interval.upper)) +
           "]";
}

LearningCurve last_half(const LearningCurve& curve) {
    const double last = curve.size[curve.points() - 1];
    LearningCurve half = curve.between(std::sqrt(last) * std::sqrt(curve.size[0]) * (1 - 1e-9), last);
    if (half.points() < 3 && curve.points() >= 3) half = curve.between(curve.size[curve.points() - 3], last);
    return half;
}

void judge_tail(Identifiability& result, double level) {
    if (!result.tail.usable() || result.tail.freedom < 1) {
        result.statements.push_back("no power-law regime can be seen: it takes three training sizes or more");
        return;
    }
    result.slope = profile_interval(result.tail, 1, level);
    result.falls = result.slope.lower > 0;
    const std::string of = " (" + level_text(level) + " interval " + range(result.slope, "any") + ")";
    if (!result.falls && result.slope.upper < 0)
        result.statements.push_back(
            "no power-law regime: over the last half of the range of log(N) the loss grows" + of);
    else if (!result.falls)
        result.statements.push_back(
            "no power-law regime: over the last half of the range of log(N) the slope cannot be told from "
            "zero" +
            of);
    else
        result.statements.push_back("over the last half of the range of log(N) the loss falls like N^-" +
                                    number(result.tail.parameters[1]) + of);
}

void judge_floor(Identifiability& result, double smallest_loss, double level) {
    Estimate &floor = result.floor, &exponent = result.exponent;
    if (result.slope.upper < 0) {
        floor = exponent = {nan, nan, nan};
        result.statements.push_back("floor and exponent not identifiable: the loss grows");
        return;
    }
    if (floor.lower < 1e-6 * smallest_loss) floor.lower = 0;  // rounding
    if (std::isnan(floor.value) || std::isnan(exponent.value)) {
        result.statements.push_back(
            "floor and exponent not identifiable: no law with a floor could be fitted");
        return;
    }
    result.floor_identified = floor.lower > 0;
    result.exponent_identified = result.falls && exponent.lower > 0 && exponent.upper < 3 * exponent.lower;
    const auto between = [](const Estimate& e) { return range({e.lower, e.upper}, ""); };
    if (result.floor_identified)
        result.statements.push_back("floor " + number(floor.value) + " (" + level_text(level) + " interval " +
                                    between(floor) + ")");
    else
        result.statements.push_back("floor not identifiable: anything from 0 to " + number(floor.upper) +
                                    " agrees with the points");
    if (result.exponent_identified)
        result.statements.push_back("exponent above the floor " + number(exponent.value) + " (" +
                                    level_text(level) + " interval " + between(exponent) + ")");
    else
        result.statements.push_back("exponent not identifiable: from " + number(exponent.lower) + " to " +
                                    number(exponent.upper) + ", with a floor that changes with it");
}

}  // namespace

Identifiability identify(const LearningCurve& curve, const Forecast& forecast, double level,
                         RobustLoss loss) {
    constexpr auto f = "identify";
    validate(curve, f);
    detail::require(level > 0 && level < 1, f, "level", level, "inside (0, 1)");
    Identifiability result;
    result.floor = forecast.floor, result.exponent = forecast.exponent;
    FitOptions options;
    options.loss = loss;
    result.tail = fit_law(law_named("power"), last_half(curve), options);
    judge_tail(result, level);
    judge_floor(result, curve.loss.minCoeff(), level);
    return result;
}

namespace {

std::string comparison_sentence(const std::vector<LawScore>& laws) {
    std::vector<const LawScore*> usable;
    for (const LawScore& law : laws)
        if (law.fit.usable()) usable.push_back(&law);
    if (usable.empty()) return "No law could be fitted.";
    const LawScore& best = *usable.front();
    const auto by = [&](auto criterion) {
        return **std::min_element(usable.begin(), usable.end(), [&](const LawScore* a, const LawScore* b) {
            return criterion(a->fit) < criterion(b->fit);
        });
    };
    const LawScore& akaike = by([](const LawFit& fit) { return fit.aicc(); });
    // BIC has no small-sample correction: only laws that AICc can judge
    const LawScore& bayes =
        by([](const LawFit& fit) { return std::isfinite(fit.aicc()) ? fit.bic() : HUGE_VAL; });
    std::string text;
    if (std::isnan(best.held_back)) {
        text = "Too few points to hold any back.";
    } else {
        text = "Held-back points are predicted best by " + best.fit.law.name + " (off by " +
               number(100 * best.held_back) + " %)";
        if (usable.size() > 1 && !std::isnan(usable[1]->held_back)) {
            const double rounding = 1e-8;  // errors below it are equal
            const double factor = (usable[1]->held_back + rounding) / (best.held_back + rounding);
            text += factor < 1.1
                        ? ", hardly better than " + usable[1]->fit.law.name + "."
                        : ", then " + usable[1]->fit.law.name + " (" + number(factor) + " times as far off).";
        } else {
            text += ".";
        }
    }
    const bool decided = std::isfinite(akaike.fit.aicc());
    if (decided)
        text +=
            akaike.fit.law.name == bayes.fit.law.name
                ? " AICc and BIC on all points both prefer " + akaike.fit.law.name + "."
                : " AICc on all points prefers " + akaike.fit.law.name + ", BIC " + bayes.fit.law.name + ".";
    if (decided && !std::isnan(best.held_back) && akaike.fit.law.name != best.fit.law.name)
        text +=
            " Fitting all points well and predicting what comes next are different things: trust the "
            "held-back "
            "error for what more data will bring.";
    return text;
}

}  // namespace

namespace {

/// Root mean square log error of each law over the origins that all of them were tested at; a law that was
/// tested at less than half as many origins as the most tested one is left out (NaN), for it would choose the
/// test.
std::vector<double> on_common_origins(const std::vector<std::vector<PastForecast>>& past) {
    std::size_t most = 0;
    for (const auto& tests : past) most = std::max(most, tests.size());
    std::vector<double> errors(past.size(), nan);
    if (most == 0) return errors;
    double first = 0;  // origins are the same for all laws, but those with many parameters begin later
    for (const auto& tests : past)
        if (2 * tests.size() >= most) first = std::max(first, tests.front().size);
    for (std::size_t i = 0; i < past.size(); ++i) {
        if (2 * past[i].size() < most) continue;
        double sum = 0, weight = 0;
        for (const PastForecast& test : past[i])
            if (test.size >= first) sum += test.weight * test.log_rmse * test.log_rmse, weight += test.weight;
        if (weight > 0) errors[i] = std::sqrt(sum / weight);
    }
    return errors;
}

}  // namespace

Comparison compare(const LearningCurve& curve, const std::vector<Law>& laws, const Eigen::ArrayXd& size,
                   const ForecastOptions& options) {
    detail::require(!laws.empty(), "compare", "number of laws", laws.size(), "at least 1");
    Comparison comparison;
    double smallest = std::numeric_limits<double>::infinity();
    std::vector<std::vector<PastForecast>> past;
    for (const Law& law : laws) {
        past.emplace_back();
        LawScore score;
        FitOptions fit_options;
        fit_options.loss = options.fit.loss;
        score.fit = fit_law(law, curve, fit_options);
        score.held_back = nan;
        if (score.fit.usable()) {
            for (Eigen::Index j = 0; j < law.dimension(); ++j)
                score.intervals.push_back(profile_interval(score.fit, j, options.level));
            smallest = std::min(smallest, score.fit.aicc());
            if (curve.points() >= fewest_points(law)) {
                ForecastOptions alone = options;
                alone.laws = {law};
                past.back() = forecast(curve, size, alone).past;
            }
        }
        comparison.laws.push_back(std::move(score));
    }
    const std::vector<double> held_back = on_common_origins(past);
    for (std::size_t i = 0; i < past.size(); ++i) comparison.laws[i].held_back = held_back[i];
    double sum = 0;
    for (LawScore& score : comparison.laws) {
        if (score.fit.usable() && std::isfinite(score.fit.aicc()))
            score.aicc_weight = std::exp(-0.5 * (score.fit.aicc() - smallest));
        sum += score.aicc_weight;
    }
    for (LawScore& score : comparison.laws)
        if (sum > 0) score.aicc_weight /= sum;
    std::stable_sort(comparison.laws.begin(), comparison.laws.end(),
                     [](const LawScore& a, const LawScore& b) {
                         const bool known_a = !std::isnan(a.held_back), known_b = !std::isnan(b.held_back);
                         if (known_a != known_b) return known_a;
                         if (known_a && a.held_back != b.held_back) return a.held_back < b.held_back;
                         return a.fit.usable() && (!b.fit.usable() || a.fit.aicc() < b.fit.aicc());
                     });
    comparison.sentence = comparison_sentence(comparison.laws);
    return comparison;
}

}  // namespace reconlaw::fit
