#include "reconlaw/data/in_quotes.hpp"

#include <cstdio>

namespace reconlaw::data {
namespace {

/// Bytes of the UTF-8 character at the front; 0 if there is none, or a C1 control, or one that is overlong, a
/// surrogate or beyond the last code point.
std::size_t utf8_length(std::string_view text) {
    const auto byte = [&](std::size_t i) { return static_cast<unsigned char>(text[i]); };
    const std::size_t length = byte(0) < 0x80   ? 1
                               : byte(0) < 0xc2 ? 0
                               : byte(0) < 0xe0 ? 2
                               : byte(0) < 0xf0 ? 3
                               : byte(0) < 0xf5 ? 4
                                                : 0;
    if (length == 0 || length > text.size()) return 0;
    for (std::size_t i = 1; i < length; ++i)
        if ((byte(i) & 0xc0) != 0x80) return 0;
    if (byte(0) == 0xc2 && byte(1) < 0xa0) return 0;
    if (byte(0) == 0xe0 && byte(1) < 0xa0) return 0;
    if (byte(0) == 0xed && byte(1) > 0x9f) return 0;
    if (byte(0) == 0xf0 && byte(1) < 0x90) return 0;
    if (byte(0) == 0xf4 && byte(1) > 0x8f) return 0;
    return length;
}

/// At most `most` characters; `cut` says whether some are missing.
std::string escaped(std::string_view text, std::size_t most, bool& cut) {
    std::string shown;
    std::size_t count = 0;
    for (; !text.empty() && count < most; ++count) {
        const auto first = static_cast<unsigned char>(text[0]);
        const std::size_t length = utf8_length(text);
        if (length != 0 && first >= 0x20 && first != 0x7f) {
            shown += text.substr(0, length);
            text.remove_prefix(length);
            continue;
        }
        if (first == '\n')
            shown += "\\n";
        else if (first == '\t')
            shown += "\\t";
        else if (first == '\r')
            shown += "\\r";
        else {
            char code[5];
            std::snprintf(code, sizeof code, "\\x%02x", first);
            shown += code;
        }
        text.remove_prefix(1);
    }
    cut = !text.empty();
    return shown;
}

}  // namespace

std::string in_quotes(std::string_view text, std::size_t most) {
    bool cut = false;
    const std::string shown = escaped(text, most, cut);
    return "'" + shown + (cut ? "..." : "") + "'";
}

std::string printable(std::string_view text) {
    bool cut = false;
    return escaped(text, text.size(), cut);
}

}  // namespace reconlaw::data
