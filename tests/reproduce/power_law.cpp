#include "reproduce/power_law.hpp"

#include <doctest/doctest.h>

#include <cmath>
#include <stdexcept>

#include "support/check_close.hpp"

using namespace reconlaw::report;

TEST_CASE("an exact power law is recovered") {
    std::vector<double> x, y;
    for (const double v : {1.0, 3.0, 10.0, 50.0}) x.push_back(v), y.push_back(2.5 * std::pow(v, -1.75));
    const PowerLaw law = fit_power_law(x, y);
    check_close(law.exponent, -1.75, 1e-13, 0);  // rounding
    check_close(law.prefactor, 2.5, 1e-13, 0);
    CHECK(law.points == 4);
    CHECK(std::isnan(law.exponent_error));
}

TEST_CASE("two points: the error of the slope is the errors' own") {
    // slope = (log y2 - log y1)/log 10, so its variance is (e1/y1)^2 + (e2/y2)^2 over (log 10)^2
    const PowerLaw law = fit_power_law({1, 10}, {2, 0.2}, {0.2, 0.01});
    check_close(law.exponent, -1, 1e-13, 0);
    check_close(law.exponent_error, std::sqrt(0.01 + 0.0025) / std::log(10.0), 1e-13, 0);
}

TEST_CASE("too few points and bad values") {
    CHECK(std::isnan(fit_power_law({}, {}).exponent));
    CHECK(std::isnan(fit_power_law({3}, {1}).exponent));
    CHECK(std::isnan(fit_power_law({3, 3}, {1, 2}).exponent));
    CHECK_THROWS_AS(fit_power_law({1, 2}, {1}), std::invalid_argument);
    CHECK_THROWS_AS(fit_power_law({1, 2}, {1, 0}), std::invalid_argument);
    CHECK_THROWS_AS(fit_power_law({1, 2}, {1, 1}, {1}), std::invalid_argument);
}
