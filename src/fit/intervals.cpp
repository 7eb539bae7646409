/// Profile-likelihood intervals of parameters and of the curve.

#include <boost/math/distributions/students_t.hpp>
#include <boost/math/tools/toms748_solve.hpp>
#include <cmath>
#include <limits>
#include <utility>

#include "constants.hpp"
#include "formulation.hpp"
#include "reconlaw/detail/check.hpp"

namespace reconlaw::fit {

namespace {

void require_usable(const LawFit& fit, double level, const char* function) {
    detail::require(fit.usable(), function, "status of the fit", to_string(fit.status), "converged");
    detail::require(level > 0 && level < 1, function, "level", level, "inside (0, 1)");
}

/// Quantile of Student's t that a two-sided interval needs.
double student(const LawFit& fit, double level) {
    return boost::math::quantile(boost::math::students_t(fit.noise_freedom), 0.5 + level / 2);
}

/// A problem whose cost is profiled, and the limit of the profile.
struct Profile {
    double minimum;  ///< cost of the fit
    double unit;     ///< standard deviation of a residual
    double allowed;  ///< Student's t

    /// Distance from the minimum beyond the limit, in standard deviations.
    double excess(double cost) const {
        if (!std::isfinite(cost)) return 9 * allowed;
        return std::sqrt(std::max(cost - minimum, 0.0)) / unit - allowed;
    }
};

/// Where excess(x) crosses zero, from x = best in steps that double, up to the bound. `open` where it does
/// not.
template <class F>
std::pair<double, bool> crossing(F&& excess, const Profile& profile, double best, double step, double bound) {
    const double direction = step < 0 ? -1 : 1;
    double inner = best, inner_excess = -profile.allowed;
    if (direction * (bound - inner) <= 0) return {bound, true};
    for (int i = 0; i < 60; ++i, step *= 2) {
        double outer = best + step;
        const bool last = direction * (outer - bound) >= 0;
        if (last) outer = bound;
        const double outer_excess = excess(outer);
        if (outer_excess > 0) {
            if (inner_excess >= 0) return {inner, false};
            boost::uintmax_t evaluations = 40;
            const auto near = [&](double a, double b) {
                return std::abs(a - b) <= 1e-6 * std::abs(outer - best);
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
}

Profile profile_of(const LawFit& fit, const Formulation& form, const Eigen::VectorXd& best, double level) {
    return {form.cost(best), std::max(fit.noise / form.residual_unit(), 1e-12), student(fit, level)};
}

}  // namespace

Interval profile_interval(const LawFit& fit, Eigen::Index parameter, double level) {
    constexpr auto f = "profile_interval";
    require_usable(fit, level, f);
    detail::require(parameter >= 0 && parameter < fit.law.dimension(), f, "parameter", parameter,
                    "between 0 and " + std::to_string(fit.law.dimension() - 1));
    const Parameter& description = fit.law.parameters[static_cast<std::size_t>(parameter)];
    if (!(fit.noise_freedom > 0)) return {description.lower, description.upper, true, true};

    // An amplitude is a parameter at N = 1 only: its profile is taken in that unit.
    const double size_unit = description.amplitude ? 1.0 : size_unit_of(fit.law, fit.curve);
    Formulation form(fit.law, fit.curve, fit.options.residual, size_unit, loss_unit_of(fit.law, fit.curve),
                     fit.robust_weight);
    LeastSquaresProblem& problem = form.problem();
    problem.fixed.assign(static_cast<std::size_t>(fit.law.dimension()), false);
    problem.fixed[static_cast<std::size_t>(parameter)] = true;
    const Eigen::VectorXd best = form.from_natural(fit.parameters);
    const Profile profile = profile_of(fit, form, best, level);
    // residual curvature with the others held: a step that is never too long
    const double curvature = form.jacobian(best).col(parameter).norm();
    double step =
        curvature > 0 && std::isfinite(curvature) ? profile.unit * profile.allowed / curvature : 0.1;
    step = std::max(step, 1e-9 * (1 + std::abs(best[parameter])));

    const auto end = [&](double direction) {
        Eigen::VectorXd others = best;  // each end is warm-started from the last point on its side
        const auto excess = [&](double value) {
            Eigen::VectorXd start = others;
            start[parameter] = value;
            const LeastSquaresResult found = least_squares(problem, start, solver_options(fit.options));
            if (!std::isfinite(found.cost)) return profile.excess(form.cost(start));
            others = found.parameters;
            return profile.excess(found.cost);
        };
        return crossing(excess, profile, best[parameter], direction * step,
                        direction < 0 ? problem.lower[parameter] : problem.upper[parameter]);
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

double log_standard_error(const LawFit& fit, double size) {
    constexpr auto f = "log_standard_error";
    require_usable(fit, 0.5, f);
    detail::require_finite_positive(size, f, "size");
    if (!(fit.noise_freedom > 0)) return infinity;
    const Formulation form(fit.law, LearningCurve{Eigen::ArrayXd::Constant(1, size), Eigen::ArrayXd::Ones(1)},
                           Residual::log, 1.0, 1.0);
    const Eigen::RowVectorXd gradient = form.jacobian(form.unbounded_coordinates(fit.parameters)).row(0);
    return std::sqrt(std::max((gradient * fit.covariance * gradient.transpose()).value(), 0.0));
}

Interval curve_interval(const LawFit& fit, double size, double level) {
    constexpr auto f = "curve_interval";
    require_usable(fit, level, f);
    detail::require_finite_positive(size, f, "size");
    const double deviation = log_standard_error(fit, size), height = std::log(fit(size));
    if (!(fit.noise_freedom > 0) || !std::isfinite(height)) return {0, infinity, true, true};

    // One row more pulls log(law) at `size` towards a target. Whatever the target, the minimum is that of the
    // cost among the curves that pass where it passes: a point of the profile.
    Formulation form(fit.law, fit.curve, fit.options.residual, size_unit_of(fit.law, fit.curve),
                     loss_unit_of(fit.law, fit.curve), fit.robust_weight);
    const Formulation far(fit.law, LearningCurve{Eigen::ArrayXd::Constant(1, size), Eigen::ArrayXd::Ones(1)},
                          Residual::log, size_unit_of(fit.law, fit.curve), loss_unit_of(fit.law, fit.curve));
    const Eigen::VectorXd best = form.from_natural(fit.parameters);
    const Profile profile = profile_of(fit, form, best, level);
    const double spread = std::max(deviation, 1e-9);  // in it the pull is as strong as the data's
    const double pull = profile.unit / spread;
    const Eigen::Index rows = fit.curve.points();
    double target = height;
    LeastSquaresProblem problem = form.problem();
    problem.residuals = rows + 1;
    problem.residual = [&](Eigen::Index row, const double* q, double* residual, double* gradient) {
        if (row < rows) return form.problem().residual(row, q, residual, gradient);
        if (!far.problem().residual(0, q, residual, gradient)) return false;
        *residual = pull * (*residual - target);
        if (gradient != nullptr)
            for (Eigen::Index j = 0; j < fit.law.dimension(); ++j) gradient[j] *= pull;
        return true;
    };
    const auto end = [&](double direction) -> std::pair<double, bool> {
        Eigen::VectorXd others = best;
        double reached = height;
        const auto excess = [&](double value) {
            target = value;
            const LeastSquaresResult found = least_squares(problem, others, solver_options(fit.options));
            if (!std::isfinite(found.cost)) return 9 * profile.allowed;
            others = found.parameters;
            reached = std::log(fit.law.evaluate(form.natural(others).data(), size, nullptr));
            return profile.excess(form.cost(others));
        };
        const auto [at, open] =
            crossing(excess, profile, height, direction * 2 * profile.allowed * spread, direction * infinity);
        if (!open) (void)excess(at);
        return {reached, open};
    };
    const auto [low, low_open] = end(-1);
    const auto [high, high_open] = end(+1);
    return {low_open ? 0 : std::exp(low), high_open ? infinity : std::exp(high), low_open, high_open};
}

}  // namespace reconlaw::fit
