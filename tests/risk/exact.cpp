// Values known exactly, at any size.
#include <doctest/doctest.h>

#include <sstream>

#include "random_problem.hpp"
#include "reconlaw/problem/subspace.hpp"
#include "reconlaw/risk/predict.hpp"
#include "support/check_close.hpp"

using namespace reconlaw;

TEST_CASE("one gradient step: the corrected risk is exact for every N, the limit is not") {
    // W = eta X Y'/N and, for real Gaussian y, E[S Sigma S] = (1 + 1/N) Sigma^3 + Sigma tr(Sigma^2)/N.
    for (unsigned seed = 0; seed < 6; ++seed) {
        const auto p = random_problem(seed, 4);
        for (const double n : {1.0, 5.0, 80.0, 3000.0}) {
            const double eta = 0.7 / Companion(p, n).right_edge();
            const Eigen::ArrayXd l = p.eigenvalue, cw = p.multiplicity * p.weight;
            const double second = (p.multiplicity * l.square()).sum();
            const double bias =
                (cw * (l - 2 * eta * l.square() + eta * eta * ((1 + 1 / n) * l.cube() + l * second / n)))
                    .sum();
            const double variance = p.training_noise * eta * eta * second / n;
            // (1/N) E|W Y - X|^2: signal part tr B'B (1 - eta S)^2 S with E S^2 and E S^3, noise part tr (1 -
            // eta S)^2.
            const double trace = (p.multiplicity * l).sum();
            const Eigen::ArrayXd s2 = (1 + 1 / n) * l.square() + l * trace / n;
            const Eigen::ArrayXd s3 = l.cube() * (1 + 3 / n + 4 / (n * n)) +
                                      l.square() * trace * (2 / n + 2 / (n * n)) +
                                      l * (second * (1 / n + 1 / (n * n)) + trace * trace / (n * n));
            const double loss =
                (cw * (l - 2 * eta * s2 + eta * eta * s3)).sum() +
                p.training_noise / n * (n - 2 * eta * trace + eta * eta * (p.multiplicity * s2).sum());
            const GradientDescent<> one{eta, 1};
            const auto corrected = predict_risk(p, n, one, {Order::corrected, 1e-11});
            REQUIRE(corrected.ok());
            check_close(corrected.bias, bias, 1e-10, 0.0);
            check_close(corrected.variance, variance, 1e-10, 0.0);
            // 4 Sigma^3/N^2 of the third moment is of second order (traces count as N): beyond the
            // correction.
            const Eigen::ArrayXd beyond = 4 * l.cube() / (n * n);
            check_close(corrected.training_loss, loss - (cw * eta * eta * beyond).sum(), 1e-9, 0.0);
            const auto limit = predict_risk(p, n, one, {Order::limit, 1e-11});
            check_close(corrected.bias - limit.bias, (cw * l.cube()).sum() * eta * eta / n, 1e-7, 1e-12);
        }
    }
}

TEST_CASE("least squares: inverse Wishart mean, infinite next to N = p") {
    const auto p = subspace_problem(60.0, 7.0, 0.3);
    for (const double n : {62.0, 75.0, 400.0}) {
        const auto r = predict_risk(p, n, MinimumNorm{});
        CHECK(r.status == RiskStatus::converged);
        check_close(r.variance, p.floor * 60.0 / (n - 61.0), 1e-13, 0.0);
        check_close(r.bias, 0.0, 0.0, 1e-15);
        check_close(r.training_loss, p.floor * (1.0 - 60.0 / n), 1e-13, 0.0);
    }
    for (const double n : {59.0, 60.0, 61.0}) {
        const auto r = predict_risk(p, n, MinimumNorm{});
        CHECK(r.status == RiskStatus::infinite);
        CHECK(std::isinf(r.total()));
    }
}

TEST_CASE("least squares close to N = p: quick, and honest about its digits") {
    const auto p = subspace_problem(1000.0, 10.0, 0.1);
    for (const double n : {990.0, 997.0, 998.0, 1002.0}) {
        const auto r = predict_risk(p, n, MinimumNorm{});
        CAPTURE(n);
        CAPTURE(r.error);
        CHECK(r.nodes <= 2 * 3000);
        CHECK(r.error < 1e-6);
        CHECK((r.status == RiskStatus::converged) == (r.error <= 1e-9));
    }
}

