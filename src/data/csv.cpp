#include "reconlaw/data/csv.hpp"

#include <algorithm>
#include <utility>

#include "csv_text.hpp"
#include "reconlaw/data/bytes.hpp"
#include "reconlaw/data/file_error.hpp"
#include "reconlaw/data/in_quotes.hpp"
#include "reconlaw/data/spelling.hpp"

namespace reconlaw::data {

namespace {

/// The first field that reads as the end of a number with thousands separators: of 12 and 345, or of 1, 0.5.
std::size_t divided_number(const Record& record) {
    const std::vector<std::string>& fields = record.fields;
    const auto digits = [](const std::string& text) {
        return !text.empty() &&
               std::all_of(text.begin(), text.end(), [](char c) { return c >= '0' && c <= '9'; });
    };
    for (std::size_t i = record.first_quoted ? 2 : 1; i < fields.size(); ++i) {
        const std::string& before = fields[i - 1];
        if (before.size() <= 3 && digits(before) && before[0] != '0' && fields[i].size() == 3 &&
            digits(fields[i]))
            return i;
    }
    return 0;
}

std::string ragged(const Record& record, const CsvTable& table, bool& divided) {
    const std::size_t count = record.fields.size(), columns = table.columns.size();
    std::string reason = std::to_string(count) + (count == 1 ? " field" : " fields") + ", the header has " +
                         std::to_string(columns);
    const std::size_t at = table.separator == ',' && count > columns ? divided_number(record) : 0;
    divided = at > 0;
    if (divided)
        reason += ": " + in_quotes(record.fields[at - 1] + "," + record.fields[at]) +
                  " seems to be a number with a thousands separator, write " + record.fields[at - 1] +
                  record.fields[at];
    return reason;
}

/// R names rows in a first column that the header leaves out: names, or 1, 2, 3, ...
bool has_row_names(const std::vector<Record>& records, std::size_t columns, char separator) {
    bool counted = true, named = true;
    for (std::size_t i = 0; i < records.size(); ++i) {
        const auto& fields = records[i].fields;
        if (fields.size() != columns + 1) return false;
        counted = counted && (separator != ',' || divided_number(records[i]) == 0) &&
                  fields[0] == std::to_string(i + 1);
        named = named && marks_of(fields[0]) == Marks::not_a_number;
    }
    return !records.empty() && (counted || named);
}

void take_header(RecordReader& reader, CsvTable& table, std::vector<Record>& records) {
    Record header;
    if (!reader.next(header)) throw FileError(table.path, "empty: expected a header line");
    table.columns = header.fields;
    if (!all_numbers(header.fields) || reader.comment().empty()) return;
    // numpy.savetxt and gnuplot users put the names behind a #
    RecordReader names(reader.comment(), table.path, table.separator);
    Record commented;
    if (!names.next(commented) || commented.fields.size() != header.fields.size() ||
        all_numbers(commented.fields))
        return;
    table.columns = commented.fields;
    table.notes.push_back("the comment in line " + std::to_string(reader.comment_line()) +
                          " is taken as the header");
    records.push_back(std::move(header));
}

void note_separator(CsvTable& table) {
    const char* name = table.separator == ';'    ? "semicolons"
                       : table.separator == '\t' ? "tabs"
                       : table.separator == '|'  ? "vertical bars"
                                                 : "blanks";
    if (table.separator != ',')
        table.notes.insert(table.notes.begin(), std::string("columns are separated by ") + name);
}

/// Cuts or fills rows that differ from the header in fields that hold nothing.
void fit_to_header(Record& record, const CsvTable& table) {
    auto& fields = record.fields;
    while (fields.size() > table.columns.size() && fields.back().empty()) fields.pop_back();
    while (fields.size() < table.columns.size() && table.columns[fields.size()].empty() &&
           std::all_of(table.columns.begin() + static_cast<std::ptrdiff_t>(fields.size()),
                       table.columns.end(), [](const std::string& name) { return name.empty(); }))
        fields.emplace_back();
}

}  // namespace

bool CsvTable::has(const std::string& column) const {
    return std::find(columns.begin(), columns.end(), column) != columns.end();
}

bool CsvTable::headless() const {
    return !columns.empty() && all_numbers(columns) &&
           std::any_of(columns.begin(), columns.end(), [](const std::string& name) { return !name.empty(); });
}

std::string CsvTable::column_list(const std::string& near) const {
    constexpr std::size_t most = 20;
    std::vector<std::string> names;
    for (const std::string& name : columns)
        if (!name.empty()) names.push_back(name);
    if (!near.empty()) names = by_spelling(std::move(names), near);
    std::string list;
    for (std::size_t i = 0; i < std::min(names.size(), most); ++i) {
        const std::string shown = in_quotes(names[i]);
        list += (i == 0 ? "" : ", ") + shown.substr(1, shown.size() - 2);
    }
    if (names.size() > most) list += " and " + std::to_string(names.size() - most) + " more";
    return list;
}

std::size_t CsvTable::index(const std::string& column) const {
    const auto found = std::find(columns.begin(), columns.end(), column);
    if (found == columns.end() || column.empty()) {
        if (headless())
            throw FileError(path, "no column " + in_quotes(column) + ": the first line holds numbers (" +
                                      column_list() +
                                      "), so the header seems to be missing; put a line with the "
                                      "names of the columns in front, such as samples,loss");
        throw FileError(path, "no column " + in_quotes(column) + "; the file has: " + column_list(column));
    }
    const auto second = std::find(found + 1, columns.end(), column);
    if (second != columns.end())
        throw FileError(path, "the name " + in_quotes(column) + " stands above columns " +
                                  std::to_string(found - columns.begin() + 1) + " and " +
                                  std::to_string(second - columns.begin() + 1) +
                                  ": give one of them another");
    return static_cast<std::size_t>(found - columns.begin());
}

DecimalMark CsvTable::decimal_mark(std::size_t column) const {
    bool commas = false, others = false;
    for (const auto& row : rows) {
        const Marks marks = marks_of(row[column]);
        if (marks == Marks::comma) return DecimalMark::comma;
        if (marks == Marks::comma_or_groups)
            commas = true;
        else if (marks != Marks::not_a_number)
            others = true;
    }
    return decimal_commas && commas && !others ? DecimalMark::comma : DecimalMark::point;
}

NumberText CsvTable::number(std::size_t row, std::size_t column, DecimalMark mark) const {
    const std::string& field = rows[row][column];
    NumberText number = read_number(field, mark);
    if (decimal_commas && mark == DecimalMark::point && number.kind == NumberText::Kind::number &&
        marks_of(field) == Marks::point_or_groups)
        return read_number(field, DecimalMark::comma);
    return number;
}

std::string CsvTable::complaint(std::size_t row, std::size_t column, const NumberText& number) const {
    const std::string& field = rows[row][column];
    return "column " + in_quotes(columns[column]) + ": " +
           (field.empty() ? "the field " : in_quotes(field) + " ") + number.problem;
}

std::vector<double> CsvTable::numbers(const std::string& column) const {
    const std::size_t at = index(column);
    const DecimalMark mark = decimal_mark(at);
    std::vector<double> values;
    values.reserve(rows.size());
    for (std::size_t i = 0; i < rows.size(); ++i) {
        const NumberText number = this->number(i, at, mark);
        if (number.kind != NumberText::Kind::number)
            throw FileError::at_line(path, lines[i], complaint(i, at, number));
        values.push_back(number.value);
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

CsvTable parse_csv(std::string_view text, const std::filesystem::path& path, const CsvOptions& options) {
    CsvTable table;
    table.path = path;
    std::string decoded;
    if (decode_utf16(text, path, decoded)) text = decoded, table.notes.push_back("the file is UTF-16");
    while (text.starts_with("\xEF\xBB\xBF")) text.remove_prefix(3);
    require_table(text, path);
    std::size_t line = 1;
    const char said = take_separator_line(text, line);
    table.separator = said != 0 ? said : detect_separator(text, path);
    RecordReader reader(text, path, table.separator, line);
    std::vector<Record> records;
    take_header(reader, table, records);

    std::size_t fields = 0, repeated = 0;
    for (Record record; reader.next(record);) {
        if ((fields += record.fields.size()) > options.max_fields)
            throw FileError::at_line(
                path, record.line,
                "more than " + std::to_string(options.max_fields) + " fields, the limit of a table");
        fit_to_header(record, table);
        if (record.fields == table.columns)
            ++repeated;
        else
            records.push_back(std::move(record));
    }
    if (repeated > 0)
        table.notes.push_back(repeated == 1
                                  ? "1 line that repeats the header was skipped"
                                  : std::to_string(repeated) + " lines that repeat the header were skipped");
    if (has_row_names(records, table.columns.size(), table.separator)) {
        table.columns.insert(table.columns.begin(), "");
        table.notes.push_back(
            "rows have one field more than the header: the first is taken as the name of the row");
    }
    for (Record& record : records) {
        if (record.fields.size() != table.columns.size()) {
            bool divided = false;
            const std::string reason = ragged(record, table, divided);
            if (!options.skip_ragged_rows || divided) throw FileError::at_line(path, record.line, reason);
            table.left_out.push_back({record.line, reason});
            continue;
        }
        for (const std::string& field : record.fields)
            table.decimal_commas = table.decimal_commas ||
                                   (field.find(',') != std::string::npos && marks_of(field) == Marks::comma);
        table.rows.push_back(std::move(record.fields));
        table.lines.push_back(record.line);
    }
    if (table.rows.empty())
        throw FileError(path, table.left_out.empty() ? "no rows after the header"
                                                     : "no row has as many fields as the header, " +
                                                           std::to_string(table.columns.size()));
    note_separator(table);
    return table;
}

CsvTable read_csv(const std::filesystem::path& path, const CsvOptions& options) {
    const Bytes bytes = read_file_or_gzip(path, options.max_bytes);
    return parse_csv({reinterpret_cast<const char*>(bytes.data()), bytes.size()}, path, options);
}

}  // namespace reconlaw::data
