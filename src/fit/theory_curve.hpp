#pragma once
/// Risk of a shape's problem at the best stopping time, with its gradient.

#include <ceres/jet.h>

#include <Eigen/Core>
#include <algorithm>
#include <array>
#include <boost/math/tools/minima.hpp>
#include <cmath>
#include <limits>
#include <map>
#include <mutex>
#include <stdexcept>
#include <utility>
#include <vector>

#include "constants.hpp"
#include "reconlaw/fit/theory.hpp"
#include "reconlaw/risk/predict.hpp"

namespace reconlaw::fit::theory_detail {

using Jet = ceres::Jet<double, 2>;  ///< of the shape: d or the exponent, and sigma for unit variance
using Problem = LinearGaussianProblem<double>;

constexpr double smallest_noise = 1e-4, largest_noise = 30;  ///< of sigma/sqrt(scale)

constexpr RiskOptions coarse{Order::corrected, 1e-2};  // to find the best step roughly
constexpr RiskOptions fine{Order::corrected, 1e-5};    // for values; the risk's true error is about 1e-9
constexpr double for_gradient = 1e-6;  // relative error of the risk that the nodes for its gradient leave

/// One family of estimators along its stopping time: k, t, 1/lambda. Steps are whole numbers: between them
/// (1 - eta s)^k has a branch cut that the contours may cross.
template <class T>
struct Family {
    TheoryEstimator estimator;
    T step_size{};

    bool whole() const { return estimator == TheoryEstimator::early_stopped; }
    template <class Use>
    auto with(double time, const Use& use) const {
        if (estimator == TheoryEstimator::early_stopped) return use(GradientDescent<T>{step_size, time});
        if (estimator == TheoryEstimator::flow) return use(GradientFlow<T>{T(time)});
        return use(Ridge<T>{T(1 / time)});
    }
    FilterGeometry geometry(double time) const {
        return with(time, [](const auto& filter) { return filter.geometry(); });
    }
    Risk<T> risk(RiskPath<T>& path, double time) const {
        return with(time, [&](const auto& filter) { return path(filter); });
    }
};

/// The best member and its risk, summed; NaN unless the risk is `converged`.
struct Best {
    double time = 0;
    double risk = nan;
};

/// Smallest value over the whole numbers a..b, of a function with one minimum, by golden sections.
template <class F>
double minimise_whole(double a, double b, const F& value) {
    constexpr double golden = 0.6180339887498949;
    double left = std::round(b - golden * (b - a)), right = std::round(a + golden * (b - a));
    double at_left = value(left), at_right = value(right);
    while (b - a > 5) {
        if (at_left <= at_right) {
            b = right, right = left, at_right = at_left;
            left = std::round(b - golden * (b - a));
            if (left >= right) left = right - 1;
            at_left = value(left);
        } else {
            a = left, left = right, at_left = at_right;
            right = std::round(a + golden * (b - a));
            if (right <= left) right = left + 1;
            at_right = value(right);
        }
    }
    double best = a, lowest = value(a);
    for (double k = a + 1; k <= b; ++k)
        if (const double v = value(k); v < lowest) lowest = v, best = k;
    return best;
}

/// Smallest risk over first <= time <= last. Few nodes for the whole path show where; nodes that suit that
/// part then find the minimum.
inline Best minimise(const Family<double>& family, const Problem& problem, double size, double first,
                     double last, bool roughly) {
    constexpr double reach = 2;  // of the window, both ways; a minimum at its end moves it there
    const auto allowed = [&](double time) { return family.whole() ? std::round(time) : time; };
    RiskPath<double> survey(problem, size, family.geometry(last), coarse);
    const int cells = std::max(4, static_cast<int>(std::ceil(std::log(last / first) / std::log(reach))));
    constexpr double tie = 1e-4;  // of a path that has levelled off, the part before: there the minimum is
    double where = first, lowest = infinity;
    for (int i = 0; i <= cells; ++i) {
        const double time = allowed(first * std::pow(last / first, static_cast<double>(i) / cells));
        const double value = family.risk(survey, time).total();
        if (value < lowest * (1 - tie)) lowest = value, where = time;
    }
    if (roughly) return {where, lowest};

    for (int attempt = 0; attempt < 16; ++attempt) {
        const double a = std::max(first, allowed(where / reach)),
                     b = std::min(last, allowed(where * reach) + family.whole());
        RiskPath<double> path(problem, size, family.geometry(b), fine);
        const auto value = [&](double time) { return family.risk(path, time).total(); };
        if (family.whole())
            where = minimise_whole(a, b, value);
        else
            where = std::exp(boost::math::tools::brent_find_minima(
                                 [&](double x) { return value(std::exp(x)); }, std::log(a), std::log(b), 22)
                                 .first);
        if (where <= 1.02 * a && a > first) continue;
        if (where >= 0.98 * b && b < last) continue;
        Best best;
        for (const double time : {where, b}) {
            if (time != where && b < last) continue;
            const Risk<double> risk = family.risk(path, time);
            if (risk.ok() && !(risk.total() >= best.risk)) best = {time, risk.total()};
        }
        return best;
    }
    return {};
}

/// Total risk of a problem of the shape and its gradient, with the last results kept.
template <class Shape>
class TheoryCurve {
  public:
    TheoryCurve(Shape shape, const TheoryOptions& options) : shape_(std::move(shape)), options_(options) {}

