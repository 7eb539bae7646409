#include <doctest/doctest.h>

#include <filesystem>
#include <fstream>
#include <nlohmann/json.hpp>

#include "command_line.hpp"
#include "reconlaw/risk/pca.hpp"
#include "reconlaw/risk/stopping.hpp"
#include "support/check_close.hpp"
#include "support/temporary_directory.hpp"

using namespace reconlaw;

namespace {
const std::string subspace = "risk --problem subspace --n 100 --d 10 --sigma 0.05 ";

/// A file in a directory of its own.
struct TemporaryFile {
    data::testing::TemporaryDirectory directory;
    std::filesystem::path path = directory / "file.txt";
    explicit TemporaryFile(const std::string& content = {}) {
        if (!content.empty()) data::testing::write_text(path, content);
    }
};
}  // namespace

TEST_CASE("reconlaw risk prints the library's predictions, per signal dimension") {
    const auto r = reconlaw_run(subspace + "--samples 1,2,4,8 --estimator early-stopped,converged,pca,floor");
    REQUIRE(r.status == 0);
    CHECK(r.err.empty());
    const auto lines = lines_of(r.out);
    REQUIRE(lines.size() == 17);
    CHECK(lines[0] == "samples,estimator,risk,floor,variance,bias,step");
    const auto p = subspace_problem(100.0, 10.0, 0.05);
    const auto best = optimal_stopping(p, 8.0, paper_step_size(100, 10, 0.05, 8));
    const auto row = cells_of(lines[13]);
    CHECK(row[0] == "8");
    CHECK(row[1] == "early-stopped");
    check_close(std::stod(row[2]), best.risk.total() / 10, 1e-9, 0.0);
    check_close(std::stod(row[3]) + std::stod(row[4]) + std::stod(row[5]), std::stod(row[2]), 1e-9, 0.0);
    check_close(std::stod(row[6]), best.parameter, 0.0, 0.0);
    const auto pca = cells_of(lines[15]);
    check_close(std::stod(pca[2]), pca_risk(100, 10, 0.05, 8).total / 10, 1e-9, 0.0);
    CHECK(pca[4].empty());
    CHECK(pca[5].empty());
}

TEST_CASE("reconlaw risk: every estimator, JSON, limit order, log-spaced samples, training loss") {
    const auto r = reconlaw_run(
        subspace +
        "--samples 10:1000:3 --estimator gd,ridge,flow,heavy-ball,nesterov,converged --steps 0,25 "
        "--lambda 0.1,0.01 --time 5 --step-size 0.1 --train-loss --order limit --format json");
    REQUIRE(r.status == 0);
    const auto json = nlohmann::json::parse(r.out);
    REQUIRE(json.size() == 3 * 10);
    CHECK(json[0]["samples"] == 10);
    CHECK(json[10]["samples"] == 100);
    CHECK(json[20]["samples"] == 1000);
    const auto p = subspace_problem(100.0, 10.0, 0.05);
    check_close(json[1]["risk"].get<double>(),
                predict_risk(p, 10.0, GradientDescent<>{0.1, 25}, {Order::limit}).total() / 10, 1e-12, 0.0);
    check_close(json[3]["train_loss"].get<double>(),
                predict_risk(p, 10.0, Ridge<>{0.01}, {Order::limit}).training_loss / 10, 1e-12, 0.0);
    CHECK(json[19]["estimator"] == "converged");
    CHECK(json[19]["status"] == "infinite");
    CHECK(json[19]["risk"].is_null());
    CHECK(r.err.find("infinite at N = p - 1, p and p + 1") != std::string::npos);
}

