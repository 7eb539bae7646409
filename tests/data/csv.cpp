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

TEST_CASE("csv: separators are detected, quotes respected, and what was taken is said") {
    struct Case {
        const char* text;
        char separator;
        std::vector<std::string> columns;
        std::vector<std::string> first_row;
    };
    const std::vector<Case> cases{{"a,b\n1,2\n", ',', {"a", "b"}, {"1", "2"}},
                                  {"a;b\n1;2\n", ';', {"a", "b"}, {"1", "2"}},
                                  {"a;b\n1,5;2,5\n", ';', {"a", "b"}, {"1,5", "2,5"}},
                                  {"a;b, c\n1;2,5\n", ';', {"a", "b, c"}, {"1", "2,5"}},
                                  {"a,b; c\n1,2\n", ',', {"a", "b; c"}, {"1", "2"}},
                                  {"a\tb\n1\t2\n", '\t', {"a", "b"}, {"1", "2"}},
                                  {"a\tb\n\t2\n", '\t', {"a", "b"}, {"", "2"}},
                                  {"a|b\n1|2\n", '|', {"a", "b"}, {"1", "2"}},
                                  {"a  b\n1   2\n3 4 \n", ' ', {"a", "b"}, {"1", "2"}},
                                  {"\"x;y\",b\n\"1;2\",3\n", ',', {"x;y", "b"}, {"1;2", "3"}},
                                  {"\"x,y\";b\n\"1,2\";3\n", ';', {"x,y", "b"}, {"1,2", "3"}},
                                  {"b,note\n1,\"p; q; r\"\n2,s;t\n", ',', {"b", "note"}, {"1", "p; q; r"}},
                                  {"Seen Examples\n100\n", ',', {"Seen Examples"}, {"100"}},
                                  {"sep=;\na;b,c\n1;2\n", ';', {"a", "b,c"}, {"1", "2"}},
                                  {"\"sep=\t\"\r\na\tb\r\n1\t2\r\n", '\t', {"a", "b"}, {"1", "2"}},
                                  {"\xEF\xBB\xBFsep=,\na,b\n1,2\n", ',', {"a", "b"}, {"1", "2"}}};
    for (const Case& c : cases) {
        CAPTURE(c.text);
        const CsvTable t = parse_csv(c.text, "t.csv");
        CHECK(t.separator == c.separator);
        CHECK(t.columns == c.columns);
        CHECK(t.rows.front() == c.first_row);
        CHECK(t.notes.empty() == (c.separator == ','));
    }
    CHECK(parse_csv("a;b\n1;2\n", "t.csv").notes.front() == "columns are separated by semicolons");
}

TEST_CASE("csv: line ends, encodings, and lines that are no rows") {
    const std::vector<std::string> columns{"n", "loss"};
    const std::vector<double> n{100, 200};
    const auto utf16 = [](const std::string& ascii, bool little, bool mark) {
        std::string text = mark ? (little ? "\xFF\xFE" : "\xFE\xFF") : "";
        for (const char c : ascii) (text += little ? c : '\0') += little ? '\0' : c;
        return text;
    };
    const std::string plain = "n,loss\n100,0.5\n200,0.4\n";
    for (const std::string& text :
         {plain, std::string("n,loss\r100,0.5\r200,0.4\r"), std::string("n,loss\r\r\n100,0.5\r\r\n200,0.4"),
          std::string("n,loss\n100,0.5\r\n200,0.4"), utf16(plain, true, true), utf16(plain, false, true),
          utf16(plain, true, false), utf16(plain, false, false),
          std::string("# a, b\n\n") + plain + "# end\n",
          std::string("n,loss,\n100,0.5,\n200,0.4\n").erase(6, 1),
          std::string("n,loss\n,\n100,0.5\n,\n200,0.4\n,\n"),
          std::string("n,loss\n100,0.5\n\xEF\xBB\xBFn,loss\n200,0.4\n"),
          std::string("#n,loss\n100,0.5\n200,0.4\n"), std::string("# n loss\n1e2 0.5\n2e2 0.4\n")}) {
        CAPTURE(text);
        const CsvTable t = parse_csv(text, "t.csv");
        CHECK(t.columns == columns);
        CHECK(t.numbers("n") == n);
    }
    CHECK(parse_csv(utf16("\"\u00e9\",b\n1,2\n", true, true).replace(4, 4, "\xe9\0", 2), "t").columns[0] ==
          "\u00e9");
    CHECK(error_of("\xFF\xFE"
                   "a") == "t.csv: at byte 2: half a character of UTF-16 (truncated?)");
    CHECK(error_of(std::string("\xFF\xFE\0\0", 4)) == "t.csv: is UTF-32: save it as UTF-8");
    // lines are counted whatever ends them
    CHECK(parse_csv("a,b\r\n1,\"x\r\ny\"\r\n3,4\r\n", "t").lines == std::vector<std::size_t>{2, 4});
}

