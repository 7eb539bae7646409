#pragma once
/// Comma-separated values as every command writes them.

#include <string>
#include <string_view>
#include <vector>

namespace reconlaw::data {

/// One field, RFC 4180: in double quotes, doubled inside, where a reader could take the text for something
/// else: commas, quotes, line ends, other separators (semicolon, tab), blanks at its ends, a # or a
/// byte-order mark in front, control characters. `parse_csv` reads back the same text, but for line ends
/// within it, which become \n.
std::string csv_field(std::string_view text);

/// Fields with commas between, and the line end "\n". A line of one empty field is "", since a blank line is
/// none. (parse_csv passes over a line of nothing but empty fields, as spreadsheets write them below a
/// table.)
std::string csv_line(const std::vector<std::string>& fields);

}  // namespace reconlaw::data
