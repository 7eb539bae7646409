#pragma once
/// --range: which of a file's numbers are black and white.

#include <CLI/CLI.hpp>
#include <string>

#include "reconlaw/data/stored_image.hpp"

namespace reconlaw::cli {

/// "auto", "type" (all numbers of the sample type), "data" (smallest to largest value), a number of bits n
/// (0 to 2^n - 1), or "LOW:HIGH" in the file's own numbers.
/// @throws std::invalid_argument  anything else; LOW not below HIGH
data::RangeRequest parse_range(const std::string& text, const std::string& name);

/// For a set of images, which have one range: not "data".
data::RangeRequest set_range(const std::string& text, const std::string& name);

CLI::Option* add_range(CLI::App& app, data::RangeRequest& target, const std::string& description);
CLI::Option* add_set_range(CLI::App& app, data::RangeRequest& target);

}  // namespace reconlaw::cli
