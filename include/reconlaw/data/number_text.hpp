#pragma once
/// Numbers as people and programs write them into tables: what is read, and what is refused for which reason.

#include <string>
#include <string_view>

namespace reconlaw::data {

/// What separates the decimals.
enum class DecimalMark { point, comma };

/// A field of a table, read as a number.
struct NumberText {
    enum class Kind {
        number,    ///< `value` is finite
        missing,   ///< no finite number was recorded: empty, nan, inf, too large for a double, a word
        malformed  ///< a number in a notation that is not read: leaving such rows out would choose among
                   ///< values
    };
    Kind kind = Kind::missing;
    double value = 0;
    std::string problem;  ///< behind the quoted field: "is not a finite number"; empty for a number
};

/// Decimal notation with `mark`: "10", "+.5", "1e-3", with an ASCII or a typographic minus sign (U+2212,
/// U+2013); blanks around it, no-break spaces and a byte-order mark included, mean nothing. Malformed, with a
/// problem that says so and what to write: thousands separators, the other decimal mark, percentages, a
/// number with its error, suffixes and units (10k, 28 dB), hexadecimal, Fortran's exponent, a printed tensor,
/// and values below the smallest normal double (2.2e-308).
NumberText read_number(std::string_view text, DecimalMark mark = DecimalMark::point);

/// How the digits of a number are divided by commas and points.
enum class Marks {
    none,             ///< 1000, 1e3
    point,            ///< 0.5
    comma,            ///< 0,5
    point_or_groups,  ///< 1.000: one, or a thousand
    comma_or_groups,  ///< 1,000: a thousand, or one
    groups,           ///< 1,000,000 and 1.000,5: thousands separators
    not_a_number
};

/// Of decimal notation without blanks; exponents belong to decimals, not to groups.
Marks marks_of(std::string_view text);

/// Without blanks at both ends: spaces, tabs, line ends, no-break and other typographic spaces, byte-order
/// marks.
std::string_view without_blanks(std::string_view text);

}  // namespace reconlaw::data
