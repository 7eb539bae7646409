#include "numbers.hpp"

#include <algorithm>
#include <charconv>
#include <cmath>
#include <stdexcept>

#include "printed.hpp"
#include "reconlaw/data/in_quotes.hpp"
#include "reconlaw/data/spelling.hpp"

namespace reconlaw::cli {
namespace {

using data::in_quotes;

[[noreturn]] void refuse(const std::string& name, std::string_view text, const std::string& wanted) {
    throw std::invalid_argument(name + ": " + in_quotes(text) + " is not " + wanted);
}

/// from_chars takes no plus sign.
std::string_view without_plus(std::string_view text) {
    return text.starts_with('+') && !text.starts_with("+-") ? text.substr(1) : text;
}

/// Whether the text is decimal notation; from_chars alone would take "nan" and "inf".
bool read_decimal(std::string_view text, double& value) {
    text = without_plus(text);
    if (text.empty() || text.find_first_not_of("0123456789+-.eE") != std::string_view::npos) return false;
    const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
    return error == std::errc{} && end == text.data() + text.size() && std::isfinite(value);
}

template <class Whole>
bool read_whole(std::string_view text, Whole& value) {
    const std::string_view digits = without_plus(text);
    const auto [end, error] = std::from_chars(digits.data(), digits.data() + digits.size(), value);
    if (error == std::errc{} && end == digits.data() + digits.size()) return true;
    // 1e3 and 2.0: exact as long as a double holds every whole number
    double number = 0;
    if (error == std::errc::result_out_of_range || !read_decimal(text, number)) return false;
    constexpr double exact = 9007199254740992.0;
    if (number != std::floor(number) || std::abs(number) > exact) return false;
    if (std::is_unsigned_v<Whole> && number < 0) return false;
    value = static_cast<Whole>(number);
    return true;
}

template <class Whole>
Whole whole_in(std::string_view text, const std::string& name, Whole low, Whole high) {
    Whole value = 0;
    if (!read_whole(text, value) || value < low || value > high)
        refuse(name, text,
               high == std::numeric_limits<Whole>::max()
                   ? "a whole number of at least " + std::to_string(low)
                   : "a whole number from " + std::to_string(low) + " to " + std::to_string(high));
    return value;
}

}  // namespace

bool Interval::holds(double value) const {
    return (without_low ? value > low : value >= low) && (without_high ? value < high : value <= high);
}

std::string Interval::text() const {
    const bool lowest = low == std::numeric_limits<double>::lowest(),
               highest = high == std::numeric_limits<double>::max();
    if (lowest && highest) return "finite";
    const std::string below = (without_high ? "below " : "at most ") + detail_options::shown(high);
    if (lowest) return below;
    const std::string least = detail_options::shown(low);
    if (highest) return (without_low ? "above " : "at least ") + least;
    if (!without_low && !without_high) return "from " + least + " to " + detail_options::shown(high);
    return (without_low ? "above " : "at least ") + least + ", " + below;
}

double parse_number(std::string_view text, const std::string& name, const Interval& allowed) {
    double value = 0;
    if (!read_decimal(text, value) || !allowed.holds(value)) {
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

namespace detail_options {

CLI::Option* add(CLI::App& app, const std::string& names, const std::string& description,
                 const std::string& type, std::function<void(const std::string&)> read) {
    const std::string name = names.substr(0, names.find(','));
    CLI::Option* option =
        app.add_option(names, CLI::callback_t([read = std::move(read)](const CLI::results_t& results) {
                           try {
                               read(results.back());
                           } catch (const std::invalid_argument& e) {
                               throw CLI::ValidationError(e.what());
                           }
                           return true;
                       }),
                       description);
    return option->type_name(type);
}

std::string shown(double value) {
    return printed("%.10g", value);
}

std::string range_text(const char* kind, const std::string& low, const std::string& high, bool unbounded) {
    return std::string(kind) + (unbounded ? " at least " + low : " from " + low + " to " + high);
}

}  // namespace detail_options

CLI::Option* add_choice(CLI::App& app, const std::string& names, std::string& target,
                        const std::vector<std::string>& choices, const std::string& description) {
    std::string list;
    for (const std::string& word : choices) list += (list.empty() ? "" : "|") + word;
    CLI::Option* option =
        detail_options::add(app, names, description, "{" + list + "}",
                            [&target, choices, name = names.substr(0, names.find(','))](
                                const std::string& text) { target = parse_choice(text, name, choices); });
    if (!target.empty()) option->default_str(target);
    return option;
}

}  // namespace reconlaw::cli
