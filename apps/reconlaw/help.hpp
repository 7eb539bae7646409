#pragma once
/// The text of --help.

#include <string>

#include "description.hpp"

namespace reconlaw::cli {

/// Usage, arguments, options with what they take and their defaults, and the footer, 100 columns wide.
std::string help_text(const ProgramDescription& program, const CommandDescription& command);

/// "reconlaw fit [OPTION ...] [file]", with every required option.
std::string synopsis(const CommandDescription& command);

}  // namespace reconlaw::cli
