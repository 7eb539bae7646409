#include "gnuplot_text.hpp"

#include <array>
#include <utility>

#include "reconlaw/data/in_quotes.hpp"

namespace reconlaw::report {
namespace {

constexpr std::size_t most_characters = 200;  // far more than fit the page

/// U+FDD0 and U+FDD1, which shown_text never leaves in a text.
constexpr std::array<std::pair<char, std::string_view>, 2> stand_ins{std::pair{'&', "\xEF\xB7\x90"},
                                                                     std::pair{'>', "\xEF\xB7\x91"}};

bool continues(char byte) {
    return (byte & 0xC0) == 0x80;
}

/// U+FDD0 to U+FDEF, U+FFFE and U+FFFF.
bool is_noncharacter(std::string_view character) {
    if (character.size() != 3 || character[0] != '\xEF') return false;
    const auto second = static_cast<unsigned char>(character[1]),
               third = static_cast<unsigned char>(character[2]);
    return (second == 0xB7 && third >= 0x90 && third <= 0xAF) || (second == 0xBF && third >= 0xBE);
}

void replace_all(std::string& text, std::string_view from, std::string_view to) {
    for (auto at = text.find(from); at != std::string::npos; at = text.find(from, at + to.size()))
        text.replace(at, from.size(), to);
}

std::string in_single_quotes(std::string text) {
    // not '' as in the manual: gnuplot 5.4 cannot read it behind the opening quote
    replace_all(text, "'", R"(' . "'" . ')");
    return "'" + text + "'";
}

}  // namespace

std::string shown_text(std::string_view text) {
    const std::string whole = data::printable(text);
    std::string shown;
    std::size_t count = 0;
    for (std::size_t at = 0; at < whole.size();) {
        if (count++ == most_characters) return shown + "...";
        std::size_t end = at + 1;
        while (end < whole.size() && continues(whole[end])) ++end;
        const std::string_view character = std::string_view(whole).substr(at, end - at);
        shown += is_noncharacter(character) ? "\xEF\xBF\xBD" : character;
        at = end;
    }
    return shown;
}

std::string gnuplot_quoted(std::string_view text) {
    return in_single_quotes(shown_text(text));
}

std::string gnuplot_quoted_for_svg(std::string_view text) {
    std::string shown = shown_text(text);
    for (const auto& [character, stand_in] : stand_ins)
        replace_all(shown, std::string_view(&character, 1), stand_in);
    return in_single_quotes(std::move(shown));
}

std::string finished_svg(std::string svg) {
    replace_all(svg, stand_ins[0].second, "&amp;");
    replace_all(svg, stand_ins[1].second, "&gt;");
    return svg;
}

}  // namespace reconlaw::report
