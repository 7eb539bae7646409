#pragma once
/// Lists of numbers on the command line.

#include <string>
#include <vector>

namespace reconlaw::cli {

/// "1,2,4,8": these; "10:10000:20": 20 whole numbers from 10 to 10000, evenly spaced on a log scale (repeats
/// dropped); both may be mixed, "1,2,10:1000:5".
/// @return ascending as written, each >= 1
/// @throws std::invalid_argument naming the part that does not parse, and the allowed range
std::vector<long> parse_samples(const std::string& text);

/// Comma-separated words, none empty. @throws std::invalid_argument
std::vector<std::string> parse_words(const std::string& text, const std::string& option);

/// Comma-separated numbers within [low, high]. @throws std::invalid_argument
std::vector<double> parse_numbers(const std::string& text, const std::string& option, double low,
                                  double high);

/// The same for whole numbers.
std::vector<long> parse_counts(const std::string& text, const std::string& option, long low, long high);

}  // namespace reconlaw::cli
