#pragma once
/// The report as one HTML file that needs nothing else.

#include <string>
#include <utility>
#include <vector>

#include "section.hpp"

namespace reconlaw::report {

/// &, <, > and " replaced, for text and attribute values.
std::string html_escape(const std::string& text);

/// RFC 4648.
std::string base64(const data::Bytes& bytes);

/// The <svg> element of a file made by gnuplot, without what comes before it, for use inside HTML; `prefix`
/// goes before the ids that all of gnuplot's files share.
/// @throws std::invalid_argument  no <svg> element
std::string inline_svg(const std::string& svg, const std::string& prefix);

/// A section with the drawings of its figures, in the order of its blocks.
struct DrawnSection {
    Section section;
    std::vector<std::string> svgs;  ///< one for each figure
    double seconds = 0;             ///< computing it
};

struct ReportPage {
    std::string command;                                     ///< that made it
    std::vector<std::pair<std::string, std::string>> facts;  ///< versions and parameters
    std::vector<DrawnSection> sections;
    double seconds = 0;
};

/// @throws std::invalid_argument  a section with another number of drawings than figures
std::string report_html(const ReportPage& page);

}  // namespace reconlaw::report
