#include "reconlaw/fit/joint.hpp"

#include <doctest/doctest.h>

#include <array>
#include <cmath>
#include <stdexcept>

#include "joint_tables.hpp"
#include "support/check_close.hpp"

using namespace reconlaw;
using namespace reconlaw::fit;
using joint_tables::grid;

namespace {
const std::vector<double> sizes{100, 300, 1000, 3000, 10000}, networks{16, 32, 64, 128};

Eigen::VectorXd vector(std::initializer_list<double> values) {
    Eigen::VectorXd v(static_cast<Eigen::Index>(values.size()));
    std::copy(values.begin(), values.end(), v.begin());
    return v;
}

/// A law of all_joint_laws() with parameters of the kind that reconstruction networks show.
struct Truth {
    const char* law;
    Eigen::VectorXd parameters;
};
const std::array<Truth, 3> truths{Truth{"additive", vector({0.02, 3, 0.5, 0.3, 0.4})},
                                  Truth{"interacting", vector({1.0, 0.3, 0.4, 0.25})},
                                  Truth{"interacting-floor", vector({0.01, 2, 0.5, 0.1, 0.3})}};

JointCurve table_of(const Truth& truth, double noise, std::uint32_t trial) {
    const JointLaw& law = joint_law_named(truth.law);
    return grid([&](double n, double p) { return law.evaluate(truth.parameters.data(), n, p, nullptr); },
                sizes, networks, noise, trial);
}
}  // namespace

TEST_CASE("joint laws: gradients are the derivatives, rescaling is a change of units") {
    for (const Truth& truth : truths) {
        CAPTURE(truth.law);
        const JointLaw& law = joint_law_named(truth.law);
        for (const auto& [n, p] : {std::pair{50.0, 8.0}, std::pair{1e4, 500.0}}) {
            Eigen::VectorXd gradient(law.dimension());
            const double value = law.evaluate(truth.parameters.data(), n, p, gradient.data());
            check_close(value, law.evaluate(truth.parameters.data(), n, p, nullptr), 1e-14, 0.0);
            for (Eigen::Index j = 0; j < law.dimension(); ++j) {
                Eigen::VectorXd up = truth.parameters, down = up;
                const double h = 1e-6 * up[j];
                up[j] += h, down[j] -= h;
                const double slope =
                    (law.evaluate(up.data(), n, p, nullptr) - law.evaluate(down.data(), n, p, nullptr)) /
                    (2 * h);
                check_close(gradient[j], slope, 1e-6, 1e-9 * value / truth.parameters[j]);
            }
            Eigen::VectorXd scaled = truth.parameters;  // of N, P, L; before: of N/10, P/3, L/7
            law.rescale(scaled.data(), 10, 3, 7);
            check_close(law.evaluate(scaled.data(), 10 * n, 3 * p, nullptr), 7 * value, 1e-12, 0.0);
        }
    }
}

TEST_CASE("joint laws: limits of the formulas") {
    const JointLaw& additive = joint_law_named("additive");
    const Eigen::VectorXd& a = truths[0].parameters;
    check_close(additive.evaluate(a.data(), 1e30, 1e60, nullptr), 0.02, 1e-9, 0.0);
    check_close(additive.evaluate(a.data(), 400, 1e60, nullptr), 0.02 + 3 / 20.0, 1e-9, 0.0);
    // the interacting form tends to the slower power law, and is Kaplan's with N0 = A^(1/alpha), P0 =
    // B^(1/beta)
    const JointLaw& interacting = joint_law_named("interacting");
    const Eigen::VectorXd& k = truths[1].parameters;
    check_close(interacting.evaluate(k.data(), 1e40, 100, nullptr), 0.4 * std::pow(100, -0.25), 1e-9, 0.0);
    check_close(interacting.evaluate(k.data(), 100, 1e60, nullptr), std::pow(100, -0.3), 1e-9, 0.0);
    const double p0 = std::pow(0.4, 1 / 0.25);
    check_close(interacting.evaluate(k.data(), 300, 50, nullptr),
                std::pow(std::pow(p0 / 50, 0.25 / 0.3) + 1.0 / 300, 0.3), 1e-12, 0.0);
}

TEST_CASE("fit_joint: exact tables give the law back, in any units") {
    for (const Truth& truth : truths) {
        CAPTURE(truth.law);
        const JointCurve curve = table_of(truth, 0, 0);
        const JointFit fit = fit_joint(joint_law_named(truth.law), curve);
        REQUIRE(fit.status == FitStatus::converged);
        CHECK(fit.rank == fit.law.dimension());
        for (Eigen::Index j = 0; j < fit.law.dimension(); ++j)
            check_close(fit.parameters[j], truth.parameters[j], 1e-4, 0.0);
        const JointCurve other{curve.size * 1e3, curve.network * 1e6, curve.loss * 1e-4};
        const JointFit again = fit_joint(joint_law_named(truth.law), other);
        check_close(again(1e3 * 5000, 1e6 * 40), 1e-4 * fit(5000, 40), 1e-6, 0.0);
    }
}

