#include "waiting.hpp"

#include <sys/wait.h>

#include <cstdlib>
#include <fstream>
#include <iterator>
#include <string>

#include "command_line.hpp"
#include "support/temporary_directory.hpp"

namespace {

/// What a shell command leaves; the variables that decide about waiting are not set before.
struct Shell {
    int status;
    std::string out, err;

    explicit Shell(const std::string& command) {
        const reconlaw::data::testing::TemporaryDirectory folder;
        const std::string out_file = (folder / "out").string(), err_file = (folder / "err").string();
        const int code = std::system(("unset OMP_WAIT_POLICY GOMP_SPINCOUNT; { " + command + "; } > '" +
                                      out_file + "' 2> '" + err_file + "'")
                                         .c_str());
        status = WIFEXITED(code) ? WEXITSTATUS(code) : -1;
        const auto text = [](const std::string& path) {
            std::ifstream in(path);
            return std::string(std::istreambuf_iterator<char>(in), {});
        };
        out = text(out_file), err = text(err_file);
    }
};

const std::string restarted = RECONLAW_RESTARTED_PROGRAM;

}  // namespace

TEST_CASE("a program that waits briefly starts itself once more, with everything it was given") {
    const Shell run("printf 'line 1\nline 2' | " + restarted + " 'two words' '' --option=\"it's\" '*'");
    CHECK(run.status == 7);
    const std::vector<std::string> out = lines_of(run.out), err = lines_of(run.err);
    REQUIRE(out.size() == 9);
    CHECK(out[0] == "GOMP_SPINCOUNT 3000");
    CHECK(out[1] == "OMP_WAIT_POLICY not set");
    CHECK(out[2] == "argument <" + restarted + ">");
    CHECK(out[3] == "argument <two words>");
    CHECK(out[4] == "argument <>");
    CHECK(out[5] == "argument <--option=it's>");
    CHECK(out[6] == "argument <*>");
    CHECK(out[7] == "input line 1");
    CHECK(out[8] == "line 2");
    REQUIRE(err.size() == 2);  // twice, and as the same process: what waits for it or kills it need not know
    CHECK(err[0].starts_with("started as "));
    CHECK(err[0] == err[1]);
}

TEST_CASE("who has chosen how threads wait is left alone") {
    for (const std::string setting : {"OMP_WAIT_POLICY=active", "OMP_WAIT_POLICY=passive", "GOMP_SPINCOUNT=5",
                                      "GOMP_SPINCOUNT=", "GOMP_SPINCOUNT=3000"}) {
        INFO(setting);
        const Shell run(setting + " " + restarted + " < /dev/null");
        CHECK(run.status == 7);
        CHECK(lines_of(run.err).size() == 1);
        const std::size_t equals = setting.find('=');
        CHECK(run.out.find(setting.substr(0, equals) + " " + setting.substr(equals + 1) + "\n") !=
              std::string::npos);
    }
}

TEST_CASE("a program that another one loads does not start that one instead") {
    const std::string loader = "/lib64/ld-linux-x86-64.so.2";
    if (!std::ifstream(loader)) {
        MESSAGE("SKIPPED: there is no ", loader);
        return;
    }
    const Shell run(loader + " " + restarted + " one < /dev/null");
    CHECK(run.status == 7);
    CHECK(lines_of(run.err).size() == 1);
    CHECK(run.out.find("argument <one>\n") != std::string::npos);
}

TEST_CASE("the commands that compute networks wait briefly, the others start once") {
    const auto computes = [](std::vector<const char*> words) {
        words.insert(words.begin(), "reconlaw");
        return reconlaw::cli::computes_networks(static_cast<int>(words.size()), words.data());
    };
    CHECK(computes({"train"}));
    CHECK(computes({"--some-option", "sweep", "study.toml"}));
    CHECK(computes({"evaluate", "train"}));
    CHECK(computes({"denoise", "-"}));
    CHECK_FALSE(computes({}));
    CHECK_FALSE(computes({""}));
    CHECK_FALSE(computes({"--help"}));
    CHECK_FALSE(computes({"fit", "train"}));
    CHECK_FALSE(computes({"trainer"}));
    // glibc's loader says when it hands over to a program
    const auto starts = [](const std::string& command) {
        const Shell run("LD_DEBUG=files " + command);
        CHECK(run.status == 0);
        int times = 0;
        for (const std::string& line : lines_of(run.err))
            times += line.find("transferring control: " RECONLAW_PROGRAM) != std::string::npos;
        return times;
    };
    CHECK(starts(RECONLAW_PROGRAM " risk --help") == 1);
    CHECK(starts(RECONLAW_PROGRAM " train --help") == 2);
    CHECK(starts("OMP_WAIT_POLICY=active " RECONLAW_PROGRAM " train --help") == 1);
}
