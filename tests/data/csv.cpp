#include "reconlaw/data/csv.hpp"

#include <doctest/doctest.h>

#include "reconlaw/data/file_error.hpp"

using namespace reconlaw::data;

namespace {

std::string error_of(std::string_view text) {
    try {
        (void)parse_csv(text, "t.csv");
    } catch (const FileError& e) {
        return e.what();
    }
    return "";
}

}  // namespace

TEST_CASE("csv: quotes, comments, blank lines, byte-order mark and carriage returns") {
    const CsvTable t = parse_csv(
        "\xEF\xBB\xBF# made by hand\nname, Seen Examples ,loss\r\n\r\n\"a, \"\"b\"\"\",10, 1e-3\r\n# "
        "x\nc,20,.5",
        "t.csv");
    CHECK(t.columns == std::vector<std::string>{"name", "Seen Examples", "loss"});
    CHECK(t.text("name") == std::vector<std::string>{"a, \"b\"", "c"});
    CHECK(t.numbers("Seen Examples") == std::vector<double>{10, 20});
    CHECK(t.numbers("loss") == std::vector<double>{1e-3, 0.5});
    CHECK(t.lines == std::vector<std::size_t>{4, 6});
}

TEST_CASE("csv: a field over two lines keeps the line count") {
    const CsvTable t = parse_csv("a,b\n\"1\n2\",3\n4,5\n", "t.csv");
    CHECK(t.text("a")[0] == "1\n2");
    CHECK(t.lines[1] == 4);
}

TEST_CASE("csv: what is wrong, and where") {
    CHECK(error_of("") == "t.csv: empty: expected a header line");
    CHECK(error_of("a,b\n") == "t.csv: no rows after the header");
    CHECK(error_of("a,b\n1,2\n3\n") == "t.csv:3: 1 fields, the header has 2");
    CHECK(error_of("a,,c\n1,2,3\n") == "t.csv:1: column 2 of the header has no name");
    CHECK(error_of("a,a\n1,2\n") == "t.csv:1: column 'a' appears twice");
    CHECK(error_of("a,b\n1,\"2\n3,4\n") == "t.csv:2: a quote is not closed");
    CHECK(error_of("a,b\n\"1\"x,2\n") == "t.csv:2: text after a closing quote");
    const CsvTable t = parse_csv("samples,loss,seed\n1,nan,0\n2,,1\n", "t.csv");
    CHECK_THROWS_WITH_AS((void)t.numbers("loss"), "t.csv:2: column 'loss': 'nan' is not a finite number",
                         FileError);
    CHECK_THROWS_WITH_AS((void)t.index("los"), "t.csv: no column 'los'; the file has: loss, seed, samples",
                         FileError);
}
