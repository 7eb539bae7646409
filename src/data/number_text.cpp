#include "reconlaw/data/number_text.hpp"

#include <algorithm>
#include <array>
#include <charconv>
#include <cmath>
#include <limits>

namespace reconlaw::data {
namespace {

using namespace std::string_view_literals;

constexpr std::array minus_signs{"\u2212"sv, "\u2013"sv};
/// No-break space, figure, thin, hair and narrow no-break spaces, ideographic space, byte-order mark.
constexpr std::array wide_blanks{"\u00a0"sv, "\u2002"sv, "\u2003"sv, "\u2007"sv, "\u2008"sv, "\u2009"sv,
                                 "\u200a"sv, "\u200b"sv, "\u202f"sv, "\u3000"sv, "\ufeff"sv};
constexpr auto narrow_blanks = " \t\r\n\f\v"sv;

bool is_digit(char c) {
    return c >= '0' && c <= '9';
}

bool is_letter(char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z');
}

std::string lower(std::string_view text) {
    std::string result(text);
    for (char& c : result)
        if (c >= 'A' && c <= 'Z') c = static_cast<char>(c - 'A' + 'a');
    return result;
}

std::string replaced(std::string text, std::string_view from, std::string_view to) {
    for (std::size_t at = 0; (at = text.find(from, at)) != std::string::npos; at += to.size())
        text.replace(at, from.size(), to);
    return text;
}

std::string_view without_sign(std::string_view text) {
    return text.starts_with('+') || text.starts_with('-') ? text.substr(1) : text;
}

/// Digits before, and an optional exponent behind: "12.5e-3" is {"12.5", true}.
struct Mantissa {
    std::string_view digits;
    bool exponent = false, valid = true;
};

Mantissa mantissa_of(std::string_view text) {
    text = without_sign(text);
    const std::size_t e = text.find_first_of("eE");
    if (e == std::string_view::npos) return {text};
    const std::string_view power = without_sign(text.substr(e + 1));
    return {text.substr(0, e), true, !power.empty() && std::all_of(power.begin(), power.end(), is_digit)};
}

/// 1,000 and 12,345,678, but not 0,123 or 1234,567.
bool in_groups(std::string_view digits, char separator) {
    const std::size_t first = digits.find(separator);
    if (first == std::string_view::npos || first < 1 || first > 3 || digits[0] == '0') return false;
    for (std::size_t i = 0; i < digits.size(); ++i) {
        const bool expected = i >= first && (i - first) % 4 == 0;
        if (expected != (digits[i] == separator) || (!expected && !is_digit(digits[i]))) return false;
    }
    return (digits.size() - first) % 4 == 0;
}

/// The number at the front, in decimal notation with a point.
/// @return its length, 0 if there is none
std::size_t leading_number(std::string_view text, double& value) {
    const std::size_t plus = text.starts_with('+') && !text.starts_with("+-") ? 1 : 0;
    if (text.size() == plus || is_letter(text[plus]) ||
        (text[plus] == '-' && (text.size() == plus + 1 || is_letter(text[plus + 1]))))
        return 0;  // from_chars takes nan and inf
    const auto [end, error] = std::from_chars(text.data() + plus, text.data() + text.size(), value);
    if (error == std::errc::result_out_of_range) {
        const std::size_t e = text.find_first_of("eE");  // of zeros without an exponent nobody writes 308
        const bool tiny = e != std::string_view::npos && text.substr(e + 1).starts_with('-');
        value = tiny ? std::numeric_limits<double>::denorm_min() : std::numeric_limits<double>::infinity();
    }
    return error == std::errc::invalid_argument ? 0 : static_cast<std::size_t>(end - text.data());
}

NumberText missing() {
    return {NumberText::Kind::missing, 0, "is not a finite number"};
}

NumberText malformed(std::string problem) {
    return {NumberText::Kind::malformed, 0, std::move(problem)};
}

NumberText checked(double value) {
    if (std::isinf(value)) {
        NumberText result = missing();
        result.problem += ": above 1.8e308, the largest in double precision";
        return result;
    }
    if (value != 0 && std::abs(value) < std::numeric_limits<double>::min())
        return malformed(
            "is below 2.2e-308, the smallest number that double precision holds in full: use another unit");
    return {NumberText::Kind::number, value, ""};
}

/// Digits with anything that divides thousands: 1 000, 1'000, 1_000; then the digits alone.
bool divided(std::string_view text, std::string& digits) {
    std::string plain(text);
    for (const std::string_view blank : wide_blanks) plain = replaced(std::move(plain), blank, " ");
    plain = replaced(std::move(plain), "\u2019", "'");
    for (const char separator : {' ', '\'', '_'}) {
        const std::size_t fraction = plain.find_first_of(".,");
        const std::string_view whole = without_sign(std::string_view(plain).substr(0, fraction));
        if (!in_groups(whole, separator)) continue;
        digits = replaced(plain, std::string_view(&separator, 1), "");
        double value = 0;
        const std::string pointed = replaced(digits, ",", ".");
        return leading_number(pointed, value) == pointed.size();
    }
    return false;
}

bool has_error(std::string_view text) {
    for (const std::string_view sign : {"\u00b1"sv, "+-"sv, "+/-"sv, "\\pm"sv})
        if (const std::size_t at = text.find(sign); at != std::string_view::npos && at > 0) return true;
    // 1.234(5)
    const std::size_t open = text.find('(');
    return open != std::string_view::npos && open > 0 && is_digit(text[open - 1]) && text.back() == ')';
}

/// Why a text that begins like a number is none; a text that does not is missing.
NumberText diagnosed(std::string_view text, DecimalMark mark) {
    std::string digits;
    if (divided(text, digits)) return malformed("has a thousands separator: write " + digits);
    const std::string small = lower(text);
    if (small.starts_with("tensor(")) return malformed("is a tensor as printed: write its item()");
    double value = 0;
    const std::size_t length = leading_number(text, value);
    if (length == 0) return missing();
    if (has_error(text)) return malformed("holds a number and its error: give the error a column of its own");
    const std::string_view body = without_sign(small);
    if (length <= 2 && body.size() > 2 && body.starts_with("0x"))
        return malformed("is hexadecimal: write it in decimal notation");
    const std::string_view rest = without_blanks(text.substr(length));
    if (rest == "%" || rest == "\u2030")
        return malformed("is a percentage: divide by " + std::string(rest == "%" ? "100" : "1000") +
                         " and leave the sign out");
    if ((rest[0] == 'd' || rest[0] == 'D') && rest.size() > 1 && !is_letter(rest[1]))
        return malformed("has Fortran's exponent: write e instead of " + std::string(rest.substr(0, 1)));
    if (mark == DecimalMark::point && rest.starts_with(',') && marks_of(text) == Marks::comma)
        return malformed("has a decimal comma: write a point");
    if (is_letter(rest[0]) && std::all_of(rest.begin(), rest.end(), is_letter)) {
        constexpr std::array multiples{"k"sv,  "m"sv,  "g"sv,  "b"sv,   "t"sv,
                                       "ki"sv, "mi"sv, "gi"sv, "mio"sv, "mrd"sv};
        const std::string suffix = lower(rest);
        if (std::find(multiples.begin(), multiples.end(), suffix) != multiples.end())
            return malformed("ends in '" + std::string(rest) +
                             "': write the number in full, such as 1000 for 1k");
        if (rest.size() <= 3) return malformed("ends in a unit, '" + std::string(rest) + "': leave it out");
    }
    return missing();
}

}  // namespace

std::string_view without_blanks(std::string_view text) {
    const auto at_front = [](std::string_view t) -> std::size_t {
        if (narrow_blanks.find(t[0]) != std::string_view::npos) return 1;
        for (const std::string_view blank : wide_blanks)
            if (t.starts_with(blank)) return blank.size();
        return 0;
    };
    const auto at_end = [](std::string_view t) -> std::size_t {
        if (narrow_blanks.find(t.back()) != std::string_view::npos) return 1;
        for (const std::string_view blank : wide_blanks)
            if (t.ends_with(blank)) return blank.size();
        return 0;
    };
    for (std::size_t n = 1; n != 0 && !text.empty();) text.remove_prefix(n = at_front(text));
    for (std::size_t n = 1; n != 0 && !text.empty();) text.remove_suffix(n = at_end(text));
    return text;
}

Marks marks_of(std::string_view text) {
    const Mantissa mantissa = mantissa_of(text);
    const std::string_view digits = mantissa.digits;
    std::size_t commas = 0, points = 0, others = 0;
    for (const char c : digits) {
        commas += c == ',', points += c == '.';
        if (!is_digit(c) && c != ',' && c != '.') return Marks::not_a_number;
        others += is_digit(c);
    }
    if (!mantissa.valid || others == 0) return Marks::not_a_number;
    if (commas + points == 0) return Marks::none;
    if (commas > 0 && points > 0) {
        const bool point_last = digits.rfind('.') > digits.rfind(',');
        const std::string_view whole = digits.substr(0, digits.find(point_last ? '.' : ','));
        return in_groups(whole, point_last ? ',' : '.') ? Marks::groups : Marks::not_a_number;
    }
    const char mark = commas > 0 ? ',' : '.';
    const bool groups = !mantissa.exponent && in_groups(digits, mark);
    if (commas + points > 1) return groups ? Marks::groups : Marks::not_a_number;
    if (groups) return commas > 0 ? Marks::comma_or_groups : Marks::point_or_groups;
    return commas > 0 ? Marks::comma : Marks::point;
}

NumberText read_number(std::string_view text, DecimalMark mark) {
    text = without_blanks(text);
    if (text.empty()) return {NumberText::Kind::missing, 0, "is empty"};
    std::string plain(text);
    for (const std::string_view sign : minus_signs) plain = replaced(std::move(plain), sign, "-");
    const Marks marks = marks_of(plain);
    const auto without = [&](std::string_view separator) { return replaced(plain, separator, ""); };
    if (marks == Marks::groups) {
        const bool point_last =
            plain.rfind('.') != std::string::npos &&
            (plain.find(',') == std::string::npos ? std::count(plain.begin(), plain.end(), '.') == 1
                                                  : plain.rfind('.') > plain.rfind(','));
        return malformed("has thousands separators: write " +
                         (point_last || plain.find('.') == std::string::npos
                              ? without(",")
                              : replaced(without("."), ",", ".")));
    }
    if (mark == DecimalMark::point && marks == Marks::comma_or_groups)
        return malformed("has a thousands separator, or a decimal comma: write " + without(",") + " or " +
                         replaced(plain, ",", "."));
    if (mark == DecimalMark::comma) {
        if (marks == Marks::point_or_groups)
            return malformed("has a thousands separator, or a decimal point among decimal commas: write " +
                             without(".") + " or " + replaced(plain, ".", ","));
        if (marks == Marks::point)
            return malformed(
                "has a decimal point, and others of its column have decimal commas: write one of them");
        if (marks == Marks::comma || marks == Marks::comma_or_groups) plain = replaced(plain, ",", ".");
    }
    double value = 0;
    if (leading_number(plain, value) == plain.size()) return checked(value);
    return diagnosed(plain, mark);
}

}  // namespace reconlaw::data
