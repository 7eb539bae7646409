#include "reconlaw/fit/forecast.hpp"

#include <doctest/doctest.h>

#include <cmath>

#include "reconlaw/simulate/random.hpp"
#include "support/check_close.hpp"

using namespace reconlaw::fit;

namespace {

/// E + beta N^-alpha with log-normal noise of relative size `noise`, one value a (trial, point).
LearningCurve noisy_curve(double floor, double beta, double alpha, double noise, int points, double last,
                          unsigned trial = 0) {
    LearningCurve curve{Eigen::ArrayXd(points), Eigen::ArrayXd(points)};
    for (int i = 0; i < points; ++i) {
        curve.size[i] = 100 * std::pow(last / 100, i / (points - 1.0));
        curve.loss[i] =
            (floor + beta * std::pow(curve.size[i], -alpha)) *
            std::exp(noise * reconlaw::normal_value({17, 0, trial}, 0, static_cast<std::uint64_t>(i), 0));
    }
    return curve;
}

Eigen::ArrayXd sizes(std::initializer_list<double> values) {
    Eigen::ArrayXd all(static_cast<Eigen::Index>(values.size()));
    std::copy(values.begin(), values.end(), all.begin());
    return all;
}

}  // namespace

TEST_CASE("forecast: exact points of a law with floor are continued exactly") {
    const LearningCurve curve = noisy_curve(0.02, 3, 0.5, 0, 15, 1e5);
    const Forecast ahead = forecast(curve, sizes({2e5, 1e6, 1e7}));
    for (Eigen::Index i = 0; i < 3; ++i)
        check_close(ahead.loss[static_cast<std::size_t>(i)].value, 0.02 + 3 * std::pow(ahead.size[i], -0.5),
                    1e-4, 0);
    CHECK(ahead.past.size() >= 5);
    CHECK(ahead.held_back < 1e-4);
    check_close(ahead.gains[1].ratio.value,
                (0.02 + 3 * std::pow(1e6, -0.5)) / (0.02 + 3 * std::pow(1e5, -0.5)), 1e-4, 0);
    double sum = 0;
    for (const Member& member : ahead.members) sum += member.weight;
    check_close(sum, 1, 1e-12, 0);
}

TEST_CASE("forecast: units of N and of the loss do not matter") {
    LearningCurve curve = noisy_curve(0.02, 3, 0.5, 0.01, 14, 1e5);
    const Forecast one = forecast(curve, sizes({1e6}));
    curve.size *= 1e6, curve.loss *= 1e-3;
    const Forecast other = forecast(curve, sizes({1e12}));
    // to the tolerance of the fits, which end at a relative change of the cost of 1e-8
    check_close(other.loss[0].value, 1e-3 * one.loss[0].value, 1e-3, 0);
    check_close(other.loss[0].upper, 1e-3 * one.loss[0].upper, 3e-3, 0);
}

TEST_CASE("forecast: intervals of a measurement contain it about as often as they say") {
    int inside = 0, wide = 0;
    constexpr int trials = 60;
    for (unsigned trial = 0; trial < trials; ++trial) {
        const LearningCurve all = noisy_curve(0.02, 3, 0.5, 0.02, 21, 1e6, trial);
        const LearningCurve known = all.between(0, 1.1e5);
        ForecastOptions options;
        options.laws = {law_named("floor"), law_named("shifted")};  // the quick ones
        const Forecast ahead = forecast(known, sizes({1e6}), options);
        inside += all.loss[20] >= ahead.loss[0].lower && all.loss[20] <= ahead.loss[0].upper;
        wide += std::log(ahead.loss[0].upper / ahead.loss[0].lower) > 1;
    }
    // nominal 54 of 60, standard error 2.3; the intervals carry Student's t for few tests and are wide rather
    // than narrow
    CHECK(inside >= 49);
    CHECK(wide < trials / 4);
}

TEST_CASE("forecast: the law that the early points follow does not spoil the tail") {
    // a plateau, then a power law: all points fitted by a power law alone are far off
    LearningCurve curve{Eigen::ArrayXd(30), Eigen::ArrayXd(30)};
    for (int i = 0; i < 30; ++i) {
        curve.size[i] = 10 * std::pow(10, i / 7.0);
        curve.loss[i] = 1 / (1 + std::pow(curve.size[i] / 3000, 0.4));
    }
    const double last = curve.size[29], truth = 1 / (1 + std::pow(10 * last / 3000, 0.4));
    const Forecast ahead = forecast(curve, sizes({10 * last}));
    const LawFit all = fit_law(law_named("power"), curve);
    CHECK(std::abs(std::log(ahead.loss[0].value / truth)) < 0.05);
    CHECK(std::abs(std::log(all(10 * last) / truth)) > 0.3);
}

TEST_CASE("forecast: few points are an answer with wide intervals, too few an error") {
    const LearningCurve five = noisy_curve(0.02, 3, 0.5, 0.01, 5, 1e4);
    const Forecast ahead = forecast(five, sizes({1e5}));
    CHECK(ahead.past.empty());
    CHECK(std::isnan(ahead.held_back));
    check_close(ahead.freedom, 2, 0, 0);
    CHECK(ahead.loss[0].lower < ahead.loss[0].value);
    CHECK_THROWS_WITH_AS((void)forecast(noisy_curve(0, 1, 0.5, 0, 3, 1e3), sizes({1e4})),
                         "forecast: number of points = 3, must be at least 4 with these laws",
                         std::invalid_argument);
}

TEST_CASE("forecast: constant and growing losses") {
    LearningCurve flat{Eigen::ArrayXd(10), Eigen::ArrayXd::Constant(10, 0.3)};
    for (int i = 0; i < 10; ++i) flat.size[i] = 100 << i;
    const Forecast still = forecast(flat, sizes({1e6}));
    check_close(still.loss[0].value, 0.3, 1e-5, 0);  // slowest exponents and small amplitudes fit as well
    LearningCurve growing = flat;
    growing.loss = 0.1 * growing.size.pow(0.2);
    const Forecast more = forecast(growing, sizes({1e6}));
    REQUIRE(!more.members.empty());
    CHECK(std::isfinite(more.loss[0].value));
    CHECK(more.loss[0].upper > more.loss[0].lower);  // no default law grows: held-back errors are large
}

TEST_CASE("forecast: invalid arguments name what, where and the range") {
    const LearningCurve curve = noisy_curve(0.02, 3, 0.5, 0.01, 10, 1e5);
    CHECK_THROWS_WITH_AS((void)forecast(curve, sizes({0})), "forecast: size[0] = 0, must be finite and > 0",
                         std::invalid_argument);
    ForecastOptions options;
    options.level = 1;
    CHECK_THROWS_WITH_AS((void)forecast(curve, sizes({1}), options),
                         "forecast: level = 1, must be inside (0, 1)", std::invalid_argument);
    options.level = 0.9, options.windows = {1.5};
    CHECK_THROWS_WITH_AS((void)forecast(curve, sizes({1}), options),
                         "forecast: window = 1.5, must be inside (0, 1]", std::invalid_argument);
}