TEST_CASE("fit_joint: noisy tables, every basin in order, covariance and profile of the natural parameters") {
    for (const Truth& truth : truths) {
        CAPTURE(truth.law);
        const JointFit fit = fit_joint(joint_law_named(truth.law), table_of(truth, 0.015, 1));
        REQUIRE(fit.status == FitStatus::converged);
        REQUIRE(!fit.basins.empty());
        for (std::size_t i = 1; i < fit.basins.size(); ++i)
            CHECK(fit.basins[i].cost >= fit.basins[i - 1].cost);
        check_close(fit.noise, 0.015, 0.6, 0.0);  // chi with 15 degrees of freedom: within three deviations
        for (Eigen::Index j = 0; j < fit.law.dimension(); ++j) {
            CAPTURE(j);
            const Interval at = profile_interval(fit, j, 0.999);
            CHECK(at.lower <= truth.parameters[j]);
            CHECK(at.upper >= truth.parameters[j]);
            CHECK_FALSE(at.upper_open);
            CHECK(at.upper < 10 * truth.parameters[j]);
        }
    }
    // linear propagation and profile agree where the noise is small; A is taken at N = 1, far from the points
    const JointFit fit = fit_joint(joint_law_named("additive"), table_of(truths[0], 1e-4, 2));
    const Interval at = profile_interval(fit, 1, 0.9);
    const double t = 1.753;  // Student's t, 15 degrees of freedom, 95 %
    check_close(std::log(at.upper / at.lower), 2 * t * std::sqrt(fit.covariance(1, 1)), 0.02, 0.0);
}

TEST_CASE("fit_joint: what the points do not determine") {
    const JointLaw& law = joint_law_named("additive");
    const auto f = [](double n, double p) { return 0.02 + 3 / std::sqrt(n) + 0.3 * std::pow(p, -0.4); };
    const JointFit one = fit_joint(law, grid(f, sizes, {32}, 0.01, 3));
    CHECK(one.rank < law.dimension());  // floor and network term cannot be told apart
    const JointFit few = fit_joint(law, grid(f, {100, 1000}, {16, 32}, 0, 0));
    CHECK(few.status == FitStatus::failed);
    CHECK(few.message == "too few points: 4 for 5 parameters");
    CHECK_THROWS_AS(profile_interval(few, 0), std::invalid_argument);
    CHECK_THROWS_AS(profile_interval(one, 5), std::invalid_argument);
}

TEST_CASE("fit_joint: measured errors count with their degrees of freedom") {
    JointCurve curve = table_of(truths[0], 0.015, 4);
    curve.log_error = Eigen::ArrayXd::Constant(20, 0.015);
    const JointLaw& law = joint_law_named("additive");
    const JointFit known = fit_joint(law, curve);
    CHECK(known.noise == 1);
    CHECK(std::isinf(known.noise_freedom));
    curve.error_freedom = 20;
    const JointFit estimated = fit_joint(law, curve);
    check_close(estimated.noise_freedom, 35, 0.0, 0.0);  // 20 points - 5 parameters + 20
    check_close(estimated.noise, std::sqrt((estimated.cost + 20) / 35), 1e-12, 0.0);
    const Interval narrow = profile_interval(known, 2), wide = profile_interval(estimated, 2);
    CHECK(std::abs(narrow.upper / narrow.lower - wide.upper / wide.lower) > 1e-6);
    curve.error_freedom = 0;
    CHECK_THROWS_AS(fit_joint(law, curve), std::invalid_argument);
}

TEST_CASE("make_joint_curve: sorts, merges seeds, and refuses what cannot be") {
    const JointCurve curve =
        make_joint_curve({200, 100, 100, 200, 100, 100}, {8, 4, 8, 8, 4, 8}, {0.2, 0.4, 0.3, 0.2, 0.1, 0.3});
    REQUIRE(curve.points() == 3);
    CHECK(curve.network[0] == 4);
    CHECK(curve.size[1] == 100);
    CHECK(curve.size[2] == 200);
    check_close(curve.loss[0], 0.2, 1e-12, 0.0);  // geometric mean of 0.4 and 0.1
    REQUIRE(curve.log_error.size() == 3);
    // half the squared distance log(4)^2/2 over three pairs with one degree each, two runs a mean
    check_close(curve.log_error[1], std::sqrt(std::pow(std::log(4.0), 2) / 2 / 3 / 2), 1e-12, 0.0);
    CHECK(curve.error_freedom == 3);
    CHECK(curve.at_network(8).error_freedom == 3);
    CHECK(curve.where({true, false, true}).error_freedom == 3);
    CHECK(make_joint_curve({1, 2}, {1, 1}, {1, 2}).log_error.size() == 0);
    // equal losses have no scatter, though the sum of three logarithms rounds
    const JointCurve equal =
        make_joint_curve({1, 1, 1, 2, 2, 2}, {1, 1, 1, 1, 1, 1}, {0.1, 0.1, 0.1, 0.07, 0.07, 0.07});
    CHECK(equal.log_error.size() == 0);
    CHECK(std::isinf(equal.error_freedom));
    CHECK(curve.at_network(8).points() == 2);
    CHECK(curve.at_size(100).size[1] == 8);
    CHECK(distinct(curve.network) == std::vector<double>{4, 8});

    CHECK_THROWS_WITH_AS(make_joint_curve({1, -2}, {1, 1}, {1, 1}),
                         "make_joint_curve: size[1] = -2, must be finite and > 0", std::invalid_argument);
    CHECK_THROWS_AS(make_joint_curve({1, 2}, {1, 0}, {1, 1}), std::invalid_argument);
    CHECK_THROWS_AS(make_joint_curve({1, 2}, {1, 1}, {1, std::nan("")}), std::invalid_argument);
    CHECK_THROWS_AS(make_joint_curve({1, 2}, {1}, {1, 1}), std::invalid_argument);
    CHECK_THROWS_AS(make_joint_curve({}, {}, {}), std::invalid_argument);
    JointCurve unsorted = curve;
    std::swap(unsorted.size[1], unsorted.size[2]);
    CHECK_THROWS_AS(fit_joint(joint_law_named("additive"), unsorted), std::invalid_argument);
    CHECK_THROWS_WITH_AS(joint_law_named("cubic"),
                         "joint law 'cubic' is unknown: one of additive, interacting, interacting-floor",
                         std::invalid_argument);
}
