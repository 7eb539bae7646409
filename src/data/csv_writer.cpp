#include "reconlaw/data/csv_writer.hpp"

#include <algorithm>

namespace reconlaw::data {

std::string csv_field(std::string_view text) {
    const auto needs_quotes = [](char c) {
        const auto byte = static_cast<unsigned char>(c);
        return byte < 0x20 || byte == 0x7f || c == ',' || c == '"' || c == ';';
    };
    const bool plain = std::none_of(text.begin(), text.end(), needs_quotes) &&
                       (text.empty() || (text.front() != ' ' && text.back() != ' ' && text.front() != '#' &&
                                         !text.starts_with("\xEF\xBB\xBF")));
    if (plain) return std::string(text);
    std::string field = "\"";
    for (const char c : text) {
        if (c == '"') field += '"';
        field += c;
    }
    return field + '"';
}

std::string csv_line(const std::vector<std::string>& fields) {
    if (fields.size() == 1 && fields.front().empty()) return "\"\"\n";
    std::string line;
    for (std::size_t i = 0; i < fields.size(); ++i) {
        if (i > 0) line += ',';
        line += csv_field(fields[i]);
    }
    return line + '\n';
}

}  // namespace reconlaw::data
