#include <sstream>

#include "completion.hpp"

namespace reconlaw::cli {
namespace {

/// Text as roff shows it unchanged: no escapes, no requests, and minus signs that can be copied.
std::string roff(const std::string& text) {
    std::string result;
    for (std::size_t i = 0; i < text.size(); ++i) {
        const char c = text[i];
        const bool begins_line = i == 0 || text[i - 1] == '\n';
        if (begins_line && (c == '.' || c == '\'')) result += "\\&";
        if (c == '\\')
            result += "\\e";
        else if (c == '-')
            result += "\\-";
        else if (c == '\'')
            result += "\\(aq";
        else if (c == '^')
            result += "\\(ha";
        else if (c == '~')
            result += "\\(ti";
        else if (c == '`')
            result += "\\(ga";
        else
            result += c;
    }
    return result;
}

std::string bold(const std::string& text) {
    return "\\fB" + roff(text) + "\\fR";
}

std::string option_text(const OptionDescription& option) {
    std::string head;
    for (const std::string& name : option.names) head += (head.empty() ? "" : ", ") + bold(name);
    if (!option.flag && !option.type.empty()) head += " \\fI" + roff(option.type) + "\\fR";
    return ".TP\n" + head + "\n" + roff(option.description) +
           (option.standard.empty() ? "" : " (default: " + roff(option.standard) + ")") +
           (option.required && !option.positional ? " (required)" : "") + "\n";
}

/// Paragraphs as they are; what is indented, or broken by hand, keeps its lines.
std::string footer_text(const std::string& footer) {
    std::string text;
    std::istringstream lines(footer);
    bool literal = false;
    for (std::string line; std::getline(lines, line);) {
        const bool indented = line.starts_with("  ");
        if (indented != literal) text += indented ? ".PP\n.EX\n" : ".EE\n.PP\n";
        literal = indented;
        if (line.empty())
            text += ".PP\n";
        else
            text += roff(line) + "\n";
    }
    return text + (literal ? ".EE\n" : "");
}

std::string options_text(const CommandDescription& command, bool positional) {
    std::string text;
    for (const OptionDescription& option : command.options)
        if (option.positional == positional) text += option_text(option);
    return text;
}

const char* const exit_status =
    ".SH EXIT STATUS\n"
    ".TP\n\\fB0\\fR\nSuccess.\n"
    ".TP\n\\fB1\\fR\nA failure that is neither the command line\\(aqs nor a file\\(aqs.\n"
    ".TP\n\\fB2\\fR\nA wrong command line, bad input, or a file that cannot be read or written.\n"
    ".TP\n\\fB130\\fR\nInterrupted; where a run can go on, the message says how.\n";

}  // namespace

std::string man_page(const ProgramDescription& program, const CommandDescription& command,
                     const std::string& version) {
    const bool whole = command.name.empty();
    const std::string name = whole ? "reconlaw" : "reconlaw-" + command.name;
    std::string upper = name;
    for (char& c : upper)
        if (c >= 'a' && c <= 'z') c = static_cast<char>(c - 'a' + 'A');
    std::string text = ".TH " + roff(upper) + " 1 \"\" \"reconlaw " + roff(version) +
                       "\" \"reconlaw\"\n.SH NAME\n" + roff(name) + " \\- " + roff(command.summary) +
                       "\n.SH SYNOPSIS\n" + bold("reconlaw");
    if (whole) {
        text += " \\fICOMMAND\\fR [\\fIOPTION\\fR ...]\n";
    } else {
        text += " " + bold(command.name);
        for (const OptionDescription& option : command.options)
            if (option.required && !option.positional)
                text += " " + bold(option.names.front()) + " \\fI" + roff(option.type) + "\\fR";
        text += " [\\fIOPTION\\fR ...]";
        for (const OptionDescription& option : command.positionals()) {
            const std::string argument = "\\fI" + roff(option.names.front()) + "\\fR";
            text += option.required ? " " + argument : " [" + argument + "]";
        }
        text += "\n";
    }
    if (whole) {
        text += ".SH COMMANDS\n";
        for (const CommandDescription& other : program.commands)
            if (!other.hidden)
                text += ".TP\n" + bold("reconlaw-" + other.name) + "(1)\n" + roff(other.summary) + "\n";
    }
    if (const std::string arguments = options_text(command, true); !arguments.empty())
        text += ".SH ARGUMENTS\n" + arguments;
    text += ".SH OPTIONS\n" + options_text(command, false);
    if (!command.footer.empty()) text += ".SH NOTES\n" + footer_text(command.footer);
    text += exit_status;
    text += ".SH SEE ALSO\n";
    bool first = true;
    for (const CommandDescription& other : program.commands)
        if (!other.hidden && other.name != command.name) {
            text += (first ? "" : ",\n") + bold("reconlaw-" + other.name) + "(1)";
            first = false;
        }
    return text + (whole ? "" : (first ? "" : ",\n") + bold("reconlaw") + "(1)") + "\n";
}

}  // namespace reconlaw::cli
