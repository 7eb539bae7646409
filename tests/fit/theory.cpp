#include "reconlaw/fit/theory.hpp"

#include <doctest/doctest.h>

#include <cmath>
#include <limits>
#include <stdexcept>
#include <vector>

#include "reconlaw/problem/spectrum.hpp"
#include "reconlaw/problem/subspace.hpp"
#include "reconlaw/risk/stopping.hpp"
#include "reconlaw/simulate/simulate_risk.hpp"
#include "support/check_close.hpp"

using namespace reconlaw;
using namespace reconlaw::fit;

namespace {

const std::vector<double> eight{16, 24, 36, 64, 128, 256, 1024, 4096};

double subspace_risk(double n, double d, double sigma, double N) {
    return optimal_stopping(subspace_problem(n, d, sigma), N, paper_step_size(n, d, sigma, N)).risk.total() /
           d;
}

template <class F>
LearningCurve curve_of(const std::vector<double>& size, F&& loss) {
    LearningCurve curve{Eigen::ArrayXd(size.size()), Eigen::ArrayXd(size.size())};
    for (std::size_t i = 0; i < size.size(); ++i) {
        const auto at = static_cast<Eigen::Index>(i);
        curve.size[at] = size[i], curve.loss[at] = loss(size[i]);
    }
    return curve;
}

/// d L/d parameters of the law against central differences of its values, in logarithms.
void check_gradient(const Law& law, const std::vector<double>& p, double size) {
    std::vector<double> gradient(p.size());
    const double value = law.evaluate(p.data(), size, gradient.data());
    CHECK(value == law.evaluate(p.data(), size, nullptr));
    for (std::size_t j = 0; j < p.size(); ++j) {
        const double h = 2e-4;
        std::vector<double> up = p, down = p;
        up[j] *= 1 + h, down[j] *= 1 - h;
        const double difference =
            (law.evaluate(up.data(), size, nullptr) - law.evaluate(down.data(), size, nullptr)) / (2 * h);
        CAPTURE(law.name);
        CAPTURE(size);
        CAPTURE(j);
        // the documented error of gradients; the values' errors of 1e-8 over 2h
        check_close(p[j] * gradient[j], difference, 1e-3, 1e-4 * value);
    }
}

}  // namespace

TEST_CASE("subspace law: the core's optimal stopping, ridge, flow and least squares") {
    const double n = 100, d = 7.5, sigma = 0.1, p[] = {d, sigma};
    const auto problem = subspace_problem(n, d, sigma);
    for (const double N : {1.0, 5.0, 12.0, 40.0, 1000.0}) {
        CAPTURE(N);
        // core and law: a relative tolerance of 1e-9, ties of 2e-9 between steps
        check_close(subspace_law(n).evaluate(p, N, nullptr), subspace_risk(n, d, sigma, N), 2e-8, 0);
        check_close(subspace_law(n, {.estimator = TheoryEstimator::converged}).evaluate(p, N, nullptr),
                    predict_risk(problem, N, MinimumNorm{}).total() / d, 1e-7, 0);
    }
    for (const double N : {40.0, 300.0}) {
        check_close(subspace_law(n, {.estimator = TheoryEstimator::ridge}).evaluate(p, N, nullptr),
                    optimal_ridge(problem, N).risk.total() / d, 1e-7, 0);
        check_close(subspace_law(n, {.estimator = TheoryEstimator::flow}).evaluate(p, N, nullptr),
                    optimal_flow(problem, N).risk.total() / d, 1e-7, 0);
    }
}

TEST_CASE("subspace law: units. Losses scale with the signal's variance, noise with its root") {
    const double unit[] = {10, 0.1}, scaled[] = {10, 0.3, 9}, fixed[] = {10, 9};
    const double value = subspace_law(100).evaluate(unit, 64, nullptr);
    check_close(subspace_law(100, {.scale = std::nullopt}).evaluate(scaled, 64, nullptr), 9 * value, 1e-12,
                0);
    check_close(subspace_law(100, {.noise = 0.3, .scale = std::nullopt, .per_coordinate = true})
                    .evaluate(fixed, 64, nullptr),
                9 * value * 10 / 100, 1e-12, 0);
    const double alone[] = {10};
    check_close(subspace_law(100, {.noise = 0.3, .scale = 9}).evaluate(alone, 64, nullptr), 9 * value, 1e-12,
                0);
}

TEST_CASE("spectrum law: the core's risk of the whole spectrum") {
    const double exponent = 1.4, sigma = 0.05, p[] = {exponent, sigma};
    const auto problem = spectrum_problem(power_law_spectrum<double>(120, exponent).matrix(), sigma);
    const Law law = spectrum_law(120);
    for (const double N : {20.0, 200.0, 2000.0}) {
        const double eta = 1 / Companion(problem, N).right_edge();
        check_close(law.evaluate(p, N, nullptr), optimal_stopping(problem, N, eta).risk.total() / 120, 1e-5,
                    0);  // the documented error of the grouped spectrum
    }
}

