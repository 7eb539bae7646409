#include "reconlaw/fit/forecast.hpp"

#include <algorithm>
#include <array>
#include <boost/math/distributions/fisher_f.hpp>
#include <boost/math/distributions/students_t.hpp>
#include <cmath>
#include <limits>
#include <set>
#include <utility>

#include "constants.hpp"
#include "reconlaw/detail/check.hpp"

namespace reconlaw::fit {

namespace {

constexpr double slack = 1e-9;  // relative, when sizes are compared

double last_size(const LearningCurve& curve) {
    return curve.size[curve.points() - 1];
}
double log_range(const LearningCurve& curve) {
    return std::log(last_size(curve) / curve.size[0]);
}

/// A law on a window, before it is fitted.
struct Candidate {
    std::size_t law;
    double window;
};

/// Laws with their exponents limited.
std::vector<Law> member_laws(const ForecastOptions& options) {
    std::vector<Law> laws = options.laws;
    if (laws.empty())
        for (const char* name : {"floor", "shifted", "saturating", "broken-1"})
            laws.push_back(law_named(name));
    for (Law& law : laws)
        for (Parameter& p : law.parameters) {
            const bool change =
                p.name == "c1" || p.name == "c2" || p.name == "c3";  // of the exponent, at a break
            if (p.name == "alpha" || p.name == "c0" || change) p.upper = std::min(p.upper, options.fastest);
            if (change) p.lower = std::max(p.lower, -options.fastest);
        }
    return laws;
}

std::vector<double> member_windows(const ForecastOptions& options) {
    if (!options.windows.empty()) return options.windows;
    std::vector<double> windows;
    for (int i = 0; i < 12; ++i) windows.push_back(std::pow(0.12, i / 11.0));
    return windows;
}

/// The fits of all candidates on the points up to an origin, and what they say of other sizes.
struct Origin {
    Eigen::Index points = 0;    ///< known
    std::vector<LawFit> fits;   ///< by candidate; unusable where not fitted
    Eigen::ArrayXd size;        ///< predicted
    Eigen::ArrayXd observed;    ///< log loss there, NaN for the future
    Eigen::ArrayXd error = {};  ///< measured, of the observed log losses
    Eigen::MatrixXd log_loss;   ///< candidates by sizes, NaN where a candidate says nothing
    Eigen::VectorXd misfit;     ///< mean square of log residuals at the end of the data, by candidate
};

/// A mean and the standard deviation about it, both weighted.
struct Spread {
    double mean = 0, deviation = 0;
};

/// A law that breaks can turn upward after the last point: more data does not make a learner worse.
bool rises(const Law& law, const LawFit& fit, double last, const Eigen::ArrayXd& size) {
    if (law.name == "power" || law.name == "logarithmic") return false;  // where the whole window rises
    const double farthest = std::max(size.maxCoeff(), last);
    return fit(farthest) > fit(last) * (1 + slack);
}

class Combination {
  public:
    /// @param farthest  size that sets how far the tests look
    Combination(const LearningCurve& curve, const Eigen::ArrayXd& size, double farthest,
                const ForecastOptions& options)
        : curve_(curve), options_(options), laws_(member_laws(options)), range_(log_range(curve)) {
        for (std::size_t law = 0; law < laws_.size(); ++law)
            for (const double window : member_windows(options))
                if (laws_[law].dimension() < 5 || window > 0.45) candidates_.push_back({law, window});
        horizon_ =
            std::clamp(farthest / last_size(curve), 1.2, std::exp(std::max(range_ / 2, std::log(1.2))));
        for (const Eigen::Index points : choose_origins()) origins_.push_back(look_back(points));
        present_ = fit_up_to(curve.points(), size);
    }

    Forecast result() const;

