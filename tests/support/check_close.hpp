#pragma once
/// One comparison for every test: explicit tolerances, both values printed, NaN never passes.

#include <doctest/doctest.h>

#include <cmath>

namespace reconlaw::testing {

/// Remembers how close a comparison came to its tolerance. Where RECONLAW_MARGINS names a file, the program
/// adds to it at its end, for every place in the tests: "error/allowed error allowed file:line", of the
/// largest quotient (scripts/test-isas reads it). Comparisons for equality, allowed = 0, have no margin.
void note_margin(const char* file, int line, double error, double allowed);

}  // namespace reconlaw::testing

#define check_close(value, expected, rtol, atol)                                                           \
    do {                                                                                                   \
        const double value_ = (value), expected_ = (expected);                                             \
        const double allowed_ = (atol) + (rtol)*std::abs(expected_);                                       \
        const double error_ = std::abs(value_ - expected_);                                                \
        INFO(#value, " = ", value_, ", expected ", expected_, ", error ", error_, ", allowed ", allowed_); \
        reconlaw::testing::note_margin(__FILE__, __LINE__, error_, allowed_);                              \
        CHECK(error_ <= allowed_);                                                                         \
    } while (false)
