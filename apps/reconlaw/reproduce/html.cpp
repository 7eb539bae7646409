#include "html.hpp"

#include <algorithm>

#include "reconlaw/data/in_quotes.hpp"
#include "reconlaw/detail/check.hpp"

namespace reconlaw::report {

namespace {

constexpr auto style = R"(
:root { color-scheme: light dark; --text: #1c1c1e; --soft: #5a5a60; --line: #d8d8dc; --back: #ffffff; --tint: #f4f5f7;
        --link: #0061a8; }
@media (prefers-color-scheme: dark) {
  :root { --text: #e6e6e8; --soft: #a2a2aa; --line: #3c3c42; --back: #17181b; --tint: #212327; --link: #6cb8f0; } }
* { box-sizing: border-box; }
body { margin: 0 auto; padding: 2.5rem 1.2rem 4rem; max-width: 62rem; color: var(--text); background: var(--back);
       font: 17px/1.6 Charter, "Bitstream Charter", Georgia, "DejaVu Serif", serif; }
h1, h2, h3, table, figcaption, nav, .facts { font-family: system-ui, "Segoe UI", "Helvetica Neue", Arial, sans-serif; }
h1 { font-size: 2rem; line-height: 1.2; margin: 0 0 .3rem; }
h2 { font-size: 1.45rem; margin: 3.5rem 0 .8rem; padding-top: 1rem; border-top: 1px solid var(--line); }
h3 { font-size: 1.12rem; margin: 2rem 0 .3rem; }
a { color: var(--link); }
p { max-width: 46rem; }
code { font-size: .88em; background: var(--tint); padding: .1em .35em; border-radius: 4px; }
nav ol { padding-left: 1.3rem; }
figure { margin: 1.8rem 0; }
figure > .sheet { background: #ffffff; color: #000000; border: 1px solid var(--line); border-radius: 6px; padding: .5rem; }
figure svg { display: block; width: 100%; height: auto; }
figcaption { font-size: .93rem; margin-top: .6rem; color: var(--soft); }
figcaption b { color: var(--text); }
.scroll { overflow-x: auto; margin: 1.6rem 0; }
table { border-collapse: collapse; font-size: .86rem; line-height: 1.4; font-variant-numeric: tabular-nums; }
caption { text-align: left; color: var(--soft); padding-bottom: .5rem; max-width: 46rem; }
th { text-align: right; font-weight: 600; border-bottom: 1.5px solid var(--text); padding: .3rem .7rem; vertical-align: bottom; }
td { text-align: right; border-bottom: 1px solid var(--line); padding: .3rem .7rem; white-space: nowrap; }
th:first-child, td:first-child { text-align: left; padding-left: 0; }
.facts td { white-space: normal; text-align: left; }
.pictures td { border: 0; text-align: left; padding: .25rem .8rem .25rem 0; }
.pictures img { display: block; width: 100%; max-width: 894px; image-rendering: pixelated; }
.lead { color: var(--soft); margin-top: 0; }
)";

std::string table_html(const Table& table) {
    std::string html = "<div class=\"scroll\"><table><caption>" + html_escape(table.caption) + " <a href=\"" +
                       html_escape(table.name) + ".csv\">CSV</a></caption><thead><tr>";
    for (const std::string& cell : table.header) html += "<th>" + html_escape(cell) + "</th>";
    html += "</tr></thead><tbody>\n";
    for (const auto& row : table.rows) {
        html += "<tr>";
        for (const std::string& cell : row) html += "<td>" + html_escape(cell) + "</td>";
        html += "</tr>\n";
    }
    return html + "</tbody></table></div>\n";
}

std::string figure_html(const Figure& figure, const std::string& svg) {
    const std::string name = html_escape(figure.name);
    return "<figure id=\"figure-" + name + "\"><div class=\"sheet\" role=\"img\" aria-label=\"" +
           html_escape(figure.title) + "\">" + inline_svg(svg, figure.name + "_") + "</div><figcaption><b>" +
           html_escape(figure.title) + ".</b> What to see: " + html_escape(figure.what_to_see) +
           " <a href=\"" + name + ".csv\">CSV</a> <a href=\"" + name + ".svg\">SVG</a> <a href=\"" + name +
           ".png\">PNG</a></figcaption></figure>\n";
}

std::string pictures_html(const Pictures& pictures) {
    std::string html = "<figure><table class=\"pictures\">";
    for (const auto& row : pictures.rows)
        html += "<tr><td>" + html_escape(row.label) + "</td><td><img alt=\"" + html_escape(row.label) +
                "\" src=\"data:image/png;base64," + base64(row.png) + "\"></td></tr>\n";
    return html + "</table><figcaption><b>" + html_escape(pictures.title) +
           ".</b> What to see: " + html_escape(pictures.what_to_see) + "</figcaption></figure>\n";
}

}  // namespace

std::string html_escape(const std::string& text) {
    std::string html;
    for (const char c : data::printable(text)) switch (c) {
            case '&':
                html += "&amp;";
                break;
            case '<':
                html += "&lt;";
                break;
            case '>':
                html += "&gt;";
                break;
            case '"':
                html += "&quot;";
                break;
            case '\'':
                html += "&#39;";
                break;
            default:
                html += c;
        }
    return html;
}

std::string base64(const data::Bytes& bytes) {
    constexpr auto digits = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    std::string text;
    text.reserve((bytes.size() + 2) / 3 * 4);
    for (std::size_t i = 0; i < bytes.size(); i += 3) {
        const std::size_t count = std::min<std::size_t>(3, bytes.size() - i);
        std::uint32_t group = 0;
        for (std::size_t j = 0; j < 3; ++j) group = group << 8 | (j < count ? bytes[i + j] : 0U);
        for (std::size_t j = 0; j < 4; ++j) text += j <= count ? digits[group >> (18 - 6 * j) & 63] : '=';
    }
    return text;
}

std::string inline_svg(const std::string& svg, const std::string& prefix) {
    const auto start = svg.find("<svg");
    detail::require(start != std::string::npos, "inline_svg", "first <svg at", "none", "somewhere");
    // Only inside tags: a text that says "gpPt" is the user's.
    std::string result;
    for (std::size_t at = start; at < svg.size();) {
        const std::size_t tag = std::min(svg.find('<', at), svg.size());
        const std::size_t end = std::min(svg.find('>', tag), svg.size());
        result.append(svg, at, tag - at);
        std::string inside = svg.substr(tag, end - tag);
        for (const std::string id : {"gpPt", "gpDot", "gnuplot_canvas", "textbox", "greybox"})
            for (auto found = inside.find(id); found != std::string::npos;
                 found = inside.find(id, found + prefix.size() + id.size()))
                inside.insert(found, prefix);
        result += inside;
        at = end;
    }
    return result;
}

std::string section_html(const Section& section, const std::vector<std::string>& svgs) {
    std::string html;
    std::size_t figures = 0;
    for (const Block& block : section.blocks) {
        if (const auto* paragraph = std::get_if<Paragraph>(&block)) {
            html += paragraph->heading.empty() ? "" : "<h3>" + html_escape(paragraph->heading) + "</h3>\n";
            html += "<p>" + paragraph->html + "</p>\n";
        } else if (const auto* figure = std::get_if<Figure>(&block)) {
            detail::require(figures < svgs.size(), "section_html", "number of drawings", svgs.size(),
                            "the number of figures");
            html += figure_html(*figure, svgs[figures++]);
        } else if (const auto* table = std::get_if<Table>(&block)) {
            html += table_html(*table);
        } else {
            html += pictures_html(std::get<Pictures>(block));
        }
    }
    detail::require(figures == svgs.size(), "section_html", "number of drawings", svgs.size(),
                    "the number of figures");
    return html;
}

std::string report_html(const ReportPage& page) {
    std::string html =
        "<!DOCTYPE html>\n<html lang=\"en\">\n<head>\n<meta charset=\"utf-8\">\n"
        "<meta name=\"viewport\" content=\"width=device-width, initial-scale=1\">\n"
        "<title>reconlaw: learning curves of learned image reconstruction</title>\n<style>" +
        std::string(style) +
        "</style>\n</head>\n<body>\n<h1>Learning curves of learned image reconstruction</h1>\n"
        "<p class=\"lead\">Closed forms against exact simulation and real images, by <code>" +
        html_escape(page.command) + "</code>, in " + printed("%.0f", page.seconds) +
        " seconds.</p>\n<nav><ol>\n";
    for (std::size_t i = 0; i < page.sections.size(); ++i)
        html += "<li><a href=\"#section-" + std::to_string(i + 1) + "\">" +
                html_escape(page.sections[i].title) + "</a></li>\n";
    html += "<li><a href=\"#made-by\">How this was made</a></li>\n</ol></nav>\n";
    for (std::size_t i = 0; i < page.sections.size(); ++i)
        html += "<h2 id=\"section-" + std::to_string(i + 1) + "\">" + std::to_string(i + 1) + ". " +
                html_escape(page.sections[i].title) + "</h2>\n" + page.sections[i].html;
    html += "<h2 id=\"made-by\">" + std::to_string(page.sections.size() + 1) +
            ". How this was made</h2>\n<div class=\"scroll\"><table class=\"facts\"><tbody>\n";
    for (const auto& [name, value] : page.facts)
        html += "<tr><td>" + html_escape(name) + "</td><td>" + html_escape(value) + "</td></tr>\n";
    html +=
        "</tbody></table></div>\n<div "
        "class=\"scroll\"><table><caption>Time.</caption><thead><tr><th>section</th>"
        "<th>seconds</th></tr></thead><tbody>\n";
    for (const ReportPage::Part& s : page.sections)
        html += "<tr><td>" + html_escape(s.title) + "</td><td>" + printed("%.1f", s.seconds) + "</td></tr>\n";
    html += "<tr><td>all, with reading data and drawing</td><td>" + printed("%.1f", page.seconds) +
            "</td></tr>\n</tbody></table></div>\n</body>\n</html>\n";
    return html;
}

}  // namespace reconlaw::report
