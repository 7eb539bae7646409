#include "reconlaw/data/csv_writer.hpp"

#include <doctest/doctest.h>

#include <random>

#include "reconlaw/data/csv.hpp"

using namespace reconlaw::data;

namespace {

const std::vector<std::string> hostile_fields{"",
                                              "plain",
                                              "two words",
                                              "a,b",
                                              "a\"b",
                                              "\"quoted\"",
                                              "two\nlines",
                                              "two\r\nlines",
                                              "old\rline",
                                              " blank in front",
                                              "blank behind ",
                                              "\ttab",
                                              "a;b",
                                              "# no comment",
                                              "a#b",
                                              "\xEF\xBB\xBFmark",
                                              "é, ü, 数",
                                              "\x1b[31m",
                                              "1,5",
                                              "`id`",
                                              "$(id)",
                                              "\"",
                                              "\"\"",
                                              "\n",
                                              " ",
                                              "=1+1",
                                              "not\xffUTF-8"};

/// Line ends within a field come back as \n, whichever the file has.
std::string as_read(const std::string& text) {
    std::string read;
    for (std::size_t i = 0; i < text.size(); ++i)
        if (text[i] != '\r')
            read += text[i];
        else if (i + 1 == text.size() || text[i + 1] != '\n')
            read += '\n';
    return read;
}

}  // namespace

TEST_CASE("csv_field quotes what a reader could take for something else, and nothing more") {
    CHECK(csv_field("plain") == "plain");
    CHECK(csv_field("two words") == "two words");
    CHECK(csv_field("a,b") == "\"a,b\"");
    CHECK(csv_field("d\"e") == "\"d\"\"e\"");
    CHECK(csv_field("a;b") == "\"a;b\"");
    CHECK(csv_field("1e-20") == "1e-20");
    CHECK(csv_line({"a", "b,c", ""}) == "a,\"b,c\",\n");
    CHECK(csv_line({""}) == "\"\"\n");
    CHECK(csv_line({}) == "\n");
}

TEST_CASE("what csv_line writes, parse_csv reads: every pair of hostile fields, as names and as values") {
    for (const std::string& a : hostile_fields)
        for (const std::string& b : hostile_fields) {
            CAPTURE(a);
            CAPTURE(b);
            if (a.empty() && b.empty()) continue;  // a row of nothing is no row to a reader of tables
            const bool names =
                !a.empty() && !b.empty() && as_read(a) != as_read(b);  // others cannot be a header
            // a row that repeats the header is passed over: tables are written one behind the other
            const std::string text = (names ? csv_line({a, b}) : csv_line({"first", "second"})) +
                                     csv_line({b, a}) + csv_line({b, a});
            const CsvTable table = parse_csv(text, "test.csv");
            if (names) CHECK(table.columns == std::vector<std::string>{as_read(a), as_read(b)});
            REQUIRE(table.rows.size() == 2);
            CHECK(table.rows[0] == std::vector<std::string>{as_read(b), as_read(a)});
            CHECK(table.rows[1] == std::vector<std::string>{as_read(b), as_read(a)});
        }
}

TEST_CASE("what csv_line writes, parse_csv reads: random text, one field a line") {
    std::mt19937 random(1);
    constexpr std::string_view letters = "ab,\"\n\r\t ;#'`\\\xC3\xA9";
    std::vector<std::string> fields;
    std::string text = "name\n";
    for (int i = 0; i < 2000; ++i) {
        std::string field;
        for (auto length = random() % 6; length-- > 0;) field += letters[random() % letters.size()];
        text += csv_line({field});
        if (!field.empty())
            fields.push_back(as_read(field));  // a row of nothing is no row to a reader of tables
    }
    CHECK(parse_csv(text, "test.csv").text("name") == fields);
}
