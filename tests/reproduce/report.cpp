// How a report is made, stopped and resumed, with sections that take no time.
#include "reproduce/report.hpp"

#include <doctest/doctest.h>
#include <signal.h>
#include <sys/wait.h>
#include <unistd.h>

#include <filesystem>
#include <map>
#include <regex>
#include <sstream>
#include <thread>

#include "interrupt.hpp"
#include "reconlaw/data/file_error.hpp"
#include "reproduce/gnuplot.hpp"
#include "reproduce/kept_section.hpp"
#include "support/temporary_directory.hpp"

using namespace reconlaw;
using namespace reconlaw::report;
using data::testing::read_text;
using data::testing::TemporaryDirectory;
using data::testing::write_text;

namespace {

namespace fs = std::filesystem;

Section small_section(const std::string& name, bool with_figure) {
    if (!with_figure) return {"Section " + name, {Table{name + "-table", "caption", {"h"}, {{"a,b"}}}}};
    Figure figure;
    figure.name = name + "-figure", figure.title = "A line", figure.what_to_see = "It rises.";
    figure.panels.push_back({name, {"x"}, {"y"}, {{"s", look::total, Mark::line, {1, 2}, {1, 2}}}});
    Pictures pictures{name + "-pictures", "Pictures", "Nothing.", {{"row", {0x89, 'P', 0, 1}}}};
    return {"Section " + name,
            {Paragraph{"text"}, figure, Table{name + "-table", "caption", {"h"}, {{"a,b"}}}, pictures}};
}

/// Three sections; `computed` counts how often each was.
struct SmallReport {
    bool figures = true;
    std::map<std::string, int> computed = {};
    std::function<void(const Context&)> during_second = [](const Context&) {};

    std::vector<SectionTask> tasks() {
        std::vector<SectionTask> all;
        for (const std::string name : {"one", "two", "three"})
            all.push_back({name, [this, name](const Context& context) {
                               ++computed[name];
                               if (name == "two") during_second(context);
                               return small_section(name, figures && name == "one");
                           }});
        return all;
    }
};

/// All files of a folder, without the times in report.html.
std::map<std::string, std::string> files_without_times(const fs::path& folder) {
    std::map<std::string, std::string> files;
    for (const auto& entry : fs::recursive_directory_iterator(folder))
        if (entry.is_regular_file())
            files[entry.path().lexically_relative(folder).string()] = read_text(entry.path());
    if (files.count("report.html")) {
        std::string& html = files["report.html"];
        html = std::regex_replace(html, std::regex("in [0-9]+ seconds"), "in T seconds");
        html = std::regex_replace(html, std::regex("<td>[0-9.]+</td></tr>\n"), "<td>T</td></tr>\n");
    }
    return files;
}

bool gnuplot_is_missing() {
    try {
        (void)gnuplot_version();
        return false;
    } catch (const std::runtime_error&) {
        MESSAGE("SKIPPED: install gnuplot-nox");
        return true;
    }
}

}  // namespace

TEST_CASE("report: every file, report.html last, and nothing kept of the work") {
    if (gnuplot_is_missing()) return;
    const TemporaryDirectory folder;
    SmallReport report;
    std::ostringstream told;
    const ReproduceResult result =
        make_report({folder / "out", true, 1, &told, {"one", "two"}}, report.tasks());
    CHECK(result.complete);
    CHECK(result.finished == 3);
    const auto files = files_without_times(folder / "out");
    for (const char* file : {"one-figure.csv", "one-figure.svg", "one-figure.png", "one-table.csv",
                             "one-pictures-1.png", "two-table.csv", "three-table.csv", "report.html"})
        CHECK_MESSAGE(files.count(file) == 1, file);
    CHECK(files.size() == 8 + 1);  // the empty .lock
    CHECK(files.at("one-table.csv") == "h\n\"a,b\"\n");
    CHECK(files.at("report.html").find("reconlaw reproduce --quick --sections one,two") != std::string::npos);
    CHECK_FALSE(fs::exists(folder / "out/.sections"));
    CHECK(told.str().find("done") != std::string::npos);

    // the same call makes it anew
    CHECK(make_report({folder / "out", true, 1}, report.tasks()).complete);
    CHECK(report.computed["one"] == 2);
}

