#include "reconlaw/data/number_text.hpp"

#include <doctest/doctest.h>

#include <cmath>
#include <tuple>
#include <utility>
#include <vector>

using namespace reconlaw::data;
using Kind = NumberText::Kind;

TEST_CASE("number text: what is read") {
    const std::vector<std::pair<const char*, double>> cases{
        {"10", 10},
        {"+10", 10},
        {"-0.5", -0.5},
        {".5", 0.5},
        {"5.", 5},
        {"0010", 10},
        {"1e3", 1000},
        {"1.5E-3", 0.0015},
        {"\u22120.03", -0.03},
        {"\u20130.03", -0.03},
        {"1e\u22123", 0.001},
        {"\u00a07\u202f", 7},
        {"\ufeff100", 100},
        {"1.000", 1},
        {"2.2250738585072014e-308", 2.2250738585072014e-308},
        {"1.7976931348623157e308", 1.7976931348623157e308}};
    for (const auto& [text, value] : cases) {
        CAPTURE(text);
        const NumberText number = read_number(text);
        CHECK(number.kind == Kind::number);
        CHECK(number.value == value);
        CHECK(number.problem.empty());
    }
    CHECK(read_number("0,5", DecimalMark::comma).value == 0.5);
    CHECK(read_number("1,000", DecimalMark::comma).value == 1);
    CHECK(read_number("-3,25e-2", DecimalMark::comma).value == -0.0325);
    CHECK(read_number("12", DecimalMark::comma).value == 12);
}

TEST_CASE("number text: nothing was recorded") {
    for (const char* text :
         {"",  " ",   "\u00a0", "nan",    "NaN",        "-nan",  "inf",   "-Infinity", "NA",  "null", "-",
          "?", "OOM", "1e999",  "-1e400", "2024-05-01", "12:30", "1.2.3", "True",      "+-3", "."}) {
        CAPTURE(text);
        const NumberText number = read_number(text);
        CHECK(number.kind == Kind::missing);
        CHECK_FALSE(number.problem.empty());
    }
    CHECK(read_number("").problem == "is empty");
    CHECK(read_number("1e999").problem ==
          "is not a finite number: above 1.8e308, the largest in double precision");
}

TEST_CASE("number text: notations that are refused, and what to write") {
    const std::vector<std::pair<const char*, const char*>> cases{
        {"1,000", "has a thousands separator, or a decimal comma: write 1000 or 1.000"},
        {"12,345,678", "has thousands separators: write 12345678"},
        {"1,234.5", "has thousands separators: write 1234.5"},
        {"1.234,5", "has thousands separators: write 1234.5"},
        {"1.000.000", "has thousands separators: write 1000000"},
        {"1 000", "has a thousands separator: write 1000"},
        {"10\u00a0000", "has a thousands separator: write 10000"},
        {"1\u202f000\u202f000", "has a thousands separator: write 1000000"},
        {"1'000", "has a thousands separator: write 1000"},
        {"1\u2019000.5", "has a thousands separator: write 1000.5"},
        {"1_000", "has a thousands separator: write 1000"},
        {"0,5", "has a decimal comma: write a point"},
        {"32.6%", "is a percentage: divide by 100 and leave the sign out"},
        {"32 %", "is a percentage: divide by 100 and leave the sign out"},
        {"0.3 \u00b1 0.1", "holds a number and its error: give the error a column of its own"},
        {"0.3+-0.1", "holds a number and its error: give the error a column of its own"},
        {"0.3 +/- 0.1", "holds a number and its error: give the error a column of its own"},
        {"0.326(5)", "holds a number and its error: give the error a column of its own"},
        {"10k", "ends in 'k': write the number in full, such as 1000 for 1k"},
        {"1.5 M", "ends in 'M': write the number in full, such as 1000 for 1k"},
        {"28.3 dB", "ends in a unit, 'dB': leave it out"},
        {"0x30D40", "is hexadecimal: write it in decimal notation"},
        {"1.5D-03", "has Fortran's exponent: write e instead of D"},
        {"tensor(0.31)", "is a tensor as printed: write its item()"},
        {"3e-320",
         "is below 2.2e-308, the smallest number that double precision holds in full: use another unit"},
        {"1e-400",
         "is below 2.2e-308, the smallest number that double precision holds in full: use another unit"}};
    for (const auto& [text, problem] : cases) {
        CAPTURE(text);
        const NumberText number = read_number(text);
        CHECK(number.kind == Kind::malformed);
        CHECK(number.problem == problem);
    }
    CHECK(read_number("1.000", DecimalMark::comma).problem ==
          "has a thousands separator, or a decimal point among decimal commas: write 1000 or 1,000");
    CHECK(read_number("0.5", DecimalMark::comma).kind == Kind::malformed);
}

TEST_CASE("number text: the marks of a number") {
    const std::vector<std::pair<const char*, Marks>> cases{{"1000", Marks::none},
                                                           {"-1e3", Marks::none},
                                                           {"0.5", Marks::point},
                                                           {"1.000e3", Marks::point},
                                                           {"0.123", Marks::point},
                                                           {"1234.567", Marks::point},
                                                           {"1.000", Marks::point_or_groups},
                                                           {"0,5", Marks::comma},
                                                           {"28,3521", Marks::comma},
                                                           {"1,000", Marks::comma_or_groups},
                                                           {"1,000,000", Marks::groups},
                                                           {"1,000.25", Marks::groups},
                                                           {"1,00,000", Marks::not_a_number},
                                                           {"", Marks::not_a_number},
                                                           {"-", Marks::not_a_number},
                                                           {",", Marks::not_a_number},
                                                           {"1e", Marks::not_a_number},
                                                           {"2024-01-01", Marks::not_a_number}};
    for (const auto& [text, marks] : cases) {
        CAPTURE(text);
        CHECK(marks_of(text) == marks);
    }
}
