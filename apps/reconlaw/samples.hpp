#pragma once
/// Lists on the command line. Entries are separated by commas; blanks around them mean nothing.

#include <CLI/CLI.hpp>
#include <string>
#include <vector>

#include "numbers.hpp"

namespace reconlaw::cli {

/// "1, 2, 4, 8": these; "10:1e4:20": 20 whole numbers from 10 to 10000, evenly spaced on a log scale (repeats
/// dropped); both may be mixed, "1,2,10:1000:5".
/// @return ascending as written, each from 1 to 1e9
/// @throws std::invalid_argument naming the part that does not parse, and the allowed range
std::vector<long> parse_samples(const std::string& text, const std::string& option = "--samples");

/// Comma-separated words, none empty. @throws std::invalid_argument
std::vector<std::string> parse_words(const std::string& text, const std::string& option);

/// Comma-separated numbers. @throws std::invalid_argument
std::vector<double> parse_numbers(const std::string& text, const std::string& option,
                                  const Interval& allowed);
/// Within [low, high].
std::vector<double> parse_numbers(const std::string& text, const std::string& option, double low,
                                  double high);

/// The same for whole numbers.
std::vector<long> parse_counts(const std::string& text, const std::string& option, long low, long high);

/// Options that take such lists; each is read while the command line is parsed, so that every error in it is
/// a usage error.
CLI::Option* add_samples(CLI::App& app, const std::string& names, std::vector<long>& target,
                         const std::string& description);
CLI::Option* add_numbers(CLI::App& app, const std::string& names, std::vector<double>& target,
                         const Interval& allowed, const std::string& description);
CLI::Option* add_counts(CLI::App& app, const std::string& names, std::vector<long>& target, long low,
                        long high, const std::string& description);
/// @param known  the words that may be named
CLI::Option* add_words(CLI::App& app, const std::string& names, std::vector<std::string>& target,
                       const std::vector<std::string>& known, const std::string& description);

}  // namespace reconlaw::cli