TEST_CASE("reconlaw risk: spectrum file, power law, compressive sensing, noisy targets") {
    const TemporaryFile file("# eigenvalues\n2.0\n1.0\n\n0.5  # comment\n");
    const auto spectrum = reconlaw_run("risk --problem spectrum --spectrum " + file.path.string() +
                                       " --sigma 0.5 --samples 20 --estimator floor");
    REQUIRE(spectrum.status == 0);
    const double floor = (2.0 / 2.25 + 1.0 / 1.25 + 0.5 / 0.75) * 0.25 / 3;
    check_close(std::stod(cells_of(lines_of(spectrum.out)[1])[2]), floor, 1e-9, 0.0);
    CHECK(reconlaw_run("risk --problem power-law --n 50 --exponent 1.2 --sigma 0.1 --samples 10,100 "
                       "--estimator early-stopped")
              .status == 0);
    const std::string cs =
        "risk --problem compressive --n 60 --m 20 --d 5 --sigma 0.1 --samples 15 --estimator early-stopped";
    const auto a = reconlaw_run(cs), b = reconlaw_run(cs + " --problem-seed 1"),
               c = reconlaw_run(cs + " --problem-seed 2");
    REQUIRE(a.status == 0);
    CHECK(a.out == b.out);
    CHECK(a.out != c.out);
    CHECK(c.out == reconlaw_run(cs + " --seed 2").out);
    const auto clean = reconlaw_run(subspace + "--samples 50 --estimator gd --steps 20");
    const auto noisy = reconlaw_run(subspace + "--samples 50 --estimator gd --steps 20 --target-noise 0.1");
    CHECK(std::stod(cells_of(lines_of(noisy.out)[1])[4]) >
          10 * std::stod(cells_of(lines_of(clean.out)[1])[4]));
}

TEST_CASE("reconlaw risk: bad input is refused with status 2, one clear line, and no output") {
    const TemporaryFile malformed("1.0\nabc\n"), negative("1.0\n0.5\n-2\n"), empty("# nothing\n");
    const std::string spectrum = "risk --problem spectrum --sigma 0.1 --samples 5 --spectrum ";
    const std::vector<std::pair<std::string, std::string>> cases{
        {"risk --n -5", "--n: '-5' is not a whole number from 1 to 1000000000"},
        {"risk --problem subspace --n 100 --d 101 --sigma 0.1 --samples 5",
         "--d: value = 101, must be at most n = 100"},
        {"risk --problem subspace --n 100 --d 10 --sigma -0.1 --samples 5",
         "--sigma: '-0.1' is not a number above 0"},
        {"risk --problem subspace --n 100 --d 10 --sigma nan --samples 5", "--sigma"},
        {"risk --problem subspace --n 100 --d 10 --samples 5", "--sigma is required"},
        {"risk --problem subspace --n 100 --d 10 --sigma 0.1", "--samples is required"},
        {"risk --problem subspace --n 100 --d 10 --sigma 0.1 --samples 0",
         "'0' is not a whole number from 1"},
        {"risk --problem subspace --n 100 --d 10 --sigma 0.1 --samples 1,,2", "--samples"},
        {"risk --problem subspace --n 100 --d 10 --sigma 0.1 --samples 10:5:3", "FIRST below LAST"},
        {"risk --problem subspace --n 100 --d 10 --sigma 0.1 --samples 2.5", "'2.5'"},
        {"risk --problem subspace --n 100 --d 10 --sigma 0.1 --samples 5 --estimator magic",
         "--estimator: 'magic' is unknown"},
        {"risk --problem subspace --n 100 --d 10 --sigma 0.1 --samples 5 --estimator pca,pca", "named twice"},
        {"risk --problem subspace --n 100 --d 10 --sigma 0.1 --samples 5 --estimator gd", "needs --steps"},
        {"risk --problem subspace --n 100 --d 10 --sigma 0.1 --samples 5 --estimator ridge --lambda 0",
         "--lambda"},
        {"risk --problem subspace --n 100 --d 10 --sigma 0.1 --samples 5 --step-size 3",
         "the iteration diverges"},
        {"risk --problem subspace --n 100 --d 10 --sigma 0.1 --samples 5 --step-size 0", "--step-size"},
        {"risk --problem subspace --n 100 --d 10 --sigma 0.1 --samples 5 --m 3", "--m has no meaning"},
        {"risk --problem subspace --n 100 --d 10 --sigma 0.1 --samples 5 --max-steps 0", "--max-steps"},
        {"risk --problem compressive --n 50 --m 60 --d 10 --sigma 0.1 --samples 5", "--m: value = 60"},
        {"risk --problem power-law --n 50 --exponent 1 --sigma 0.1 --samples 5 --estimator pca",
         "for --problem subspace"},
        {"risk --problem subspace --n 100 --d 10 --sigma 0.1 --samples 5 --estimator flow --time 1e300",
         "reach"},
        {"risk --problem subspace --n 100 --d 10 --sigma 0.1 --samples 5 --estimator ridge --lambda 1e-300",
         "reach"},
        // Of the PCA estimator, which is named: the early-stopped one before it takes seconds at this noise.
        {"risk --problem subspace --n 100 --d 10 --sigma 1e-8 --samples 20 --estimator pca",
         "at least 1e-12"},
        {"risk --problem banana --n 5", "banana"},
        {"risk --no-such-option", "--no-such-option"},
        {"", "a command is missing"},
        {spectrum + malformed.path.string(), malformed.path.string() + ":2"},
        {spectrum + negative.path.string(), negative.path.string() + ":3"},
        {spectrum + empty.path.string(), empty.path.string()},
        {spectrum + "/no/such/file.txt", "/no/such/file.txt"}};
    for (const auto& [line, message] : cases) {
        CAPTURE(line);
        const auto r = reconlaw_run(line);
        CHECK(r.status == 2);
        CHECK(r.out.empty());
        CAPTURE(r.err);
        CHECK(r.err.find(message) != std::string::npos);
    }
}

