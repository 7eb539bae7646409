#pragma once
/// The report as one HTML file that needs nothing else.

#include <string>
#include <utility>
#include <vector>

#include "section.hpp"

namespace reconlaw::report {

/// For text and for attribute values in quotes: &, <, >, " and ' replaced, control characters and bytes that
/// are not UTF-8 as \n or \x1b (data::printable).
std::string html_escape(const std::string& text);

/// RFC 4648.
std::string base64(const data::Bytes& bytes);

/// The <svg> element of a file made by gnuplot, without what comes before it, for use inside HTML; `prefix`
/// goes before the ids that all of gnuplot's files share. The > of its text must be &gt; (finished_svg).
/// @throws std::invalid_argument  no <svg> element
std::string inline_svg(const std::string& svg, const std::string& prefix);

/// A section's blocks, below its title.
/// @param svgs  drawings of its figures, in the order of the blocks
/// @throws std::invalid_argument  another number of drawings than figures
std::string section_html(const Section& section, const std::vector<std::string>& svgs);

struct ReportPage {
    struct Part {
        std::string title, html;  ///< of section_html
        double seconds = 0;       ///< computing it
    };
    std::string command;                                     ///< that made it
    std::vector<std::pair<std::string, std::string>> facts;  ///< versions and parameters
    std::vector<Part> sections;
    double seconds = 0;
};

std::string report_html(const ReportPage& page);

}  // namespace reconlaw::report
