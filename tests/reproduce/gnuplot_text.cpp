#include "reproduce/gnuplot_text.hpp"

#include <doctest/doctest.h>

#include <cstdlib>
#include <filesystem>

#include "reproduce/gnuplot.hpp"
#include "support/hostile_names.hpp"
#include "support/temporary_directory.hpp"

using namespace reconlaw::report;
using reconlaw::data::testing::hostile_names;
using reconlaw::data::testing::text_in_svg;

TEST_CASE(
    "text for gnuplot: control characters, noncharacters and bytes that are not UTF-8 are made visible") {
    CHECK(shown_text("N, σ × 10") == "N, σ × 10");
    CHECK(shown_text("a\nb\tc\x1b[31m\x7f") == "a\\nb\\tc\\x1b[31m\\x7f");
    CHECK(shown_text("\xff\xc3") == "\\xff\\xc3");
    CHECK(shown_text("\xEF\xB7\x90\xEF\xBF\xBF!") == "\xEF\xBF\xBD\xEF\xBF\xBD!");
    CHECK(shown_text(std::string(200, 'x')) == std::string(200, 'x'));
    std::string many;
    for (int i = 0; i < 300; ++i) many += "σ";
    CHECK(shown_text(many) == many.substr(0, 400) + "...");
}

TEST_CASE("text for gnuplot: single quotes, an apostrophe apart") {
    CHECK(gnuplot_quoted("it's `x` \"y\" \\") == "'it' . \"'\" . 's `x` \"y\" \\'");
    CHECK(gnuplot_quoted("'") == "'' . \"'\" . ''");
    CHECK(gnuplot_quoted("") == "''");
    CHECK(gnuplot_quoted_for_svg("a > b & c < d") == "'a \xEF\xB7\x91 b \xEF\xB7\x90 c < d'");
    CHECK(finished_svg("a \xEF\xB7\x91 b \xEF\xB7\x90 c") == "a &gt; b &amp; c");
}

TEST_CASE("hostile names are drawn as they read, and nothing is executed") {
    const auto& names = hostile_names();
    Figure figure;
    figure.name = "hostile`touch BY_ID`";
    figure.height_px = 2000;
    for (std::size_t i = 0; i < names.size(); i += 6) {
        const auto name = [&](std::size_t k) { return names[std::min(i + k, names.size() - 1)].text; };
        Panel panel;
        panel.title = name(0);
        panel.x = {name(1)}, panel.y = {name(2)};
        panel.series = {{name(3), look::total, Mark::line, {1, 2}, {1, 2}},
                        {name(4), look::bias, Mark::points, {1, 2}, {1, 2}}};
        panel.verticals = {{1.5, name(5)}};
        figure.panels.push_back(panel);
    }
    const reconlaw::data::testing::WorkingDirectory folder;
    std::string svg;
    try {
        svg = draw(figure).svg;
    } catch (const std::runtime_error& error) {
        if (std::string(error.what()).find("gnuplot-nox") == std::string::npos) throw;
        MESSAGE("SKIPPED: install gnuplot-nox");
        return;
    }
    CHECK(reconlaw::data::testing::entries_in(folder.path()) == 0);
    for (const auto& name : names) CHECK_MESSAGE(text_in_svg(svg, name.shown), name.shown);
    CHECK(svg.find("<script") == std::string::npos);
    CHECK(svg.find("]]>") == std::string::npos);
    CHECK(svg.find("10</tspan>") != std::string::npos);  // our own 10^0 of a logarithmic axis
}

TEST_CASE(
    "gnuplot reads neither the user's start-up file nor GNUTERM, and needs no folder for temporary files") {
    const reconlaw::data::testing::WorkingDirectory folder;
    reconlaw::data::testing::write_text(folder.path() / ".gnuplot", "system 'touch STARTED'\n");
    const std::string home = std::getenv("HOME") ? std::getenv("HOME") : "";
    setenv("HOME", folder.path().c_str(), 1);
    setenv("GNUTERM", "no-such-terminal", 1);
    setenv("TMPDIR", "/no/such/folder", 1);
    Figure figure;
    figure.name = "f";
    figure.panels.push_back({"t", {"x"}, {"y"}, {{"s", look::total, Mark::line, {1, 2}, {1, 2}}}});
    std::string svg, message;
    try {
        svg = draw(figure).svg;
    } catch (const std::runtime_error& error) {
        message = error.what();
    }
    setenv("HOME", home.c_str(), 1);
    unsetenv("GNUTERM"), unsetenv("TMPDIR");
    if (message.find("gnuplot-nox") != std::string::npos) {
        MESSAGE("SKIPPED: install gnuplot-nox");
        return;
    }
    CHECK(message == "");
    CHECK(svg.find("</svg>") != std::string::npos);
    CHECK_FALSE(std::filesystem::exists(folder.path() / "STARTED"));
}
