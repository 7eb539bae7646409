#pragma once
/// Tables of comma-separated values with a header line.

#include <filesystem>
#include <string>
#include <string_view>
#include <vector>

namespace reconlaw::data {

/// A table as read: fields are text, by row; every row has as many as the header.
struct CsvTable {
    std::filesystem::path path;  ///< for messages
    std::vector<std::string> columns;
    std::vector<std::vector<std::string>> rows;
    std::vector<std::size_t> lines;  ///< of the file, counted from 1, one a row

    /// @throws FileError  no such column: lists those that exist, and the nearest in spelling first
    std::size_t index(const std::string& column) const;
    bool has(const std::string& column) const;
    /// @throws FileError  no such column; a field that is empty, not a number, or not finite: names line and
    /// column
    std::vector<double> numbers(const std::string& column) const;
    /// @throws FileError  no such column
    std::vector<std::string> text(const std::string& column) const;
};

/// Reads RFC 4180: fields in double quotes may hold commas, line ends and doubled quotes. A byte-order mark,
/// carriage returns, blank lines and lines that begin with # are skipped; blanks around fields are trimmed.
/// @throws FileError  cannot be read; no header; no row; a column without name or twice; a row with another
/// number of fields; an open quote (names the line)
CsvTable read_csv(const std::filesystem::path& path);

/// The same from text; `path` only names it in messages.
CsvTable parse_csv(std::string_view text, const std::filesystem::path& path);

}  // namespace reconlaw::data
