#include "reconlaw/estimator/stopping.hpp"

#include <limits>

#include "estimator/estimator_support.hpp"

using namespace reconlaw;
using namespace reconlaw_test;

namespace {

/// The best of 0..max_steps by trying them all.
std::pair<double, double> brute_force(const TestRisk& path, double step_size, int max_steps) {
    double best = std::numeric_limits<double>::infinity(), best_k = -1;
    for (int k = 0; k <= max_steps; ++k) {
        const double value = path.risk(GradientDescent<double>{step_size, static_cast<double>(k)});
        if (value < best) best = value, best_k = k;
    }
    return {best_k, best};
}

}  // namespace

TEST_CASE("stopping: oracle and validation find what trying every step finds") {
    int interior = 0, limit = 0;
    for (const double sigma : {0.05, 0.3, 1.0})
        for (const Eigen::Index N : {2, 6, 14, 20, 25, 60})
            for (const double relative_step : {0.01, 0.3, 1.0, 1.7, 1.99}) {
                const MeasurementModel model = subspace_model(20, 4, sigma);
                const auto [X, Y] = draw(model, N, static_cast<std::uint64_t>(N));
                const GradientPath path(X, Y);
                const auto held_out = draw(model, 15, 1234);
                MomentAccumulator a;
                a.add(held_out.X, held_out.Y);
                const TestRisk known = path.test_risk(population_moments(model)),
                               validation = path.test_risk(a.about_zero());
                const double eta = relative_step / path.largest_eigenvalue();
                const int max_steps = 3000;
                INFO("sigma = ", sigma, ", N = ", N, ", eta s_max = ", relative_step);

                const auto [k, best] = brute_force(known, eta, max_steps);
                const StoppingResult oracle = oracle_stop(known, eta, max_steps);
                check_close(oracle.risk, best, 1e-13,
                            0);  // beyond convergence, risks differ by rounding alone
                const double at_k = known.risk(GradientDescent<double>{eta, oracle.steps});
                check_close(at_k, oracle.risk, 0, 0);
                // the same step too, unless the curve is flat to rounding
                const bool flat =
                    std::abs(known.risk(GradientDescent<double>{eta, k + 1}) - best) < 1e-13 * best ||
                    std::abs(known.risk(GradientDescent<double>{eta, std::max(0.0, k - 1)}) - best) <
                        1e-13 * best;
                if (!flat || k == 0) check_close(oracle.steps, k, 0, 0);
                interior += oracle.status == StopStatus::interior;
                limit += oracle.status == StopStatus::limit_reached;

                const auto [kv, best_v] = brute_force(validation, eta, max_steps);
                const StoppingResult chosen = validation_stop(validation, known, eta, max_steps);
                check_close(chosen.selection_risk, best_v, 1e-13, 0);
                check_close(chosen.risk, known.risk(GradientDescent<double>{eta, chosen.steps}), 0, 0);
                CHECK(chosen.risk >= oracle.risk * (1 - 1e-13));
            }
    CHECK(interior > 20);  // both outcomes were met
    CHECK(limit > 3);
}

TEST_CASE("stopping: says when the limit was reached, when training is useless, and when k was given") {
    const MeasurementModel model = subspace_model(20, 4, 0.05);
    const auto [X, Y] = draw(model, 500, 1);
    const GradientPath path(X, Y);
    const TestRisk known = path.test_risk(population_moments(model));
    const double eta = 0.01 / path.largest_eigenvalue();
    CHECK(oracle_stop(known, eta, 10).status == StopStatus::limit_reached);
    CHECK(oracle_stop(known, eta, 10).steps == 10);
    CHECK(oracle_stop(known, eta, 1e6).status == StopStatus::interior);
    CHECK(oracle_stop(known, eta, 0).status == StopStatus::no_training);

    // Targets of the opposite sign: every step away from zero is harmful.
    const TestRisk hostile = GradientPath(-X, Y).test_risk(population_moments(model));
    CHECK(oracle_stop(hostile, eta, 1000).status == StopStatus::no_training);
    CHECK(oracle_stop(hostile, eta, 1000).steps == 0);

    const StoppingResult given = predicted_stop(known, eta, 123);
    CHECK(given.status == StopStatus::prescribed);
    check_close(given.risk, population_risk(model, path.weights(GradientDescent<double>{eta, 123})), 1e-10,
                0);
}

TEST_CASE("stopping: bad input") {
    const auto [X, Y] = draw(subspace_model(6, 2, 0.1), 5, 1);
    const GradientPath path(X, Y);
    const TestRisk known = path.test_risk(population_moments(subspace_model(6, 2, 0.1)));
    CHECK_THROWS_AS((void)oracle_stop(known, 0.1, -1), std::invalid_argument);
    CHECK_THROWS_AS((void)oracle_stop(known, 0.1, 2.5), std::invalid_argument);
    CHECK_THROWS_AS((void)oracle_stop(known, 0.1, std::nan("")), std::invalid_argument);
    CHECK_THROWS_AS((void)oracle_stop(known, 2.1 / path.largest_eigenvalue(), 10), std::invalid_argument);
    CHECK_THROWS_AS((void)predicted_stop(known, 0.1, -3), std::invalid_argument);
}
