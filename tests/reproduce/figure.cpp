#include "reproduce/figure.hpp"

#include <doctest/doctest.h>

#include <cstdlib>
#include <stdexcept>
#include <string>

#include "reproduce/gnuplot.hpp"
#include "support/check_close.hpp"

using namespace reconlaw::report;

namespace {

Figure small_figure() {
    constexpr double inf = std::numeric_limits<double>::infinity();
    Figure figure;
    figure.name = "small-figure";
    figure.title = "Small";
    Panel panel;
    panel.title = "a \"b\", c";
    panel.x = {"N", true};
    panel.y = {"risk", true};
    panel.series = {{"curve", look::early_stopped, Mark::line, {1, 10, 100}, {1, inf, 0.01}},
                    {"curve", look::early_stopped, Mark::points, {1, 100}, {0.9, 0.011}, {0.1, 0.02}}};
    figure.panels = {panel, panel};
    figure.columns = 2;
    return figure;
}

std::size_t count(const std::string& text, const std::string& part) {
    std::size_t found = 0;
    for (auto at = text.find(part); at != std::string::npos; at = text.find(part, at + 1)) ++found;
    return found;
}

}  // namespace

TEST_CASE("numbers in CSV have ten digits") {
    CHECK(csv_number(1.0 / 3) == "0.3333333333");
    CHECK(csv_number(1e-20) == "1e-20");
    CHECK(csv_number(std::numeric_limits<double>::infinity()) == "inf");
    CHECK(csv_number(std::numeric_limits<double>::quiet_NaN()) == "nan");
}

TEST_CASE("the CSV of a figure holds every plotted number") {
    const std::string csv = figure_csv(small_figure());
    CHECK(csv.starts_with("panel,series,mark,x,y,error,upper\n"));
    CHECK(count(csv, "\n") == 1 + 2 * 5);
    CHECK(count(csv, "\"a \"\"b\"\", c\",curve,line,10,inf,,\n") == 2);
    CHECK(count(csv, "curve,points,100,0.011,0.02,\n") == 2);
}

TEST_CASE("script: one legend entry for a line and points of one name, gaps where values are infinite") {
    const std::string script = gnuplot_script(small_figure(), "svg");
    CHECK(count(script, "set label 'curve'") == 1);
    CHECK(count(script, "10 NaN") == 2);
    CHECK(count(script, "inf") == 0);
    // error bars stay on a logarithmic axis: 0.011 - 0.02 < 0
    CHECK(count(script, "100 0.011 1.1e-05 0.031") == 2);
    CHECK(count(script, "set label 'a \"b\", c'") == 2);
}

TEST_CASE("ticks at 1, 2 and 5 within the range") {
    const std::vector<double> ticks = one_two_five(0.0021, 0.06), expected{0.005, 0.01, 0.02, 0.05};
    REQUIRE(ticks.size() == expected.size());
    for (std::size_t i = 0; i < ticks.size(); ++i) check_close(ticks[i], expected[i], 1e-14, 0);  // rounding
}

TEST_CASE("script: bad figures are refused") {
    Figure figure = small_figure();
    CHECK_THROWS_AS(gnuplot_script(figure, "pdf"), std::invalid_argument);
    figure.panels[0].series[0].x.push_back(3);
    CHECK_THROWS_AS(gnuplot_script(figure, "png"), std::invalid_argument);
    figure.panels[0].series.clear();
    CHECK_THROWS_AS(gnuplot_script(figure, "png"), std::invalid_argument);
    figure.panels.clear();
    CHECK_THROWS_AS(gnuplot_script(figure, "png"), std::invalid_argument);
}

TEST_CASE("gnuplot draws the figure as SVG and PNG, failures are told") {
    try {
        (void)gnuplot_version();
    } catch (const std::runtime_error& error) {
        CHECK(std::string(error.what()).find("gnuplot-nox") != std::string::npos);
        MESSAGE("SKIPPED: install gnuplot-nox");
        return;
    }
    const Drawing drawing = draw(small_figure());
    CHECK(drawing.svg.find("<svg") != std::string::npos);
    CHECK(drawing.svg.find("</svg>") != std::string::npos);
    CHECK(std::string(drawing.png.begin() + 1, drawing.png.begin() + 4) == "PNG");

    Figure broken = small_figure();
    broken.panels[0].series[0].look.colour = "' nonsense";
    CHECK_THROWS_WITH_AS(draw(broken), doctest::Contains("gnuplot failed on figure small-figure"),
                         std::runtime_error);
}

TEST_CASE("a missing gnuplot is told with the package to install") {
    const char* before = std::getenv("PATH");
    const std::string saved = before ? before : "";
    ::setenv("PATH", "/nonexistent", 1);
    CHECK_THROWS_WITH_AS(gnuplot_version(), doctest::Contains("gnuplot-nox"), std::runtime_error);
    ::setenv("PATH", saved.c_str(), 1);
}
