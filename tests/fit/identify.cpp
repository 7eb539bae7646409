#include "reconlaw/fit/identify.hpp"

#include <doctest/doctest.h>

#include <cmath>

#include "reconlaw/simulate/random.hpp"

using namespace reconlaw::fit;

namespace {

LearningCurve curve_of(double floor, double beta, double alpha, double noise, int points, double last,
                       std::uint32_t draw = 0) {
    LearningCurve curve{Eigen::ArrayXd(points), Eigen::ArrayXd(points)};
    for (int i = 0; i < points; ++i) {
        curve.size[i] = 100 * std::pow(last / 100, i / (points - 1.0));
        curve.loss[i] =
            (floor + beta * std::pow(curve.size[i], -alpha)) *
            std::exp(noise * reconlaw::normal_value({5, 0, draw}, 0, static_cast<std::uint64_t>(i), 0));
    }
    return curve;
}

Identifiability judged(const LearningCurve& curve) {
    return identify(curve, forecast(curve, 2 * curve.size.tail(1)));
}

bool says(const Identifiability& known, const std::string& words) {
    for (const std::string& statement : known.statements)
        if (statement.find(words) != std::string::npos) return true;
    return false;
}

}  // namespace

TEST_CASE("identify: a visible floor is found, with an interval around it") {
    const Identifiability known = judged(curve_of(0.02, 3, 0.5, 0.005, 16, 1e6));
    CHECK(known.floor_identified);
    CHECK(known.floor.lower < 0.02);
    CHECK(known.floor.upper > 0.02);
    CHECK(known.exponent_identified);
    CHECK(known.falls);
}

TEST_CASE("identify: points far above the floor do not determine it") {
    const Identifiability known = judged(curve_of(1e-5, 3, 0.5, 0.02, 10, 1e4));
    CHECK(!known.floor_identified);
    CHECK(says(known, "floor not identifiable"));
    CHECK(known.falls);
}

TEST_CASE("identify: noise without a trend has no power-law regime and no exponent, but for a few draws") {
    int falling = 0, exponents = 0, floors_missed = 0;
    for (std::uint32_t draw = 0; draw < 20; ++draw) {
        const Identifiability known = judged(curve_of(0.3, 0, 0.5, 0.02, 12, 1e5, draw));
        falling += known.falls;
        exponents += known.exponent_identified;
        CHECK(says(known, "no power-law regime") == !known.falls);
        CHECK(says(known, "exponent not identifiable") == !known.exponent_identified);
        floors_missed += known.floor.upper < 0.29;
    }
    CHECK(falling <= 4);  // nominal: one of twenty has a 90 % interval above zero
    CHECK(exponents <= 3);
    CHECK(floors_missed <= 3);
}

TEST_CASE("identify: a loss that grows is said to grow") {
    const Identifiability known = judged(curve_of(0, 0.1, -0.2, 0.01, 12, 1e5));
    CHECK(!known.falls);
    CHECK(says(known, "the loss grows"));
}

TEST_CASE("compare: the law behind the points predicts held-back points best") {
    const LearningCurve curve = curve_of(0.02, 3, 0.5, 0.005, 16, 1e6);
    const std::vector<Law> laws{law_named("power"), law_named("floor"), law_named("exponential")};
    const Comparison comparison = compare(curve, laws, 2 * curve.size.tail(1));
    REQUIRE(comparison.laws.size() == 3);
    CHECK(comparison.laws[0].fit.law.name == "floor");
    CHECK(comparison.laws[0].aicc_weight > 0.99);
    CHECK(comparison.laws[0].held_back < 0.02);
    CHECK(comparison.sentence.find("predicted best by floor") != std::string::npos);
    CHECK_THROWS_AS((void)compare(curve, {}, curve.size), std::invalid_argument);
}

TEST_CASE("compare: a law without enough points is reported, not hidden") {
    const Comparison comparison =
        compare(curve_of(0.02, 3, 0.5, 0.005, 5, 1e5), {law_named("floor"), law_named("broken-2")},
                Eigen::ArrayXd::Ones(1));
    REQUIRE(comparison.laws.size() == 2);
    CHECK(!comparison.laws[1].fit.usable());
    CHECK(comparison.laws[1].fit.message == "too few points: 5 for 9 parameters");
}
