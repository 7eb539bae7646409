// What becomes of output where it cannot go: full disks, limits, closed pipes and streams, links.
#include <doctest/doctest.h>
#include <sys/wait.h>

#include <cstdlib>
#include <filesystem>

#include "command_line.hpp"
#include "support/temporary_directory.hpp"

namespace {

using reconlaw::data::testing::entries_in;
using reconlaw::data::testing::read_text;
using reconlaw::data::testing::TemporaryDirectory;
using reconlaw::data::testing::write_text;

const std::string long_table =
    "risk --problem subspace --n 100 --d 10 --sigma 0.05 --estimator floor --samples 1:1000000000:4000 ";
const std::string short_table =
    "risk --problem subspace --n 100 --d 10 --sigma 0.05 --estimator floor --samples 1,2 ";

/// Runs a line of bash, with $R for the program. @return the status of the whole
int shell_status(const std::string& line) {
    const std::string command = "R=" RECONLAW_PROGRAM "; " + line;
    const int status = std::system(("bash -c '" + command + "'").c_str());
    return WIFEXITED(status) ? WEXITSTATUS(status) : -1;
}

}  // namespace

TEST_CASE("output beyond a limit of the file size is an error that names the file, and leaves nothing") {
    const TemporaryDirectory folder;
    const std::string out = (folder / "out.csv").string(), err = (folder / "err").string();
    CHECK(shell_status("ulimit -f 8; $R " + long_table + "--output " + out + " 2> " + err) == 2);
    CHECK(read_text(err) == "reconlaw risk: " + out + ": cannot write: File too large\n");
    CHECK(entries_in(folder.path()) == 1);
    CHECK(shell_status("ulimit -f 8; $R " + long_table + " > " + out + " 2> " + err) == 1);
    CHECK(read_text(err).find("cannot write the output") != std::string::npos);
}

TEST_CASE("output to a full disk is an error") {
    const TemporaryDirectory folder;
    const std::string err = (folder / "err").string();
    CHECK(shell_status("$R " + long_table + " > /dev/full 2> " + err) == 1);
    CHECK(read_text(err).find("cannot write the output") != std::string::npos);
    CHECK(shell_status("$R " + short_table + " > /dev/full 2> " + err) == 1);
}

TEST_CASE("a pipe that is closed ends the output without words, and other files are still written") {
    const TemporaryDirectory folder;
    const std::string err = (folder / "err").string(), first = (folder / "first").string();
    CHECK(shell_status("$R " + long_table + " 2> " + err + " | head -1 > " + first +
                       "; exit ${PIPESTATUS[0]}") == 141);
    CHECK(read_text(first) == "samples,estimator,risk,floor,variance,bias,step\n");
    CHECK(read_text(err).empty());
    if (std::system("gnuplot --version >/dev/null 2>&1") != 0) return;
    std::string curve = "samples,loss\n";
    for (int i = 0; i < 8; ++i)
        curve += std::to_string(10 << i) + "," + std::to_string(1.0 / (10 << i)) + "\n";
    write_text(folder / "curve.csv", curve);
    const std::string svg = (folder / "o.svg").string();
    CHECK(shell_status("$R fit " + (folder / "curve.csv").string() + " --laws power --plot " + svg + " 2> " +
                       err + " | true; exit ${PIPESTATUS[0]}") != 2);
    CHECK(read_text(svg).find("</svg>") != std::string::npos);
}

TEST_CASE("a standard stream that is closed gives its number to no file") {
    const TemporaryDirectory folder;
    const std::string err = (folder / "err").string(), file = (folder / "run.txt").string();
    const std::string simulate =
        "simulate --problem subspace --n 20 --d 3 --sigma 0.1 --samples 5 --estimator pca --trials 3 ";
    CHECK(shell_status("$R " + short_table + " >&- 2> " + err) == 1);
    CHECK(read_text(err).find("cannot write the output") != std::string::npos);
    CHECK(shell_status("$R " + simulate + "--checkpoint " + file + " <&- >&- 2>&-") == 1);
    CHECK(read_text(file).find("samples,estimator") == std::string::npos);
    CHECK(shell_status("$R " + simulate + "--checkpoint " + file + " > " + err) == 0);  // not damaged
}

TEST_CASE("--output: a link is followed as by a redirection, a loop of links is refused") {
    const TemporaryDirectory folder;
    namespace fs = std::filesystem;
    write_text(folder / "target", "old");
    fs::create_symlink("target", folder / "link");
    fs::create_symlink("new", folder / "dangling");
    fs::create_symlink("loop", folder / "loop");
    const auto run = [&](const char* name) {
        return reconlaw_run(short_table + "--output " + (folder / name).string());
    };
    CHECK(run("link").status == 0);
    CHECK(fs::is_symlink(folder / "link"));
    CHECK(read_text(folder / "target").starts_with("samples,"));
    CHECK(run("dangling").status == 0);
    CHECK(fs::is_symlink(folder / "dangling"));
    CHECK(read_text(folder / "new").starts_with("samples,"));
    const Outcome loop = run("loop");
    CHECK(loop.status == 2);
    CHECK(loop.err.find("loop: --output: cannot be written: Too many levels of symbolic links") !=
          std::string::npos);
}

TEST_CASE("simulate --checkpoint: links as for --output, damage and earlier formats named with their line") {
    const TemporaryDirectory folder;
    namespace fs = std::filesystem;
    const std::string line =
        "simulate --problem subspace --n 20 --d 3 --sigma 0.1 --samples 5 --estimator pca --trials 3 "
        "--checkpoint ";
    fs::create_symlink("new", folder / "dangling");
    fs::create_symlink("loop", folder / "loop");
    const auto run = [&](const char* name) { return reconlaw_run(line + (folder / name).string()); };
    CHECK(run("dangling").status == 0);
    const std::string text = read_text(folder / "new");
    CHECK(text.starts_with("reconlaw-checkpoint 2 "));
    CHECK(run("loop").status == 2);
    CHECK(run("loop").err.find("Too many levels of symbolic links") != std::string::npos);

    const auto refused = [&](const std::string& content) {
        write_text(folder / "run.txt", content);
        const Outcome outcome = run("run.txt");
        CHECK(outcome.status == 2);
        CHECK(outcome.out.empty());
        CHECK(read_text(folder / "run.txt") == content);  // whatever it is, it stays
        return outcome.err;
    };
    std::string changed = text;
    const std::size_t digit = changed.find("0x1.", changed.find('\n')) + 4;
    changed[digit] = changed[digit] == '1' ? '2' : '1';
    CHECK(refused(changed).find("run.txt:2: the checkpoint is damaged") != std::string::npos);
    CHECK(refused("reconlaw-checkpoint 1 problem 0\n")
              .find("run.txt:1: the checkpoint has the format of an earlier") != std::string::npos);
    CHECK(refused("samples,loss\n1,2\n").find("is not a checkpoint of reconlaw") != std::string::npos);
    CHECK(refused("my only copy").find("is not a checkpoint") != std::string::npos);
}
