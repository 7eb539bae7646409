#pragma once
/// Tables of text: comma-separated values with a header line, and their dialects.

#include <cstdint>
#include <filesystem>
#include <string>
#include <string_view>
#include <vector>

#include "reconlaw/data/number_text.hpp"

namespace reconlaw::data {

/// A row that was not read, or not used.
struct LeftOut {
    std::size_t line = 0;  ///< of the file, counted from 1
    std::string reason;
};

struct CsvOptions {
    /// Rows with another number of fields than the header are left out and listed, instead of an error.
    bool skip_ragged_rows = false;
    std::uint64_t max_bytes = std::uint64_t{256} << 20;  ///< of the file, decompressed
    std::size_t max_fields = 20'000'000;                 ///< of the table
};

/// A table as read: fields are text, by row; every row has as many as the header.
struct CsvTable {
    std::filesystem::path path;  ///< for messages
    std::vector<std::string> columns;
    std::vector<std::vector<std::string>> rows;
    std::vector<std::size_t> lines;  ///< of the file, counted from 1, one a row
    char separator = ',';            ///< ' ' stands for blanks
    /// What was assumed about the file: its separator, encoding, a header in a comment.
    std::vector<std::string> notes;
    std::vector<LeftOut> left_out;  ///< ragged rows, where they are skipped
    bool decimal_commas = false;    ///< some field is a number with a decimal comma

    bool has(const std::string& column) const;
    /// @throws FileError  no such column: lists those that exist, the nearest in spelling first; the name
    /// stands above two columns; the first line holds numbers: there is no header
    std::size_t index(const std::string& column) const;
    /// Whether the first line has no text: numbers only, so that most likely a header is missing.
    bool headless() const;
    /// The names, at most twenty, in their order or, for a name, the nearest to it first: "a, b and 5 more".
    std::string column_list(const std::string& near = {}) const;

    /// The decimal mark of a column's numbers: comma where some of its fields are numbers only so (0,5), or
    /// all of its numbers have one (1,000) in a file of decimal commas; otherwise point.
    DecimalMark decimal_mark(std::size_t column) const;
    /// A field as a number with its column's mark. In a file of decimal commas 1.000 has a thousands
    /// separator.
    NumberText number(std::size_t row, std::size_t column, DecimalMark mark) const;
    /// "column 'loss': '1k' ends in ..." @return what is wrong with a field
    std::string complaint(std::size_t row, std::size_t column, const NumberText& number) const;
    /// @throws FileError  as index; a field that is not a finite number: names line, column and reason
    std::vector<double> numbers(const std::string& column) const;
    /// @throws FileError  as index
    std::vector<std::string> text(const std::string& column) const;
};

/// Reads RFC 4180 and its relatives. Fields in double quotes may hold separators, line ends and doubled
/// quotes; blanks around fields are trimmed. The separator is a comma, semicolon, tab, vertical bar or
/// blanks: what a first line `sep=;` says, otherwise the one that divides the header and the rows into
/// equally many fields, most of them numbers. Lines end in LF, CRLF or CR. UTF-8 or UTF-16, with or without
/// byte-order mark; gzip is decompressed. Skipped: blank lines, lines of empty fields, lines that begin with
/// # and repetitions of the header. A commented line right above rows of numbers, of as many fields, is the
/// header. Columns without a name, or with one that another has, are read and cannot be asked for by it;
/// empty fields beyond the header are dropped; where every row has one field more than the header, the first
/// has no name (row names of R).
/// @throws FileError  cannot be read, or too large; not a table (JSON, a spreadsheet, an image, ...: says
/// what it is); no header; no row; a row with another number of fields; an open quote (names the line)
CsvTable read_csv(const std::filesystem::path& path, const CsvOptions& options = {});

/// The same from text; `path` only names it in messages.
CsvTable parse_csv(std::string_view text, const std::filesystem::path& path, const CsvOptions& options = {});

}  // namespace reconlaw::data