TEST_CASE("report: interrupted by SIGINT it stops, and resumed it is the uninterrupted one") {
    if (gnuplot_is_missing()) return;
    const TemporaryDirectory folder;
    SmallReport whole, parts;
    CHECK(make_report({folder / "whole", true, 1}, whole.tasks()).complete);
    {
        const cli::InterruptGuard guard;
        parts.during_second = [](const Context& context) {
            for_each_index(context, 100, [](std::size_t i) {
                if (i == 50) ::raise(SIGINT);
            });
        };
        const ReproduceResult result = make_report(
            {folder / "parts", true, 1, nullptr, {}, cli::InterruptGuard::requested}, parts.tasks());
        CHECK_FALSE(result.complete);
        CHECK(result.finished == 1);
    }
    CHECK_FALSE(fs::exists(folder / "parts/report.html"));
    CHECK_FALSE(fs::exists(folder / "parts/two-table.csv"));
    // what was written may be gone or changed: it is kept elsewhere
    fs::remove(folder / "parts/one-figure.svg");
    write_text(folder / "parts/one-table.csv", "changed");
    parts.during_second = [](const Context&) {};
    std::ostringstream told;
    CHECK(make_report({folder / "parts", true, 1, &told}, parts.tasks()).complete);
    CHECK(told.str().find("one: kept from an interrupted run") != std::string::npos);
    CHECK(parts.computed == std::map<std::string, int>{{"one", 1}, {"two", 2}, {"three", 1}});
    CHECK(files_without_times(folder / "parts") == files_without_times(folder / "whole"));
}

TEST_CASE("report: killed, it goes on after the finished sections") {
    if (gnuplot_is_missing()) return;
    const TemporaryDirectory folder;
    SmallReport whole, parts;
    CHECK(make_report({folder / "whole", true, 1}, whole.tasks()).complete);
    const pid_t child = ::fork();
    if (child == 0) {
        parts.during_second = [](const Context&) { ::raise(SIGKILL); };
        (void)make_report({folder / "parts", true, 1}, parts.tasks());
        ::_exit(0);
    }
    int status = 0;
    ::waitpid(child, &status, 0);
    CHECK(WIFSIGNALED(status));
    CHECK(make_report({folder / "parts", true, 1}, parts.tasks()).complete);
    CHECK(parts.computed == std::map<std::string, int>{{"two", 1}, {"three", 1}});
    CHECK(files_without_times(folder / "parts") == files_without_times(folder / "whole"));
}

TEST_CASE("report: a kept section that is damaged, or of other options, is computed again") {
    if (gnuplot_is_missing()) return;
    const TemporaryDirectory folder;
    const fs::path kept = folder / "out/.sections/one";
    const auto interrupted = [&](bool quick) {
        SmallReport report{.figures = false};
        report.during_second = [](const Context&) { throw Stopped(); };
        CHECK_FALSE(make_report({folder / "out", quick, 1}, report.tasks()).complete);
    };
    const auto told_by_the_next = [&] {
        SmallReport report{.figures = false};
        std::ostringstream told;
        CHECK(make_report({folder / "out", true, 1, &told}, report.tasks()).complete);
        CHECK(report.computed["one"] == 1);
        return told.str();
    };
    interrupted(true);
    const std::string text = read_text(kept);
    std::string changed = text;
    changed[text.size() / 2] = static_cast<char>(changed[text.size() / 2] ^ 1);
    for (const std::string& damaged : {std::string(), text.substr(0, text.size() - 1), text + "x", changed}) {
        interrupted(true);
        write_text(kept, damaged);
        CHECK(told_by_the_next().find("one: the kept section is damaged") != std::string::npos);
    }
    interrupted(false);
    CHECK(told_by_the_next().find("one: the kept section belongs to other options, or to another version") !=
          std::string::npos);
}

