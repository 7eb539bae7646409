#include "reproduce/html.hpp"

#include <doctest/doctest.h>

#include <stdexcept>
#include <string>

using namespace reconlaw::report;

TEST_CASE("escaping and base64 (RFC 4648, section 10)") {
    CHECK(html_escape("a < b & \"c\" > d 'e'") == "a &lt; b &amp; &quot;c&quot; &gt; d &#39;e&#39;");
    CHECK(html_escape("\x1b[31m\n\xff é") == "\\x1b[31m\\n\\xff é");
    const auto encoded = [](const std::string& text) {
        return base64(reconlaw::data::Bytes(text.begin(), text.end()));
    };
    CHECK(encoded("") == "");
    CHECK(encoded("f") == "Zg==");
    CHECK(encoded("fo") == "Zm8=");
    CHECK(encoded("foo") == "Zm9v");
    CHECK(encoded("foobar") == "Zm9vYmFy");
    CHECK(encoded("\xff\xfe") == "//4=");
}

TEST_CASE("an SVG file's element, with ids of its own") {
    CHECK(inline_svg("<?xml version=\"1.0\"?><!DOCTYPE x>\n<svg a=\"1\"></svg>\n", "f_") ==
          "<svg a=\"1\"></svg>\n");
    CHECK(inline_svg("<svg><g id='gpPt0'/><use xlink:href='#gpPt0'/></svg>", "f_") ==
          "<svg><g id='f_gpPt0'/><use xlink:href='#f_gpPt0'/></svg>");
    CHECK(inline_svg("<svg><text>gpPt &lt;gpPt&gt;</text></svg>", "f_") ==
          "<svg><text>gpPt &lt;gpPt&gt;</text></svg>");
    CHECK_THROWS_AS(inline_svg("nothing", "f_"), std::invalid_argument);
}

TEST_CASE("the page holds its sections in order and refers to nothing outside its folder") {
    ReportPage page;
    page.command = "reconlaw reproduce";
    page.facts = {{"reconlaw", "1 < 2"}};
    Figure figure;
    figure.name = "f", figure.title = "F", figure.what_to_see = "A line.";
    const Section section{"First <1>",
                          {Paragraph{"text"}, figure, Table{"t", "caption", {"h"}, {{"<cell>"}}}}};
    page.sections = {{section.title, section_html(section, {"<?xml?><svg></svg>"}), 1.5}};
    const std::string html = report_html(page);
    CHECK(html.starts_with("<!DOCTYPE html>"));
    CHECK(html.ends_with("</html>\n"));
    CHECK(html.find("<svg>") < html.find("&lt;cell&gt;"));
    CHECK(html.find("What to see: A line.") != std::string::npos);
    CHECK(html.find("1 &lt; 2") != std::string::npos);
    CHECK(html.find("http") == std::string::npos);
    CHECK(html.find("<?xml") == std::string::npos);

    CHECK(html.find("<h2 id=\"section-1\">1. First &lt;1&gt;</h2>") != std::string::npos);

    CHECK_THROWS_AS(section_html(section, {}), std::invalid_argument);
    CHECK_THROWS_AS(section_html(section, {"<svg></svg>", "<svg></svg>"}), std::invalid_argument);
}
