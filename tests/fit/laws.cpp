#include "reconlaw/fit/laws.hpp"

#include <doctest/doctest.h>

#include <cmath>
#include <limits>
#include <stdexcept>

#include "fit/example_laws.hpp"
#include "support/check_close.hpp"

using namespace reconlaw::fit;
using reconlaw::fit::examples::typical;

namespace {

double value(const char* law, const Eigen::VectorXd& p, double size) {
    return law_named(law).evaluate(p.data(), size, nullptr);
}

/// A law as a user would write it: a power law whose floor is known.
struct KnownFloor {
    static constexpr std::string_view name = "known-floor", formula = "0.1 + beta N^-alpha", source = "test";
    static constexpr std::array parameters{parameter::amplitude, parameter::exponent};
    template <class T>
    static T value(const T* p, double size) {
        using std::exp;
        return 0.1 + p[0] * exp(-p[1] * std::log(size));
    }
    static void rescale(double*, double, double) {}
    static std::vector<Eigen::VectorXd> starts(const LearningCurve&) {
        return {Eigen::Vector2d(1, 0.3), Eigen::Vector2d(1, 1)};
    }
};
static_assert(LawForm<KnownFloor>);

}  // namespace

TEST_CASE("every law: described, with a gradient that matches differences") {
    REQUIRE(all_laws().size() == 11);
    for (const Law& law : all_laws()) {
        CAPTURE(law.name);
        CHECK(!law.formula.empty());
        CHECK(!law.source.empty());
        CHECK(&law_named(law.name) == &law);
        const Eigen::VectorXd p = typical(law);
        REQUIRE(p.size() == law.dimension());
        for (Eigen::Index j = 0; j < p.size(); ++j) {
            const Parameter& description = law.parameters[static_cast<std::size_t>(j)];
            CHECK(!description.meaning.empty());
            CHECK(p[j] >= description.lower);
            CHECK(p[j] <= description.upper);
        }
        for (const double N : {13.0, 700.0, 2.5e4, 9e5}) {
            CAPTURE(N);
            Eigen::VectorXd gradient(p.size());
            const double L = law.evaluate(p.data(), N, gradient.data());
            CHECK(L > 0);
            check_close(law.evaluate(p.data(), N, nullptr), L, 1e-14, 0);
            for (Eigen::Index j = 0; j < p.size(); ++j) {
                CAPTURE(j);
                // central differences: error of order step^2 times the third derivative, plus 1e-16/step
                const double step = 1e-5 * std::abs(p[j]);
                Eigen::VectorXd up = p, down = p;
                up[j] += step, down[j] -= step;
                const double difference =
                    (law.evaluate(up.data(), N, nullptr) - law.evaluate(down.data(), N, nullptr)) /
                    (up[j] - down[j]);
                check_close(gradient[j] * p[j], difference * p[j], 1e-7, 1e-9 * L);
            }
        }
    }
}

TEST_CASE("every law: the same curve in other units") {
    for (const Law& law : all_laws()) {
        CAPTURE(law.name);
        const double size_unit = 250, loss_unit = 0.03;
        const Eigen::VectorXd p = typical(law);
        Eigen::VectorXd q = p;
        law.rescale(q.data(), size_unit, loss_unit);
        for (const double N : {13.0, 700.0, 2.5e4, 9e5}) {
            CAPTURE(N);
            check_close(law.evaluate(q.data(), N * size_unit, nullptr),
                        loss_unit * law.evaluate(p.data(), N, nullptr), 1e-12, 0);
        }
        law.rescale(q.data(), 1 / size_unit, 1 / loss_unit);
        for (Eigen::Index j = 0; j < p.size(); ++j) check_close(q[j], p[j], 1e-12, 0);
    }
}

TEST_CASE("every law: starts lie inside the bounds and give finite losses") {
    for (const Law& law : all_laws()) {
        CAPTURE(law.name);
        const LearningCurve curve = examples::exact_curve(law, typical(law), 16);
        const auto starts = law.starts(curve);
        REQUIRE(!starts.empty());
        for (const Eigen::VectorXd& p : starts) {
            REQUIRE(p.size() == law.dimension());
            CHECK(law.values(p, curve.size).allFinite());
            for (Eigen::Index j = 0; j < p.size(); ++j) {
                CHECK(p[j] >= law.parameters[static_cast<std::size_t>(j)].lower);
                CHECK(p[j] <= law.parameters[static_cast<std::size_t>(j)].upper);
            }
        }
    }
}

