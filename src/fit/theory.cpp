#include "reconlaw/fit/theory.hpp"

#include <ceres/jet.h>

#include <algorithm>
#include <array>
#include <cmath>
#include <memory>
#include <numeric>
#include <stdexcept>
#include <string>
#include <utility>
#include <vector>

#include "reconlaw/detail/check.hpp"
#include "theory_curve.hpp"
#include "theory_shapes.hpp"

namespace reconlaw::fit {

namespace {

using namespace theory_detail;

/// Where each quantity of a law is: at a place among the free parameters, or fixed.
struct Layout {
    int noise = -1, scale = -1;  ///< -1: fixed
    double fixed_noise = 0, fixed_scale = 1;

    explicit Layout(const TheoryOptions& options) {
        int next = 1;  // parameter 0 is the shape's own
        if (options.noise)
            fixed_noise = *options.noise;
        else
            noise = next++;
        if (options.scale)
            fixed_scale = *options.scale;
        else
            scale = next++;
    }
    Index parameters() const { return 1 + (noise >= 0) + (scale >= 0); }
    template <class T>
    T sigma(const T* p) const {
        return noise < 0 ? T(fixed_noise) : p[noise];
    }
    template <class T>
    T variance(const T* p) const {
        return scale < 0 ? T(fixed_scale) : p[scale];
    }
};

/// Places to begin: for each shape of a grid the noise with the smallest rough cost, and of these the best
/// that are apart.
template <class Shape>
class Starts {
  public:
    Starts(const TheoryCurve<Shape>& theory, const Layout& layout, bool per_signal, double n,
           const LearningCurve& curve)
        : theory_(theory), layout_(layout), per_signal_(per_signal), n_(n), curve_(curve) {
        constexpr Index most_sizes = 6;
        const Index points = curve.points(), used = std::min(points, most_sizes);
        for (Index i = 0; i < used; ++i) rows_.push_back(used == 1 ? 0 : i * (points - 1) / (used - 1));
    }

    std::vector<Eigen::VectorXd> operator()() const {
        std::vector<Candidate> row;
        for (const double shape : theory_.shape().grid()) row.push_back(best_noise(shape));
        std::vector<std::size_t> order(row.size()), taken;
        std::iota(order.begin(), order.end(), std::size_t{0});
        std::stable_sort(order.begin(), order.end(),
                         [&](auto i, auto j) { return row[i].cost < row[j].cost; });
        constexpr std::size_t most_starts = 3;
        std::vector<Eigen::VectorXd> chosen;
        for (const std::size_t i : order) {
            if (!std::isfinite(row[i].cost) || chosen.size() == most_starts) break;
            const auto near = [i](std::size_t j) { return std::max(i, j) - std::min(i, j) < 2; };
            if (std::any_of(taken.begin(), taken.end(), near)) continue;
            taken.push_back(i);
            Eigen::VectorXd p(layout_.parameters());
            p[0] = row[i].shape;
            if (layout_.noise >= 0) p[layout_.noise] = row[i].noise * std::sqrt(row[i].scale);
            if (layout_.scale >= 0) p[layout_.scale] = row[i].scale;
            chosen.push_back(std::move(p));
        }
        return chosen;
    }

  private:
    struct Candidate {
        double shape, noise, scale, cost;
    };

    /// Noise in units of the signal; the scale is the best one if it is free.
    Candidate at(double shape, double noise) const {
        Eigen::ArrayXd off(static_cast<Index>(rows_.size()));
        for (Index r = 0; r < off.size(); ++r) {
            const Index i = rows_[static_cast<std::size_t>(r)];
            const double risk = theory_.rough(shape, noise, curve_.size[i]) / (per_signal_ ? shape : n_);
            off[r] = std::log(risk / curve_.loss[i]);
        }
        double shift = std::log(layout_.fixed_scale);
        if (layout_.scale >= 0)
            shift = layout_.noise >= 0 ? -off.mean() : 2 * std::log(layout_.fixed_noise / noise);
        const double cost = (off + shift).square().sum();
        return {shape, noise, std::exp(shift), std::isfinite(cost) ? cost : infinity};
    }

