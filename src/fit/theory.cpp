#include "reconlaw/fit/theory.hpp"

#include <Eigen/Eigenvalues>
#include <algorithm>
#include <array>
#include <boost/math/tools/minima.hpp>
#include <boost/math/tools/toms748_solve.hpp>
#include <cmath>
#include <map>
#include <memory>
#include <mutex>
#include <numeric>
#include <stdexcept>
#include <string>
#include <utility>

#include "reconlaw/problem/spectrum.hpp"
#include "reconlaw/problem/subspace.hpp"
#include "reconlaw/risk/predict.hpp"

namespace reconlaw::fit {

namespace {

using Index = Eigen::Index;
using Jet = ceres::Jet<double, 2>;  ///< of the shape: d or the exponent, and sigma for unit variance
using Problem = LinearGaussianProblem<double>;

constexpr double infinity = std::numeric_limits<double>::infinity();
constexpr double nan = std::numeric_limits<double>::quiet_NaN();
constexpr double smallest_noise = 1e-4, largest_noise = 30;  ///< of sigma/sqrt(scale)

constexpr RiskOptions coarse{Order::corrected, 1e-2};  // to find the best step roughly
constexpr RiskOptions fine{Order::corrected, 1e-5};    // for values; the risk's true error is about 1e-9
constexpr double for_gradient = 1e-6;  // relative error of the risk that the nodes for its gradient leave

/// The subspace model with signals of unit variance.
struct SubspaceShape {
    double n;

    /// d up to n within rounding; always with noise directions, so that the derivative at d = n is there.
    template <class T>
    LinearGaussianProblem<T> problem(const T& d, const T& sigma) const {
        return subspace_problem<T>(T(n), inside(d), sigma);
    }
    template <class T>
    T step_size(const LinearGaussianProblem<T>&, const T& d, const T& sigma, double size) const {
        return paper_step_size<T>(T(n), inside(d), sigma, T(size));
    }
    bool valid(double d) const { return d >= 1 - 1e-9 && d <= n * (1 + 1e-9); }
    std::vector<double> grid() const {
        const int count = std::clamp(static_cast<int>(std::ceil(std::log(n) / std::log(2.2))), 3, 14);
        std::vector<double> d;
        for (int i = 0; i < count; ++i) d.push_back(std::pow(n, (i + 0.5) / count));
        return d;
    }
    static constexpr double grid_noise[2] = {0.01, 2.0};

  private:
    template <class T>
    T inside(T d) const {
        const double v = detail::value_of(d);
        d += T(std::clamp(v, 1.0, n * (1 - 1e-12)) - v);
        return d;
    }
};

/// l_j = j^-exponent, j = 1..p, as groups: `place` (a real j) stands for `count` eigenvalues.
struct SpectrumShape {
    double p;
    Eigen::ArrayXd log_place, count;

    explicit SpectrumShape(long dimension) : p(static_cast<double>(dimension)) {
        constexpr long single = 8;
        constexpr double ratio = 1.6;
        std::vector<double> places, counts;
        for (long j = 1; j <= std::min(dimension, single); ++j)
            places.push_back(std::log(static_cast<double>(j))), counts.push_back(1);
        for (long first = single + 1; first <= dimension;) {
            const long wanted = std::lround(ratio * static_cast<double>(first));
            const long last = std::min(dimension, wanted);
            add_block(first, last, places, counts);
            first = last + 1;
        }
        const auto size = static_cast<Index>(places.size());
        log_place = Eigen::Map<Eigen::ArrayXd>(places.data(), size);
        count = Eigen::Map<Eigen::ArrayXd>(counts.data(), size);
    }

