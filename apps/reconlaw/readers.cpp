#include "readers.hpp"

#include <algorithm>
#include <charconv>
#include <cmath>
#include <optional>
#include <stdexcept>

#include "printed.hpp"
#include "reconlaw/data/in_quotes.hpp"
#include "reconlaw/data/spelling.hpp"

namespace reconlaw::cli {
namespace {

using data::in_quotes;

/// A number in decimal notation, taken apart: sign, digits without the point, power of ten of the last digit.
struct Decimal {
    bool negative = false;
    std::string digits;  ///< no leading or trailing zeros; empty for zero
    long long exponent = 0;
};

constexpr std::string_view figures = "0123456789";

/// [sign] digits [. digits] [e [sign] digits] with a digit before or behind the point, and nothing else:
/// from_chars alone takes "nan" and "inf" too, and no plus sign.
std::optional<Decimal> take_apart(std::string_view text) {
    Decimal number;
    const auto take_digits = [&] {
        const std::size_t count = std::min(text.find_first_not_of(figures), text.size());
        number.digits += text.substr(0, count);
        text.remove_prefix(count);
        return static_cast<long long>(count);
    };
    const auto take = [&](std::string_view characters) {
        if (text.empty() || characters.find(text[0]) == std::string_view::npos) return '\0';
        const char taken = text[0];
        text.remove_prefix(1);
        return taken;
    };
    number.negative = take("+-") == '-';
    const long long before = take_digits(), behind = take(".") ? take_digits() : 0;
    if (before + behind == 0) return std::nullopt;
    number.exponent = -behind;
    if (take("eE")) {
        if (text.starts_with('+')) text.remove_prefix(1);
        long long power = 0;
        const std::size_t sign = text.starts_with('-') ? 1 : 0;
        if (text.size() == sign || text.find_first_not_of(figures, sign) != std::string_view::npos)
            return std::nullopt;
        const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), power);
        if (error != std::errc{}) power = sign ? -1'000'000'000'000 : 1'000'000'000'000;
        number.exponent += std::clamp(power, -1'000'000'000'000LL, 1'000'000'000'000LL);
        text = {};
    }
    if (!text.empty()) return std::nullopt;
    number.digits.erase(0, std::min(number.digits.find_first_not_of('0'), number.digits.size()));
    while (!number.digits.empty() && number.digits.back() == '0') number.digits.pop_back(), ++number.exponent;
    return number;
}

enum class Reading { good, no_number, too_large };

Reading read_decimal(std::string_view text, double& value) {
    const std::optional<Decimal> number = take_apart(text);
    if (!number) return Reading::no_number;
    if (text.starts_with('+')) text.remove_prefix(1);
    const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
    if (error == std::errc{} && std::isfinite(value)) return Reading::good;
    if (static_cast<long long>(number->digits.size()) + number->exponent > 0) return Reading::too_large;
    value = 0;  // nearer to zero than any double
    return Reading::good;
}

/// Exact: no detour over a floating-point number.
template <class Whole>
Reading read_whole(std::string_view text, Whole& value) {
    const std::optional<Decimal> number = take_apart(text);
    if (!number || (number->exponent < 0 && !number->digits.empty())) return Reading::no_number;
    if (number->digits.empty()) return value = 0, Reading::good;
    if (std::is_unsigned_v<Whole> && number->negative) return Reading::no_number;
    if (static_cast<long long>(number->digits.size()) + number->exponent > 20) return Reading::too_large;
    const std::string plain = (number->negative ? "-" : "") + number->digits +
                              std::string(static_cast<std::size_t>(number->exponent), '0');
    const auto [end, error] = std::from_chars(plain.data(), plain.data() + plain.size(), value);
    return error == std::errc{} ? Reading::good : Reading::too_large;
}

template <class Whole>
Whole whole_in(std::string_view text, const std::string& name, Whole low, Whole high) {
    Whole value = 0;
    const Reading reading = read_whole(text, value);
    if (reading == Reading::good && value >= low && value <= high) return value;
    const bool open = high == std::numeric_limits<Whole>::max() && reading != Reading::too_large;
    refuse(name, text,
           open ? "a whole number of at least " + std::to_string(low)
                : "a whole number from " + std::to_string(low) + " to " + std::to_string(high));
}

}  // namespace

void refuse(const std::string& name, std::string_view text, const std::string& wanted) {
    throw std::invalid_argument(name + ": " + in_quotes(text) + " is not " + wanted);
}

bool Interval::holds(double value) const {
    return (without_low ? value > low : value >= low) && (without_high ? value < high : value <= high);
}

std::string Interval::text() const {
    const bool lowest = low == std::numeric_limits<double>::lowest(),
               highest = high == std::numeric_limits<double>::max();
    if (lowest && highest) return "finite";
    const std::string below = (without_high ? "below " : "at most ") + printed_number(high);
    if (lowest) return below;
    const std::string least = printed_number(low);
    if (highest) return (without_low ? "above " : "at least ") + least;
    if (!without_low && !without_high) return "from " + least + " to " + printed_number(high);
    return (without_low ? "above " : "at least ") + least + ", " + below;
}

double parse_number(std::string_view text, const std::string& name, const Interval& allowed) {
    double value = 0;
    if (read_decimal(text, value) != Reading::good || !allowed.holds(value)) {
        const std::string range = allowed.text();
        refuse(name, text, range == "finite" ? "a finite number" : "a number " + range);
    }
    return value;
}

long long parse_whole(std::string_view text, const std::string& name, long long low, long long high) {
    return whole_in(text, name, low, high);
}

unsigned long long parse_natural(std::string_view text, const std::string& name, unsigned long long low,
                                 unsigned long long high) {
    return whole_in(text, name, low, high);
}

const std::string& parse_choice(const std::string& text, const std::string& name,
                                const std::vector<std::string>& choices) {
    const auto found = std::find(choices.begin(), choices.end(), text);
    if (found != choices.end()) return *found;
    std::string list;
    for (std::size_t i = 0; i < choices.size(); ++i)
        list += (i == 0 ? "" : i + 1 == choices.size() ? " or " : ", ") + choices[i];
    const std::string near = data::nearest_in_spelling(choices, text);
    throw std::invalid_argument(name + ": " + in_quotes(text) + " is unknown, must be " + list +
                                (near.empty() ? "" : "; did you mean '" + near + "'?"));
}

}  // namespace reconlaw::cli
