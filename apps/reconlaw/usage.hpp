#pragma once
/// The words of a command line, checked against its definition before they are parsed.

#include <stdexcept>
#include <string>
#include <vector>

#include "description.hpp"

namespace reconlaw::cli {

/// The message begins with the program and the command: "reconlaw risk: unknown option ...".
struct UsageError : std::invalid_argument {
    using std::invalid_argument::invalid_argument;
};

struct Words {
    std::string command;  ///< empty: none, which only --help and --version do without
    bool help = false;
    std::vector<std::string> all;    ///< with --name=value as two words
    std::vector<std::string> given;  ///< first names of the options and arguments that have a value
};

/// @throws UsageError  no or an unknown command; an unknown option or one given twice; an option without its
/// value, or a value for one that has none; too many arguments. Unknown names come with the nearest known.
Words checked_words(const ProgramDescription& program, const std::vector<std::string>& words);

/// The sentence for what is missing, empty if nothing is.
std::string missing(const CommandDescription& command, const Words& words);

}  // namespace reconlaw::cli
