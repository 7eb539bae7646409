#include "reconlaw/data/csv.hpp"

#include <algorithm>
#include <charconv>
#include <cmath>
#include <numeric>
#include <utility>

#include "reconlaw/data/bytes.hpp"
#include "reconlaw/data/file_error.hpp"
#include "reconlaw/data/spelling.hpp"
#include "text_lines.hpp"

namespace reconlaw::data {

namespace {

struct Record {
    std::size_t line = 0;  ///< where it begins
    std::vector<std::string> fields;
};

/// Takes one record off the front of `text`; `line` counts on. @return false at the end
bool take_record(std::string_view& text, std::size_t& line, const std::filesystem::path& path,
                 Record& record) {
    while (!text.empty()) {  // blank lines and comments
        const std::string_view first = text.substr(0, text.find('\n'));
        const std::string_view content = trimmed(first);
        if (!content.empty() && content.front() != '#') break;
        text.remove_prefix(std::min(first.size() + 1, text.size()));
        ++line;
    }
    if (text.empty()) return false;
    record = {line, {}};
    std::size_t at = 0;
    while (true) {  // one field
        while (at < text.size() && (text[at] == ' ' || text[at] == '\t')) ++at;
        std::string field;
        if (at < text.size() && text[at] == '"') {
            for (++at;; ++at) {
                if (at >= text.size()) throw FileError::at_line(path, record.line, "a quote is not closed");
                if (text[at] == '\n') ++line;
                if (text[at] != '"') {
                    field += text[at];
                } else if (at + 1 < text.size() && text[at + 1] == '"') {
                    field += text[at++];
                } else {
                    break;
                }
            }
            ++at;
            const std::size_t end = std::min(text.find_first_of(",\n", at), text.size());
            if (!trimmed(text.substr(at, end - at)).empty())
                throw FileError::at_line(path, line, "text after a closing quote");
            at = end;
        } else {
            const std::size_t end = std::min(text.find_first_of(",\n", at), text.size());
            field = trimmed(text.substr(at, end - at));
            at = end;
        }
        record.fields.push_back(std::move(field));
        if (at >= text.size() || text[at] == '\n') break;
        ++at;  // the comma
    }
    text.remove_prefix(std::min(at + 1, text.size()));
    ++line;
    return true;
}

}  // namespace

bool CsvTable::has(const std::string& column) const {
    return std::find(columns.begin(), columns.end(), column) != columns.end();
}

std::size_t CsvTable::index(const std::string& column) const {
    const auto found = std::find(columns.begin(), columns.end(), column);
    if (found != columns.end()) return static_cast<std::size_t>(found - columns.begin());
    const std::vector<std::string> known = by_spelling(columns, column);
    std::string list;
    for (const std::string& name : known) list += (list.empty() ? "" : ", ") + name;
    throw FileError(path, "no column '" + column + "'; the file has: " + list);
}

std::vector<double> CsvTable::numbers(const std::string& column) const {
    const std::size_t at = index(column);
    std::vector<double> values;
    values.reserve(rows.size());
    for (std::size_t i = 0; i < rows.size(); ++i) {
        const std::string& field = rows[i][at];
        double value = 0;
        const auto [end, error] = std::from_chars(field.data(), field.data() + field.size(), value);
        if (field.empty() || error != std::errc{} || end != field.data() + field.size() ||
            !std::isfinite(value))
            throw FileError::at_line(path, lines[i],
                                     "column '" + column + "': '" + field + "' is not a finite number");
        values.push_back(value);
    }
    return values;
}

std::vector<std::string> CsvTable::text(const std::string& column) const {
    const std::size_t at = index(column);
    std::vector<std::string> values;
    values.reserve(rows.size());
    for (const auto& row : rows) values.push_back(row[at]);
    return values;
}

CsvTable parse_csv(std::string_view text, const std::filesystem::path& path) {
    if (text.substr(0, 3) == "\xEF\xBB\xBF") text.remove_prefix(3);
    CsvTable table;
    table.path = path;
    std::size_t line = 1;
    Record record;
    if (!take_record(text, line, path, record)) throw FileError(path, "empty: expected a header line");
    table.columns = record.fields;
    for (std::size_t i = 0; i < table.columns.size(); ++i) {
        const std::string& name = table.columns[i];
        if (name.empty())
            throw FileError::at_line(path, record.line,
                                     "column " + std::to_string(i + 1) + " of the header has no name");
        if (std::find(table.columns.begin(), table.columns.begin() + static_cast<std::ptrdiff_t>(i), name) !=
            table.columns.begin() + static_cast<std::ptrdiff_t>(i))
            throw FileError::at_line(path, record.line, "column '" + name + "' appears twice");
    }
    while (take_record(text, line, path, record)) {
        if (record.fields.size() != table.columns.size())
            throw FileError::at_line(path, record.line,
                                     std::to_string(record.fields.size()) + " fields, the header has " +
                                         std::to_string(table.columns.size()));
        table.rows.push_back(record.fields);
        table.lines.push_back(record.line);
    }
    if (table.rows.empty()) throw FileError(path, "no rows after the header");
    return table;
}

CsvTable read_csv(const std::filesystem::path& path) {
    return parse_csv(read_text_file(path), path);
}

}  // namespace reconlaw::data