TEST_CASE("reconlaw risk: output files are whole or absent") {
    const TemporaryFile file;
    const std::string line = subspace + "--samples 4 --estimator floor --output ";
    CHECK(reconlaw_run(line + file.path.string()).status == 0);
    std::ifstream in(file.path);
    std::string header;
    std::getline(in, header);
    CHECK(header == "samples,estimator,risk,floor,variance,bias,step");
    const auto nowhere = reconlaw_run(line + "/no/such/folder/out.csv");
    CHECK(nowhere.status == 2);
    CHECK(nowhere.err.find("/no/such/folder") != std::string::npos);
    const auto full = reconlaw_run(line + "/dev/full");
    CHECK(full.status == 2);
    CHECK(full.err.find("/dev/full") != std::string::npos);
}

TEST_CASE("reconlaw risk: extreme parameters give the limit they tend to, never nan") {
    const std::string line = "risk --problem subspace --n 100 --d 10 --sigma 0.1 --samples 5 --estimator ";
    const double untrained = 1.0;  // W = 0: the signal's variance per dimension
    for (const char* estimator :
         {"flow --time 0", "flow --time 1e-300", "ridge --lambda 1e300", "gd --steps 0 --step-size 1e-300"}) {
        const auto r = reconlaw_run(line + estimator);
        CAPTURE(estimator);
        REQUIRE(r.status == 0);
        check_close(std::stod(cells_of(lines_of(r.out)[1])[2]), untrained, 1e-6, 0.0);
    }
}

TEST_CASE("reconlaw risk: notes say when an optimum is cut off and when the correction is large") {
    const auto cut = reconlaw_run(subspace + "--samples 30 --estimator early-stopped --max-steps 20");
    CHECK(cut.err.find("early-stopped at N = 30: the risk still falls") != std::string::npos);
    const auto large = reconlaw_run(
        "risk --problem subspace --n 100 --d 10 --sigma 0.001 --samples 10,200 --estimator converged");
    CHECK(large.err.find("converged at N = 10: the finite-size correction") != std::string::npos);
    CHECK(large.err.find("N = 200: the finite") == std::string::npos);
}

TEST_CASE("help and version exist everywhere, with an example") {
    for (const char* line : {"--help", "risk --help", "simulate --help", "reproduce --help"}) {
        const auto r = reconlaw_run(line);
        CHECK(r.status == 0);
        CHECK(r.out.find("reconlaw ") != std::string::npos);
        CAPTURE(line);
        CHECK((r.out.find("Example") != std::string::npos || r.out.find("Start with") != std::string::npos));
    }
    CHECK(reconlaw_run("--version").out.find("reconlaw 0.") != std::string::npos);
}