  private:
    std::vector<Eigen::Index> choose_origins() const;
    Origin look_back(Eigen::Index points) const;
    Origin fit_up_to(Eigen::Index points, const Eigen::ArrayXd& size) const;
    Eigen::VectorXd scores(const Origin& now, std::size_t past) const;
    Eigen::VectorXd weights(const Origin& now, std::size_t past) const;
    double distinct_tests(const Origin& now, std::size_t past) const;
    double held_back(std::size_t candidate) const;
    /// Mean of a parameter over the present members that have it, and the standard deviation of that mean:
    /// their spread and their own errors. NaN where none has.
    Spread parameter_spread(const Eigen::VectorXd& weight, std::string_view name, bool floor_law_only) const;
    double last_error() const;
    double fit_error(const Origin& origin, const Eigen::VectorXd& weight, double size) const;
    double discount(const Origin& origin, double now) const {
        return std::exp(-(now - log_size(origin.points)) / (options_.memory * std::max(range_, 1e-9)));
    }
    double log_size(Eigen::Index points) const { return std::log(curve_.size[points - 1]); }

    const LearningCurve& curve_;
    const ForecastOptions& options_;
    std::vector<Law> laws_;
    std::vector<Candidate> candidates_;
    double range_, horizon_;
    std::vector<Origin> origins_;  ///< oldest first
    Origin present_;
};

/// From five points and 30 % of the range of log(N) on, evenly spaced in log(N).
std::vector<Eigen::Index> Combination::choose_origins() const {
    const Eigen::Index n = curve_.points();
    Eigen::Index first = 5;
    while (first < n && log_size(first) - std::log(curve_.size[0]) < 0.3 * range_) ++first;
    std::set<Eigen::Index> chosen;
    for (int i = 0; i < options_.origins && first < n; ++i) {
        const double part = options_.origins == 1 ? 1.0 : static_cast<double>(i) / (options_.origins - 1);
        const double wanted = log_size(first) + part * (log_size(n - 1) - log_size(first));
        Eigen::Index points = first;
        while (points < n - 1 && log_size(points) < wanted - slack) ++points;
        chosen.insert(points);
    }
    return {chosen.begin(), chosen.end()};
}

Origin Combination::fit_up_to(Eigen::Index points, const Eigen::ArrayXd& size) const {
    Origin origin;
    origin.points = points;
    const LearningCurve known = curve_.between(0, curve_.size[points - 1]);
    const double range = log_range(known), last = last_size(known);
    origin.size = size;
    origin.observed = Eigen::ArrayXd::Constant(size.size(), nan);
    const auto count = static_cast<Eigen::Index>(candidates_.size());
    origin.log_loss = Eigen::MatrixXd::Constant(count, size.size(), nan);
    origin.misfit = Eigen::VectorXd::Constant(count, nan);
    origin.fits.resize(candidates_.size());
    std::set<std::pair<std::size_t, Eigen::Index>> done;  // windows with the same points are one member
    for (std::size_t c = 0; c < candidates_.size(); ++c) {
        const Law& law = laws_[candidates_[c].law];
        const Eigen::Index fewest = fewest_points(law);
        if (points < fewest) continue;
        LearningCurve window =
            known.between(last * std::exp(-candidates_[c].window * range) * (1 - slack), last);
        if (window.points() < fewest) window = known.between(known.size[points - fewest], last);
        if (!done.emplace(candidates_[c].law, window.points()).second) continue;
        LawFit fit = fit_law(law, window, options_.fit);
        if (!fit.usable()) continue;
        const auto row = static_cast<Eigen::Index>(c);
        origin.log_loss.row(row) = law.values(fit.parameters, size).log().transpose();
        if (!origin.log_loss.row(row).allFinite() || rises(law, fit, last, size)) {
            origin.log_loss.row(row).setConstant(nan);
            continue;
        }
        const LearningCurve end = known.between(last / horizon_ * (1 - slack), last);
        origin.misfit[row] = (law.values(fit.parameters, end.size) / end.loss).log().square().mean();
        origin.fits[c] = std::move(fit);
    }
    return origin;
}

Origin Combination::look_back(Eigen::Index points) const {
    const double last = curve_.size[points - 1];
    const double next = curve_.size[points];
    const LearningCurve held = curve_.between(next, std::max(next, last * horizon_ * (1 + slack)));
    Origin origin = fit_up_to(points, held.size);
    origin.observed = held.loss.log();
    origin.error = held.log_error;
    return origin;
}

/// Mean square log errors of the candidates as known at `now`, from its own misfit and from the first `past`
/// origins, as far as their predictions could be checked by then. Infinite where a candidate does not exist
/// now.
Eigen::VectorXd Combination::scores(const Origin& now, std::size_t past) const {
    const auto count = static_cast<Eigen::Index>(candidates_.size());
    Eigen::VectorXd sum = Eigen::VectorXd::Zero(count), weight = sum;
    double all = 0;
    for (std::size_t o = 0; o < past; ++o) {
        const Origin& origin = origins_[o];
        const double w = discount(origin, log_size(now.points));
        Eigen::Index checked = 0;
        while (checked < origin.size.size() && origin.size[checked] <= curve_.size[now.points - 1]) ++checked;
        if (checked == 0) continue;
        all += w;
        for (Eigen::Index c = 0; c < count; ++c) {
            if (std::isnan(origin.misfit[c])) continue;
            const Eigen::ArrayXd error =
                origin.log_loss.row(c).head(checked).transpose().array() - origin.observed.head(checked);
            sum[c] += w * error.square().mean(), weight[c] += w;
        }
    }
    Eigen::VectorXd score = Eigen::VectorXd::Constant(count, std::numeric_limits<double>::infinity());
    double worst = 0;
    for (Eigen::Index c = 0; c < count; ++c)
        if (weight[c] > 0.2 * all && weight[c] > 0) worst = std::max(worst, sum[c] / weight[c]);
    for (Eigen::Index c = 0; c < count; ++c) {
        if (std::isnan(now.misfit[c])) continue;
        // hardly ever tested: as good as the worst that was
        const double tested = all == 0 ? 0 : weight[c] > 0.2 * all ? sum[c] / weight[c] : worst;
        score[c] = tested + now.misfit[c];
    }
    return score;
}

/// Tests among the first `past` origins that are distinct as seen from `now`: discounted, and once where the
/// ranges they predict overlap.
double Combination::distinct_tests(const Origin& now, std::size_t past) const {
    double sum = 0, squares = 0;
    for (std::size_t o = 0; o < past; ++o) {
        const double w = discount(origins_[o], log_size(now.points));
        sum += w, squares += w * w;
    }
    if (squares == 0) return 0;
    const double spans = (log_size(now.points) - log_size(origins_.front().points)) / std::log(horizon_);
    return std::min(sum * sum / squares, std::max(spans, 1.0));
}

/// Nearly equal where scores cannot be told apart, small where they are clearly worse than the best.
Eigen::VectorXd Combination::weights(const Origin& now, std::size_t past) const {
    const Eigen::VectorXd score = scores(now, past);
    const double best = score.minCoeff();
    const double tests = std::max(distinct_tests(now, past), 1.0);
    const double alike = boost::math::quantile(boost::math::fisher_f(tests, tests), 0.9);
    Eigen::VectorXd w = Eigen::VectorXd::Zero(score.size());
    const double small = std::max(1e-20, 1e-9 * best);  // exact fits share the weight
    for (Eigen::Index c = 0; c < score.size(); ++c)
        if (std::isfinite(score[c]))
            w[c] = 1 / (1 + std::pow((score[c] + small) / (best + small) / alike, 2));
    const double sum = w.sum();
    return sum > 0 ? Eigen::VectorXd(w / sum) : w;
}

/// Root of the discounted mean square log error of a candidate over the origins.
double Combination::held_back(std::size_t candidate) const {
    const auto c = static_cast<Eigen::Index>(candidate);
    double sum = 0, weight = 0;
    for (const Origin& origin : origins_) {
        if (std::isnan(origin.misfit[c])) continue;
        const double w = discount(origin, log_size(curve_.points()));
        sum += w * (origin.log_loss.row(c).transpose().array() - origin.observed).square().mean(),
            weight += w;
    }
    return weight > 0 ? std::sqrt(sum / weight) : nan;
}

/// Of `value` over the candidates with a weight.
Spread spread(const Eigen::VectorXd& weight, const Eigen::VectorXd& value) {
    Spread s;
    for (Eigen::Index c = 0; c < weight.size(); ++c)
        if (weight[c] > 0) s.mean += weight[c] * value[c];
    for (Eigen::Index c = 0; c < weight.size(); ++c)
        if (weight[c] > 0) s.deviation += weight[c] * std::pow(value[c] - s.mean, 2);
    s.deviation = std::sqrt(s.deviation);
    return s;
}

/// Weighted root mean square of standard errors, none counting more than ten times their weighted median: a
/// law with too many parameters for its window leaves directions undetermined. Pairs of error and weight.
double typical_error(std::vector<std::pair<double, double>> errors) {
    double all = 0, below = 0, median = 0, square = 0;
    for (const auto& [error, w] : errors) all += w;
    std::sort(errors.begin(), errors.end());
    for (const auto& [error, w] : errors) {
        if (below < 0.5 * all) median = error;
        below += w;
    }
    for (const auto& [error, w] : errors) square += w * std::pow(std::min(error, 10 * median), 2);
    return all > 0 ? std::sqrt(square / all) : 0;
}

/// What noise leaves uncertain even where the members agree: the error of their own values, from their
/// covariances.
double Combination::fit_error(const Origin& origin, const Eigen::VectorXd& weight, double size) const {
    std::vector<std::pair<double, double>> errors;
    for (Eigen::Index c = 0; c < weight.size(); ++c)
        if (weight[c] >= 1e-3)
            errors.emplace_back(log_standard_error(origin.fits[static_cast<std::size_t>(c)], size),
                                weight[c]);
    return typical_error(std::move(errors));
}

/// Members disagree by their own errors and by more, of variance tau^2, that these do not explain; they are
/// weighted by 1/(tau^2 + error^2) on top of their weights (the random-effects mean of DerSimonian & Laird
/// 1986).
Spread Combination::parameter_spread(const Eigen::VectorXd& weight, std::string_view name,
                                     bool floor_law_only) const {
    std::vector<double> value, error, w;
    for (Eigen::Index c = 0; c < weight.size(); ++c) {
        const LawFit& fit = present_.fits[static_cast<std::size_t>(c)];
        if (weight[c] == 0 || (floor_law_only && fit.law.name != "floor")) continue;
        for (Eigen::Index j = 0; j < fit.law.dimension(); ++j) {
            const Parameter& parameter = fit.law.parameters[static_cast<std::size_t>(j)];
            if (parameter.name != name) continue;
            const double scale = parameter.logarithmic ? fit.parameters[j] : 1.0;
            const bool edge = fit.at_bound[static_cast<std::size_t>(j)];  // where the covariance says nothing
            value.push_back(fit.parameters[j]), w.push_back(weight[c]);
            error.push_back(edge ? nan : scale * std::sqrt(std::max(fit.covariance(j, j), 0.0)));
        }
    }
    if (value.empty()) return {nan, nan};
    std::vector<double> known;
    for (const double e : error)
        if (std::isfinite(e)) known.push_back(e);
    std::sort(known.begin(), known.end());
    const double typical = known.empty() ? 0 : known[known.size() / 2];
    for (double& e : error) e = std::isfinite(e) ? std::min(e, 10 * typical) : typical;
    const auto mean_and_variance = [&](const std::vector<double>& v) {
        double sum = 0, mean = 0, between = 0, own = 0;
        for (std::size_t i = 0; i < v.size(); ++i) sum += v[i], mean += v[i] * value[i];
        mean /= sum;
        for (std::size_t i = 0; i < v.size(); ++i)
            between += v[i] / sum * std::pow(value[i] - mean, 2), own += v[i] / sum * error[i] * error[i];
        return std::array{mean, between, own};
    };
    const auto [plain, between, own] = mean_and_variance(w);
    const double excess = std::max(between - own, 1e-12 * plain * plain);
    for (std::size_t i = 0; i < w.size(); ++i) w[i] /= excess + error[i] * error[i];
    const auto [mean, spread_left, own_left] = mean_and_variance(w);
    return {mean, std::sqrt(spread_left + own_left)};
}

/// What one unit of noise is: the standard deviation of a log residual, weighted over the members, in units
/// of the measured errors where there are any.
double noise_of(const Origin& origin, const Eigen::VectorXd& weight) {
    double square = 0;
    for (Eigen::Index c = 0; c < weight.size(); ++c)
        if (weight[c] > 0) square += weight[c] * std::pow(origin.fits[static_cast<std::size_t>(c)].noise, 2);
    return std::sqrt(square);
}

/// Typical measured error of the last points, within the horizon; 1 without measured errors.
double Combination::last_error() const {
    if (curve_.log_error.size() == 0) return 1;
    const double last = last_size(curve_);
    return std::exp(curve_.between(last / horizon_ * (1 - slack), last).log_error.log().mean());
}

Forecast Combination::result() const {
    Forecast forecast;
    const Eigen::VectorXd w = weights(present_, origins_.size());
    const Eigen::Index wanted = present_.size.size() - 1 - static_cast<Eigen::Index>(options_.factors.size());
    forecast.size = present_.size.head(wanted);
    if (w.sum() == 0) {  // nothing could be fitted
        forecast.loss.assign(static_cast<std::size_t>(wanted), {nan, nan, nan});
        forecast.curve = forecast.loss;
        for (const double factor : options_.factors) forecast.gains.push_back({factor, {nan, nan, nan}});
        forecast.floor = forecast.exponent = {nan, nan, nan};
        forecast.held_back = forecast.noise = nan;
        return forecast;
    }
    const double unit = noise_of(present_, w), noise = unit * last_error();
    // Every origin predicts what followed it, with the weights it had.
    double squares = 1, weight_sum = 1, error_sum = 0, error_weight = 0;
    forecast.tested_factor = 1;
    for (std::size_t o = 0; o < origins_.size(); ++o) {
        const Origin& origin = origins_[o];
        const Eigen::VectorXd then = weights(origin, o);
        if (then.sum() == 0) continue;
        const double importance = discount(origin, log_size(curve_.points()));
        double standard = 0, error = 0, unsure = 0;
        const Eigen::Index stride = std::max<Eigen::Index>(1, origin.size.size() / 4);
        for (Eigen::Index i = 0; i < origin.size.size(); ++i) {
            const Spread s = spread(then, origin.log_loss.col(i));
            const double e = s.mean - origin.observed[i];
            if (i % stride == 0) unsure = fit_error(origin, then, origin.size[i]);  // smooth in the size
            error += e * e;
            const double scatter = origin.error.size() == 0 ? noise : unit * origin.error[i];
            standard +=
                e * e / std::max(scatter * scatter + s.deviation * s.deviation + unsure * unsure, 1e-24);
            forecast.tested_factor =
                std::max(forecast.tested_factor, origin.size[i] / curve_.size[origin.points - 1]);
        }
        const auto count = static_cast<double>(origin.size.size());
        squares += importance * standard / count, weight_sum += importance;
        error_sum += importance * error / count, error_weight += importance;
        forecast.past.push_back({curve_.size[origin.points - 1], std::sqrt(error / count), importance});
    }
    forecast.held_back = !forecast.past.empty() ? std::sqrt(error_sum / error_weight) : nan;
    forecast.inflation = std::sqrt(squares / weight_sum);
    forecast.freedom = 2 + distinct_tests(present_, origins_.size());
    forecast.noise = noise;
    const double t =
        boost::math::quantile(boost::math::students_t(forecast.freedom), 0.5 + options_.level / 2);
    const auto estimate = [&](const Spread& s, double unsure, double scatter) {
        const double half = t * forecast.inflation *
                            std::sqrt(s.deviation * s.deviation + unsure * unsure + scatter * scatter);
        return Estimate{std::exp(s.mean), std::exp(s.mean - half), std::exp(s.mean + half)};
    };
    for (Eigen::Index i = 0; i < wanted; ++i) {
        const Spread s = spread(w, present_.log_loss.col(i));
        const double unsure = fit_error(present_, w, present_.size[i]);
        forecast.loss.push_back(estimate(s, unsure, noise));
        forecast.curve.push_back(estimate(s, unsure, 0));
    }
    for (std::size_t f = 0; f < options_.factors.size(); ++f) {
        const Eigen::Index at = wanted + 1 + static_cast<Eigen::Index>(f);
        const Eigen::VectorXd change = present_.log_loss.col(at) - present_.log_loss.col(wanted);
        const double unsure = fit_error(present_, w, present_.size[at]);
        Estimate ratio = estimate(spread(w, change), unsure, 0);
        ratio.upper =
            std::min(ratio.upper, std::max(ratio.value, 1.0));  // more data does not make a learner worse
        forecast.gains.push_back({options_.factors[f], ratio});
    }
    const auto parameter = [&](const Spread& s) {
        const double half = t * forecast.inflation * s.deviation;
        return Estimate{s.mean, std::max(s.mean - half, 0.0), s.mean + half};
    };
    forecast.floor = parameter(parameter_spread(w, "E", false));
    for (const Estimate& e : forecast.curve)  // a mean of losses, that one of their logarithms
        forecast.floor.value = std::min(forecast.floor.value, e.value);
    forecast.floor.lower = std::min(forecast.floor.lower, forecast.floor.value);
    forecast.exponent = parameter(parameter_spread(w, "alpha", true));
    for (std::size_t c = 0; c < candidates_.size(); ++c) {
        const double weight = w[static_cast<Eigen::Index>(c)];
        if (weight > 0)
            forecast.members.push_back({candidates_[c].window, present_.fits[c], held_back(c), weight});
    }
    std::stable_sort(forecast.members.begin(), forecast.members.end(),
                     [](const Member& a, const Member& b) { return a.weight > b.weight; });
    return forecast;
}

}  // namespace

Eigen::Index fewest_points(const Law& law) {
    return std::max(law.dimension() + 1, 2 * law.dimension() - 2);
}

double Forecast::weight_of(const std::string& law) const {
    double sum = 0;
    for (const Member& member : members)
        if (member.fit.law.name == law) sum += member.weight;
    return sum;
}

Forecast forecast(const LearningCurve& curve, const Eigen::ArrayXd& size, const ForecastOptions& options) {
    constexpr auto f = "forecast";
    validate(curve, f);
    detail::require(size.size() >= 1, f, "number of sizes", size.size(), "at least 1");
    for (Eigen::Index i = 0; i < size.size(); ++i)
        detail::require_finite_positive(size[i], f, "size[" + std::to_string(i) + "]");
    detail::require(options.level > 0 && options.level < 1, f, "level", options.level, "inside (0, 1)");
    detail::require(options.origins >= 0, f, "origins", options.origins, "at least 0");
    detail::require_finite_positive(options.memory, f, "memory");
    detail::require_finite_positive(options.fastest, f, "fastest");
    for (const double window : options.windows)
        detail::require(window > 0 && window <= 1, f, "window", window, "inside (0, 1]");
    for (const double factor : options.factors) detail::require_finite_positive(factor, f, "factor");
    Eigen::Index fewest = std::numeric_limits<Eigen::Index>::max();
    for (const Law& law : member_laws(options)) fewest = std::min(fewest, fewest_points(law));
    detail::require(curve.points() >= fewest, f, "number of points", curve.points(),
                    "at least " + std::to_string(fewest) + " with these laws");
    Eigen::ArrayXd all(size.size() + 1 + static_cast<Eigen::Index>(options.factors.size()));
    all.head(size.size()) = size;
    all[size.size()] = last_size(curve);
    for (std::size_t i = 0; i < options.factors.size(); ++i)
        all[size.size() + 1 + static_cast<Eigen::Index>(i)] = options.factors[i] * last_size(curve);
    return Combination(curve, all, size.maxCoeff(), options).result();
}

}  // namespace reconlaw::fit
