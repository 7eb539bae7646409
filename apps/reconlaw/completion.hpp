#pragma once
/// Completions for shells and pages for man, made from the program's description.

#include <string>

#include "description.hpp"

namespace reconlaw::cli {

/// A script that completes commands, options, choices, files and folders.
/// @param shell  bash, zsh or fish. @throws std::invalid_argument  another one
std::string completion_script(const ProgramDescription& program, const std::string& shell);

/// The page of the program, or of one of its commands, in man's macros.
/// @param version  as the footer shows it
std::string man_page(const ProgramDescription& program, const CommandDescription& command,
                     const std::string& version);

}  // namespace reconlaw::cli
