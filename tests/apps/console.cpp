#include "console.hpp"

#include <doctest/doctest.h>

#include <sstream>

#include "command_line.hpp"

using namespace reconlaw::cli;

TEST_CASE("notes and errors hold nothing that a terminal obeys, and errors are one line") {
    std::ostringstream err;
    {
        Console console(err, false, 80, false);
        console.notes() << "note: \x1b[31mred\n"
                        << "gr\xc3"
                        << "\xb6\xc3\x9f" << '\n'
                        << "half";
        console.error("a\nb\x07");
    }
    CHECK(err.str() == "note: \\x1b[31mred\ngr\xc3\xb6\xc3\x9f\nhalfa\\nb\\x07\n");
    std::ostringstream once_more;
    Console(once_more, false, 80, false).error(std::string(3'000'000, 'x'));
    CHECK(once_more.str().size() < 6000);
}

TEST_CASE("progress is drawn on a terminal only, and gives way to notes") {
    std::ostringstream nothing;
    {
        Console file(nothing, false, 80, false), quiet(nothing, true, 80, true);
        ProgressLine(&file).show(0.5, "1/2 draws");
        ProgressLine(&quiet).show(0.5, "1/2 draws");
        ProgressLine(nullptr).show(0.5, "1/2 draws");
        quiet.notes() << "note: unheard\n";
    }
    CHECK(nothing.str().empty());

    std::ostringstream err;
    {
        Console console(err, true, 40, false);
        ProgressLine line(&console);
        CHECK(line.due());
        line.show(0.5, "1/2 draws, a text that is longer than the terminal is wide", 12.0);
        CHECK(!line.due());
        line.show(1.0, "too soon");
        console.notes() << "note: a\n";
    }
    const std::string drawn = "\r\033[K[###############...............] 1/2 dr";
    CHECK(err.str() == drawn + "\r\033[Knote: a\n");

    std::ostringstream left;
    {
        Console console(left, true, 200, false);
        ProgressLine(&console).show(0.5, "1/2 draws", 100.0);
    }
    CHECK(left.str() == "\r\033[K[###############...............] 1/2 draws, 1.7 min left\r\033[K");
}

TEST_CASE("results on a terminal are letters, tabs and line ends") {
    std::ostringstream out;
    {
        PrintableStream printable(out);
        printable.stream() << "a\tb\x1b[2J\r\n"
                           << "rest";
    }
    CHECK(out.str() == "a\tb\\x1b[2J\\r\nrest");
}
