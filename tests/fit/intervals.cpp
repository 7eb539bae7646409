#include <doctest/doctest.h>

#include <boost/math/distributions/normal.hpp>
#include <boost/math/distributions/students_t.hpp>
#include <cmath>

#include "fit/example_laws.hpp"
#include "reconlaw/fit/fit_law.hpp"
#include "support/check_close.hpp"

using namespace reconlaw::fit;
using examples::exact_curve;
using examples::scatter;
using examples::sizes;
using examples::typical;

namespace {

/// Weighted straight line through log(L) against log(N), in closed form.
struct Regression {
    double slope, height;        ///< at the weighted mean of log(N)
    double centre, sum, spread;  ///< weighted mean, sum of weights, weighted sum of squares of log(N)
    double squares;              ///< weighted, of the residuals

    explicit Regression(const LearningCurve& curve, const Eigen::ArrayXd& w) {
        const Eigen::ArrayXd u = curve.size.log(), v = curve.loss.log();
        sum = w.sum(), centre = (w * u).sum() / sum, height = (w * v).sum() / sum;
        spread = (w * (u - centre).square()).sum();
        slope = (w * (u - centre) * v).sum() / spread;
        squares = (w * (v - height - slope * (u - centre)).square()).sum();
    }
    /// Variance of the line at log(N) = u, in units of the noise.
    double variance(double u) const { return 1 / sum + (u - centre) * (u - centre) / spread; }
};

LearningCurve noisy_power(int points) {
    LearningCurve curve = exact_curve(law_named("power"), typical(law_named("power")), points);
    curve.loss *= (0.03 * scatter(points)).exp();
    return curve;
}

void check_against(const Regression& line, const LawFit& fit, double t) {
    for (const Eigen::Index j : {0, 1}) {
        const Interval interval = profile_interval(fit, j, 0.9);
        CHECK(!interval.lower_open);
        CHECK(!interval.upper_open);
        if (j == 1) {
            const double half = t / std::sqrt(line.spread);
            check_close(interval.lower, -line.slope - half, 0, 1e-4 * half);
            check_close(interval.upper, -line.slope + half, 0, 1e-4 * half);
        } else {
            const double middle = line.height - line.slope * line.centre,
                         half = t * std::sqrt(line.variance(0));
            check_close(std::log(interval.lower), middle - half, 0, 1e-4 * half);
            check_close(std::log(interval.upper), middle + half, 0, 1e-4 * half);
        }
    }
    for (const double N : {3.0, 2e3, 1e6, 1e9}) {
        const double u = std::log(N), half = t * std::sqrt(line.variance(u));
        const double middle = line.height + line.slope * (u - line.centre);
        const Interval interval = curve_interval(fit, N, 0.9);
        check_close(std::log(interval.lower), middle - half, 0, 1e-4 * half);
        check_close(std::log(interval.upper), middle + half, 0, 1e-4 * half);
        check_close(log_standard_error(fit, N), fit.noise * std::sqrt(line.variance(u)), 1e-7, 0);
    }
    check_close(fit.covariance(1, 1), fit.noise * fit.noise / line.spread, 1e-7, 0);
    check_close(fit.covariance(0, 0), fit.noise * fit.noise * line.variance(0), 1e-7, 0);
}

double student(double freedom) {
    return boost::math::quantile(boost::math::students_t(freedom), 0.95);
}

}  // namespace

TEST_CASE("power law: intervals are those of linear regression") {
    const LearningCurve curve = noisy_power(9);
    const LawFit fit = fit_law(law_named("power"), curve);
    const Regression line(curve, Eigen::ArrayXd::Ones(9));
    check_close(fit.parameters[1], -line.slope, 1e-6, 0);
    check_close(fit.noise, std::sqrt(line.squares / 7), 1e-9, 0);
    check_close(fit.noise_freedom, 7, 0, 0);
    check_against(line, fit, student(7) * fit.noise);
}