TEST_CASE("csv: columns without a name, twice the same, and row names") {
    const CsvTable index = parse_csv(",n,loss,loss,\n0,100,0.5,x,\n1,200,0.4,y,\n", "t.csv");
    CHECK(index.numbers("n") == std::vector<double>{100, 200});
    CHECK(index.column_list() == "n, loss, loss");
    CHECK_THROWS_WITH_AS((void)index.numbers("loss"),
                         "t.csv: the name 'loss' stands above columns 3 and 4: give one of them another",
                         FileError);
    CHECK_THROWS_AS((void)index.index(""), FileError);
    const CsvTable short_rows = parse_csv("n,loss,\n100,0.5\n", "t.csv");
    CHECK(short_rows.rows.front().size() == 3);
    for (const char* text :
         {"\"n\",\"loss\"\n\"1\",100,0.5\n\"2\",200,0.4\n", "n loss\nrow_a 100 0.5\nrow_b 200 0.4\n"}) {
        const CsvTable named = parse_csv(text, "t.csv");
        CHECK(named.columns == std::vector<std::string>{"", "n", "loss"});
        CHECK(named.numbers("n") == std::vector<double>{100, 200});
    }
}

TEST_CASE("csv: decimal commas, thousands, and what cannot be told apart") {
    const auto read = [](std::string_view text, const char* column) {
        return parse_csv(text, "t.csv").numbers(column);
    };
    CHECK(read("n;loss\n100;0,5\n2000;0,25\n", "loss") == std::vector<double>{0.5, 0.25});
    CHECK(read("n\tloss\n100\t0,5\n", "loss") == std::vector<double>{0.5});
    CHECK(read("n,loss\n\"100\",\"0,5\"\n", "loss") == std::vector<double>{0.5});
    CHECK(read("n;psnr;loss\n100;28,353;0,5\n", "psnr") == std::vector<double>{28.353});
    CHECK(read("n;version;loss\n100;1.2;0,5\n", "loss") == std::vector<double>{0.5});
    const auto refused = [](std::string_view text, const char* column) -> std::string {
        const CsvTable table = parse_csv(text, "t.csv");
        try {
            (void)table.numbers(column);
        } catch (const FileError& e) {
            return e.what();
        }
        return "read";
    };
    const auto begins = [](const std::string& text, const std::string& begin) {
        INFO(text);
        CHECK(text.substr(0, begin.size()) == begin);
    };
    begins(refused("n,loss\n\"100\",0.5\n\"1,000\",0.2\n", "n"),
           "t.csv:3: column 'n': '1,000' has a thousands separator");
    begins(refused("n;loss\n100;0,5\n1.000;0,2\n", "n"),
           "t.csv:3: column 'n': '1.000' has a thousands separator");
    begins(refused("n;loss\n100;0,5\n1,000;0,2\n", "n"),
           "t.csv:3: column 'n': '1,000' has a thousands separator");
    begins(refused("n;psnr\n100;28,353\n", "psnr"),
           "t.csv:2: column 'psnr': '28,353' has a thousands separator, or a");
    begins(refused("n;loss\n100;0,5\n200;0.4\n", "loss"),
           "t.csv:3: column 'loss': '0.4' has a decimal point");
    CHECK(read("n;loss\n1.000;0.5\n", "n") == std::vector<double>{1});
}

TEST_CASE("csv: files that are no tables are named") {
    using namespace std::string_view_literals;
    const std::vector<std::pair<std::string_view, const char*>> cases{
        {"[{\"n\": 1}]", "JSON"},
        {"{\"n\": 1}\n{\"n\": 2}\n", "lines=True"},
        {" [1, 2]", "JSON"},
        {"PK\x03\x04...", "xlsx"},
        {"PAR1\x15", "Parquet"},
        {"\x89HDF\r\n", "HDF5"},
        {"\x93NUMPY\x01", "savetxt"},
        {"\x89PNG\r\n", "PNG"},
        {"<!DOCTYPE html>", "web page"}};
    for (const auto& [text, word] : cases) {
        CAPTURE(text);
        CHECK(error_of(text).find("t.csv: this is no table but ") == 0);
        CHECK(error_of(text).find(word) != std::string::npos);
    }
    CHECK(parse_csv("[N],{L}\n1,2\n", "t.csv").columns[0] == "[N]");
}

