#pragma once
/// Text in drawings: names of files and columns come from outside, and gnuplot's scripts are programs.

#include <string>
#include <string_view>

namespace reconlaw::report {

/// Text as a drawing shows it: control characters and bytes that are not UTF-8 as \n or \x1b
/// (data::printable), noncharacters, which XML does not allow, as U+FFFD; after 200 characters "...".
std::string shown_text(std::string_view text);

/// A string of a gnuplot script that draws shown_text(text): in single quotes, which are doubled inside.
/// Nothing is expanded in them, neither backquotes nor @macros nor backslashes. Labels need `noenhanced`,
/// too, without which gnuplot reads _ ^ { } & ~ as markup.
std::string gnuplot_quoted(std::string_view text);

/// The same for the SVG terminal. gnuplot writes > and &#x41; as they are, so that ]]> or &#xx; in a name
/// make a file that is not XML: noncharacters stand for > and & until `finished_svg` puts &gt; and &amp;
/// there.
std::string gnuplot_quoted_for_svg(std::string_view text);

/// What gnuplot wrote, with the characters that gnuplot_quoted_for_svg left out.
std::string finished_svg(std::string svg);

}  // namespace reconlaw::report
