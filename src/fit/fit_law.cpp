#include "reconlaw/fit/fit_law.hpp"

#include <Eigen/Cholesky>
#include <Eigen/QR>
#include <algorithm>
#include <boost/math/distributions/chi_squared.hpp>
#include <boost/math/distributions/fisher_f.hpp>
#include <cmath>
#include <limits>
#include <numeric>
#include <utility>

#include "constants.hpp"
#include "formulation.hpp"
#include "reconlaw/detail/check.hpp"

namespace reconlaw::fit {

namespace {

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
void add_basin(std::vector<Basin>& basins, const LeastSquaresResult& found, int starts) {
    if (!std::isfinite(found.cost)) return;
    for (Basin& basin : basins) {
        const bool same_cost = std::abs(basin.cost - found.cost) <= 1e-6 * (basin.cost + found.cost) + 1e-24;
        const Eigen::ArrayXd scale = basin.parameters.array().abs().max(0.1);
        if (same_cost && ((basin.parameters - found.parameters).array().abs() / scale).maxCoeff() < 0.02) {
            basin.starts += starts;
            if (found.cost < basin.cost) basin.parameters = found.parameters, basin.cost = found.cost;
            if (found.status == FitStatus::converged) basin.status = found.status;
            return;
        }
    }
    basins.push_back({found.parameters, found.cost, found.status, starts});
}

double median(std::vector<double> values) {
    const auto middle = values.begin() + static_cast<std::ptrdiff_t>(values.size() / 2);
    std::nth_element(values.begin(), middle, values.end());
    return *middle;
}

/// Standard deviations at which a robust loss takes over: what keeps 95 % of the squares' efficiency on
/// normal residuals (Holland & Welsch 1977; soft_l1 as Huber's, which it rounds off).
double turning_point(RobustLoss loss) {
    return loss == RobustLoss::tukey ? 4.685 : loss == RobustLoss::cauchy ? 2.385 : 1.345;
}

/// Standard deviation of the residuals by their median, which outliers hardly move.
double robust_deviation(const Formulation& form, const Eigen::VectorXd& q) {
    std::vector<double> sizes;
    for (Eigen::Index i = 0; i < form.points(); ++i) {
        double r = 0;
        form.problem().residual(i, q.data(), &r, nullptr);
        sizes.push_back(std::abs(r));
    }
    return 1.4826 * median(std::move(sizes));
}

/// Every basin from the starts. With a robust loss each goes on from the minimum of the squares, all in the
/// unit of the best of these; `weight` gets the weights of the best basin.
std::vector<Basin> find_basins(Formulation& form, const std::vector<Eigen::VectorXd>& starts,
                               const FitOptions& options, Eigen::ArrayXd& weight) {
    const auto sorted = [](std::vector<Basin> basins) {
        std::stable_sort(basins.begin(), basins.end(),
                         [](const Basin& a, const Basin& b) { return a.cost < b.cost; });
        return basins;
    };
    LeastSquaresOptions solver = solver_options(options);
    std::vector<Basin> squares;
    for (const Eigen::VectorXd& start : starts)
        add_basin(squares, least_squares(form.problem(), start, solver), 1);
    squares = sorted(std::move(squares));
    if (options.loss == RobustLoss::none || squares.empty()) return squares;
    // the first unit is that of residuals which the outliers have spread
    std::vector<Basin> basins = squares;
    solver.loss = options.loss;
    for (int round = 0; round < 3; ++round) {
        const double deviation = robust_deviation(form, basins.front().parameters);
        if (!(deviation > 0)) return basins;  // half of the points lie on the law
        solver.scale = turning_point(options.loss) * deviation;
        std::vector<Basin> next;
        for (const Basin& from : basins)
            add_basin(next, least_squares(form.problem(), from.parameters, solver), from.starts);
        if (next.empty()) return basins;
        basins = sorted(std::move(next));
    }
    weight.resize(form.points());
    for (Eigen::Index i = 0; i < form.points(); ++i) {
        double r = 0;
        form.problem().residual(i, basins.front().parameters.data(), &r, nullptr);
        weight[i] = robust_weight(options.loss, solver.scale, r);
    }
    return basins;
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
    fit.covariance = Eigen::MatrixXd::Zero(k, k);
    // columns of unit length: rank does not depend on the parameters' units
    const auto unit_columns = [](const Eigen::MatrixXd& jacobian) {
        Eigen::VectorXd length = jacobian.colwise().norm().transpose();
        return Eigen::VectorXd((length.array() == 0).select(1.0, length));
    };
    const Eigen::MatrixXd jacobian = form.jacobian(q);
    if (!jacobian.allFinite()) return;
    Eigen::ColPivHouseholderQR<Eigen::MatrixXd> all(jacobian *
                                                    unit_columns(jacobian).cwiseInverse().asDiagonal());
    all.setThreshold(1e-8);
    fit.rank = all.rank();
    if (inside.empty() || !std::isfinite(fit.noise)) return;
    const Formulation natural(fit.law, fit.curve, fit.options.residual, 1.0, 1.0, fit.robust_weight);
    const Eigen::MatrixXd here =
        natural.jacobian(natural.unbounded_coordinates(fit.parameters))(Eigen::all, inside);
    if (!here.allFinite()) return;
    const Eigen::VectorXd length = unit_columns(here);
    Eigen::CompleteOrthogonalDecomposition<Eigen::MatrixXd> decomposition(here *
                                                                          length.cwiseInverse().asDiagonal());
    decomposition.setThreshold(1e-8);
    const Eigen::MatrixXd inverse = length.cwiseInverse().asDiagonal() * decomposition.pseudoInverse();
    fit.covariance(inside, inside) = fit.noise * fit.noise * inverse * inverse.transpose();
}

/// noise and noise_freedom.
void estimate_noise(const Formulation& form, const Eigen::VectorXd& q, LawFit& fit) {
    const bool robust = fit.robust_weight.size() != 0;
    double cost = fit.cost, freedom = static_cast<double>(fit.freedom);
    if (robust) {
        cost = 0, freedom = fit.robust_weight.sum() - static_cast<double>(fit.law.dimension());
        for (Eigen::Index i = 0; i < form.points(); ++i) {
            double r = 0;
            form.problem().residual(i, q.data(), &r, nullptr);
            cost += fit.robust_weight[i] * r * r;
        }
    }
    const double scatter = freedom > 0 ? cost / freedom : nan;  // squared
    fit.noise = std::sqrt(scatter), fit.noise_freedom = std::max(freedom, 0.0);
    if (fit.curve.log_error.size() == 0) return;
    const double known = fit.curve.error_freedom;
    if (freedom > 0) {
        const double tail = std::isfinite(known)
                                ? boost::math::cdf(complement(boost::math::fisher_f(freedom, known), scatter))
                                : boost::math::cdf(complement(boost::math::chi_squared(freedom), cost));
        if (tail < 0.05) return;
    }
    fit.noise_freedom += known;
    const double pooled = std::isfinite(known) ? (cost + known) / fit.noise_freedom : 1.0;
    fit.noise = std::sqrt(freedom > 0 || !std::isfinite(known) ? pooled : 1.0);
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
    if (freedom <= 0) return infinity;
    const auto n = static_cast<double>(curve.points()), k = static_cast<double>(law.dimension()) + 1;
    return n * std::log(std::max(cost, 1e-300) / n) + k * std::log(n);
}

LawFit fit_law(const Law& law, const LearningCurve& curve, const FitOptions& options) {
    constexpr auto f = "fit_law";
    validate(curve, f);
    detail::require(options.starts >= 0, f, "starts", options.starts, "at least 0");
    detail::require(options.max_iterations >= 1, f, "max_iterations", options.max_iterations, "at least 1");
    detail::require_finite_positive(options.tolerance, f, "tolerance");
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
    std::vector<Basin> basins = find_basins(form, starts, options, fit.robust_weight);
    if (basins.empty()) {
        fit.message = "no start led to a minimum";
        return fit;
    }
    const Eigen::VectorXd best = basins.front().parameters;
    fit.status = basins.front().status;
    if (fit.status != FitStatus::converged) fit.message = "the best minimum: " + to_string(fit.status);
    fit.cost = options.loss == RobustLoss::none ? basins.front().cost : form.cost(best);
    estimate_noise(form, best, fit);
    const double unit = form.residual_unit();
    fit.cost *= unit * unit, fit.noise *= unit;
    fit.parameters = form.natural(best);
    if (!fit.parameters.allFinite()) {
        fit.status = FitStatus::failed;
        fit.message = "a parameter of the best minimum overflows in the units of the curve";
    }
    describe_minimum(form, best, form.problem(), fit);
    for (Basin& basin : basins) basin.parameters = form.natural(basin.parameters), basin.cost *= unit * unit;
    fit.basins = std::move(basins);
    return fit;
}

}  // namespace reconlaw::fit