    /// Three-point Gauss rule of the sum over j = first..last in the variable log j, by the recurrence
    /// coefficients of its orthogonal polynomials.
    static void add_block(long first, long last, std::vector<double>& places, std::vector<double>& counts) {
        const Eigen::ArrayXd x =
            Eigen::ArrayXd::LinSpaced(last - first + 1, static_cast<double>(first), static_cast<double>(last))
                .log();
        if (x.size() <= 3) {
            for (const double place : x) places.push_back(place), counts.push_back(1);
            return;
        }
        Eigen::Matrix3d jacobi = Eigen::Matrix3d::Zero();
        Eigen::ArrayXd before = Eigen::ArrayXd::Zero(x.size()), now = Eigen::ArrayXd::Ones(x.size());
        double norm = now.square().sum();
        for (int k = 0;; ++k) {
            jacobi(k, k) = (x * now.square()).sum() / norm;
            if (k == 2) break;
            const double back = k == 0 ? 0.0 : jacobi(k, k - 1) * jacobi(k, k - 1);
            const Eigen::ArrayXd next = (x - jacobi(k, k)) * now - back * before;
            before = now, now = next;
            const double next_norm = now.square().sum();
            jacobi(k + 1, k) = jacobi(k, k + 1) = std::sqrt(next_norm / norm);
            norm = next_norm;
        }
        const Eigen::SelfAdjointEigenSolver<Eigen::Matrix3d> solved(jacobi);
        for (int k = 0; k < 3; ++k) {
            const double part = solved.eigenvectors()(0, k);
            places.push_back(solved.eigenvalues()[k]);
            counts.push_back(static_cast<double>(x.size()) * part * part);
        }
    }

    template <class T>
    LinearGaussianProblem<T> problem(const T& exponent, const T& sigma) const {
        using std::exp;
        const T s2 = sigma * sigma;
        LinearGaussianProblem<T> q;
        const Index groups = count.size();
        q.eigenvalue.resize(groups), q.multiplicity.resize(groups), q.weight.resize(groups);
        q.floor = T(0.0);
        for (Index i = 0; i < groups; ++i) {
            const T l = exp(-exponent * log_place[i]), gain = l / (l + s2);
            q.eigenvalue[i] = l + s2;
            q.multiplicity[i] = T(count[i]);
            q.weight[i] = gain * gain;
            q.floor += count[i] * gain * s2;
        }
        q.training_noise = q.floor;
        q.normalization = T(p);
        return q;
    }
    /// 1/(right edge). The edge is the largest value of z(u) = -u + <lambda u/(u + lambda)> over u = 1/m <
    /// -lambda_1: another envelope, u is held. (<f> = sum_i c_i f(lambda_i)/N)
    template <class T>
    T step_size(const LinearGaussianProblem<T>& q, const T&, const T&, double size) const {
        Eigen::ArrayXd lambda(q.size()), share = count / size;
        for (Index i = 0; i < q.size(); ++i) lambda[i] = detail::value_of(q.eigenvalue[i]);
        const auto excess = [&](double t) {
            return std::log((share * (lambda / (lambda[0] + std::exp(t) - lambda)).square()).sum());
        };
        const double low = std::log(lambda[0]) + 0.5 * std::log(share[0]) - 1e-9;
        const double high = 0.5 * std::log((share * lambda.square()).sum()) + 1e-9;
        std::uintmax_t evaluations = 100;
        const auto [a, b] = boost::math::tools::toms748_solve(
            excess, low, high, boost::math::tools::eps_tolerance<double>(48), evaluations);
        const double u = -lambda[0] - std::exp(0.5 * (a + b));
        T edge(-u);
        for (Index i = 0; i < q.size(); ++i) edge += share[i] * u * (q.eigenvalue[i] / (q.eigenvalue[i] + u));
        return T(1.0) / edge;
    }
    bool valid(double exponent) const { return exponent >= 0; }
    std::vector<double> grid() const { return {0.4, 0.7, 1.0, 1.3, 1.6, 2.0, 2.5, 3.2}; }
    static constexpr double grid_noise[2] = {0.003, 1.0};
};

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

/// Smallest risk over first <= time <= last. The limit on few nodes shows where; the corrected risk is then
/// minimised on nodes that suit this part of the path.
Best minimise(const Family<double>& family, const Problem& problem, double size, double first, double last,
              bool roughly) {
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

    /// R(N; a, sigma) in the limit, to about a percent: enough to choose starts.
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