TEST_CASE("gradients: the best step may be held while the parameters move") {
    const Law free = subspace_law(100, {.scale = std::nullopt});
    for (const double N : {2.0, 14.0, 100.0, 3000.0}) check_gradient(free, {10, 0.1, 2}, N);
    check_gradient(subspace_law(60, {.noise = 0.2, .scale = std::nullopt, .per_coordinate = true}), {6.5, 3},
                   30);
    check_gradient(subspace_law(100, {.estimator = TheoryEstimator::converged}), {10, 0.2}, 40);
    check_gradient(subspace_law(100, {.estimator = TheoryEstimator::converged}), {10, 0.2}, 400);
    check_gradient(subspace_law(100, {.estimator = TheoryEstimator::ridge}), {10, 0.2}, 40);
    check_gradient(subspace_law(100, {.estimator = TheoryEstimator::flow}), {10, 0.2}, 40);
    check_gradient(spectrum_law(200, {.scale = std::nullopt}), {1.2, 0.1, 0.5}, 100);
}

TEST_CASE("subspace law at d = 1, at d = n, and where it has no value") {
    const Law law = subspace_law(50);
    for (const double d : {1.0, 50.0})
        for (const double N : {1.0, 49.9, 50.0, 200.0}) {
            const double p[] = {d, 0.3};
            double gradient[2] = {0, 0};
            // d = n is evaluated 1e-12 n below
            check_close(law.evaluate(p, N, gradient), subspace_risk(50, d, 0.3, N), 1e-7, 0);
            CHECK(std::isfinite(gradient[0]));
            CHECK(std::isfinite(gradient[1]));
        }
    const auto nothing = [](const Law& l, std::vector<double> p, double N) {
        return std::isnan(l.evaluate(p.data(), N, nullptr));
    };
    CHECK(nothing(law, {10, 0.3}, 0.5));
    CHECK(nothing(law, {51, 0.3}, 100));
    CHECK(nothing(law, {0.5, 0.3}, 100));
    CHECK(nothing(law, {10, 1e9}, 100));
    CHECK(nothing(law, {10, 0}, 100));
    CHECK(nothing(subspace_law(50, {.estimator = TheoryEstimator::converged}), {10, 0.3}, 50));
    CHECK(nothing(spectrum_law(50), {-0.1, 0.3}, 20));
}

TEST_CASE("exact points give d and sigma back, and the scale") {
    const auto curve = curve_of(eight, [](double N) { return subspace_risk(200, 12.5, 0.2, N); });
    const LawFit fit = fit_law(subspace_law(200), curve);
    CHECK(fit.status == FitStatus::converged);
    CHECK(fit.rank == 2);
    check_close(fit.parameters[0], 12.5, 1e-6, 0);
    check_close(fit.parameters[1], 0.2, 1e-6, 0);
    // two parameters less where least squares is known in closed form
    const auto problem = subspace_problem(30, 4, 0.3);
    const auto other = curve_of({5, 8, 12, 20, 45, 80, 200, 1000}, [&](double N) {
        return 7 * predict_risk(problem, N, MinimumNorm{}).total() / 4;
    });
    const LawFit scaled =
        fit_law(subspace_law(30, {.estimator = TheoryEstimator::converged, .scale = std::nullopt}), other);
    check_close(scaled.parameters[0], 4, 1e-6, 0);
    check_close(scaled.parameters[1], 0.3 * std::sqrt(7.0), 1e-6, 0);
    check_close(scaled.parameters[2], 7, 1e-6, 0);
}

TEST_CASE("exact points give exponent and noise back") {
    const auto problem = spectrum_problem(power_law_spectrum<double>(40, 1.3).matrix(), 0.1);
    const auto curve = curve_of({10, 30, 100, 300, 1000}, [&](double N) {
        return optimal_stopping(problem, N, 1 / Companion(problem, N).right_edge()).risk.total() / 40;
    });
    const LawFit fit = fit_law(spectrum_law(40), curve);
    CHECK(fit.status == FitStatus::converged);
    // errors of the grouped spectrum, about 1e-7
    check_close(fit.parameters[0], 1.3, 1e-5, 0);
    check_close(fit.parameters[1], 0.1, 1e-5, 0);
}

