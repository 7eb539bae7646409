#pragma once
/// Options that `fit` and `advise` share: the table of results, its columns, and files for the answer.

#include <CLI/CLI.hpp>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "results_table.hpp"

namespace reconlaw::cli {

/// An option that takes a text, not an empty one. @param kind  for the help: COLUMN, FILE
CLI::Option* add_text(CLI::App& app, const std::string& names, std::optional<std::string>& target,
                      const std::string& kind, const std::string& description);

/// --x, --y, --metric, --seed-column, --error-column, --where and --skip-bad-rows; of `advise` also
/// --network-column, --cost-column, and --samples-column and --loss-column as other names of --x and --y.
void add_table_options(CLI::App& app, ResultColumns& columns);

/// No output may overwrite another, or the input; devices and pipes may be shared. Then each must be
/// writable.
/// @param input  path of the table; "-" is none
/// @param outputs  option and path
/// @throws std::invalid_argument  names both
void check_outputs(const std::string& input,
                   const std::vector<std::pair<std::string, std::optional<std::string>>>& outputs);

/// @throws std::invalid_argument  a figure's path does not end in .svg or .png
void require_figure_path(const std::optional<std::string>& path);

/// "a, b,c": words separated by commas and blanks around them. @throws std::invalid_argument  an empty one
std::vector<std::string> words_of(const std::string& list, const std::string& option);

}  // namespace reconlaw::cli
