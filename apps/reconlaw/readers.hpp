#pragma once
/// Numbers and names as text: what is accepted, and what is said otherwise.

#include <limits>
#include <string>
#include <string_view>
#include <vector>

namespace reconlaw::cli {

/// The numbers that an option takes.
struct Interval {
    double low = std::numeric_limits<double>::lowest(), high = std::numeric_limits<double>::max();
    bool without_low = false, without_high = false;  ///< the ends do not belong to it

    static Interval all() { return {}; }
    static Interval above(double low) { return {low, std::numeric_limits<double>::max(), true, false}; }
    static Interval from(double low) { return {low}; }
    bool holds(double value) const;
    /// "from 0 to 1", "above 0, at most 255", "above 0, below 1", "at least 2", "finite"
    std::string text() const;
};

/// @throws std::invalid_argument  "NAME: 'TEXT' is not WANTED", always
[[noreturn]] void refuse(const std::string& name, std::string_view text, const std::string& wanted);

/// Decimal notation: "10", "-0.5", ".5", "1e3"; leading zeros mean nothing ("0200" is 200). Not a number:
/// an empty text, blanks, hexadecimal, nan, infinities, a second number behind the first.
/// @param name  of the option, for the message
/// @throws std::invalid_argument  "NAME: 'TEXT' is not a number INTERVAL"
double parse_number(std::string_view text, const std::string& name, const Interval& allowed);

/// The same for whole numbers, exactly, up to the ends of 64 bits; "1e3" and "2.0" are whole numbers,
/// "1.00000000000000000001" is none.
/// @throws std::invalid_argument  "NAME: 'TEXT' is not a whole number from LOW to HIGH"
long long parse_whole(std::string_view text, const std::string& name, long long low, long long high);
unsigned long long parse_natural(std::string_view text, const std::string& name, unsigned long long low,
                                 unsigned long long high);

/// @throws std::invalid_argument  "NAME: 'TEXT' is unknown, must be a, b or c" and, where one is near in
/// spelling, "; did you mean 'b'?"
const std::string& parse_choice(const std::string& text, const std::string& name,
                                const std::vector<std::string>& choices);

}  // namespace reconlaw::cli
