#include "csv_text.hpp"

#include <algorithm>
#include <array>
#include <cstdint>
#include <utility>

#include "reconlaw/data/file_error.hpp"
#include "reconlaw/data/number_text.hpp"

namespace reconlaw::data {
namespace {

using namespace std::string_view_literals;

void append_utf8(std::string& text, std::uint32_t code) {
    const auto tail = [&](int shift) { text += static_cast<char>(0x80 | (code >> shift & 0x3f)); };
    if (code < 0x80) {
        text += static_cast<char>(code);
    } else if (code < 0x800) {
        text += static_cast<char>(0xc0 | code >> 6), tail(0);
    } else if (code < 0x10000) {
        text += static_cast<char>(0xe0 | code >> 12), tail(6), tail(0);
    } else {
        text += static_cast<char>(0xf0 | code >> 18), tail(12), tail(6), tail(0);
    }
}

/// Files that are often handed over in place of a table, by their first bytes.
constexpr std::array<std::pair<std::string_view, std::string_view>, 16> kinds{{
    {"PK\x03\x04", "a spreadsheet (xlsx, ods) or another ZIP archive: save the sheet as CSV"},
    {"\xD0\xCF\x11\xE0", "a spreadsheet of the old xls kind: save the sheet as CSV"},
    {"PAR1", "a Parquet file: convert it to CSV"},
    {"ARROW1", "an Arrow file: convert it to CSV"},
    {"\x89HDF", "an HDF5 file: convert it to CSV"},
    {"\x93NUMPY", "a NumPy array: save it with numpy.savetxt, and a header"},
    {"SQLite format 3", "an SQLite database: export the table as CSV"},
    {"\x28\xB5\x2F\xFD", "compressed by zstd: decompress it first"},
    {"BZh91AY&SY", "compressed by bzip2: decompress it first"},
    {"\xFD"
     "7zXZ",
     "compressed by xz: decompress it first"},
    {"\x89PNG", "a PNG image"},
    {"\xFF\xD8\xFF", "a JPEG image"},
    {"%PDF", "a PDF document"},
    {"<!DOCTYPE", "a web page (HTML)"},
    {"<html", "a web page (HTML)"},
    {"<?xml", "an XML document"},
}};

bool is_json(std::string_view text, bool& lines) {
    text = without_blanks(text.substr(0, 1000));
    if (text.empty() || (text[0] != '{' && text[0] != '[')) return false;
    const std::string_view inside = without_blanks(text.substr(1));
    lines = text[0] == '{';
    if (inside.empty()) return true;
    return lines ? inside[0] == '"' || inside[0] == '}'
                 : "{[\"]-0123456789"sv.find(inside[0]) != std::string_view::npos;
}

bool is_line_end(char c) {
    return c == '\n' || c == '\r';
}

}  // namespace

bool decode_utf16(std::string_view text, const std::filesystem::path& path, std::string& utf8) {
    if (text.starts_with("\xFF\xFE\0\0"sv) || text.starts_with("\0\0\xFE\xFF"sv))
        throw FileError(path, "is UTF-32: save it as UTF-8");
    bool little = text.starts_with("\xFF\xFE");
    const bool marked = little || text.starts_with("\xFE\xFF");
    if (!marked) {
        // ASCII in UTF-16 has a zero in every pair
        const std::size_t pairs = std::min<std::size_t>(text.size(), 64) / 2;
        std::size_t first = 0, second = 0;
        for (std::size_t i = 0; i < pairs; ++i) first += text[2 * i] == 0, second += text[2 * i + 1] == 0;
        if (pairs < 2 || 10 * std::max(first, second) < 9 * pairs || std::min(first, second) > 0)
            return false;
        little = second > first;
    }
    std::string decoded;
    decoded.reserve(text.size() / 2);
    const auto unit = [&](std::size_t i) -> std::uint32_t {
        const auto a = static_cast<unsigned char>(text[i]), b = static_cast<unsigned char>(text[i + 1]);
        return little ? static_cast<std::uint32_t>(a | b << 8) : static_cast<std::uint32_t>(a << 8 | b);
    };
    const auto broken = [&](std::size_t at) {
        return FileError::at_byte(path, at, "half a character of UTF-16 (truncated?)");
    };
    for (std::size_t i = marked ? 2 : 0; i < text.size(); i += 2) {
        if (i + 1 >= text.size()) throw broken(i);
        std::uint32_t code = unit(i);
        if (code >= 0xdc00 && code < 0xe000) throw broken(i);
        if (code >= 0xd800 && code < 0xdc00) {
            if (i + 3 >= text.size() || unit(i + 2) < 0xdc00 || unit(i + 2) >= 0xe000) throw broken(i);
            code = 0x10000 + ((code - 0xd800) << 10) + (unit(i + 2) - 0xdc00), i += 2;
        }
        append_utf8(decoded, code);
    }
    utf8 = std::move(decoded);
    return true;
}

void require_table(std::string_view text, const std::filesystem::path& path) {
    for (const auto& [begin, kind] : kinds)
        if (text.starts_with(begin)) throw FileError(path, "this is no table but " + std::string(kind));
    bool lines = false;
    if (is_json(text, lines))
        throw FileError(path,
                        "this is no table but JSON: convert it, such as by python3 -c \"import pandas; "
                        "pandas.read_json('results.json'" +
                            std::string(lines ? ", lines=True" : "") +
                            ").to_csv('results.csv', index=False)\"");
}

void RecordReader::end_line() {
    const bool both = text_.starts_with("\r\n");
    text_.remove_prefix(std::min<std::size_t>(both ? 2 : 1, text_.size()));
    ++line_;
}

bool RecordReader::skip_lines() {
    while (!text_.empty()) {
        const std::string_view whole = text_.substr(0, text_.find_first_of("\r\n"));
        const std::string_view content = without_blanks(whole);
        // a line of tabs is one of empty fields where tabs separate, which is blank as well
        if (!content.empty() && content.front() != '#') return true;
        if (!content.empty()) {
            comment_ = content.substr(std::min(content.find_first_not_of('#'), content.size()));
            comment_line_ = line_;
        }
        text_.remove_prefix(whole.size());
        end_line();
    }
    return false;
}

/// The field at the front, up to its separator or line end.
std::string RecordReader::field() {
    const auto blank = [&](char c) { return c == ' ' || (c == '\t' && separator_ != '\t'); };
    while (!text_.empty() && blank(text_.front())) text_.remove_prefix(1);
    std::string value;
    bool quoted = false;
    if (text_.starts_with('"')) {
        quoted = true;
        const std::size_t begin = line_;
        text_.remove_prefix(1);
        for (;;) {
            const std::size_t stop = text_.find_first_of("\"\r\n");
            if (stop == std::string_view::npos)
                throw FileError::at_line(path_, begin, "a quote is not closed");
            value += text_.substr(0, stop);
            text_.remove_prefix(stop);
            if (text_.front() != '"') {
                value += '\n';
                end_line();
                continue;
            }
            text_.remove_prefix(1);
            if (!text_.starts_with('"')) break;
            value += '"';
            text_.remove_prefix(1);
        }
    }
    const char* stops = separator_ == ' ' ? " \t\r\n" : nullptr;
    const char ends[] = {separator_, '\r', '\n', '\0'};
    const std::size_t end = std::min(text_.find_first_of(stops ? stops : ends), text_.size());
    const std::string_view rest = without_blanks(text_.substr(0, end));
    text_.remove_prefix(end);
    if (!quoted) return std::string(rest);
    return value += rest;  // "5" inch: as Python and pandas read it
}

bool RecordReader::next(Record& record) {
    for (;;) {
        if (!skip_lines()) return false;
        record.line = line_;
        record.fields.clear();
        for (;;) {
            if (record.fields.empty()) record.first_quoted = text_.starts_with('"');
            record.fields.push_back(field());
            if (separator_ == ' ') {  // blanks at the end separate nothing
                text_.remove_prefix(std::min(text_.find_first_not_of(" \t"), text_.size()));
                if (text_.empty() || is_line_end(text_.front())) break;
                continue;
            }
            if (text_.empty() || is_line_end(text_.front())) break;
            text_.remove_prefix(1);
        }
        end_line();
        if (std::any_of(record.fields.begin(), record.fields.end(), [](const auto& f) { return !f.empty(); }))
            return true;
    }
}

char take_separator_line(std::string_view& text, std::size_t& line) {
    const std::size_t end = std::min(text.find_first_of("\r\n"), text.size());
    std::string_view content = text.substr(0, end);
    while (!content.empty() && content.back() == ' ') content.remove_suffix(1);
    if (content.starts_with('"') && content.ends_with('"') && content.size() >= 2)
        content = content.substr(1, content.size() - 2);
    if (content.size() < 5 ||
        (content.substr(0, 4) != "sep=" && content.substr(0, 4) != "SEP=" && content.substr(0, 4) != "Sep="))
        return 0;
    content.remove_prefix(4);
    const char separator = content == "\\t" ? '\t' : content.size() == 1 ? content[0] : '\0';
    if (separator == 0 || separator == '"' || separator == '#') return 0;
    text.remove_prefix(end);
    text.remove_prefix(std::min<std::size_t>(text.starts_with("\r\n") ? 2 : 1, text.size()));
    ++line;
    return separator;
}

bool all_numbers(const std::vector<std::string>& fields) {
    return std::all_of(fields.begin(), fields.end(), [](const std::string& field) {
        return field.empty() || marks_of(field) != Marks::not_a_number;
    });
}

char detect_separator(std::string_view text, const std::filesystem::path& path) {
    char best = ',';
    double best_score = 0;
    for (const char candidate : {',', ';', '\t', '|', ' '}) {
        if (candidate == ' ' && best_score > 0) break;  // blanks stand within names and texts, too
        RecordReader reader(text, path, candidate);
        Record record;
        std::size_t columns = 0, rows = 0, equal = 0, one_more = 0, fields = 0, numbers = 0;
        try {
            if (!reader.next(record)) return best;
            columns = record.fields.size();
            for (; rows < 20 && reader.next(record); ++rows) {
                equal += record.fields.size() == columns, one_more += record.fields.size() == columns + 1;
                for (const std::string& field : record.fields)
                    fields += !field.empty(), numbers += marks_of(field) != Marks::not_a_number;
            }
        } catch (const FileError&) {  // an open quote is reported when the table is read
        }
        if (columns < 2) continue;
        if ((candidate == ' ' || candidate == '\t') && one_more == rows) equal = rows;  // R's row names
        if (candidate == ' ' && (equal < rows || rows == 0)) continue;
        const double score = rows == 0 ? 1
                                       : static_cast<double>(equal) / static_cast<double>(rows) +
                                             static_cast<double>(numbers) /
                                                 static_cast<double>(std::max<std::size_t>(fields, 1)) +
                                             1e-9;
        if (score > best_score) best = candidate, best_score = score;
    }
    return best;
}

}  // namespace reconlaw::data
