#pragma once
/// One comparison for every test: explicit tolerances, both values printed, NaN never passes.

#include <doctest/doctest.h>

#include <cmath>

#define check_close(value, expected, rtol, atol)                                                           \
    do {                                                                                                   \
        const double value_ = (value), expected_ = (expected);                                             \
        const double allowed_ = (atol) + (rtol)*std::abs(expected_);                                       \
        const double error_ = std::abs(value_ - expected_);                                                \
        INFO(#value, " = ", value_, ", expected ", expected_, ", error ", error_, ", allowed ", allowed_); \
        CHECK(error_ <= allowed_);                                                                         \
    } while (false)