    /// A grid of the noise, and the vertex of the parabola through the best point and its neighbours.
    Candidate best_noise(double shape) const {
        if (layout_.noise < 0 && layout_.scale < 0)
            return at(shape, layout_.fixed_noise / std::sqrt(layout_.fixed_scale));
        constexpr int count = 9;
        const auto [low, high] = Shape::grid_noise;
        const double ratio = std::pow(high / low, 1.0 / (count - 1));
        std::vector<Candidate> all;
        for (int i = 0; i < count; ++i) all.push_back(at(shape, low * std::pow(ratio, i)));
        const auto best = std::min_element(all.begin(), all.end(),
                                           [](const auto& a, const auto& b) { return a.cost < b.cost; });
        if (best == all.begin() || best + 1 == all.end()) return *best;
        const double left = (best - 1)->cost - best->cost, right = (best + 1)->cost - best->cost;
        if (!std::isfinite(left + right) || !(left + right > 0)) return *best;
        const Candidate vertex =
            at(shape, best->noise * std::pow(ratio, 0.5 * (left - right) / (left + right)));
        return vertex.cost < best->cost ? vertex : *best;
    }

    const TheoryCurve<Shape>& theory_;
    const Layout& layout_;
    bool per_signal_;
    double n_;
    const LearningCurve& curve_;
    std::vector<Index> rows_;
};

/// @param per_signal  the summed risk is divided by the shape's parameter, d, and otherwise by n
template <class Shape>
Law make_theory_law(Shape shape, double n, bool per_signal, Parameter first, const TheoryOptions& options,
                    const char* function) {
    if (options.noise) detail::require_finite_positive(*options.noise, function, "noise");
    if (options.scale) detail::require_finite_positive(*options.scale, function, "scale");
    detail::require(options.max_steps >= 1, function, "max_steps", options.max_steps, "at least 1");
    const Layout layout(options);
    const double unit = std::sqrt(layout.fixed_scale);
    Law law;
    law.parameters.push_back(first);
    if (layout.noise >= 0) {
        // with a free scale only sigma/sqrt(scale) has a range; outside it the law is NaN
        Parameter noise{"sigma",
                        smallest_noise * unit,
                        largest_noise * unit,
                        true,
                        false,
                        "standard deviation of the noise in each coordinate"};
        if (layout.scale >= 0) noise.lower = 0, noise.upper = infinity;
        law.parameters.push_back(noise);
    }
    if (layout.scale >= 0)
        law.parameters.push_back({"scale", 0, infinity, true, false,
                                  per_signal ? "variance of the signal in each of its dimensions"
                                             : "variance of the signal in its first direction"});
    const auto theory = std::make_shared<const TheoryCurve<Shape>>(std::move(shape), options);
    law.evaluate = [theory, layout, n, per_signal](const double* p, double size, double* gradient) {
        using Outer = ceres::Jet<double, 3>;
        const Index k = layout.parameters();
        std::array<Outer, 3> q;
        for (Index j = 0; j < k; ++j) q[static_cast<std::size_t>(j)] = Outer(p[j], static_cast<int>(j));
        const Outer variance = layout.variance(q.data()), sigma = layout.sigma(q.data()) / sqrt(variance);
        std::array<double, 2> slope{};
        const double risk = (*theory)(p[0], sigma.a, size, gradient == nullptr ? nullptr : slope.data());
        Outer value(risk);
        value.v = slope[0] * q[0].v + slope[1] * sigma.v;
        value = value * variance / (per_signal ? q[0] : Outer(n));
        if (gradient != nullptr)
            for (Index j = 0; j < k; ++j) gradient[j] = value.v[j];
        return value.a;
    };
    law.starts = [theory, layout, n, per_signal](const LearningCurve& curve) {
        return Starts<Shape>(*theory, layout, per_signal, n, curve)();
    };
    return law;
}

constexpr std::array<std::pair<TheoryEstimator, std::string_view>, 4> estimators{
    {{TheoryEstimator::early_stopped, "early-stopped"},
     {TheoryEstimator::converged, "converged"},
     {TheoryEstimator::ridge, "ridge"},
     {TheoryEstimator::flow, "flow"}}};

}  // namespace

std::string_view to_string(TheoryEstimator estimator) {
    for (const auto& [value, name] : estimators)
        if (value == estimator) return name;
    return "unknown";
}

TheoryEstimator theory_estimator_named(std::string_view name) {
    std::string known;
    for (const auto& [value, text] : estimators) {
        if (text == name) return value;
        known += (known.empty() ? "" : ", ") + std::string(text);
    }
    throw std::invalid_argument("estimator '" + std::string(name) + "' is unknown: one of " + known);
}

Law subspace_law(double n, const TheoryOptions& options) {
    constexpr auto f = "subspace_law";
    detail::require(n >= 2 && n <= 1e9, f, "dimension n", n, "between 2 and 1e9");
    Law law = make_theory_law(
        SubspaceShape{n}, n, !options.per_coordinate,
        {"d", 1, n, true, false, "effective dimension: of the subspace that holds the signals"}, options, f);
    law.name = "subspace";
    law.formula =
        "risk of " + std::string(to_string(options.estimator)) + " learning in a d-dimensional subspace";
    law.source = "docs/theory, (2)-(3); Klug & Heckel, ICLR 2023, section 5";
    return law;
}

Law spectrum_law(long p, const TheoryOptions& options) {
    constexpr auto f = "spectrum_law";
    detail::require(p >= 2 && p <= 1000000, f, "dimension p", p, "between 2 and 1e6");
    Law law = make_theory_law(
        SpectrumShape(p), static_cast<double>(p), false,
        {"exponent", 0, 6, false, false, "of the covariance spectrum, l_j = scale j^-exponent"}, options, f);
    law.name = "spectrum";
    law.formula =
        "risk of " + std::string(to_string(options.estimator)) + " learning with spectrum scale j^-exponent";
    law.source = "docs/theory, (2)-(3)";
    return law;
}

Reading read_parameter(const LawFit& fit, std::string_view name, double level) {
    constexpr auto f = "read_parameter";
    detail::require(level > 0 && level < 1, f, "level", level, "inside (0, 1)");
    std::string known;
    for (Index j = 0; j < fit.law.dimension(); ++j) {
        const Parameter& parameter = fit.law.parameters[static_cast<std::size_t>(j)];
        known += (known.empty() ? "" : ", ") + std::string(parameter.name);
        if (parameter.name != name) continue;
        if (!fit.usable()) return {nan, {parameter.lower, parameter.upper, true, true}, false};
        const Interval interval = profile_interval(fit, j, level);
        return {fit.parameters[j], interval, !interval.lower_open && !interval.upper_open};
    }
    throw std::invalid_argument(std::string(f) + ": parameter '" + std::string(name) + "' is not among " +
                                known);
}

EffectiveDimension effective_dimension(const LearningCurve& curve, double n, const TheoryOptions& options,
                                       double level, const FitOptions& fit_options) {
    constexpr auto f = "effective_dimension";
    detail::require(level > 0 && level < 1, f, "level", level, "inside (0, 1)");
    const Law law = subspace_law(n, options);
    validate(curve, f);
    for (Index i = 0; i < curve.points(); ++i) {
        const std::string entry = "size[" + std::to_string(i) + "]";
        detail::require(curve.size[i] >= 1, f, entry, curve.size[i],
                        "at least 1: a number of training samples");
        if (options.estimator == TheoryEstimator::converged)
            detail::require(std::abs(curve.size[i] - n) > 1, f, entry, curve.size[i],
                            "more than 1 away from n: least squares has an infinite mean there");
    }
    EffectiveDimension result;
    result.fit = fit_law(law, curve, fit_options);
    result.dimension = read_parameter(result.fit, "d", level);
    if (options.noise)
        result.noise = {*options.noise, {*options.noise, *options.noise}, true};
    else
        result.noise = read_parameter(result.fit, "sigma", level);
    return result;
}

}  // namespace reconlaw::fit
