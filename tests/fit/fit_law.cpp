#include "reconlaw/fit/fit_law.hpp"

#include <doctest/doctest.h>

#include <cmath>
#include <limits>
#include <stdexcept>
#include <string>

#include "fit/example_laws.hpp"
#include "support/check_close.hpp"

using namespace reconlaw::fit;
using examples::exact_curve;
using examples::scatter;
using examples::sizes;
using examples::typical;

namespace {

/// A curve of the law with floor and relative errors that are fixed numbers.
LearningCurve noisy_floor(int points, double noise) {
    LearningCurve curve = exact_curve(law_named("floor"), typical(law_named("floor")), points);
    curve.loss *= (noise * scatter(points)).exp();
    return curve;
}

}  // namespace

TEST_CASE("every law recovers its parameters from exact data") {
    for (const Law& law : all_laws()) {
        CAPTURE(law.name);
        // three breaks: twelve parameters, of which some show on few of 20 points
        const int points = law.name == "broken-3" ? 40 : 20;
        const Eigen::VectorXd truth = typical(law);
        const LearningCurve curve = exact_curve(law, truth, points);
        FitOptions options;
        options.starts = law.dimension() > 8 ? 16 : 4;
        options.max_iterations = 1000;
        const LawFit fit = fit_law(law, curve, options);
        CHECK(fit.usable());
        CHECK(fit.freedom == points - law.dimension());
        CHECK(fit.rank == law.dimension());
        CHECK(fit.log_rmse() < 1e-8);
        REQUIRE(fit.parameters.size() == truth.size());
        for (Eigen::Index j = 0; j < truth.size(); ++j) {
            CAPTURE(j);
            check_close(fit.parameters[j], truth[j], 1e-6, 0);
            CHECK(!fit.at_bound[static_cast<std::size_t>(j)]);
        }
    }
}

TEST_CASE("the units of N and L do not change the answer") {
    for (const char* name : {"power", "floor", "shifted", "piecewise-1", "exponential", "logarithmic"}) {
        CAPTURE(name);
        const Law& law = law_named(name);
        LearningCurve curve = exact_curve(law, typical(law), 16);
        curve.loss *= (0.02 * scatter(16)).exp();
        LearningCurve scaled = curve;
        scaled.size *= 1e6, scaled.loss *= 1e-3;
        const LawFit a = fit_law(law, curve), b = fit_law(law, scaled);
        REQUIRE(a.usable());
        REQUIRE(b.usable());
        for (const double N : {10.0, 1e3, 1e6, 1e7}) check_close(b(1e6 * N), 1e-3 * a(N), 1e-8, 0);
        check_close(b.noise, a.noise, 1e-8, 0);
        check_close(log_standard_error(b, 1e13), log_standard_error(a, 1e7), 1e-5, 0);
    }
    // an exponent has no unit, nor has its interval
    LearningCurve curve = noisy_floor(16, 0.02), scaled = curve;
    scaled.size *= 1e6, scaled.loss *= 1e-3;
    const Interval a = profile_interval(fit_law(law_named("floor"), curve), 2);
    const Interval b = profile_interval(fit_law(law_named("floor"), scaled), 2);
    check_close(b.lower, a.lower, 1e-5, 0);
    check_close(b.upper, a.upper, 1e-5, 0);
}

TEST_CASE("too few points: an outcome with a message") {
    const LawFit fit =
        fit_law(law_named("floor"), exact_curve(law_named("power"), typical(law_named("power")), 2));
    CHECK(fit.status == FitStatus::failed);
    CHECK(!fit.usable());
    CHECK(fit.message == "too few points: 2 for 3 parameters");
    CHECK(fit.basins.empty());
    CHECK(std::isnan(fit.noise));
    CHECK(std::isinf(fit.cost));
    CHECK_THROWS_AS((void)profile_interval(fit, 0), std::invalid_argument);
    CHECK_THROWS_AS((void)curve_interval(fit, 10), std::invalid_argument);
}