TEST_CASE("saturating law: the implicit equation holds") {
    for (const double gamma : {0.02, 0.3, 1.0, 2.5, 10.0})
        for (const double alpha : {0.1, 0.7, 2.0})
            for (const double N : {0.01, 1.0, 30.0, 1e4, 1e8}) {
                CAPTURE(gamma);
                CAPTURE(alpha);
                CAPTURE(N);
                const double E = 0.2, beta = 3, R = 1.5;
                const double L =
                    value("saturating", (Eigen::VectorXd(5) << E, beta, alpha, R, gamma).finished(), N);
                CHECK(L >= E);
                CHECK(L <= E + R);
                const double excess = L - E;
                if (excess < 1e-9 || E + R - L < 1e-9) continue;  // rounded away in L
                // a relative error of 1e-16 in L is one of 1e-16 L/(L - E) in the logarithms
                const double rounding = 1e-15 * L * (1 / excess + gamma / (E + R - L));
                check_close(std::log(excess) - gamma * std::log1p(-excess / R),
                            std::log(beta) - alpha * std::log(N), 1e-13, 1e-13 + rounding);
            }
}

TEST_CASE("saturating law: limits") {
    const auto law = [](double gamma, double R, double N) {
        return value("saturating", (Eigen::VectorXd(5) << 0.2, 3, 0.5, R, gamma).finished(), N);
    };
    const Eigen::Vector3d floor(0.2, 3, 0.5);
    for (const double N : {20.0, 1e3, 1e6}) {
        // first order in gamma and in 1/R
        const double tail = 3 * std::pow(N, -0.5);
        check_close(law(1e-7, 5, N), value("floor", floor, N), 1e-6, 0);
        check_close(law(2, 1e12, N), value("floor", floor, N), 1e-11, 0);
        check_close(law(1, 2, N), 0.2 + tail / (1 + tail / 2), 1e-14, 0);  // gamma = 1: a Hill curve
    }
    check_close(law(1, 2, 1e-12), 2.2, 1e-5, 0);
}

TEST_CASE("laws contain each other") {
    for (const double N : {12.0, 3e3, 8e5}) {
        const double power = value("power", Eigen::Vector2d(3, 0.5), N);
        check_close(power, 3 / std::sqrt(N), 1e-14, 0);
        check_close(value("floor", Eigen::Vector3d(0.2, 3, 0.5), N), 0.2 + power, 1e-14, 0);
        check_close(value("shifted", Eigen::Vector4d(0.2, 3, 0.5, 0), N), 0.2 + power, 1e-14, 0);
        check_close(value("shifted", Eigen::Vector4d(0.2, 3, 0.5, 50), N), 0.2 + 3 / std::sqrt(N + 50), 1e-14,
                    0);
        const Eigen::VectorXd broken = (Eigen::VectorXd(6) << 0.2, 3, 0.5, 0, 400, 0.3).finished();
        check_close(value("broken-1", broken, N), 0.2 + power, 1e-14, 0);
        check_close(value("piecewise-1", Eigen::Vector4d(3, 0.5, 0, 400), N), power, 1e-14, 0);
        check_close(value("exponential", Eigen::Vector3d(0.2, 3, 1e4), N), 0.2 + 3 * std::exp(-N / 1e4),
                    1e-14, 0);
        check_close(value("logarithmic", Eigen::Vector2d(2, 0.1), N), 2 - 0.1 * std::log(N), 1e-14, 0);
        // a narrow break is a kink
        const Eigen::VectorXd narrow = (Eigen::VectorXd(6) << 0, 3, 0.1, 0.4, 400, 1e-3).finished();
        check_close(value("broken-1", narrow, N), value("piecewise-1", Eigen::Vector4d(3, 0.1, 0.4, 400), N),
                    1e-12, 0);
    }
    // log(L) at the break of width f lies c f log(2) below the kink
    const Eigen::VectorXd wide = (Eigen::VectorXd(6) << 0, 3, 0.1, 0.4, 400, 0.5).finished();
    check_close(value("broken-1", wide, 400), 3 * std::pow(400, -0.1) * std::pow(2, -0.4 * 0.5), 1e-13, 0);
}

TEST_CASE("a law of one's own") {
    Law law = make_law<KnownFloor>();
    law.rescale = nullptr;  // its floor has a unit: nothing may be rescaled
    CHECK(law.name == "known-floor");
    REQUIRE(law.dimension() == 2);
    const Eigen::Vector2d truth(2, 0.6);
    Eigen::Vector2d gradient;
    check_close(law.evaluate(truth.data(), 100, gradient.data()), 0.1 + 2 * std::pow(100, -0.6), 1e-14, 0);
    check_close(gradient[0], std::pow(100, -0.6), 1e-14, 0);
    check_close(gradient[1], -2 * std::pow(100, -0.6) * std::log(100), 1e-14, 0);
    const LawFit fit = fit_law(law, examples::exact_curve(law, truth, 12));
    // its floor does not change with the unit of the loss: rescale does nothing, and the fit runs in scaled
    // units
    CHECK(fit.status == FitStatus::converged);
}

TEST_CASE("an unknown law: those that exist are listed") {
    try {
        (void)law_named("powerlaw");
        FAIL("no exception");
    } catch (const std::invalid_argument& error) {
        CHECK(std::string(error.what()) ==
              "law 'powerlaw' is unknown: one of power, floor, shifted, saturating, broken-1, broken-2, "
              "broken-3, "
              "piecewise-1, piecewise-2, exponential, logarithmic");
    }
}
