#pragma once
/// Lines and fields of text. Private to src/data.

#include <string_view>

namespace reconlaw::data {

/// Without blanks at both ends (a carriage return included).
inline std::string_view trimmed(std::string_view text) {
    constexpr auto blanks = " \t\r\f\v";
    const std::size_t first = text.find_first_not_of(blanks);
    if (first == std::string_view::npos) return {};
    return text.substr(first, text.find_last_not_of(blanks) - first + 1);
}

/// visit(number from 1, line without its end) for every line.
template <class Visit>
void for_each_line(std::string_view text, Visit visit) {
    for (std::size_t number = 1; !text.empty(); ++number) {
        const std::size_t end = text.find('\n');
        visit(number, text.substr(0, end));
        text.remove_prefix(end == std::string_view::npos ? text.size() : end + 1);
    }
}

}  // namespace reconlaw::data
