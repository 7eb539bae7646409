#include "usage.hpp"

#include <doctest/doctest.h>

#include <algorithm>

#include "command_line.hpp"

using namespace reconlaw::cli;

namespace {

std::string usage_refusal(const std::vector<std::string>& words) {
    const Outcome o = reconlaw_words(words);
    CHECK(o.status == 2);
    CHECK(o.out.empty());
    CHECK(std::count(o.err.begin(), o.err.end(), '\n') == 1);
    return o.err;
}

bool usage_says(const std::vector<std::string>& words, const std::string& message) {
    const std::string text = usage_refusal(words);
    CAPTURE(text);
    CHECK(text.find(message) != std::string::npos);
    return text.find(message) != std::string::npos;
}

}  // namespace

TEST_CASE("unknown commands are named, with the nearest known ones") {
    usage_says({}, "reconlaw: a command is missing: risk, simulate,");
    usage_says({"nope"}, "reconlaw: unknown command 'nope', must be risk, simulate,");
    CHECK(usage_refusal({"nope"}).find("did you mean") == std::string::npos);
    usage_says({"smiulate"}, "; did you mean 'simulate'?");
    usage_says({"sim"}, "; did you mean 'simulate'?");
    usage_says({"Risk"}, "; did you mean 'risk'?");
    usage_says({"fti"}, "; did you mean 'fit'?");
    usage_says({"-x"}, "reconlaw: unknown option '-x'; 'reconlaw --help' lists the options");
    usage_says({"--verison"}, "did you mean '--version'?");
    usage_says({"\x1b[31mfit"}, "unknown command '\\x1b[31mfit'");
    CHECK(usage_refusal({std::string(2'000'000, 'x')}).size() < 400);
}

TEST_CASE("unknown options are named, the nearest known one first") {
    usage_says({"risk", "--sampels", "5"},
               "reconlaw risk: unknown option '--sampels'; did you mean '--samples'?");
    usage_says({"risk", "--Samples", "5"}, "did you mean '--samples'?");
    usage_says({"risk", "-samples", "5"}, "did you mean '--samples'?");
    usage_says({"risk", "--target", "5"}, "did you mean '--target-noise'?");
    usage_says({"risk", "--stesp", "5"}, "did you mean '--steps'");
    usage_says({"risk", "--zzzzzz"}, "unknown option '--zzzzzz'; 'reconlaw risk --help' lists the options");
    usage_says({"risk", "--\x1b[31m=1"}, "unknown option '--\\x1b[31m'");
}

TEST_CASE("missing values, arguments and options are named with what they are") {
    usage_says({"risk", "--n"}, "reconlaw risk: --n: its value is missing: --n INT from 1 to 1000000000");
    usage_says({"risk", "--n", "--d", "5"}, "--n: its value is missing before --d: --n INT from 1");
    usage_says({"risk", "--format"}, "--format: its value is missing: --format {csv|json}");
    usage_says({"risk", "--n", "5", "--n", "6"}, "reconlaw risk: --n: is given twice");
    usage_says({"risk", "5"}, "reconlaw risk: '5' is one argument too many: there are options only");
    usage_says({"completion", "bash", "zsh"}, "'zsh' is one argument too many: it takes shell");
    usage_says({"completion"}, "reconlaw completion: shell is missing: Shell whose language");
    usage_says({"risk", "--train-loss=yes"}, "--train-loss: takes no value");
    usage_says({"risk", "--n="}, "reconlaw risk: --n: '' is not a whole number from 1 to 1000000000");
}

TEST_CASE("values may be joined by a sign, be negative, and look like options") {
    const std::string line = "risk --problem power-law --n 20 --sigma 0.1 --samples 5 --estimator floor ";
    const Outcome apart = reconlaw_run(line + "--exponent -0.5");
    REQUIRE(apart.status == 0);
    CHECK(reconlaw_run(line + "--exponent=-0.5").out == apart.out);
    usage_says({"risk", "--n", "-5"}, "--n: '-5' is not a whole number");
    usage_says({"risk", "--n", "--5"}, "--n: '--5' is not a whole number");
}

TEST_CASE("help is given wherever it is asked for, and versions name what the program is made of") {
    for (const char* line : {"--help", "-h", "help", "risk --help", "help risk", "risk --n zero --help",
                             "--help risk", "fit -h", "completion --help"}) {
        CAPTURE(line);
        const Outcome o = reconlaw_run(line);
        CHECK(o.status == 0);
        CHECK(o.err.empty());
        CHECK(o.out.find("Usage: reconlaw") != std::string::npos);
    }
    CHECK(reconlaw_run("--help").out.find("Exit status: 0 success; 2 ") != std::string::npos);
    CHECK(reconlaw_run("--help").out.find("man-pages") == std::string::npos);  // for the build
    const Outcome v = reconlaw_run("--version");
    CHECK(v.status == 0);
    CHECK(lines_of(v.out).at(0).starts_with("reconlaw 0."));
    CHECK(lines_of(v.out).at(0).find(' ', 9) == std::string::npos);
    for (const char* part : {"compiler", "Eigen", "Boost", "Ceres Solver", "libpng", "OpenSSL", "MPI"})
        CHECK(v.out.find(std::string("\n") + part) != std::string::npos);
}

TEST_CASE("quiet leaves out notes, and neither errors nor results") {
    const std::string line =
        "risk --problem subspace --n 100 --d 10 --sigma 0.05 --samples 30 --max-steps 20 --estimator "
        "early-stopped";
    const Outcome loud = reconlaw_run(line), quiet = reconlaw_run(line + " --quiet"),
                  before = reconlaw_run("-q " + line);
    REQUIRE(loud.status == 0);
    CHECK(!loud.err.empty());
    CHECK(quiet.err.empty());
    CHECK(before.err.empty());
    CHECK(quiet.out == loud.out);
    CHECK(!reconlaw_run("risk --quiet --n zero").err.empty());
    CHECK(reconlaw_run("risk --quiet --problem spectrum --spectrum /nowhere --sigma 1 --samples 1").err !=
          "");
}
