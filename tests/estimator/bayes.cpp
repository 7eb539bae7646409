#include "reconlaw/estimator/bayes.hpp"

#include "estimator/estimator_support.hpp"
#include "reconlaw/problem/subspace.hpp"

using namespace reconlaw;
using namespace reconlaw_test;

TEST_CASE("bayes: the Wiener filter's risk is the problem's floor") {
    for (const MeasurementModel& model : {small_model(), subspace_model(20, 4, 0.3)}) {
        const WienerFilter filter = wiener_filter(model);
        check_close(filter.risk, linear_problem(model).floor, 1e-12, 0);
        check_close(filter.risk, population_risk(model, filter.weights), 0, 0);
        // From moments, the same.
        const WienerFilter moments = wiener_filter(population_moments(model));
        CHECK(distance(moments.weights, filter.weights) < 1e-12);
        check_close(moments.risk, filter.risk, 1e-12, 0);
    }
    check_close(wiener_filter(subspace_model(20, 4, 0.3)).risk, subspace_problem(20, 4, 0.3).floor, 1e-13, 0);
}

TEST_CASE("bayes: no other estimator does better") {
    const MeasurementModel model = small_model();
    const WienerFilter filter = wiener_filter(model);
    for (std::uint64_t s = 0; s < 20; ++s) {
        const Eigen::MatrixXd step = 1e-3 * normal(9, 6, s);
        // the gradient vanishes, so the risk rises by tr(step S step') exactly
        check_close(population_risk(model, filter.weights + step) - filter.risk,
                    (step * population_moments(model).yy).cwiseProduct(step).sum(), 1e-9, 0);
    }
}

TEST_CASE("bayes: least squares tends to the Wiener filter, with the exact mean risk on the way") {
    const MeasurementModel model = small_model();
    const WienerFilter filter = wiener_filter(model);
    const auto [X, Y] = draw(model, 200000, 1);
    const GradientPath path(X, Y);
    const Eigen::MatrixXd W = path.weights(MinimumNorm{});
    CHECK(distance(W, filter.weights) < 0.02);  // entries have standard error of about 1/sqrt(N S) = 0.3 %
    const double excess = population_risk(model, W) / filter.risk - 1;
    CHECK(excess > 0);
    check_close(excess, 6 / (200000.0 - 7), 0,
                3e-5);  // floor p/(N - p - 1); spread about sqrt(2/(n p)) of it

    // At N = 20 the mean over training sets is floor (1 + p/(N - p - 1)) exactly.
    const SecondMoments population = population_moments(model);
    double sum = 0, squares = 0;
    const int trials = 2000;
    for (int t = 0; t < trials; ++t) {
        const Pairs data = draw(model, 20, 1000 + static_cast<std::uint64_t>(t));
        const double r = GradientPath(data.X, data.Y).test_risk(population).risk(MinimumNorm{});
        sum += r, squares += r * r;
    }
    const double mean = sum / trials, error = std::sqrt((squares / trials - mean * mean) / trials);
    check_close(mean, filter.risk * (1 + 6.0 / 13), 0, 3.5 * error);
    CHECK(error < 0.01 * mean);
}

TEST_CASE("bayes: known noise added to noise-free measurements") {
    MeasurementModel model = small_model();
    const WienerFilter expected = wiener_filter(model);
    SecondMoments clean = population_moments(model);
    clean.yy.diagonal().array() -= model.noise_level * model.noise_level;
    const WienerFilter filter = wiener_filter(clean, model.noise_level);
    CHECK(distance(filter.weights, expected.weights) < 1e-12);
    check_close(filter.risk, expected.risk, 1e-12, 0);
}

TEST_CASE("bayes: tiny noise keeps the floor's digits") {
    // floor = d sigma^2/(1 + sigma^2) = 4e-12, far below the rounding of tr(xx) - tr(B S B').
    check_close(wiener_filter(subspace_model(20, 4, 1e-6)).risk, 4e-12 / (1 + 1e-12), 1e-9, 0);
}

TEST_CASE("bayes: bad input") {
    CHECK_THROWS_AS((void)wiener_filter(MeasurementModel{}), std::invalid_argument);
    CHECK_THROWS_AS((void)wiener_filter(SecondMoments{}), std::invalid_argument);
    CHECK_THROWS_AS((void)wiener_filter(population_moments(small_model()), -0.1), std::invalid_argument);
}