TEST_CASE("two points determine a power law and say nothing of its error") {
    const LawFit fit =
        fit_law(law_named("power"), exact_curve(law_named("power"), typical(law_named("power")), 2));
    REQUIRE(fit.status == FitStatus::converged);
    check_close(fit.parameters[0], 2, 1e-9, 0);
    check_close(fit.parameters[1], 0.4, 1e-9, 0);
    CHECK(fit.freedom == 0);
    CHECK(std::isnan(fit.noise));
    CHECK(std::isinf(fit.aicc()));
    const Interval alpha = profile_interval(fit, 1), curve = curve_interval(fit, 1e7);
    CHECK(alpha.lower_open);
    CHECK(alpha.upper_open);
    check_close(alpha.upper, 20, 0, 0);
    CHECK(curve.lower_open);
    CHECK(curve.upper_open);
    check_close(curve.lower, 0, 0, 0);
    CHECK(std::isinf(curve.upper));
    CHECK(std::isinf(log_standard_error(fit, 1e7)));
}

TEST_CASE("a constant loss, one included: predicted to stay") {
    for (const double level : {1.0, 0.37})
        for (const Law& law : all_laws()) {
            CAPTURE(law.name);
            CAPTURE(level);
            const LawFit fit = fit_law(law, {sizes(15), Eigen::ArrayXd::Constant(15, level)});
            REQUIRE(fit.usable());
            CHECK(fit.log_rmse() < 1e-5);
            check_close(fit(5e4), level, 1e-4, 0);
        }
}

TEST_CASE("an increasing loss") {
    const Eigen::ArrayXd size = sizes(12);
    const LearningCurve curve{size, 0.1 * size.pow(0.2)};
    const LawFit power = fit_law(law_named("power"), curve);
    check_close(power.parameters[1], -0.2, 1e-9, 0);
    const LawFit floor = fit_law(law_named("floor"), curve);
    REQUIRE(floor.usable());  // nothing that falls fits: a constant is best
    check_close(floor(10), std::exp(curve.loss.log().mean()), 1e-2, 0);
    check_close(floor(1e7), floor(1e6), 1e-2, 0);
    CHECK(floor.log_rmse() > 0.5);
    for (const Law& law : all_laws()) {
        CAPTURE(law.name);
        const LawFit fit = fit_law(law, curve);
        REQUIRE(fit.usable());
        CHECK(std::isfinite(fit(1e5)));
    }
}

TEST_CASE("a floor that the data do not show ends on its bound") {
    // log-log curvature of the other sign than a floor's
    LearningCurve curve{sizes(15), Eigen::ArrayXd(15)};
    const Eigen::ArrayXd u = curve.size.log() - curve.size.log().mean();
    curve.loss = (-1.5 - 0.4 * u - 0.003 * u.square()).exp();
    const LawFit fit = fit_law(law_named("floor"), curve), power = fit_law(law_named("power"), curve);
    REQUIRE(fit.status == FitStatus::converged);
    CHECK(fit.at_bound[0]);
    CHECK(!fit.at_bound[1]);
    CHECK(!fit.at_bound[2]);
    check_close(fit.parameters[0], 0, 0, 0);
    check_close(fit.parameters[2], power.parameters[1], 1e-7, 0);
    check_close(fit.cost, power.cost, 1e-12, 0);
    const Interval E = profile_interval(fit, 0);
    CHECK(E.lower_open);
    CHECK(!E.upper_open);
    check_close(E.lower, 0, 0, 0);
    CHECK(E.upper > 0);
    CHECK(E.upper < curve.loss.minCoeff());
    CHECK(fit.covariance.row(0).isZero(0));
    CHECK(fit.covariance(2, 2) > 0);
    // all starts reach the same minimum
    REQUIRE(fit.basins.size() == 1);
    CHECK(fit.basins[0].starts == 4);
}

