#include <doctest/doctest.h>
#include <sys/wait.h>

#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <iterator>

#include "command_line.hpp"
#include "support/check_close.hpp"
#include "support/temporary_directory.hpp"

namespace {

namespace fs = std::filesystem;

const std::string small =
    "simulate --problem subspace --n 60 --d 6 --sigma 0.1 --samples 4,12,80 "
    "--estimator early-stopped,converged,pca,floor,gd,ridge --steps 5,30 --trials 20 ";

using reconlaw::data::testing::read_text;
using Folder = reconlaw::data::testing::TemporaryDirectory;

}  // namespace

TEST_CASE(
    "reconlaw simulate: the header, the same numbers for any number of threads, other numbers for another "
    "seed") {
    const auto one = reconlaw_run(small + "--seed 3 --threads 1");
    REQUIRE(one.status == 0);
    const auto lines = lines_of(one.out);
    CHECK(lines[0] == "samples,estimator,mean,std_error,trials");
    CHECK(lines.size() == 1 + 3 * 7);
    CHECK(cells_of(lines[5])[1] == "gd:5");
    CHECK(one.out == reconlaw_run(small + "--seed 3 --threads 2").out);
    CHECK(one.out == reconlaw_run(small + "--seed 3 --threads 5").out);
    CHECK(one.out != reconlaw_run(small + "--seed 4").out);
}

TEST_CASE("reconlaw simulate: reduced and dense samplers and the prediction agree") {
    const std::string options =
        " --problem subspace --n 40 --d 5 --sigma 0.2 --samples 12,60 --estimator gd,pca --steps 20";
    const auto reduced = lines_of(reconlaw_run("simulate" + options + " --trials 400").out);
    const auto dense = lines_of(reconlaw_run("simulate" + options + " --trials 400 --sampler dense").out);
    const auto predicted = lines_of(reconlaw_run("risk" + options).out);
    REQUIRE(reduced.size() == 5);
    for (std::size_t i = 1; i < 5; ++i) {
        const auto r = cells_of(reduced[i]), d = cells_of(dense[i]), p = cells_of(predicted[i]);
        const double error = std::hypot(std::stod(r[3]), std::stod(d[3]));
        check_close(std::stod(r[2]), std::stod(d[2]), 0.0, 4 * error);
        // and the closed form, within its O(1/N^2) remainder (2 % at N = 12 here)
        check_close(std::stod(p[2]), std::stod(r[2]), 0.02, 4 * std::stod(r[3]));
    }
}

TEST_CASE("reconlaw simulate: a torn checkpoint resumes to the same numbers, a foreign one is refused") {
    const Folder folder;
    const fs::path file = folder / "run.txt";
    const auto whole = reconlaw_run(small);
    CHECK(reconlaw_run(small + "--checkpoint " + file.string()).out == whole.out);
    const std::string content = read_text(file);
    for (const std::size_t keep : {content.size() / 2, content.size() - 1, std::size_t{0}}) {
        std::ofstream(file, std::ios::binary) << content.substr(0, keep);
        const auto resumed = reconlaw_run(small + "--checkpoint " + file.string());
        CHECK(resumed.status == 0);
        CHECK(resumed.out == whole.out);
    }
    const auto foreign = reconlaw_run(small + "--seed 9 --checkpoint " + file.string());
    CHECK(foreign.status == 2);
    CHECK(foreign.err.find("another simulation") != std::string::npos);
    CHECK(reconlaw_run(small + "--checkpoint /dev/full").err.find("not a regular file") != std::string::npos);
    CHECK(reconlaw_run(small + "--checkpoint /no/such/folder/run.txt").status == 2);
}

TEST_CASE("reconlaw simulate: a disk that fills up stops the run with a reason and keeps what is done") {
    const Folder folder;
    const fs::path file = folder / "run.txt", err = folder / "err.txt";
    // A limit of 4096 bytes a file stands in for the full disk: the write itself fails.
    const std::string limited = "bash -c 'ulimit -f 4; exec " RECONLAW_PROGRAM " " + small + "--checkpoint " +
                                file.string() + "' >/dev/null 2>" + err.string();
    const int status = std::system(limited.c_str());
    CHECK(WEXITSTATUS(status) == 2);
    CHECK(read_text(err).find(file.string()) != std::string::npos);
    CHECK(fs::file_size(file) > 1000);
    const auto resumed = reconlaw_run(small + "--checkpoint " + file.string());
    CHECK(resumed.status == 0);
    CHECK(resumed.out == reconlaw_run(small).out);
}

TEST_CASE("reconlaw simulate: killed or interrupted, it goes on where it was") {
    const Folder folder;
    const std::string options =
        "simulate --problem subspace --n 200 --d 20 --sigma 0.1 --samples 30,60,120 "
        "--estimator early-stopped,converged --trials 150 --threads 1 ";
    const auto whole = reconlaw_run(options);
    REQUIRE(whole.status == 0);
    const fs::path file = folder / "run.txt", out = folder / "out.csv";
    const std::string program = RECONLAW_PROGRAM,
                      rest = options + "--checkpoint " + file.string() + " --output " + out.string();
    bool stopped = false;
    for (int attempt = 0; attempt < 100 && !fs::exists(out); ++attempt) {
        const std::string signal = attempt % 2 ? "INT" : "KILL";
        const int status = std::system(
            ("timeout -s " + signal + " 0.3 " + program + " " + rest + " 2>>" + (folder / "err").string())
                .c_str());
        stopped = stopped || (WIFEXITED(status) && WEXITSTATUS(status) != 0) || WIFSIGNALED(status);
        if (!fs::exists(out)) CHECK(fs::exists(folder.path()));
    }
    CHECK(stopped);
    CHECK(read_text(out) == whole.out);
}

TEST_CASE("reconlaw simulate: bad input") {
    const std::vector<std::pair<std::string, std::string>> cases{
        {small + "--trials 0", "--trials"},
        {small + "--trials -3", "--trials"},
        {small + "--sampler fast", "--sampler"},
        {small + "--step-size 5", "diverges"},
        {small + "--step-size 1.9", "diverges"},  // below 2/population eigenvalue, above 2/sample eigenvalue
        {"simulate --problem power-law --n 20 --exponent 1 --sigma 0.1 --samples 5 --estimator gd --steps 3 "
         "--sampler reduced",
         "--sampler"},
        {"simulate --problem subspace --n 20 --d 3 --sigma 0.1 --samples 5 --estimator flow", "needs --time"},
        {"simulate --problem subspace --n 20 --d 30 --sigma 0.1 --samples 5", "at most n = 20"}};
    for (const auto& [line, message] : cases) {
        CAPTURE(line);
        const auto r = reconlaw_run(line);
        CHECK(r.status == 2);
        CHECK(r.out.empty());
        CHECK(r.err.find(message) != std::string::npos);
    }
}
