#pragma once
/// Result tables as CSV or JSON.

#include <iosfwd>
#include <string>
#include <variant>
#include <vector>

namespace reconlaw::cli {

/// Empty, a count, a number or a word.
using Cell = std::variant<std::monostate, long, double, std::string>;

struct Table {
    std::vector<std::string> columns;
    std::vector<std::vector<Cell>> rows;
};

enum class Format { csv, json };

/// CSV with a header (words quoted as in data::csv_field; numbers with 10 significant digits; `inf` where
/// infinite, empty where there is no number), or a JSON array of objects (null where empty or not finite, 17
/// digits).
std::string render(const Table& table, Format format);

/// Writes to the `path` that the user gave (atomically, through a symbolic link if it is one), or to `out`
/// where it is empty.
void deliver(const std::string& text, const std::string& path, std::ostream& out);

}  // namespace reconlaw::cli
