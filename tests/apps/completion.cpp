#include "completion.hpp"

#include <doctest/doctest.h>
#include <sys/wait.h>

#include <array>
#include <cstdio>
#include <filesystem>
#include <memory>

#include "command_line.hpp"
#include "support/temporary_directory.hpp"

namespace fs = std::filesystem;
using namespace reconlaw::cli;
using reconlaw::data::testing::TemporaryDirectory;
using reconlaw::data::testing::write_text;

namespace {

struct ShellRun {
    int status;
    std::string output;
};

/// Runs a line by sh; both streams.
ShellRun shell_runs(const std::string& line) {
    std::FILE* pipe = ::popen(("{ " + line + "; } 2>&1").c_str(), "r");
    REQUIRE(pipe != nullptr);
    std::string output;
    std::array<char, 4096> part{};
    while (const std::size_t count = std::fread(part.data(), 1, part.size(), pipe))
        output.append(part.data(), count);
    const int status = ::pclose(pipe);
    return {WIFEXITED(status) ? WEXITSTATUS(status) : -1, output};
}

bool installed(const std::string& program) {
    return shell_runs("command -v " + program).status == 0;
}

/// What bash offers for the last of these words.
std::string bash_offers(const fs::path& script, const std::vector<std::string>& words) {
    std::string list;
    for (const std::string& word : words) list += " '" + word + "'";
    return shell_runs("cd " + script.parent_path().string() + " && bash --norc -c \"source " +
                      script.string() + "; COMP_WORDS=(" + list +
                      "); COMP_CWORD=" + std::to_string(words.size() - 1) +
                      "; _reconlaw; printf '%s\\n' \\\"\\${COMPREPLY[@]}\\\"\"")
        .output;
}

}  // namespace

TEST_CASE("bash completes commands, options, choices, files and folders") {
    if (!installed("bash")) {
        MESSAGE("SKIPPED: install bash");
        return;
    }
    const TemporaryDirectory folder;
    write_text(folder / "script", reconlaw_run("completion bash").out);
    write_text(folder / "curve.csv", "");
    fs::create_directory(folder / "runs");
    const auto offers = [&](std::vector<std::string> words) {
        words.insert(words.begin(), "reconlaw");
        return bash_offers(folder / "script", words);
    };
    CHECK(offers({"si"}) == "simulate\n");
    CHECK(offers({"--ver"}) == "--version\n");
    CHECK(offers({"man"}) == "\n");
    CHECK(offers({"risk", "--samp"}) == "--samples\n");
    CHECK(offers({"risk", "--format", ""}) == "csv\njson\n");
    CHECK(offers({"risk", "--format", "="}) == "csv\njson\n");
    CHECK(offers({"risk", "--format", "=", "j"}) == "json\n");
    CHECK(offers({"--quiet", "risk", "--prob"}) == "--problem\n--problem-seed\n");
    CHECK(offers({"risk", "--problem", "po"}) == "power-law\n");
    CHECK(offers({"risk", "--n", ""}) == "\n");
    CHECK(offers({"risk", "--output", "cur"}) == "curve.csv\n");
    CHECK(offers({"reproduce", "--out", ""}) == "runs\n");
    CHECK(offers({"completion", "z"}) == "zsh\n");
}

TEST_CASE("completions of zsh and fish are well-formed") {
    const TemporaryDirectory folder;
    int checked = 0;
    for (const std::string name : {"zsh", "fish"}) {
        const Outcome o = reconlaw_run("completion " + name);
        CHECK(o.status == 0);
        for (const char* word : {"simulate", "power-law", "samples"})
            CHECK(o.out.find(word) != std::string::npos);
        write_text(folder / name, o.out);
        if (!installed(name)) continue;
        const ShellRun syntax = shell_runs(name + " -n " + (folder / name).string());
        CAPTURE(syntax.output);
        CHECK(syntax.status == 0);
        ++checked;
    }
    if (checked < 2) MESSAGE("SKIPPED: install zsh and fish to have them check their scripts");
}

TEST_CASE("manual pages tell every option, and man has nothing to warn of") {
    const TemporaryDirectory folder;
    REQUIRE(reconlaw_run("man-pages " + (folder / "man1").string()).status == 0);
    const ProgramDescription program = describe_program();
    for (const CommandDescription& command : program.commands) {
        const fs::path page = folder / ("man1/reconlaw-" + command.name + ".1");
        CHECK(fs::exists(page) == !command.hidden);
        if (command.hidden) continue;
        const std::string text = reconlaw::data::testing::read_text(page);
        CHECK(text.find(".SH NAME\nreconlaw\\-") != std::string::npos);
        CHECK(text.find(".SH EXIT STATUS\n") != std::string::npos);
        for (const OptionDescription& option : command.options) {
            std::string name;
            for (const char c : option.names.front())
                name += c == '-' ? std::string("\\-") : std::string(1, c);
            CHECK(text.find(".TP\n\\fB" + name + "\\fR") != std::string::npos);
        }
    }
    CHECK(reconlaw_run("man-pages /proc/nowhere").status == 2);
    if (!installed("groff")) {
        MESSAGE("SKIPPED: install groff-base to have the pages checked");
        return;
    }
    const ShellRun rendered = shell_runs("groff -man -Tutf8 -ww -z " + (folder / "man1").string() + "/*.1");
    CAPTURE(rendered.output);
    CHECK(rendered.status == 0);
    CHECK(rendered.output.empty());
}
