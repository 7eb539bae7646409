#include "help.hpp"

#include <sstream>

namespace reconlaw::cli {
namespace {

constexpr std::size_t width = 100, margin = 28;

/// The head and, from the margin on, the text in lines; a long head has a line of its own.
std::string entry(const std::string& head, const std::string& text) {
    std::string line = "  " + head, result;
    if (line.size() + 2 > margin) {
        result = line + '\n';
        line.clear();
    }
    line.resize(margin, ' ');
    std::istringstream words(text);
    bool first = true;
    for (std::string word; words >> word; first = false) {
        if (!first && line.size() + 1 + word.size() > width) {
            result += line + '\n';
            line = std::string(margin, ' ');
            first = true;
        }
        line += (first ? "" : " ") + word;
    }
    return result + line + '\n';
}

std::string option_entry(const OptionDescription& option) {
    std::string head;
    for (const std::string& name : option.names) head += (head.empty() ? "" : ", ") + name;
    if (!option.flag && !option.type.empty()) head += " " + option.type;
    return entry(head, option.description + (option.standard.empty() ? "" : " [" + option.standard + "]") +
                           (option.required && !option.positional ? " (required)" : ""));
}

std::string section(const std::string& title, const CommandDescription& command, bool positional) {
    std::string text;
    for (const OptionDescription& option : command.options)
        if (option.positional == positional) text += option_entry(option);
    return text.empty() ? "" : "\n" + title + ":\n" + text;
}

}  // namespace

std::string synopsis(const CommandDescription& command) {
    if (command.name.empty()) return "reconlaw [OPTION ...] COMMAND [OPTION ...]";
    std::string text = "reconlaw " + command.name;
    for (const OptionDescription& option : command.options)
        if (option.required && !option.positional) text += " " + option.names.front() + " " + option.type;
    text += " [OPTION ...]";
    for (const OptionDescription& option : command.positionals())
        text += option.required ? " " + option.names.front() : " [" + option.names.front() + "]";
    return text;
}

std::string help_text(const ProgramDescription& program, const CommandDescription& command) {
    std::string text = command.summary + "\n\nUsage: " + synopsis(command) + "\n";
    if (command.name.empty()) {
        text += "\nCommands:\n";
        for (const CommandDescription& other : program.commands)
            if (!other.hidden) text += entry(other.name, other.summary);
    }
    text += section("Arguments", command, true) + section("Options [defaults]", command, false);
    return text + (command.footer.empty() ? "" : "\n" + command.footer + "\n");
}

}  // namespace reconlaw::cli