TEST_CASE("the correction of one resolvent reproduces the next term of the inverse Wishart mean") {
    // p/(N - p - 1) = p/(N - p) + p/(N - p)^2 + ..., by the variance contour of least squares.
    const auto p = random_problem(3, 4);
    const double dimension = p.dimension();
    for (const double n : {1.5 * dimension, 4.0 * dimension}) {
        const Companion companion(p, n);
        const detail::ContourPair pair{
            detail::interval_contour(companion.left_edge(), companion.right_edge(), 1.0, 1.0, 120),
            detail::interval_contour(companion.left_edge(), companion.right_edge(), 0.6, 0.7, 120)};
        auto variance = [&](Order order) {
            const detail::ContourTable<double> table(p, n, companion, pair, order, false);
            return table.variance(table.zeros()).value / p.training_noise;
        };
        check_close(variance(Order::limit), dimension / (n - dimension), 1e-10, 0.0);
        check_close(variance(Order::corrected) - variance(Order::limit),
                    dimension / std::pow(n - dimension, 2), 1e-8, 0.0);
    }
}

TEST_CASE("limits of the filters") {
    const auto p = random_problem(2, 3);
    const double n = 25, eta = 1.0 / Companion(p, n).right_edge();
    const double nothing = p.floor + (p.multiplicity * p.weight * p.eigenvalue).sum();
    check_close(predict_risk(p, n, GradientDescent<>{eta, 0}).total(), nothing, 1e-9, 0.0);
    check_close(predict_risk(p, n, Ridge<>{1e8}).total(), nothing, 1e-6,
                0.0);  // first order in 1e-8 * eigenvalues
    const double converged = predict_risk(p, n, MinimumNorm{}).total();
    check_close(predict_risk(p, n, GradientDescent<>{eta, 1e6}).total(), converged, 1e-8, 0.0);
    check_close(predict_risk(p, n, GradientFlow<>{1e6}).total(), converged, 1e-8, 0.0);
    // Ridge of tiny lambda: first order in lambda/left edge, and a kernel that loses digits near zero but
    // says so.
    for (const double lambda : {1e-5, 1e-7, 1e-9}) {
        const auto ridge = predict_risk(p, n, Ridge<>{lambda});
        CAPTURE(lambda);
        check_close(ridge.total(), converged, 10 * lambda + ridge.error, 0.0);
        CHECK((ridge.status == RiskStatus::converged) == (ridge.error <= 1e-9));
    }
    check_close(predict_risk(p, n, GradientFlow<>{10 * eta}).total(),
                predict_risk(p, n, GradientDescent<>{eta * 1e-5, 1e6}).total(), 1e-4,
                0.0);  // first order in the step
    // Many samples: the Wiener filter.
    check_close(predict_risk(p, 1e9, MinimumNorm{}).total(), p.floor, 1e-6, 0.0);
    check_close(predict_risk(p, 1e9, MinimumNorm{}).training_loss, p.training_noise, 1e-6, 0.0);
}

TEST_CASE("scale equivariance: y -> a y leaves the risk unchanged when steps scale along") {
    auto p = random_problem(5, 4);
    const double n = 30, a = 7.3, eta = 0.9 / Companion(p, n).right_edge();
    const auto r = predict_risk(p, n, GradientDescent<>{eta, 40});
    p.eigenvalue *= a * a, p.weight /= a * a;
    const auto scaled = predict_risk(p, n, GradientDescent<>{eta / (a * a), 40});
    check_close(scaled.total(), r.total(), 1e-10, 0.0);
    check_close(scaled.training_loss, r.training_loss, 1e-10, 0.0);
}

TEST_CASE("splitting a group of equal eigenvalues changes nothing") {
    const auto p = subspace_problem(40.0, 8.0, 0.3);
    LinearGaussianProblem<double> q = p;
    q.eigenvalue.resize(4), q.multiplicity.resize(4), q.weight.resize(4);
    q.eigenvalue << p.eigenvalue[0], p.eigenvalue[0], p.eigenvalue[1], p.eigenvalue[1];
    q.multiplicity << 3, 5, 12, 20;
    q.weight << p.weight[0], p.weight[0], 0, 0;
    for (const double n : {12.0, 90.0})
        check_close(predict_risk(q, n, GradientDescent<>{0.2, 30}).total(),
                    predict_risk(p, n, GradientDescent<>{0.2, 30}).total(), 1e-11, 0.0);
}