TEST_CASE("a parameter too many: rank, and intervals of what is determined all the same") {
    Law law = law_named("power");  // a b N^-alpha
    law.parameters.insert(law.parameters.begin(),
                          Parameter{"a", 0, parameter::infinity, true, false, "factor"});
    law.evaluate = [](const double* p, double N, double* gradient) {
        const double L = p[0] * p[1] * std::pow(N, -p[2]);
        if (gradient != nullptr)
            gradient[0] = L / p[0], gradient[1] = L / p[1], gradient[2] = -std::log(N) * L;
        return L;
    };
    law.rescale = [](double* p, double size_unit, double loss_unit) {
        p[1] *= loss_unit * std::pow(size_unit, p[2]);
    };
    law.starts = [](const LearningCurve&) {
        Eigen::VectorXd p(3);
        p << 3, 0.5, 0.2;
        return std::vector<Eigen::VectorXd>{p};
    };
    LearningCurve curve = exact_curve(law_named("power"), typical(law_named("power")), 12);
    curve.loss *= (0.02 * scatter(12)).exp();
    const LawFit fit = fit_law(law, curve), power = fit_law(law_named("power"), curve);
    REQUIRE(fit.status == FitStatus::converged);
    CHECK(fit.rank == 2);
    CHECK(power.rank == 2);
    check_close(fit.parameters[2], power.parameters[1], 1e-6, 0);
    // the same variance, but for the degree of freedom that was spent in vain
    const double ratio = fit.noise * fit.noise / (power.noise * power.noise);
    check_close(ratio, 10.0 / 9, 1e-8, 0);
    check_close(fit.covariance(2, 2), ratio * power.covariance(1, 1), 1e-6, 0);
    check_close(log_standard_error(fit, 1e8), std::sqrt(ratio) * log_standard_error(power, 1e8), 1e-6, 0);
    CHECK(profile_interval(fit, 0).lower_open);
    CHECK(profile_interval(fit, 0).upper_open);
    CHECK(!profile_interval(fit, 2).lower_open);
    CHECK(!curve_interval(fit, 1e8).upper_open);
}

TEST_CASE("a law with more to it than the data: an answer") {
    const LearningCurve curve = exact_curve(law_named("power"), typical(law_named("power")), 20);
    const Law& law = law_named("broken-2");
    const LawFit fit = fit_law(law, curve);
    REQUIRE(fit.usable());
    CHECK(fit.log_rmse() < 1e-6);
    check_close(fit(1e5), 2 * std::pow(1e5, -0.4), 1e-5, 0);
    CHECK(fit.covariance.allFinite());
    for (Eigen::Index j = 0; j < law.dimension(); ++j) {
        const Interval interval = profile_interval(fit, j);
        CHECK(interval.lower <= interval.upper);
    }
    // the break of a law without one may be anywhere
    LearningCurve noisy = curve;
    noisy.loss *= (0.02 * scatter(20)).exp();
    const LawFit one = fit_law(law_named("saturating"), noisy);
    REQUIRE(one.usable());
    CHECK(profile_interval(one, 3).upper_open);  // R: no beginning was seen
}

TEST_CASE("every basin is reported, best first") {
    // two kinks of equal sign, and a law with one
    const LearningCurve curve = exact_curve(
        law_named("piecewise-2"), (Eigen::VectorXd(6) << 1, 0.1, 0.5, 100, -0.5, 1e5).finished(), 25);
    FitOptions options;
    options.starts = 0;
    const Law& law = law_named("piecewise-1");
    const LawFit fit = fit_law(law, curve, options);
    REQUIRE(fit.basins.size() >= 2);
    int starts = 0;
    for (std::size_t i = 0; i < fit.basins.size(); ++i) {
        starts += fit.basins[i].starts;
        if (i > 0) CHECK(fit.basins[i].cost >= fit.basins[i - 1].cost);
    }
    CHECK(starts == 5);  // the grid of one break
    check_close(fit.cost, fit.basins[0].cost, 0, 0);
    CHECK(fit.parameters == fit.basins[0].parameters);
    const auto kink_near = [&](double N) {
        return std::any_of(fit.basins.begin(), fit.basins.end(),
                           [&](const Basin& b) { return std::abs(std::log(b.parameters[3] / N)) < 1.5; });
    };
    CHECK(kink_near(100));
    CHECK(kink_near(1e5));
}

TEST_CASE("a robust loss resists an outlier") {
    LearningCurve curve = noisy_floor(20, 0.005);
    const Eigen::VectorXd truth = typical(law_named("floor"));
    curve.loss[12] *= 1.6;
    const LawFit squares = fit_law(law_named("floor"), curve);
    CHECK(std::abs(squares.parameters[2] - truth[2]) > 0.02);
    for (const RobustLoss loss :
         {RobustLoss::huber, RobustLoss::soft_l1, RobustLoss::cauchy, RobustLoss::tukey}) {
        CAPTURE(static_cast<int>(loss));
        FitOptions options;
        options.loss = loss;
        const LawFit fit = fit_law(law_named("floor"), curve, options);
        REQUIRE(fit.status == FitStatus::converged);
        check_close(fit.parameters[2], truth[2], 0.02, 0);
        check_close(fit.parameters[0], truth[0], 0.02, 0);
        REQUIRE(fit.robust_weight.size() == 20);
        CHECK(fit.robust_weight[12] < 0.2);
        CHECK(fit.noise < 0.02);
        const Interval alpha = profile_interval(fit, 2);
        CHECK(alpha.lower < truth[2]);
        CHECK(alpha.upper > truth[2]);
        CHECK(alpha.upper - alpha.lower < 0.05);
        // the minimum is that of the squares with the weights held: the interval begins there
        CHECK(alpha.lower < fit.parameters[2]);
        CHECK(alpha.upper > fit.parameters[2]);
    }
}