TEST_CASE("csv: ragged rows are refused or, if asked, left out and listed") {
    const std::string text = "n,loss\n100,0.5\n200\n300,0.3,7\n400,0.2\n";
    CHECK(error_of(text) == "t.csv:3: 1 field, the header has 2");
    const CsvTable t = parse_csv(text, "t.csv", {.skip_ragged_rows = true});
    CHECK(t.numbers("n") == std::vector<double>{100, 400});
    REQUIRE(t.left_out.size() == 2);
    CHECK(t.left_out[1].line == 4);
    CHECK(t.left_out[1].reason == "3 fields, the header has 2");
    // skipping these would drop every size of a thousand and more
    CHECK_THROWS_WITH_AS((void)parse_csv("n,loss\n500,0.5\n1,000,0.3\n", "t.csv", {.skip_ragged_rows = true}),
                         "t.csv:3: 3 fields, the header has 2: '1,000' seems to be a number with a thousands "
                         "separator, write 1000",
                         FileError);
    CHECK(error_of("n,loss\n1,000,0.5\n2,000,0.3\n").find("thousands separator") != std::string::npos);
}

TEST_CASE("csv: a hundred thousand columns, long fields and control characters") {
    std::string wide = "n,loss", row = "100,0.5";
    for (int i = 0; i < 100000; ++i) wide += ",c" + std::to_string(i), row += ",1";
    const CsvTable t = parse_csv(wide + "\n" + row + "\n", "t.csv");
    CHECK(t.columns.size() == 100002);
    CHECK(t.numbers("c99999") == std::vector<double>{1});
    try {
        (void)t.index("los");
    } catch (const FileError& e) {
        CHECK(std::string(e.what()).find("'los'; the file has: loss, ") != std::string::npos);
        CHECK(std::string(e.what()).find(" and 99982 more") != std::string::npos);
        CHECK(std::string(e.what()).size() < 300);
    }
    const CsvTable hostile = parse_csv(
        "n,\x1b[31mloss\n100," + std::string(2000000, 'x') + "\n" + std::string("200,\x1b]0;t\x07\0\n", 12),
        "t.csv");
    for (const char* column : {"\x1b[31mloss", "other\x1b", "n"}) {
        try {
            (void)hostile.numbers(column);
        } catch (const FileError& e) {
            const std::string message = e.what();
            CHECK(message.size() < 300);
            CHECK(message.find('\x1b') == std::string::npos);
        }
    }
    CHECK_THROWS_WITH_AS((void)parse_csv("a,b\n1,2\n3,4\n", "t.csv", {.max_fields = 3}),
                         "t.csv:3: more than 3 fields, the limit of a table", FileError);
}

TEST_CASE("csv: what is wrong, and where") {
    CHECK(error_of("") == "t.csv: empty: expected a header line");
    CHECK(error_of("# only a comment\n") == "t.csv: empty: expected a header line");
    CHECK(error_of("a,b\n") == "t.csv: no rows after the header");
    CHECK(error_of("a,b\n1,2\n3\n") == "t.csv:3: 1 field, the header has 2");
    CHECK(error_of("a,b\n1,\"2\n3,4\n") == "t.csv:2: a quote is not closed");
    CHECK(parse_csv("a,b\n\"1\"x,2\n", "t.csv").rows[0][0] == "1x");
    const CsvTable t = parse_csv("samples,loss,seed\n1,nan,0\n2,,1\n", "t.csv");
    CHECK_THROWS_WITH_AS((void)t.numbers("loss"), "t.csv:2: column 'loss': 'nan' is not a finite number",
                         FileError);
    CHECK_THROWS_WITH_AS((void)t.index("los"), "t.csv: no column 'los'; the file has: loss, seed, samples",
                         FileError);
    CHECK_THROWS_WITH_AS(
        (void)parse_csv("100,0.5\n200,0.4\n", "t.csv").index("loss"),
        "t.csv: no column 'loss': the first line holds numbers (100, 0.5), so the header seems to be "
        "missing; put a line with the names of the columns in front, such as samples,loss",
        FileError);
    CHECK(parse_csv(",0,1\n0,100,0.5\n", "t.csv").numbers("1") == std::vector<double>{0.5});
}
