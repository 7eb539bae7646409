#include "reconlaw/data/spelling.hpp"

#include <doctest/doctest.h>

#include <string>
#include <vector>

using namespace reconlaw::data;
using Names = std::vector<std::string>;

TEST_CASE("swapped neighbours are one mistake, so the name that was meant comes first") {
    // two replacements turn "stpe" into "stop", one swap into "step"
    CHECK(by_spelling({"stop", "step"}, "stpe") == Names{"step", "stop"});
    CHECK(nearest_in_spelling({"sigma", "simulate", "sample"}, "smiulate") == "simulate");
    CHECK(by_spelling({"ca", "abc"}, "ca").front() == "ca");
    CHECK(by_spelling({"b", "a"}, "c") == Names{"b", "a"});  // equally far: in their order
}

TEST_CASE("only what is near is suggested") {
    CHECK(nearest_in_spelling({"csv", "json"}, "jsn") == "json");
    CHECK(nearest_in_spelling({"csv", "json"}, "JSON") == "json");
    CHECK(nearest_in_spelling({"csv", "json"}, "0") == "");
    CHECK(nearest_in_spelling({"csv", "json"}, "") == "");
    CHECK(nearest_in_spelling({"csv"}, std::string(2'000'000, 'c')) == "");
    CHECK(near_in_spelling({"steps", "step-size", "seed"}, "stepz") == Names{"steps"});
    CHECK(near_in_spelling({"stop", "step"}, "stpe") == Names{"step"});
    CHECK(near_in_spelling({"sample", "simple", "samples"}, "sampel") ==
          Names{"sample", "simple", "samples"});
    CHECK(near_in_spelling({"simulate", "single", "risk"}, "si") == Names{"simulate", "single"});
    CHECK(near_in_spelling({"simulate", "risk"}, "s") == Names{});
}