TEST_CASE("absolute residuals") {
    LearningCurve curve = exact_curve(law_named("logarithmic"), typical(law_named("logarithmic")), 16);
    curve.loss += 0.01 * scatter(16);
    FitOptions options;
    options.residual = Residual::absolute;
    const LawFit fit = fit_law(law_named("logarithmic"), curve, options);
    // straight line by the normal equations
    const Eigen::ArrayXd u = curve.size.log(), v = u - u.mean();
    const double slope = (v * curve.loss).sum() / v.square().sum();
    // the iteration ends on a relative change of the cost of 1e-10: half as many digits, and two or three
    // more
    check_close(fit.parameters[1], -slope, 1e-6, 0);
    check_close(fit.parameters[0], curve.loss.mean() - slope * u.mean(), 1e-6, 0);
    // in the units of the loss
    const double cost = (curve.loss - curve.loss.mean() - slope * v).square().sum();
    check_close(fit.cost, cost, 1e-9, 0);
    check_close(fit.basins[0].cost, cost, 1e-9, 0);
    check_close(fit.noise, std::sqrt(cost / 14), 1e-9, 0);
    check_close(fit.covariance(1, 1), cost / 14 / v.square().sum(), 1e-6, 0);
    const double t = 1.761310135774891;  // Student's, 14 degrees of freedom, 95 %
    const double half = t * std::sqrt(cost / 14 / v.square().sum());
    check_close(profile_interval(fit, 1).lower, -slope - half, 0, 1e-4 * half);
    check_close(profile_interval(fit, 1).upper, -slope + half, 0, 1e-4 * half);
    // the curve itself: a straight line's interval
    const double u0 = std::log(1e6), line = curve.loss.mean() + slope * (u0 - u.mean());
    const double error =
        std::sqrt(cost / 14 * (1.0 / 16 + (u0 - u.mean()) * (u0 - u.mean()) / v.square().sum()));
    check_close(curve_interval(fit, 1e6).lower, line - t * error, 0, 1e-4 * t * error);
    check_close(curve_interval(fit, 1e6).upper, line + t * error, 0, 1e-4 * t * error);
}

TEST_CASE("bad arguments are refused") {
    const LearningCurve curve = noisy_floor(12, 0.02);
    LearningCurve bad = curve;
    bad.loss[3] = std::numeric_limits<double>::quiet_NaN();
    CHECK_THROWS_WITH_AS((void)fit_law(law_named("floor"), bad),
                         "fit_law: loss[3] = nan, must be finite and > 0", std::invalid_argument);
    FitOptions options;
    options.starts = -1;
    CHECK_THROWS_WITH_AS((void)fit_law(law_named("floor"), curve, options),
                         "fit_law: starts = -1, must be at least 0", std::invalid_argument);
    options = {}, options.tolerance = 0;
    CHECK_THROWS_WITH_AS((void)fit_law(law_named("floor"), curve, options),
                         "fit_law: tolerance = 0, must be finite and > 0", std::invalid_argument);
    options = {}, options.max_iterations = 0;
    CHECK_THROWS_WITH_AS((void)fit_law(law_named("floor"), curve, options),
                         "fit_law: max_iterations = 0, must be at least 1", std::invalid_argument);
    const LawFit fit = fit_law(law_named("floor"), curve);
    CHECK_THROWS_WITH_AS((void)profile_interval(fit, 3),
                         "profile_interval: parameter = 3, must be between 0 and 2", std::invalid_argument);
    CHECK_THROWS_WITH_AS((void)profile_interval(fit, 0, 1),
                         "profile_interval: level = 1, must be inside (0, 1)", std::invalid_argument);
    CHECK_THROWS_WITH_AS((void)curve_interval(fit, 0), "curve_interval: size = 0, must be finite and > 0",
                         std::invalid_argument);
    CHECK_THROWS_WITH_AS((void)log_standard_error(fit, -1),
                         "log_standard_error: size = -1, must be finite and > 0", std::invalid_argument);
}