    const Shape& shape() const { return shape_; }

    /// R(N; a, sigma) and, unless null, its derivatives. NaN where there is no finite prediction.
    double operator()(double a, double sigma, double size, double* gradient) const {
        if (!(size >= 1) || !shape_.valid(a) || !(sigma >= smallest_noise && sigma <= largest_noise))
            return nan;
        const Key key{a, sigma, size};
        Entry entry;
        bool known = false;
        {
            const std::lock_guard lock(mutex_);
            if (const auto found = kept_.find(key); found != kept_.end()) entry = found->second, known = true;
        }
        try {
            if (!known) entry.best = best(a, sigma, size, false);
            if (gradient != nullptr && !entry.has_gradient && std::isfinite(entry.best.risk))
                differentiate(key, entry), known = false;
        } catch (const std::invalid_argument&) {  // an iteration that diverges on this spectrum
            entry.best.risk = nan;
        }
        if (!known) {
            const std::lock_guard lock(mutex_);
            if (kept_.size() >= capacity) kept_.clear();
            kept_[key] = entry;
        }
        if (gradient != nullptr) std::copy(entry.gradient.begin(), entry.gradient.end(), gradient);
        return entry.best.risk;
    }

    /// R(N; a, sigma) on few nodes, at a rough optimum: enough to choose starts.
    double rough(double a, double sigma, double size) const {
        try {
            return best(a, sigma, size, true).risk;
        } catch (const std::invalid_argument&) {
            return nan;
        }
    }

  private:
    using Key = std::array<double, 3>;
    struct Entry {
        Best best;
        std::array<double, 2> gradient{nan, nan};
        bool has_gradient = false;
    };
    static constexpr std::size_t capacity = 4096;

    Best best(double a, double sigma, double size, bool roughly) const {
        const Problem problem = shape_.template problem<double>(a, sigma);
        if (options_.estimator == TheoryEstimator::converged) {
            const Risk<double> risk = predict_risk(problem, size, MinimumNorm{}, roughly ? coarse : fine);
            return {0, risk.ok() ? risk.total() : nan};
        }
        Family<double> family{options_.estimator};
        if (family.whole()) {
            family.step_size = shape_.template step_size<double>(problem, a, sigma, size);
            const auto last = static_cast<double>(options_.max_steps);
            const Best best = minimise(family, problem, size, 1, last, roughly);
            // No step at all: W = 0.
            const double untrained =
                problem.floor + (problem.multiplicity * problem.weight * problem.eigenvalue).sum();
            return untrained < best.risk ? Best{0, untrained} : best;
        }
        // the ranges of optimal_flow and optimal_ridge
        const double mean = (problem.multiplicity * problem.eigenvalue).sum() / problem.dimension();
        return minimise(family, problem, size, 1e-3 / mean, 1e6 / mean, roughly);
    }

    /// The tolerance is out of reach: one evaluation on this number of nodes, whose status says nothing.
    static RiskOptions exactly(int nodes) { return {Order::corrected, 1e-13, nodes}; }

    /// The fewest nodes (cheap in doubles, dear in Jets) that give the known risk to `for_gradient`; 0: none.
    int nodes_for(const Family<double>& family, const Key& key, const Best& best) const {
        const Problem problem = shape_.template problem<double>(key[0], key[1]);
        for (int nodes = 12; nodes < 1000; nodes += nodes / 3) {
            const Risk<double> risk = family.with(best.time, [&](const auto& filter) {
                return predict_risk(problem, key[2], filter, exactly(nodes));
            });
            if (std::abs(risk.total() / best.risk - 1) <= for_gradient) return nodes;
        }
        return 0;
    }

    void differentiate(const Key& key, Entry& entry) const {
        const Jet a(key[0], 0), sigma(key[1], 1), size(key[2]);
        const LinearGaussianProblem<Jet> problem = shape_.template problem<Jet>(a, sigma);
        entry.has_gradient = true;
        Risk<Jet> risk;
        if (options_.estimator == TheoryEstimator::converged) {
            risk = predict_risk<Jet>(problem, size, MinimumNorm{}, fine);
            if (!risk.ok()) return;
        } else {
            Family<Jet> family{options_.estimator};
            if (family.whole()) family.step_size = shape_.template step_size<Jet>(problem, a, sigma, key[2]);
            const int nodes = nodes_for({options_.estimator, family.step_size.a}, key, entry.best);
            if (nodes == 0) return;
            risk = family.with(entry.best.time, [&](const auto& filter) {
                return predict_risk<Jet>(problem, size, filter, exactly(nodes));
            });
        }
        const Jet total = risk.total();
        entry.gradient = {total.v[0], total.v[1]};
    }

    Shape shape_;
    TheoryOptions options_;
    mutable std::mutex mutex_;
    mutable std::map<Key, Entry> kept_;
};

}  // namespace reconlaw::fit::theory_detail