TEST_CASE("measured errors: weights, and intervals in their units") {
    LearningCurve curve = noisy_power(9);
    curve.log_error = 0.03 * (1 + 0.5 * Eigen::ArrayXd::LinSpaced(9, 0, 1));
    const Regression line(curve, curve.log_error.square().inverse());
    SUBCASE("known errors: the normal distribution") {
        const LawFit fit = fit_law(law_named("power"), curve);
        check_close(fit.parameters[1], -line.slope, 1e-6, 0);
        check_close(fit.cost, line.squares, 1e-9, 0);
        check_close(fit.noise, 1, 0, 0);
        CHECK(std::isinf(fit.noise_freedom));
        check_against(line, fit, boost::math::quantile(boost::math::normal(), 0.95));
    }
    SUBCASE("estimated errors: pooled with the residuals") {
        curve.error_freedom = 18;
        const LawFit fit = fit_law(law_named("power"), curve);
        check_close(fit.noise, std::sqrt((line.squares + 18) / 25), 1e-9, 0);
        check_close(fit.noise_freedom, 25, 0, 0);
        check_against(line, fit, student(25) * fit.noise);
    }
    SUBCASE("errors too small for the residuals: the residuals count") {
        curve.log_error /= 10;
        const LawFit fit = fit_law(law_named("power"), curve);
        check_close(fit.noise, std::sqrt(100 * line.squares / 7), 1e-9, 0);
        check_close(fit.noise_freedom, 7, 0, 0);
    }
    SUBCASE("as many points as parameters: the errors alone") {
        LearningCurve two{curve.size(Eigen::seqN(0, 2)), curve.loss(Eigen::seqN(0, 2)),
                          curve.log_error(Eigen::seqN(0, 2)), 4};
        const LawFit fit = fit_law(law_named("power"), two);
        check_close(fit.noise, 1, 0, 0);
        check_close(fit.noise_freedom, 4, 0, 0);
        check_against(Regression(two, two.log_error.square().inverse()), fit, student(4));
    }
}

TEST_CASE("floor law: intervals are nested, hold the estimate and end where the profile says") {
    LearningCurve curve = exact_curve(law_named("floor"), typical(law_named("floor")), 15);
    curve.loss *= (0.02 * scatter(15)).exp();
    const LawFit fit = fit_law(law_named("floor"), curve);
    for (Eigen::Index j = 0; j < 3; ++j) {
        CAPTURE(j);
        const Interval narrow = profile_interval(fit, j, 0.5), wide = profile_interval(fit, j, 0.95);
        CHECK(wide.lower < narrow.lower);
        CHECK(narrow.lower < fit.parameters[j]);
        CHECK(fit.parameters[j] < narrow.upper);
        CHECK(narrow.upper < wide.upper);
    }
    for (const double N : {10.0, 1e6, 1e8}) {
        const Interval narrow = curve_interval(fit, N, 0.5), wide = curve_interval(fit, N, 0.95);
        CHECK(wide.lower < narrow.lower);
        CHECK(narrow.lower < fit(N));
        CHECK(fit(N) < narrow.upper);
        CHECK(narrow.upper < wide.upper);
    }
    // far out, the curve is its floor
    const Interval floor = profile_interval(fit, 0), far = curve_interval(fit, 1e30);
    check_close(far.lower, floor.lower, 1e-4, 0);
    check_close(far.upper, floor.upper, 1e-4, 0);

    // the cost of the best law with E at the end of its interval, by a law that knows E
    const double end = floor.upper;
    Law known = law_named("floor");
    known.parameters.erase(known.parameters.begin());
    known.evaluate = [end](const double* p, double N, double* gradient) {
        const double tail = p[0] * std::pow(N, -p[1]);
        if (gradient != nullptr) gradient[0] = tail / p[0], gradient[1] = -std::log(N) * tail;
        return end + tail;
    };
    known.rescale = nullptr;
    known.starts = [&](const LearningCurve&) {
        return std::vector<Eigen::VectorXd>{Eigen::Vector2d(fit.parameters[1], fit.parameters[2])};
    };
    const LawFit there = fit_law(known, curve);
    check_close(std::sqrt(there.cost - fit.cost) / fit.noise, student(12), 1e-4, 0);
}
