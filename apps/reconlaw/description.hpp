#pragma once
/// The command line as data: what the help of mistakes, the completions and the man pages are made from. It
/// is taken from the definition that parses it.

#include <string>
#include <vector>

namespace reconlaw::cli {

struct OptionDescription {
    std::vector<std::string> names;  ///< "--n", "-q"; of an argument its one name, "FILE"
    bool positional = false, required = false;
    bool flag = false;                 ///< takes no value
    bool repeatable = false;           ///< may be given more than once
    std::string type;                  ///< "INT from 1 to 4096", "{csv|json}", "FILE", ...; see numbers.hpp
    std::vector<std::string> choices;  ///< of {a|b}, and of LIST {a|b}
    std::string description, standard;

    bool is(const std::string& kind) const { return type == kind || type.starts_with(kind + " "); }
};

struct CommandDescription {
    std::string name;  ///< empty for the program itself
    std::string summary, footer;
    bool hidden = false;
    std::vector<OptionDescription> options;

    /// nullptr: there is none of this name
    const OptionDescription* find(const std::string& option) const;
    std::vector<OptionDescription> positionals() const;
};

struct ProgramDescription {
    CommandDescription program;
    std::vector<CommandDescription> commands;

    const CommandDescription* find(const std::string& command) const;
};

/// Of the program's own definition.
ProgramDescription describe_program();

}  // namespace reconlaw::cli
