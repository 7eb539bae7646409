#include "reconlaw/simulate/simulate_risk.hpp"

#include <algorithm>
#include <sstream>

#include "simulate/settings.hpp"
#include "support/check_close.hpp"

using namespace reconlaw;

namespace {
std::vector<SimulatedEstimator> every_estimator(double eta) {
    using namespace simulated;
    return {EarlyStopped{eta},
            GradientDescentAt{eta, 5},
            HeavyBallAt{eta, 0.5, 6},
            NesterovAt{eta, 6},
            Converged{},
            Pca{},
            OptimalRidge{},
            RidgeAt{0.2},
            FlowAt{4.0},
            FilterAt{[](double s) { return 1.0 / (1.0 + 3.0 * s * s); }, "rational"}};
}
}  // namespace

TEST_CASE("reduced and dense sampling agree in distribution, every estimator and shape") {
    // Difference of means over its standard error: 32 shapes x 10 estimators x 2 values, |z| < 4.5 for all
    // and mean square near 1. Seeds are fixed, so the outcome is too.
    double sum = 0, count = 0;
    for (const Setting& s : settings()) {
        const Eigen::Index N = s.training_size, n = s.model.dimension;
        // 0.6 of Nesterov's bound, the smallest of the three.
        const double edge = Companion(linear_problem(s.model), static_cast<double>(N)).right_edge();
        const auto estimators = every_estimator(std::min(0.2, 0.8 / edge));
        SimulationOptions options;
        options.max_steps = 100;
        options.monte_carlo.trials = 200;
        options.monte_carlo.seed = 11;
        const SimulationResult reduced = simulate_risk(s.model, {N}, estimators, options);
        options.sampler = Sampler::dense;
        options.monte_carlo.seed = 12;
        const SimulationResult dense = simulate_risk(s.model, {N}, estimators, options);
        REQUIRE(reduced.status == MonteCarloStatus::complete);
        REQUIRE(reduced.risks.size() == estimators.size());
        for (std::size_t e = 0; e < estimators.size(); ++e) {
            // Least squares has infinite variance (and for N = n, n + 1 an infinite mean) within 4 of N = n;
            // the iterations may diverge on draws with few pairs, whose largest eigenvalue has no bound.
            if (std::holds_alternative<simulated::Converged>(estimators[e]) && std::abs(N - n) <= 5) continue;
            const SimulatedRisk &a = reduced.risks[e], &b = dense.risks[e];
            CAPTURE(n);
            CAPTURE(s.model.signal_dimension);
            CAPTURE(N);
            CAPTURE(s.model.target_noise);
            CAPTURE(e);
            CAPTURE(a.mean);
            CAPTURE(b.mean);
            CAPTURE(a.training_loss);
            CAPTURE(b.training_loss);
            const double se = std::hypot(a.std_error, b.std_error);
            const double loss_se = std::hypot(a.training_loss_std_error, b.training_loss_std_error);
            check_close(a.mean, b.mean, 1e-9, 4.5 * se);
            check_close(a.training_loss, b.training_loss, 1e-9, 4.5 * loss_se + 1e-9 * b.mean);
            if (se > 1e-9 * b.mean) sum += std::pow((a.mean - b.mean) / se, 2), ++count;
        }
    }
    INFO("mean square of z: ", sum / count, " over ", count);
    CHECK(sum / count < 1.5);
    CHECK(sum / count > 0.6);
}

TEST_CASE("same seed, same numbers, whatever the threads and whatever else is simulated") {
    const SubspaceModel model{50, 5, 0.2, 0.1};
    const auto estimators = every_estimator(0.2);
    SimulationOptions options;
    options.monte_carlo.trials = 6;
    options.monte_carlo.threads = 1;
    for (const Sampler sampler : {Sampler::reduced, Sampler::dense}) {
        options.sampler = sampler;
        options.monte_carlo.threads = 1;
        const SimulationResult one = simulate_risk(model, {4, 30, 70}, estimators, options);
        options.monte_carlo.threads = 4;
        const SimulationResult four = simulate_risk(model, {4, 30, 70}, estimators, options);
        const SimulationResult alone = simulate_risk(model, {30}, {estimators[5]}, options);
        REQUIRE(one.risks.size() == 3 * estimators.size());
        for (std::size_t i = 0; i < one.risks.size(); ++i) {
            CHECK(one.risks[i].mean == four.risks[i].mean);
            CHECK(one.risks[i].std_error == four.risks[i].std_error);
            CHECK(one.risks[i].training_loss == four.risks[i].training_loss);
            CHECK(one.risks[i].mean_step == four.risks[i].mean_step);
        }
        const SimulatedRisk& pca = one.risks[estimators.size() + 5];
        CHECK(pca.training_size == 30);
        CHECK(pca.estimator == 5);
        CHECK(alone.risks[0].mean == pca.mean);
    }
}

