#include "reconlaw/risk/stopping.hpp"

#include <doctest/doctest.h>

#include "random_problem.hpp"
#include "reconlaw/problem/subspace.hpp"
#include "reconlaw/risk/expansions.hpp"
#include "support/check_close.hpp"

using namespace reconlaw;

TEST_CASE("optimal stopping equals the brute-force minimum over every step") {
    const auto p = subspace_problem(100.0, 10.0, 0.1);
    for (const double n : {16.0, 44.0, 256.0}) {
        const double eta = paper_step_size(100, 10, 0.1, n);
        const long last = 1200;
        const auto best = optimal_stopping(p, n, eta, last);
        RiskPath<> path(p, n, GradientDescent<>{eta, double(last)}.geometry());
        double lowest = 1e9;
        long k = 0;
        for (long j = 0; j <= last; ++j)
            if (const double v = path(GradientDescent<>{eta, double(j)}).total(); v < lowest)
                lowest = v, k = j;
        // Ties within twice the tolerance go to the smaller k.
        check_close(best.risk.total(), lowest, 2e-9, 0.0);
        CHECK(best.parameter <= k);
        CHECK(best.parameter >= 0.99 * double(k));
        CHECK_FALSE(best.at_limit);
    }
}

TEST_CASE("a limit on the steps is reported") {
    const auto best = optimal_stopping(subspace_problem(100.0, 10.0, 0.05), 30.0, 0.05, 20);
    CHECK(best.parameter == 20);
    CHECK(best.at_limit);
    CHECK_THROWS_AS((void)optimal_stopping(subspace_problem(100.0, 10.0, 0.05), 30.0, 0.05, 0),
                    std::invalid_argument);
}

TEST_CASE("optimal ridge is stationary and beats its neighbours") {
    const auto p = random_problem(1, 3);
    const auto best = optimal_ridge(p, 20.0);
    CHECK_FALSE(best.at_limit);
    for (const double factor : {0.5, 0.9, 1.1, 2.0})
        CHECK(predict_risk(p, 20.0, Ridge<>{factor * best.parameter}).total() > best.risk.total());
    // Isotropic limit: lambda* = training noise p/(N sum c w lambda) lambda is known; one eigenvalue, all
    // signal.
    LinearGaussianProblem<double> one;
    one.eigenvalue.resize(1), one.multiplicity.resize(1), one.weight.resize(1);
    one.eigenvalue << 1.0, one.multiplicity << 50, one.weight << 0.5;
    one.floor = one.training_noise = 3.0;
    const auto r = optimal_ridge(one, 70.0, {Order::limit});
    check_close(r.parameter, 50.0 * 3.0 / (70.0 * 25.0), 1e-4, 0.0);  // Brent stops at half the digits
}

TEST_CASE("large-N expansions: excess of early stopping and of least squares") {
    // Measured in docs/accuracy.md: the first is within 3 % at N = 4096 for n = 100, the second has error (p
    // + 1)/N.
    const auto p = subspace_problem(100.0, 10.0, 0.05);
    const double n = 4096;
    const auto best = optimal_stopping(p, n, paper_step_size(100, 10, 0.05, n));
    check_close(best.risk.total() - p.floor, early_stopping_excess(100.0, 10.0, 0.05, n), 0.03, 0.0);
    const auto ls = predict_risk(p, n, MinimumNorm{});
    check_close(ls.total() - p.floor, least_squares_excess(p, n), 1.1 * 101 / n, 0.0);
}

TEST_CASE("a path shares its nodes and gives the values of single predictions") {
    const auto p = random_problem(6, 4);
    const double eta = 1.0 / Companion(p, 33.0).right_edge();
    RiskPath<> path(p, 33.0, GradientDescent<>{eta, 1e4}.geometry());
    for (const double k : {0.0, 1.0, 10.0, 333.0, 1e4}) {
        const auto a = path(GradientDescent<>{eta, k}), b = predict_risk(p, 33.0, GradientDescent<>{eta, k});
        REQUIRE(a.ok());
        check_close(a.total(), b.total(), 2e-9, 0.0);
        check_close(a.training_loss, b.training_loss, 2e-9, 1e-11);
    }
    CHECK_THROWS_AS((void)path(GradientDescent<>{eta, 1e5}), std::invalid_argument);
}
