// The two independent evaluation routes agree wherever both apply.
#include <doctest/doctest.h>

#include "random_problem.hpp"
#include "reconlaw/problem/subspace.hpp"
#include "reconlaw/risk/predict.hpp"
#include "support/check_close.hpp"

using namespace reconlaw;

namespace {

/// The real-line route with nodes doubled until it says it converged.
template <class F>
Risk<double> on_real_line(const LinearGaussianProblem<double>& p, double n, const F& filter,
                          double tolerance) {
    Risk<double> r;
    for (int nodes = 100; nodes <= 1600; nodes *= 2) {
        r = RealLine(p, n, nodes).risk(filter, tolerance);
        if (r.ok()) break;
    }
    return r;
}

template <class F>
void compare(const LinearGaussianProblem<double>& p, double n, const F& filter) {
    const auto contour = predict_risk(p, n, filter, {Order::limit, 1e-10});
    const auto line = on_real_line(p, n, filter, 1e-9);
    REQUIRE(contour.ok());
    REQUIRE(line.ok());
    check_close(line.total(), contour.total(), 1e-8, 0.0);
    check_close(line.variance, contour.variance, 1e-8, 1e-9 * contour.total());
    check_close(line.bias, contour.bias, 1e-8, 1e-9 * contour.total());
    check_close(line.training_loss, contour.training_loss, 1e-8, 1e-10 * contour.total());
}

}  // namespace

TEST_CASE("contour and real line agree on random problems for every smooth filter") {
    for (unsigned seed = 0; seed < 8; ++seed) {
        const auto p = random_problem(seed, 1 + static_cast<int>(seed % 6));
        const double dimension = p.dimension();
        for (const double ratio : {0.15, 0.5, 2.3, 12.0}) {
            const double n = std::max(2.0, std::round(dimension * ratio));
            CAPTURE(seed);
            CAPTURE(n);
            CAPTURE(dimension);
            const double eta = 1.2 / Companion(p, n).right_edge();
            compare(p, n, GradientDescent<>{eta, 0});
            compare(p, n, GradientDescent<>{eta, 7});
            compare(p, n, GradientDescent<>{eta, 200});
            compare(p, n, GradientFlow<>{30.0 * eta});
            compare(p, n, Ridge<>{0.03});
            compare(p, n, HeavyBall<>{eta, 0.6, 25});
            compare(p, n, Nesterov<>{0.8 * eta, 20});
            compare(p, n, MinimumNorm{});
        }
    }
}

TEST_CASE("long paths on many eigenvalues: the number of nodes adapts") {
    LinearGaussianProblem<double> p;
    const Eigen::Index n = 300;
    p.eigenvalue = Eigen::ArrayXd::LinSpaced(n, 0, 1).unaryExpr(
        [](double x) { return std::pow(10.0, 1.0 - 4.0 * x) + 0.01; });
    p.multiplicity = Eigen::ArrayXd::Ones(n);
    p.weight = ((p.eigenvalue - 0.01) / p.eigenvalue).square();
    p.floor = p.training_noise = (0.01 * (p.eigenvalue - 0.01) / p.eigenvalue).sum();
    for (const double samples : {40.0, 900.0})
        for (const double steps : {10.0, 1e3, 1e5}) {
            CAPTURE(samples);
            CAPTURE(steps);
            compare(p, samples, GradientDescent<>{1.0 / Companion(p, samples).right_edge(), steps});
        }
}

TEST_CASE(
    "principal-component regression: contours through a gap against the real line, and cuts inside the "
    "support") {
    const auto p = subspace_problem(100.0, 10.0, 0.05);
    for (const double n : {44.0, 256.0}) {
        const PrincipalComponentRegression in_gap{0.05};
        const auto contour = predict_risk(p, n, in_gap, {Order::limit, 1e-10});
        REQUIRE(contour.status == RiskStatus::converged);
        const auto line = RealLine(p, n, 400, 0.05).risk(in_gap, 1e-9);
        REQUIRE(line.ok());
        check_close(line.total(), contour.total(), 1e-8, 0.0);
        check_close(line.training_loss, contour.training_loss, 1e-8, 0.0);

        const auto inside = predict_risk(p, n, PrincipalComponentRegression{1.0});
        CHECK(inside.status == RiskStatus::limit_only);
        CHECK(inside.total() > contour.total());
        CHECK(inside.total() < 10.0 / 1.0025);  // W = 0
        // Above the spectrum nothing is learned; below it, everything.
        const auto nothing = predict_risk(p, n, PrincipalComponentRegression{50.0});
        check_close(nothing.total(), p.floor + 10.0 / 1.0025, 1e-12, 0.0);
    }
    const auto all = predict_risk(p, 14.0, PrincipalComponentRegression{1e-9}, {Order::limit});
    check_close(all.total(), predict_risk(p, 14.0, MinimumNorm{}, {Order::limit}).total(), 1e-9, 0.0);
}

TEST_CASE("the companion transform solves its equation, and the support has the right mass") {
    for (unsigned seed = 0; seed < 6; ++seed) {
        const auto p = random_problem(seed, 3);
        for (const double n : {7.0, 40.0, 500.0}) {
            const Companion companion(p, n);
            bool converged = true;
            for (const double re : {-2.0, 0.3, 1.7})
                for (const double im : {1e-3, 0.5}) {
                    const detail::Complex<double> z(re, im);
                    const auto m = companion.solve(z, detail::Complex<double>(0.1, 1.0), converged);
                    const auto back = detail::Complex<double>(-1.0) / m + companion.pull(m);
                    CHECK(converged);
                    CHECK(m.im > 0);
                    CHECK(detail::magnitude(back - z) < 1e-12 * (1.0 + detail::magnitude(z)));
                }
            const RealLine line(p, n, 400);
            for (Eigen::Index i = 0; i < p.size(); ++i) {
                check_close(line.integrate(i, [](double) { return 1.0; }), 1.0, 0.0, 1e-8);
                check_close(line.integrate(i, [](double s) { return s; }), p.eigenvalue[i], 1e-8, 0.0);
            }
        }
    }
}

TEST_CASE("a tolerance out of reach is reported, never hidden") {
    const auto p = subspace_problem(100.0, 10.0, 0.05);
    const auto r = predict_risk(p, 12.0, GradientDescent<>{0.1, 3000}, {Order::corrected, 1e-12, 20});
    CHECK(r.status == RiskStatus::not_converged);
    CHECK(r.error > 1e-12);
    CHECK(RealLine(p, 14.0, 10).risk(GradientDescent<>{0.1, 300}).status == RiskStatus::not_converged);
}

namespace {
/// Ridge applied four times; the reach is the caller's claim.
struct IteratedRidge {
    double lambda, reach;
    template <class S>
    S residual(const S& s) const {
        const S once = S(lambda) / (s + S(lambda)), twice = once * once;
        return twice * twice;
    }
    FilterGeometry geometry() const { return {FilterGeometry::Kind::wedge, reach}; }
};
}  // namespace

TEST_CASE(
    "a user's filter: right with an honest reach, not converged when the contour would enclose its pole") {
    const auto p = random_problem(3, 4);
    for (const double n : {20.0, 400.0}) {
        compare(p, n, IteratedRidge{0.25, 0.1});
        for (const double reach : {3.0, 12.0})
            CHECK(predict_risk(p, n, IteratedRidge{0.25, reach}, {Order::corrected, 1e-9, 200}).status ==
                  RiskStatus::not_converged);
    }
}
