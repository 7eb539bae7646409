#include "reconlaw/fit/fit_law.hpp"

#include <Eigen/Cholesky>
#include <Eigen/QR>
#include <algorithm>
#include <boost/math/distributions/fisher_f.hpp>
#include <boost/math/distributions/students_t.hpp>
#include <boost/math/tools/toms748_solve.hpp>
#include <cmath>
#include <limits>
#include <numeric>
#include <utility>

#include "reconlaw/detail/check.hpp"

namespace reconlaw::fit {

namespace {

constexpr double infinity = std::numeric_limits<double>::infinity();
constexpr double nan = std::numeric_limits<double>::quiet_NaN();
constexpr double log_limit = 230;  ///< of a logarithmic parameter: e^230 is still far from overflow

/// The least-squares problem of a law on a curve in given units, in the fitted coordinates q: logarithms of
/// the logarithmic parameters, the others as they are.
class Formulation {
  public:
    Formulation(const Law& law, const LearningCurve& curve, Residual residual, double size_unit,
                double loss_unit)
        : law_(law), residual_(residual), size_unit_(size_unit), loss_unit_(loss_unit) {
        size_ = curve.size / size_unit;
        loss_ = curve.loss / loss_unit;
        weight_ = Eigen::ArrayXd::Ones(size_.size());
        if (curve.log_error.size() != 0) weight_ /= curve.log_error;
        if (curve.log_error.size() != 0 && residual == Residual::absolute) weight_ /= loss_;
        problem_.residuals = size_.size();
        const Eigen::Index k = law.dimension();
        problem_.lower.resize(k), problem_.upper.resize(k);
        for (Eigen::Index j = 0; j < k; ++j) {
            const Parameter& p = law.parameters[static_cast<std::size_t>(j)];
            problem_.lower[j] = p.logarithmic ? std::max(std::log(p.lower), -log_limit) : p.lower;
            problem_.upper[j] = p.logarithmic ? std::min(std::log(p.upper), log_limit) : p.upper;
        }
        problem_.residual = [this](Eigen::Index row, const double* q, double* r, double* g) {
            return evaluate(row, q, r, g);
        };
    }
    Formulation(const Formulation&) = delete;
    Formulation& operator=(const Formulation&) = delete;

    LeastSquaresProblem& problem() { return problem_; }
    const Law& law() const { return law_; }
    Eigen::Index points() const { return size_.size(); }
    LearningCurve curve() const { return {size_, loss_}; }

    Eigen::VectorXd coordinates(const Eigen::VectorXd& p) const {
        Eigen::VectorXd q = p;
        for (Eigen::Index j = 0; j < q.size(); ++j)
            if (logarithmic(j)) q[j] = std::log(q[j]);
        return q.cwiseMax(problem_.lower).cwiseMin(problem_.upper);
    }
    Eigen::VectorXd parameters(const Eigen::VectorXd& q) const {
        Eigen::VectorXd p = q;
        for (Eigen::Index j = 0; j < p.size(); ++j)
            if (logarithmic(j)) p[j] = std::exp(p[j]);
        return p;
    }
    /// In the units of the curve.
    Eigen::VectorXd natural(const Eigen::VectorXd& q) const {
        Eigen::VectorXd p = parameters(q);
        if (law_.rescale) law_.rescale(p.data(), size_unit_, loss_unit_);
        return p;
    }
    /// The inverse of natural().
    Eigen::VectorXd from_natural(Eigen::VectorXd p) const {
        if (law_.rescale) law_.rescale(p.data(), 1 / size_unit_, 1 / loss_unit_);
        return coordinates(p);
    }
    double cost(const Eigen::VectorXd& q) const {
        double sum = 0, r = 0;
        for (Eigen::Index i = 0; i < points(); ++i) {
            if (!evaluate(i, q.data(), &r, nullptr) || !std::isfinite(r)) return infinity;
            sum += r * r;
        }
        return sum;
    }
    /// d residual / d q, rows by points.
    Eigen::MatrixXd jacobian(const Eigen::VectorXd& q) const {
        Eigen::MatrixXd all(points(), q.size());
        Eigen::VectorXd gradient(q.size());
        double r = 0;
        for (Eigen::Index i = 0; i < points(); ++i) {
            if (!evaluate(i, q.data(), &r, gradient.data())) gradient.setConstant(nan);
            all.row(i) = gradient.transpose();
        }
        return all;
    }
    bool logarithmic(Eigen::Index j) const {
        return law_.parameters[static_cast<std::size_t>(j)].logarithmic;
    }