TEST_CASE("eight simulated points: the truth is inside the 90 % intervals") {
    const SubspaceModel model{.dimension = 100, .signal_dimension = 10, .noise_level = 0.1};
    SimulationOptions options;
    options.monte_carlo.trials = 40;
    options.monte_carlo.seed = 3;
    const std::vector<Eigen::Index> sizes(eight.begin(), eight.end());
    const auto simulated =
        simulate_risk(model, sizes, {simulated::EarlyStopped{paper_step_sizes(model)}}, options);
    LearningCurve curve = curve_of(eight, [](double) { return 1.0; });
    curve.log_error.resize(8);
    for (Eigen::Index i = 0; i < 8; ++i) {
        const auto& risk = simulated.risks[static_cast<std::size_t>(i)];
        curve.loss[i] = risk.mean, curve.log_error[i] = risk.std_error / risk.mean;
    }
    const EffectiveDimension found = effective_dimension(curve, 100);
    CHECK(found.dimension.identified);
    CHECK(found.dimension.interval.lower < 10);
    CHECK(found.dimension.interval.upper > 10);
    CHECK(found.dimension.interval.upper - found.dimension.interval.lower < 1);
    CHECK(found.noise.identified);
    CHECK(found.noise.interval.lower < 0.1);
    CHECK(found.noise.interval.upper > 0.1);
    CHECK(found.noise.interval.upper - found.noise.interval.lower < 0.001);
}

TEST_CASE("too few points, and points that do not determine d, are outcomes") {
    const auto risk = [](double N) { return subspace_risk(100, 10, 0.1, N); };
    const EffectiveDimension one = effective_dimension(curve_of({64}, risk), 100);
    CHECK(one.fit.status == FitStatus::failed);
    CHECK(std::isnan(one.dimension.value));
    CHECK_FALSE(one.dimension.identified);

    const EffectiveDimension two = effective_dimension(curve_of({20, 1000}, risk), 100);
    CHECK(two.fit.usable());
    check_close(two.dimension.value, 10, 1e-3, 0);
    CHECK(two.dimension.interval.lower_open);
    CHECK(two.dimension.interval.upper_open);
    CHECK_FALSE(two.dimension.identified);

    // only the floor is left, within the errors: sigma shows, small d are all alike
    LearningCurve flat = curve_of({3e4, 1e5, 3e5}, risk);
    flat.log_error = Eigen::ArrayXd::Constant(3, 0.02);
    const EffectiveDimension late = effective_dimension(flat, 100);
    CHECK(late.fit.usable());
    CHECK_FALSE(late.dimension.identified);
    CHECK(late.noise.identified);
    CHECK(late.noise.interval.lower < 0.1);
    CHECK(late.noise.interval.upper > 0.1);
}

TEST_CASE("bad arguments are refused by name") {
    const double nan = std::numeric_limits<double>::quiet_NaN();
    for (const double n : {1.0, 0.0, -5.0, 1e10, nan})
        CHECK_THROWS_AS(subspace_law(n), std::invalid_argument);
    CHECK_THROWS_WITH_AS(subspace_law(1), doctest::Contains("subspace_law: dimension n = 1"),
                         std::invalid_argument);
    for (const long p : {1L, 0L, -5L, 10000000L}) CHECK_THROWS_AS(spectrum_law(p), std::invalid_argument);
    CHECK_THROWS_AS(subspace_law(100, {.noise = 0.0}), std::invalid_argument);
    CHECK_THROWS_AS(subspace_law(100, {.scale = nan}), std::invalid_argument);
    CHECK_THROWS_AS(spectrum_law(100, {.max_steps = 0}), std::invalid_argument);

    const auto curve = curve_of({0.5, 100}, [](double) { return 1.0; });
    CHECK_THROWS_WITH_AS(effective_dimension(curve, 100), doctest::Contains("size[0] = 0.5"),
                         std::invalid_argument);
    const auto peak = curve_of({10, 100}, [](double) { return 1.0; });
    CHECK_THROWS_WITH_AS(effective_dimension(peak, 100, {.estimator = TheoryEstimator::converged}),
                         doctest::Contains("size[1] = 100"), std::invalid_argument);
    CHECK_THROWS_AS(effective_dimension(peak, 100, {}, 1.0), std::invalid_argument);

    for (const auto estimator : {TheoryEstimator::early_stopped, TheoryEstimator::converged,
                                 TheoryEstimator::ridge, TheoryEstimator::flow})
        CHECK(theory_estimator_named(to_string(estimator)) == estimator);
    CHECK_THROWS_WITH_AS(theory_estimator_named("lasso"), doctest::Contains("early-stopped, converged"),
                         std::invalid_argument);
    LawFit fit;
    fit.law = subspace_law(100);
    CHECK_THROWS_WITH_AS(read_parameter(fit, "alpha"), doctest::Contains("d, sigma"), std::invalid_argument);
}
