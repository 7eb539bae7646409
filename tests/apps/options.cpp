/// The law that every option of every command obeys, so that one added later that goes past the readers
/// fails.

#include <doctest/doctest.h>

#include <algorithm>
#include <set>

#include "command_line.hpp"
#include "description.hpp"

using namespace reconlaw::cli;

namespace {

struct Case {
    const CommandDescription& command;
    const OptionDescription& option;
    std::string name = option.names.front();

    Outcome given(const std::string& value) const {
        if (option.positional) return reconlaw_words({command.name, "--", value}, false);
        return reconlaw_words({command.name, name, value}, false);
    }
    /// Accepted: what is missing besides may be said.
    bool takes(const std::string& value) const {
        return given(value).err.find(prefix()) == std::string::npos;
    }
    std::string prefix() const { return "reconlaw " + command.name + ": " + name + ": "; }
};

/// Every option with a value, of one kind.
template <class F>
void for_each_option(const ProgramDescription& program,
                     const std::function<bool(const OptionDescription&)>& of, const F& f) {
    for (const CommandDescription& command : program.commands)
        for (const OptionDescription& option : command.options)
            if (!option.flag && of(option)) {
                CAPTURE(command.name);
                CAPTURE(option.names.front());
                f(Case{command, option});
            }
}

bool is_number(const OptionDescription& o) {
    return o.is("NUMBER") || o.is("INT") || (o.is("LIST") && o.choices.empty());
}

/// Status 2 and one clean line that names the option.
void check_refused(const Case& c, const std::string& value) {
    const Outcome o = c.given(value);
    CAPTURE(value.substr(0, 100));
    CAPTURE(o.err.substr(0, 1000));
    CHECK(o.status == 2);
    CHECK(o.out.empty());
    CHECK(o.err.starts_with(c.prefix()));
    CHECK(o.err.size() < 800);
    CHECK(std::count(o.err.begin(), o.err.end(), '\n') == 1);
    CHECK(o.err.ends_with('\n'));
    CHECK(std::none_of(o.err.begin(), o.err.end() - 1, [](char character) {
        return static_cast<unsigned char>(character) < 0x20 || character == 0x7f;
    }));
}

}  // namespace

TEST_CASE("every option has a reader of its own kind, a name and a description") {
    const ProgramDescription program = describe_program();
    CHECK(program.commands.size() >= 7);
    for (const CommandDescription& command : program.commands) {
        CAPTURE(command.name);
        CHECK(!command.summary.empty());
        for (const OptionDescription& option : command.options) {
            REQUIRE(!option.names.empty());
            CAPTURE(option.names.front());
            CHECK(!option.description.empty());
            if (option.flag) continue;
            CAPTURE(option.type);
            const bool known =
                is_number(option) ? option.type.find(' ') != std::string::npos || option.is("LIST")
                : option.choices.empty()
                    ? option.type == "FILE" || option.type == "FOLDER" || option.type == "TEXT" ||
                          option.type.starts_with("COLUMN") || option.names.front() == "--range"
                    : option.type.starts_with('{') || option.is("LIST");
            CHECK(known);
        }
    }
}

TEST_CASE("no option takes for a number what is none") {
    const ProgramDescription program = describe_program();
    const std::vector<std::string> hostile{"",     " ",        "0x10", "0b1",   "nan",
                                           "-nan", "inf",      "-inf", "1e999", "1 2",
                                           "--1",  "1'0",      "1_0",  "ten",   "1e",
                                           ".",    "-",        "9\n",  "9\t",   "9x",
                                           "true", "\x1b[31m", "\xff", "9,,9",  std::string(100'000, '9')};
    int options = 0;
    for_each_option(program, is_number, [&](const Case& c) {
        ++options;
        for (const std::string& value : hostile) {
            if (value == "9\t" && c.option.is("LIST")) continue;  // blanks around entries mean nothing
            check_refused(c, value);
        }
    });
    CHECK(options > 25);
}

TEST_CASE("a number reads the same with leading zeros, a sign, a point or an exponent") {
    const ProgramDescription program = describe_program();
    for_each_option(program, is_number, [](const Case& c) {
        const bool taken = c.takes("9");
        for (const char* same : {"09", "+9", "9.0", "9e0", "0.9e1", "0000009"}) {
            CAPTURE(same);
            CHECK(c.takes(same) == taken);
        }
        if (c.option.is("LIST")) CHECK(c.takes(" 9 , 9") == taken);
        if (c.option.is("INT")) check_refused(c, "9.5");
    });
}

TEST_CASE("whole numbers are taken from the first to the last of their range and no further") {
    const ProgramDescription program = describe_program();
    for_each_option(
        program, [](const OptionDescription& o) { return o.is("INT"); },
        [](const Case& c) {
            long long low = 0;
            unsigned long long high = 0;
            const bool bounded =
                std::sscanf(c.option.type.c_str(), "INT from %lld to %llu", &low, &high) == 2;
            if (!bounded) REQUIRE(std::sscanf(c.option.type.c_str(), "INT at least %lld", &low) == 1);
            CHECK(c.takes(std::to_string(low)));
            check_refused(c, std::to_string(low - 1));
            check_refused(c, "-1e18");
            if (bounded) {
                CHECK(c.takes(std::to_string(high)));
                check_refused(c, std::to_string(high + 1));
            }
            check_refused(c, "18446744073709551616");  // 2^64
            check_refused(c, "1e20");
        });
}

TEST_CASE("choices are taken by their names only") {
    const ProgramDescription program = describe_program();
    std::set<std::string> commands;
    for_each_option(
        program, [](const OptionDescription& o) { return !o.choices.empty(); },
        [&](const Case& c) {
            commands.insert(c.command.name);
            for (const std::string& word : c.option.choices) {
                CHECK(c.takes(word));
                std::string upper = word;
                std::transform(upper.begin(), upper.end(), upper.begin(), ::toupper);
                check_refused(c, upper);
                check_refused(c, word + "x");
            }
            for (const char* bad : {"", " ", "0", "1", "-1", "\x1b[31m", "\xff"}) check_refused(c, bad);
            check_refused(c, std::string(100'000, 'x'));
        });
    CHECK(commands.size() >= 3);
}

TEST_CASE("paths and other text must not be empty, and flags take no value") {
    const ProgramDescription program = describe_program();
    for_each_option(
        program,
        [](const OptionDescription& o) { return o.type == "FILE" || o.type == "FOLDER" || o.type == "TEXT"; },
        [](const Case& c) {
            // an only word goes to the first argument, never to the second
            if (c.option.positional && c.command.name == "denoise" && c.name == "output") return;
            check_refused(c, "");
            CHECK(c.takes("x"));
        });
    for (const CommandDescription& command : program.commands)
        for (const OptionDescription& option : command.options) {
            const std::string name = option.names.front();
            if (!option.flag || name == "--help") continue;
            const Outcome o = reconlaw_words({command.name, name + "=0"}, false);
            CHECK(o.status == 2);
            CHECK(o.err == "reconlaw " + command.name + ": " + name + ": takes no value\n");
        }
}
