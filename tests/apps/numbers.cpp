#include "numbers.hpp"

#include <doctest/doctest.h>

#include <functional>
#include <limits>
#include <string>

using namespace reconlaw::cli;

namespace {

std::string refusal(const std::function<void()>& read) {
    try {
        read();
    } catch (const std::invalid_argument& e) {
        return e.what();
    }
    return "";
}

}  // namespace

TEST_CASE("numbers in options are decimal, whatever they look like") {
    CHECK(parse_whole("0200", "--n", 1, 1000) == 200);
    CHECK(parse_whole("1e3", "--n", 1, 1000) == 1000);
    CHECK(parse_whole("+7", "--n", 1, 1000) == 7);
    CHECK(parse_whole("2.0", "--n", 1, 1000) == 2);
    CHECK(parse_whole("-9223372036854775808", "--n", std::numeric_limits<long long>::min(), 0) ==
          std::numeric_limits<long long>::min());
    CHECK(
        parse_natural("18446744073709551615", "--seed", 0, std::numeric_limits<unsigned long long>::max()) ==
        std::numeric_limits<unsigned long long>::max());
    CHECK(parse_whole(".5e1", "--n", 1, 1000) == 5);
    CHECK(parse_whole("1000e-1", "--n", 1, 1000) == 100);
    CHECK(parse_whole("-0", "--n", 0, 1000) == 0);
    CHECK(parse_natural("-0.0e99", "--n", 0, 1000) == 0);
    CHECK(parse_whole(std::string(100'000, '0') + "7", "--n", 1, 1000) == 7);
    CHECK(parse_whole("9007199254740993.0", "--n", 1, std::numeric_limits<long long>::max()) ==
          9007199254740993);  // 2^53 + 1: exact, no detour over a double
    CHECK(parse_number("1e-400", "--x", Interval::all()) == 0);
    CHECK(parse_number(std::string(100'000, '0') + "7.5", "--x", Interval::all()) == 7.5);
    CHECK(parse_number("-0.5", "--x", Interval::all()) == -0.5);
    CHECK(parse_number(".5", "--x", Interval::all()) == 0.5);
    CHECK(parse_number("1e-3", "--x", Interval::all()) == 1e-3);
}

TEST_CASE("what is not a number is refused by every reader, with the range in words") {
    for (const char* text : {"",     " ",     " 1",  "1 ",  "1 2", "0x10",  "0b1", "nan",     "-nan", "inf",
                             "-inf", "1e999", "--1", "+-1", "++1", "+ 1",   "1,5", "1_0",     "1'0",  "ten",
                             "1e",   "e1",    ".",   "-",   "+",   "1.2.3", "1\n", "\xd9\xa1"}) {
        CAPTURE(std::string(text));
        CHECK(refusal([&] { parse_number(text, "--x", Interval::all()); }) != "");
        CHECK(refusal([&] {
                  parse_whole(text, "--n", std::numeric_limits<long long>::min(),
                              std::numeric_limits<long long>::max());
              }) != "");
        CHECK(refusal([&] {
                  parse_natural(text, "--seed", 0, std::numeric_limits<unsigned long long>::max());
              }) != "");
    }
    for (const char* text : {"9007199254740992.5", "1.00000000000000000001", "1e-1", "5e-400"})
        CHECK(refusal([&] { parse_whole(text, "--n", 0, std::numeric_limits<long long>::max()); }) != "");
    CHECK(refusal([] { parse_number("1e-400", "--x", Interval::above(0)); }) ==
          "--x: '1e-400' is not a number above 0");
    CHECK(refusal([] { parse_natural("-1", "--seed", 0, 10); }) ==
          "--seed: '-1' is not a whole number from 0 to 10");
    CHECK(refusal([] {
              parse_natural("18446744073709551616", "--seed", 0,
                            std::numeric_limits<unsigned long long>::max());
          }) == "--seed: '18446744073709551616' is not a whole number from 0 to 18446744073709551615");
    CHECK(refusal([] { parse_whole("1.5", "--n", 1, 10); }) ==
          "--n: '1.5' is not a whole number from 1 to 10");
    CHECK(refusal([] { parse_number("nan", "--sigma", Interval::above(0)); }) ==
          "--sigma: 'nan' is not a number above 0");
    CHECK(refusal([] {
              parse_number("1", "--level", {0, 1, true, true});
          }) == "--level: '1' is not a number above 0, below 1");
}

TEST_CASE("choices are taken by name only, and a misspelt one is answered with the nearest") {
    CHECK(parse_choice("csv", "--format", {"csv", "json"}) == "csv");
    CHECK(refusal([] {
              parse_choice("jsn", "--format", {"text", "csv", "json"});
          }) == "--format: 'jsn' is unknown, must be text, csv or json; did you mean 'json'?");
    CHECK(refusal([] {
              parse_choice("0", "--format", {"csv", "json"});
          }) == "--format: '0' is unknown, must be csv or json");
}