TEST_CASE("exact references: least squares variance, noisy targets, limits of many samples") {
    SimulationOptions options;
    options.monte_carlo.trials = 2000;
    // Least squares for N >= n + 2: floor + training_noise n/(N - n - 1), exactly (inverse Wishart).
    for (const double target_noise : {0.0, 0.4}) {
        const SubspaceModel model{20, 4, 0.3, target_noise};
        const auto problem = linear_problem(model);
        const auto result = simulate_risk(model, {50}, {simulated::Converged{}}, options);
        const double expected = (problem.floor + problem.training_noise * 20.0 / 29.0) / 4.0;
        check_close(result.risks[0].mean, expected, 0.0, 4 * result.risks[0].std_error);
        // Training loss: training_noise (N - n)/N
        check_close(result.risks[0].training_loss, problem.training_noise * 30.0 / 50.0 / 4.0, 0.0,
                    4 * result.risks[0].training_loss_std_error);
    }
    // Risks fall to the floor, never below.
    const SubspaceModel model{30, 3, 0.2, 0.0};
    options.monte_carlo.trials = 20;
    const auto estimators = every_estimator(0.2);
    const auto result = simulate_risk(model, {200000}, estimators, options);
    const double floor = linear_problem(model).floor / 3;
    for (const std::size_t e : {0U, 4U, 5U, 6U}) {
        CAPTURE(e);
        CHECK(result.risks[e].mean >= floor);
        check_close(result.risks[e].mean, floor, 1e-3, 0.0);
    }
    CHECK(result.risks[0].mean_step > 0);
}

TEST_CASE("a general measurement model, dense") {
    MeasurementModel model;
    model.signal_factor = normal_matrix({1, 0, 0}, 90, 6, 4);
    model.forward = normal_matrix({1, 0, 0}, 91, 5, 6) / 2;
    model.noise_level = 0.4;
    model.normalization = 6;
    const auto problem = linear_problem(model);
    SimulationOptions options;
    options.sampler = Sampler::dense;
    options.monte_carlo.trials = 2000;
    const auto result =
        simulate_risk(model, {20}, {simulated::Converged{}, simulated::EarlyStopped{0.1}}, options);
    check_close(result.risks[0].mean, problem.floor * (1 + 5.0 / 14.0) / 6, 0.0,
                4 * result.risks[0].std_error);
    CHECK(result.risks[1].mean < result.risks[0].mean);
}

TEST_CASE("an interrupted simulation resumes to identical numbers") {
    const SubspaceModel model{30, 3, 0.2, 0.0};
    const std::vector<SimulatedEstimator> estimators{simulated::EarlyStopped{paper_step_sizes(model)},
                                                     simulated::Pca{}};
    SimulationOptions options;
    options.monte_carlo.trials = 10;
    const auto whole = simulate_risk(model, {5, 40}, estimators, options);
    std::stop_source stop;
    TrialTable finished(20);
    options.monte_carlo.threads = 1;
    options.monte_carlo.stop = stop.get_token();
    options.monte_carlo.on_trial = [&](std::size_t i, const TrialValues& values) {
        finished[i] = values;
        if (i == 6) stop.request_stop();
    };
    const auto part = simulate_risk(model, {5, 40}, estimators, options);
    CHECK(part.status == MonteCarloStatus::cancelled);
    REQUIRE(part.risks.size() == 2);  // one training size, begun
    CHECK(part.risks[0].trials == 7);
    options.monte_carlo = {.trials = 10, .finished = finished};
    const auto resumed = simulate_risk(model, {5, 40}, estimators, options);
    CHECK(resumed.status == MonteCarloStatus::complete);
    for (std::size_t i = 0; i < 4; ++i) {
        CHECK(resumed.risks[i].mean == whole.risks[i].mean);
        CHECK(resumed.risks[i].std_error == whole.risks[i].std_error);
    }
}

TEST_CASE("simulate_risk names what is wrong") {
    const SubspaceModel model{30, 3, 0.2, 0.0};
    using namespace simulated;
    const auto run = [&](SimulatedEstimator e, SimulationOptions o = {}, Eigen::Index N = 5) {
        return simulate_risk(model, {N}, {std::move(e)}, o).risks.size();
    };
    CHECK_THROWS_AS(run(Converged{}, {}, 0), std::invalid_argument);
    std::ostringstream bound;
    bound << 2.0 / Companion(linear_problem(model), 5.0).right_edge();
    CHECK_THROWS_WITH_AS(run(EarlyStopped{2.0}), doctest::Contains(bound.str().substr(0, 6).c_str()),
                         std::invalid_argument);
    CHECK_THROWS_AS(run(EarlyStopped{0.0}), std::invalid_argument);
    CHECK_THROWS_AS(run(GradientDescentAt{0.1, -1}), std::invalid_argument);
    CHECK_THROWS_AS(run(HeavyBallAt{0.1, 1.0, 3}), std::invalid_argument);
    CHECK_THROWS_AS(run(NesterovAt{1.5, 3}), std::invalid_argument);
    CHECK_THROWS_AS(run(RidgeAt{-1.0}), std::invalid_argument);
    CHECK_THROWS_AS(run(FlowAt{-1.0}), std::invalid_argument);
    CHECK_THROWS_AS(run(FilterAt{}), std::invalid_argument);
    SimulationOptions options;
    options.monte_carlo.trials = 0;
    CHECK_THROWS_AS(run(Converged{}, options), std::invalid_argument);
    options = {}, options.max_steps = -1;
    CHECK_THROWS_AS(run(Converged{}, options), std::invalid_argument);
    options = {}, options.target_probes = 0;
    CHECK_THROWS_AS(run(Converged{}, options), std::invalid_argument);
    const MeasurementModel dense = subspace_model(model);
    CHECK_THROWS_AS((void)simulate_risk(dense, {5}, {Converged{}}, {}), std::invalid_argument);
    options = {}, options.sampler = Sampler::dense;
    CHECK_THROWS_AS((void)simulate_risk(dense, {5}, {Pca{}}, options), std::invalid_argument);
}