TEST_CASE("kept sections: any one byte changed is noticed") {
    const TemporaryDirectory folder;
    const FinishedSection section{
        "title", "<p>text</p>", 1.25, {{"a.csv", "1,2\n"}, {"b.png", {"\x89\0\xff", 3}}}};
    keep_section(folder / "s", "mark", section);
    const KeptSection read = kept_section(folder / "s", "mark");
    REQUIRE(read.section.has_value());
    CHECK(read.section->title == section.title);
    CHECK(read.section->html == section.html);
    CHECK(read.section->seconds == section.seconds);
    CHECK(read.section->files == section.files);
    CHECK(kept_section(folder / "s", "other mark").problem.find("other options") != std::string::npos);
    CHECK(kept_section(folder / "none", "mark").problem == "");
    const std::string text = read_text(folder / "s");
    for (std::size_t i = 0; i < text.size(); ++i) {
        std::string changed = text;
        changed[i] = static_cast<char>(changed[i] ^ (1 << i % 8));
        write_text(folder / "s", changed);
        const KeptSection damaged = kept_section(folder / "s", "mark");
        CHECK_FALSE(damaged.section.has_value());
        CHECK(damaged.problem == "is damaged");
    }
}

TEST_CASE("report: links planted in its folder are not written through") {
    if (gnuplot_is_missing()) return;
    const TemporaryDirectory folder;
    write_text(folder / "victim", "mine");
    fs::create_directory(folder / "elsewhere");
    const fs::path out = folder / "out";
    fs::create_directory(out);
    for (const char* name : {"report.html", "one-figure.csv", "one-figure.svg", "one-figure.png",
                             "one-table.csv", "one-pictures-1.png"})
        fs::create_symlink("../victim", out / name);
    SmallReport report;
    CHECK(make_report({out, true, 1}, report.tasks()).complete);
    CHECK(read_text(folder / "victim") == "mine");
    CHECK_FALSE(fs::is_symlink(out / "report.html"));
    CHECK(read_text(out / "one-table.csv") == "h\n\"a,b\"\n");

    const auto refused = [&](const std::string& target, const char* name) -> std::string {
        fs::remove_all(out / name);
        fs::create_symlink(target, out / name);
        try {
            (void)make_report({out, true, 1}, report.tasks());
        } catch (const data::FileError& e) {
            fs::remove(out / name);
            return e.what();
        }
        return "";
    };
    CHECK(refused("../elsewhere", ".sections").find(".sections: is a symbolic link") != std::string::npos);
    CHECK(refused("../victim", ".lock").find(".lock: is a symbolic link: remove it") != std::string::npos);
    CHECK(refused("../nothing", ".lock").find(".lock: is a symbolic link") != std::string::npos);
    CHECK(fs::is_empty(folder / "elsewhere"));
    CHECK_FALSE(fs::exists(folder / "nothing"));
    CHECK(read_text(folder / "victim") == "mine");

    fs::create_symlink("out", folder / "link to folder");  // the user's own path is followed
    CHECK(make_report({folder / "link to folder", true, 1}, report.tasks()).complete);
    fs::create_symlink("loop", folder / "loop");
    CHECK_THROWS_WITH_AS((void)make_report({folder / "loop", true, 1}, report.tasks()),
                         doctest::Contains("loop: cannot be created"), data::FileError);
}

TEST_CASE("report: one at a time in a folder") {
    if (gnuplot_is_missing()) return;
    const TemporaryDirectory folder;
    SmallReport report{.figures = false}, other{.figures = false};
    std::string message;
    report.during_second = [&](const Context&) {
        try {
            (void)make_report({folder / "out", true, 1}, other.tasks());
        } catch (const data::FileError& e) {
            message = e.what();
        }
    };
    CHECK(make_report({folder / "out", true, 1}, report.tasks()).complete);
    CHECK(message.find("another report runs in this folder") != std::string::npos);
    CHECK(other.computed.empty());
}
