// The report as a process that is interrupted and killed; tests/reproduce has what it then goes on from.
#include <doctest/doctest.h>
#include <sys/wait.h>

#include <cstdlib>
#include <filesystem>

#include "command_line.hpp"
#include "support/temporary_directory.hpp"

TEST_CASE(
    "reconlaw reproduce: SIGINT ends it with words and status 130, SIGKILL leaves nothing half-written") {
    using reconlaw::data::testing::read_text;
    if (std::system("gnuplot --version >/dev/null 2>&1") != 0) {
        MESSAGE("SKIPPED: install gnuplot-nox");
        return;
    }
    const reconlaw::data::testing::TemporaryDirectory folder;
    const std::string out = (folder / "out").string(), err = (folder / "err").string();
    const auto signalled = [&](const std::string& signal) {
        const std::string line = ": > " + err +
                                 "; " RECONLAW_PROGRAM
                                 " reproduce --quick --threads 1 --sections iterations --out " +
                                 out + " 2> " + err + " & p=$!; until grep -q iterations " + err +
                                 "; do kill -0 $p || break; done; kill -" + signal + " $p; wait $p";
        return std::system(("bash -c '" + line + "' 2> /dev/null").c_str());
    };
    for (const char* signal : {"INT", "TERM"}) {
        CHECK(WEXITSTATUS(signalled(signal)) == 130);
        CHECK(
            read_text(err).find("reconlaw reproduce: interrupted with 0 of 1 sections done; the same command "
                                "goes on") != std::string::npos);
    }
    CHECK(WEXITSTATUS(signalled("KILL")) == 128 + 9);
    for (const auto& entry : std::filesystem::recursive_directory_iterator(out)) {
        CAPTURE(entry.path().string());
        CHECK((entry.path().filename() == ".lock" || entry.path().filename() == ".sections"));
    }
    const Outcome unknown = reconlaw_run("reproduce --sections iterations,images --out " + out);
    CHECK(unknown.status == 2);
    CHECK(unknown.err.find(
              "--sections: 'images' is unknown, must be learning-curves, iterations, real-images or "
              "inverse-problems") != std::string::npos);
}