TEST_CASE("the double integral's kernel is symmetric in its two arguments, correction included") {
    const auto p = random_problem(4, 5);
    const double n = 35;
    const Companion companion(p, n);
    const GradientDescent<> gd{1.0 / companion.right_edge(), 50};
    const auto a = detail::wedge_contour(companion.right_edge(), gd.geometry(), 1.0, 80);
    const auto b = detail::wedge_contour(companion.right_edge(), gd.geometry(), 0.7, 80);
    const detail::ContourTable<double> forward(p, n, companion, {a, b}, Order::corrected);
    const detail::ContourTable<double> backward(p, n, companion, {b, a}, Order::corrected);
    check_close(forward.bias(forward.sample(gd)), backward.bias(backward.sample(gd)), 1e-10, 0.0);
}

TEST_CASE("noisy targets raise the variance, not the floor") {
    const auto clean = subspace_problem(50.0, 5.0, 0.2);
    const auto noisy = with_noisy_targets(clean, 0.1, 50.0);
    const GradientDescent<> gd{0.2, 25};
    const auto a = predict_risk(clean, 60.0, gd), b = predict_risk(noisy, 60.0, gd);
    check_close(b.floor, a.floor, 0.0, 0.0);
    check_close(b.bias, a.bias, 1e-12, 0.0);
    check_close(b.variance / a.variance, 1.0 + 50.0 * 0.01 / clean.floor, 1e-10, 0.0);
}

TEST_CASE("bad input names the value and the bound") {
    const auto p = subspace_problem(100.0, 10.0, 0.1);
    CHECK_THROWS_AS((void)predict_risk(p, 0.0, MinimumNorm{}), std::invalid_argument);
    CHECK_THROWS_AS((void)predict_risk(p, -5.0, GradientDescent<>{0.1, 3}), std::invalid_argument);
    CHECK_THROWS_AS((void)predict_risk(p, std::nan(""), GradientDescent<>{0.1, 3}), std::invalid_argument);
    CHECK_THROWS_WITH_AS((void)predict_risk(p, 5.0, GradientDescent<>{0.1, -3}),
                         doctest::Contains("steps = -3"), std::invalid_argument);
    CHECK_THROWS_WITH_AS((void)predict_risk(p, 5.0, GradientDescent<>{-0.1, 3}),
                         doctest::Contains("step_size = -0.1"), std::invalid_argument);
    CHECK_THROWS_WITH_AS((void)predict_risk(p, 5.0, GradientFlow<>{-1}), doctest::Contains("time = -1"),
                         std::invalid_argument);
    CHECK_THROWS_WITH_AS((void)predict_risk(p, 5.0, HeavyBall<>{0.1, 1.5, 50}),
                         doctest::Contains("momentum = 1.5"), std::invalid_argument);
    CHECK_THROWS_WITH_AS((void)predict_risk(p, 5.0, Nesterov<>{0.1, -1}), doctest::Contains("steps = -1"),
                         std::invalid_argument);
    CHECK_THROWS_AS((void)predict_risk(p, 5.0, Ridge<>{0.0}), std::invalid_argument);
    CHECK_THROWS_AS((void)predict_risk(p, 5.0, MinimumNorm{}, {Order::corrected, -1.0}),
                    std::invalid_argument);
    CHECK_THROWS_AS((void)predict_risk(p, 5.0, MinimumNorm{}, {Order::corrected, 1e-9, 0}),
                    std::invalid_argument);
    const double bound = 2.0 / Companion(p, 50.0).right_edge();
    CHECK(predict_risk(p, 50.0, GradientDescent<>{0.999 * bound, 20}).ok());
    try {
        (void)predict_risk(p, 50.0, GradientDescent<>{1.001 * bound, 20});
        FAIL("a diverging step size was accepted");
    } catch (const std::invalid_argument& e) {
        CAPTURE(std::string(e.what()));
        std::ostringstream shown;
        shown << bound;
        CHECK(std::string(e.what()).find("below " + shown.str().substr(0, 5)) != std::string::npos);
    }
    auto broken = p;
    broken.eigenvalue[1] = -1;
    CHECK_THROWS_WITH_AS((void)predict_risk(broken, 5.0, MinimumNorm{}), doctest::Contains("eigenvalue[1]"),
                         std::invalid_argument);
}
