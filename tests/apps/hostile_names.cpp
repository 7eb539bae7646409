// Names of files and columns through every command that draws or writes a page: they are text everywhere.
#include "support/hostile_names.hpp"

#include <doctest/doctest.h>

#include <algorithm>
#include <cmath>

#include "command_line.hpp"
#include "reconlaw/data/csv.hpp"
#include "reconlaw/data/csv_writer.hpp"
#include "table.hpp"

namespace {

using reconlaw::data::csv_line;
using reconlaw::data::testing::hostile_names;
using reconlaw::data::testing::HostileName;
using reconlaw::data::testing::read_text;
using reconlaw::data::testing::text_in_svg;
using reconlaw::data::testing::WorkingDirectory;
using reconlaw::data::testing::write_text;

Outcome run_words(std::vector<std::string> words) {
    words.insert(words.begin(), "reconlaw");
    std::vector<const char*> argv;
    for (const std::string& word : words) argv.push_back(word.c_str());
    std::ostringstream out, err;
    const int status = reconlaw::cli::run(static_cast<int>(argv.size()), argv.data(), {out, err, false});
    return {status, out.str(), err.str()};
}

/// A learning curve whose columns have these names.
std::string hostile_curve(const std::string& x, const std::string& y) {
    std::string text = csv_line({x, y});
    for (int i = 0; i < 8; ++i)
        text += csv_line({std::to_string(10 << i), std::to_string(0.05 + std::pow(10 << i, -0.3))});
    return text;
}

/// Names that may be those of a column: a reader takes blanks off their ends.
std::vector<HostileName> column_names() {
    std::vector<HostileName> names;
    for (const HostileName& name : hostile_names())
        if (name.text.find_first_of("\r\xff") == std::string::npos) names.push_back(name);
    return names;
}

bool gnuplot_missing() {
    if (std::system("gnuplot --version >/dev/null 2>&1") == 0) return false;
    MESSAGE("SKIPPED: install gnuplot-nox");
    return true;
}

void check_page(const std::string& html) {
    CHECK(html.find("<script") == std::string::npos);
    CHECK(html.find("]]>") == std::string::npos);
    CHECK(html.find("<b>x</b>") == std::string::npos);
    CHECK(std::none_of(html.begin(), html.end(),
                       [](unsigned char c) { return c < 0x20 && c != '\n' && c != '\t'; }));
}

}  // namespace

TEST_CASE("fit --plot: hostile names of columns and files are drawn as they read, and nothing is executed") {
    if (gnuplot_missing()) return;
    const std::vector<HostileName> names = column_names();
    const WorkingDirectory folder;
    for (std::size_t i = 0; i + 1 < names.size(); i += 8) {
        CAPTURE(names[i].shown);
        CAPTURE(names[i + 1].shown);
        write_text("curve.csv", hostile_curve(names[i].text, names[i + 1].text));
        const Outcome outcome = run_words({"fit", "curve.csv", "--x=" + names[i].text,
                                           "--y=" + names[i + 1].text, "--laws", "power", "--plot", "o.svg"});
        CAPTURE(outcome.err);
        REQUIRE(outcome.status == 0);
        const std::string svg = read_text("o.svg");
        CHECK(text_in_svg(svg, names[i].shown));
        CHECK(text_in_svg(svg, names[i + 1].shown));
        CHECK(reconlaw::data::testing::entries_in(folder.path()) == 2);
    }
    const std::string file = "a`touch BY_FILE`'\"$(touch BY_SHELL)\n<b>]]>&#x41;{@_^%d.csv";
    write_text(file, hostile_curve("samples", "loss"));
    REQUIRE(run_words({"fit", file, "--laws", "power", "--plot", "o.svg"}).status == 0);
    CHECK(read_text("o.svg").find(
              "a`touch BY_FILE`'\"$(touch BY_SHELL)\\n&lt;b&gt;]]&gt;&amp;#x41;{@_^%d.csv") !=
          std::string::npos);
    CHECK(run_words({"fit", file, "--laws", "power", "--plot", "a`touch BY_PLOT`.png"}).status == 0);
    CHECK(read_text("a`touch BY_PLOT`.png").substr(1, 3) == "PNG");
    CHECK(reconlaw::data::testing::entries_in(folder.path()) == 4);
}

TEST_CASE("advise --plot and --html: hostile names are text in the figure and in the page") {
    if (gnuplot_missing()) return;
    const std::vector<HostileName> names = column_names();
    const WorkingDirectory folder;
    std::size_t at = 0;
    for (const std::string file : {"r.csv", "`touch BY_FILE`<script>]]>'\".csv"}) {
        const HostileName &n = names[at], &p = names[at + 3], &loss = names[at + 5];
        at += 6;
        CAPTURE(n.shown);
        CAPTURE(p.shown);
        CAPTURE(loss.shown);
        std::string text = csv_line({n.text, p.text, loss.text});
        for (const int channels : {8, 32})
            for (int i = 0; i < 5; ++i)
                text += csv_line({std::to_string(100 << i), std::to_string(channels),
                                  std::to_string(0.05 + std::pow(100 << i, -0.3) + 0.3 / channels)});
        write_text(file, text);
        const Outcome outcome =
            run_words({"advise", file, "--samples-column=" + n.text, "--network-column=" + p.text,
                       "--loss-column=" + loss.text, "--plot", "o.svg", "--html", "o.html"});
        CAPTURE(outcome.err);
        REQUIRE(outcome.status == 0);
        const std::string svg = read_text("o.svg");
        for (const HostileName& name : {n, p, loss}) CHECK(text_in_svg(svg, name.shown));
        CHECK(text_in_svg(svg, p.shown + " = 32"));
        check_page(read_text("o.html"));
    }
    CHECK(reconlaw::data::testing::entries_in(folder.path()) == 4);
}

TEST_CASE("tables as CSV and JSON: hostile words are read back as they were") {
    reconlaw::cli::Table table{{"image", "psnr_db"}, {}};
    for (const HostileName& name : hostile_names()) table.rows.push_back({name.text, 1.5});
    const auto read = reconlaw::data::parse_csv(render(table, reconlaw::cli::Format::csv), "table.csv");
    REQUIRE(read.rows.size() == hostile_names().size());
    for (std::size_t i = 0; i < read.rows.size(); ++i) {
        std::string expected = hostile_names()[i].text;  // line ends within a field come back as \n
        for (std::size_t at; (at = expected.find("\r\n")) != std::string::npos;) expected.erase(at, 1);
        std::replace(expected.begin(), expected.end(), '\r', '\n');
        CHECK(read.rows[i][0] == expected);
        CHECK(read.rows[i][1] == "1.5");
    }
    CHECK(render(table, reconlaw::cli::Format::json).find("not\xEF\xBF\xBDUTF-8") != std::string::npos);
}