  private:
    bool evaluate(Eigen::Index i, const double* q, double* residual, double* gradient) const {
        const Eigen::Index k = law_.dimension();
        scratch_.resize(k);
        for (Eigen::Index j = 0; j < k; ++j) scratch_[j] = logarithmic(j) ? std::exp(q[j]) : q[j];
        const double value = law_.evaluate(scratch_.data(), size_[i], gradient);
        double factor = weight_[i];
        if (residual_ == Residual::log) {
            if (!(value > 0)) return false;
            *residual = weight_[i] * std::log(value / loss_[i]);
            factor /= value;
        } else {
            *residual = weight_[i] * (value - loss_[i]);
        }
        if (gradient != nullptr)
            for (Eigen::Index j = 0; j < k; ++j) gradient[j] *= factor * (logarithmic(j) ? scratch_[j] : 1.0);
        return true;
    }

    const Law& law_;
    Residual residual_;
    double size_unit_, loss_unit_;
    Eigen::ArrayXd size_, loss_, weight_;
    LeastSquaresProblem problem_;
    mutable Eigen::VectorXd scratch_;
};

double geometric_mean(const Eigen::ArrayXd& x) {
    return std::exp(x.log().mean());
}

double size_unit_of(const Law& law, const LearningCurve& curve) {
    return law.rescale ? geometric_mean(curve.size) : 1.0;
}

double loss_unit_of(const Law& law, const LearningCurve& curve) {
    return law.rescale ? geometric_mean(curve.loss) : 1.0;
}

LeastSquaresOptions solver_options(const FitOptions& options) {
    LeastSquaresOptions solver;
    solver.max_iterations = options.max_iterations;
    solver.tolerance = options.tolerance;
    return solver;
}

/// The cheapest points of the grid that are apart: at least half a standard deviation of the grid in some
/// coordinate.
std::vector<Eigen::VectorXd> choose_starts(const Formulation& form, int wanted) {
    std::vector<std::pair<double, Eigen::VectorXd>> grid;
    for (const Eigen::VectorXd& p : form.law().starts(form.curve())) {
        Eigen::VectorXd q = form.coordinates(p);
        const double cost = q.allFinite() ? form.cost(q) : infinity;
        if (std::isfinite(cost)) grid.emplace_back(cost, std::move(q));
    }
    std::stable_sort(grid.begin(), grid.end(),
                     [](const auto& a, const auto& b) { return a.first < b.first; });
    std::vector<Eigen::VectorXd> chosen;
    if (grid.empty()) return chosen;
    const Eigen::Index k = grid.front().second.size();
    Eigen::ArrayXd mean = Eigen::ArrayXd::Zero(k), square = Eigen::ArrayXd::Zero(k);
    for (const auto& [cost, q] : grid) {
        mean += q.array() / static_cast<double>(grid.size());
        square += q.array().square() / static_cast<double>(grid.size());
    }
    const Eigen::ArrayXd spread = (square - mean.square()).max(1e-12).sqrt();
    for (const auto& [cost, q] : grid) {
        if (wanted > 0 && static_cast<int>(chosen.size()) >= wanted) break;
        const bool apart = std::none_of(chosen.begin(), chosen.end(), [&](const Eigen::VectorXd& c) {
            return ((c - q).array() / spread).abs().maxCoeff() < 0.5;
        });
        if (wanted == 0 || apart) chosen.push_back(q);
    }
    return chosen;
}

/// Adds a minimum to the list, or counts it where it is there already.
void add_basin(std::vector<Basin>& basins, const LeastSquaresResult& found) {
    if (!std::isfinite(found.cost)) return;
    for (Basin& basin : basins) {
        const bool same_cost = std::abs(basin.cost - found.cost) <= 1e-6 * (basin.cost + found.cost) + 1e-24;
        const Eigen::ArrayXd scale = basin.parameters.array().abs().max(0.1);
        if (same_cost && ((basin.parameters - found.parameters).array().abs() / scale).maxCoeff() < 0.02) {
            ++basin.starts;
            if (found.cost < basin.cost) basin.parameters = found.parameters, basin.cost = found.cost;
            if (found.status == FitStatus::converged) basin.status = found.status;
            return;
        }
    }
    basins.push_back({found.parameters, found.cost, found.status, 1});
}

double median(std::vector<double> values) {
    const auto middle = values.begin() + static_cast<std::ptrdiff_t>(values.size() / 2);
    std::nth_element(values.begin(), middle, values.end());
    return *middle;
}

/// From the minimum of the squares to that of the robust loss.
LeastSquaresResult robust(Formulation& form, const LeastSquaresResult& squares, const FitOptions& options) {
    std::vector<double> sizes;
    for (Eigen::Index i = 0; i < form.points(); ++i) {
        double r = 0;
        form.problem().residual(i, squares.parameters.data(), &r, nullptr);
        sizes.push_back(std::abs(r));
    }
    LeastSquaresOptions solver = solver_options(options);
    solver.loss = options.loss;
    solver.scale = 1.4826 * median(sizes);
    if (!(solver.scale > 0)) return squares;  // half of the points lie on the law
    return least_squares(form.problem(), squares.parameters, solver);
}

/// Rank, covariance and bounds at the minimum.
void describe_minimum(const Formulation& form, const Eigen::VectorXd& q, const LeastSquaresProblem& box,
                      LawFit& fit) {
    const Eigen::Index k = q.size();
    fit.at_bound.assign(static_cast<std::size_t>(k), false);
    std::vector<Eigen::Index> inside;
    for (Eigen::Index j = 0; j < k; ++j) {
        const double margin = 1e-9 * (1 + std::abs(q[j]));
        const bool edge = q[j] <= box.lower[j] + margin || q[j] >= box.upper[j] - margin;
        fit.at_bound[static_cast<std::size_t>(j)] = edge;
        if (!edge) inside.push_back(j);
    }
    const Eigen::MatrixXd jacobian = form.jacobian(q);
    fit.covariance = Eigen::MatrixXd::Zero(k, k);
    if (!jacobian.allFinite()) return;
    // columns of unit length: rank does not depend on the parameters' units
    Eigen::VectorXd length = jacobian.colwise().norm().transpose();
    for (Eigen::Index j = 0; j < k; ++j)
        if (length[j] == 0) length[j] = 1;
    Eigen::ColPivHouseholderQR<Eigen::MatrixXd> all(jacobian * length.cwiseInverse().asDiagonal());
    all.setThreshold(1e-8);
    fit.rank = all.rank();
    if (inside.empty() || !std::isfinite(fit.noise)) return;
    const Eigen::MatrixXd part = (jacobian * length.cwiseInverse().asDiagonal())(Eigen::all, inside);
    Eigen::CompleteOrthogonalDecomposition<Eigen::MatrixXd> decomposition(part);
    decomposition.setThreshold(1e-8);
    const Eigen::MatrixXd inverse = decomposition.pseudoInverse();
    const Eigen::MatrixXd covariance = fit.noise * fit.noise * inverse * inverse.transpose();
    for (std::size_t a = 0; a < inside.size(); ++a)
        for (std::size_t b = 0; b < inside.size(); ++b)
            fit.covariance(inside[a], inside[b]) =
                covariance(static_cast<Eigen::Index>(a), static_cast<Eigen::Index>(b)) / length[inside[a]] /
                length[inside[b]];
}

double noise_of(double cost, Eigen::Index freedom, bool measured) {
    if (freedom <= 0) return nan;
    const double scatter = std::sqrt(cost / static_cast<double>(freedom));
    return measured ? std::max(1.0, scatter) : scatter;
}

}  // namespace

double LawFit::log_rmse() const {
    return std::sqrt((law.values(parameters, curve.size) / curve.loss).log().square().mean());
}

double LawFit::aicc() const {
    const auto n = static_cast<double>(curve.points()), k = static_cast<double>(law.dimension()) + 1;
    if (n <= k + 1) return infinity;
    return n * std::log(std::max(cost, 1e-300) / n) + 2 * k + 2 * k * (k + 1) / (n - k - 1);
}

double LawFit::bic() const {
    const auto n = static_cast<double>(curve.points()), k = static_cast<double>(law.dimension()) + 1;
    return n * std::log(std::max(cost, 1e-300) / n) + k * std::log(n);
}

LawFit fit_law(const Law& law, const LearningCurve& curve, const FitOptions& options) {
    validate(curve, "fit_law");
    LawFit fit;
    fit.law = law, fit.curve = curve, fit.options = options;
    fit.parameters = Eigen::VectorXd::Constant(law.dimension(), nan);
    fit.freedom = curve.points() - law.dimension();
    fit.noise = nan;
    fit.cost = infinity;
    if (fit.freedom < 0) {
        fit.message = "too few points: " + std::to_string(curve.points()) + " for " +
                      std::to_string(law.dimension()) + " parameters";
        return fit;
    }
    Formulation form(law, curve, options.residual, size_unit_of(law, curve), loss_unit_of(law, curve));
    const std::vector<Eigen::VectorXd> starts = choose_starts(form, options.starts);
    if (starts.empty()) {
        fit.message = "no start of the law's grid has a finite cost on these points";
        return fit;
    }
    std::vector<Basin> basins;
    for (const Eigen::VectorXd& start : starts) {
        LeastSquaresResult found = least_squares(form.problem(), start, solver_options(options));
        if (options.loss != RobustLoss::none && std::isfinite(found.cost))
            found = robust(form, found, options);
        add_basin(basins, found);
    }
    if (basins.empty()) {
        fit.message = "no start led to a minimum";
        return fit;
    }
    std::stable_sort(basins.begin(), basins.end(),
                     [](const Basin& a, const Basin& b) { return a.cost < b.cost; });
    const Eigen::VectorXd best = basins.front().parameters;
    fit.status = basins.front().status;
    if (fit.status != FitStatus::converged) fit.message = "the best minimum: " + to_string(fit.status);
    fit.cost = options.loss == RobustLoss::none ? basins.front().cost : form.cost(best);
    fit.noise = noise_of(fit.cost, fit.freedom, curve.log_error.size() != 0);
    fit.parameters = form.natural(best);
    describe_minimum(form, best, form.problem(), fit);
    for (Basin& basin : basins) basin.parameters = form.natural(basin.parameters);
    fit.basins = std::move(basins);
    return fit;
}

namespace {

void require_usable(const LawFit& fit, double level, const char* function) {
    detail::require(fit.usable(), function, "status of the fit", to_string(fit.status), "converged");
    detail::require(level > 0 && level < 1, function, "level", level, "inside (0, 1)");
}

}  // namespace

Interval profile_interval(const LawFit& fit, Eigen::Index parameter, double level) {
    constexpr auto f = "profile_interval";
    require_usable(fit, level, f);
    detail::require(parameter >= 0 && parameter < fit.law.dimension(), f, "parameter", parameter,
                    "between 0 and " + std::to_string(fit.law.dimension() - 1));
    const Parameter& description = fit.law.parameters[static_cast<std::size_t>(parameter)];
    if (fit.freedom <= 0) return {description.lower, description.upper, true, true};

    // An amplitude is a parameter at N = 1 only: its profile is taken in that unit.
    const double size_unit = description.amplitude ? 1.0 : size_unit_of(fit.law, fit.curve);
    Formulation form(fit.law, fit.curve, fit.options.residual, size_unit, loss_unit_of(fit.law, fit.curve));
    LeastSquaresProblem& problem = form.problem();
    problem.fixed.assign(static_cast<std::size_t>(fit.law.dimension()), false);
    problem.fixed[static_cast<std::size_t>(parameter)] = true;
    const Eigen::VectorXd best = form.from_natural(fit.parameters);
    const double minimum = form.cost(best);
    const double allowed =
        boost::math::quantile(boost::math::fisher_f(1, static_cast<double>(fit.freedom)), level);
    const double unit = std::max(fit.noise * fit.noise, 1e-24);

    // Distance in units of the noise beyond the limit; each end warm-started from the last point on its side.
    const auto end = [&](double direction) -> std::pair<double, bool> {
        Eigen::VectorXd others = best;
        const auto excess = [&](double value) {
            Eigen::VectorXd start = others;
            start[parameter] = value;
            const LeastSquaresResult found = least_squares(problem, start, solver_options(fit.options));
            double cost = found.cost;
            if (std::isfinite(cost))
                others = found.parameters;
            else
                cost = form.cost(start);
            if (!std::isfinite(cost)) return 10 * std::sqrt(allowed);
            return std::sqrt(std::max(cost - minimum, 0.0) / unit) - std::sqrt(allowed);
        };
        const double bound = direction < 0 ? problem.lower[parameter] : problem.upper[parameter];
        // residual curvature with the others held: a step that is never too long
        const double curvature = form.jacobian(best).col(parameter).norm();
        double step =
            curvature > 0 && std::isfinite(curvature) ? fit.noise * std::sqrt(allowed) / curvature : 0.1;
        step = std::max(step, 1e-9 * (1 + std::abs(best[parameter])));
        double inner = best[parameter], inner_excess = -std::sqrt(allowed);
        if (direction * (bound - inner) <= 0) return {bound, true};
        for (int i = 0; i < 60; ++i, step *= 2) {
            double outer = best[parameter] + direction * step;
            const bool last = direction * (outer - bound) >= 0;
            if (last) outer = bound;
            const double outer_excess = excess(outer);
            if (outer_excess > 0) {
                if (inner_excess >= 0) return {inner, false};
                boost::uintmax_t evaluations = 40;
                const auto near = [&](double a, double b) {
                    return std::abs(a - b) <= 1e-4 * std::abs(outer - best[parameter]);
                };
                const bool swap = direction < 0;
                const auto bracket = boost::math::tools::toms748_solve(
                    excess, swap ? outer : inner, swap ? inner : outer, swap ? outer_excess : inner_excess,
                    swap ? inner_excess : outer_excess, near, evaluations);
                return {0.5 * (bracket.first + bracket.second), false};
            }
            if (last) return {bound, true};
            inner = outer, inner_excess = outer_excess;
        }
        return {bound, true};
    };
    const auto [low, low_open] = end(-1);
    const auto [high, high_open] = end(+1);
    const auto natural = [&](double value) {
        Eigen::VectorXd q = best;
        q[parameter] = value;
        return form.natural(q)[parameter];
    };
    Interval interval{natural(low), natural(high), low_open, high_open};
    if (low_open) interval.lower = description.lower;
    if (high_open) interval.upper = description.upper;
    return interval;
}

Interval curve_interval(const LawFit& fit, double size, double level) {
    constexpr auto f = "curve_interval";
    require_usable(fit, level, f);
    detail::require_finite_positive(size, f, "size");
    if (fit.freedom <= 0) return {0, infinity, true, true};
    Formulation form(fit.law, LearningCurve{Eigen::ArrayXd::Constant(1, size), Eigen::ArrayXd::Ones(1)},
                     Residual::log, size_unit_of(fit.law, fit.curve), loss_unit_of(fit.law, fit.curve));
    const Eigen::RowVectorXd gradient = form.jacobian(form.from_natural(fit.parameters)).row(0);
    const double value = fit(size);
    const double deviation = std::sqrt((gradient * fit.covariance * gradient.transpose()).value());
    const double t =
        boost::math::quantile(boost::math::students_t(static_cast<double>(fit.freedom)), 0.5 + level / 2);
    return {value * std::exp(-t * deviation), value * std::exp(t * deviation)};
}

}  // namespace reconlaw::fit
