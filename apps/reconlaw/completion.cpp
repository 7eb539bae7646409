#include "completion.hpp"

#include <stdexcept>

namespace reconlaw::cli {
namespace {

std::string joined(const std::vector<std::string>& words, const std::string& between = " ") {
    std::string text;
    for (const std::string& word : words) text += (text.empty() ? "" : between) + word;
    return text;
}

std::vector<const CommandDescription*> shown(const ProgramDescription& program) {
    std::vector<const CommandDescription*> commands;
    for (const CommandDescription& command : program.commands)
        if (!command.hidden) commands.push_back(&command);
    return commands;
}

std::string command_names(const ProgramDescription& program) {
    std::vector<std::string> names;
    for (const CommandDescription* command : shown(program)) names.push_back(command->name);
    return joined(names);
}

/// In single quotes of a POSIX shell; fish ends them with a backslash inside.
std::string quoted(const std::string& text, bool fish = false) {
    std::string result = "'";
    for (const char c : text) {
        if (fish && (c == '\'' || c == '\\'))
            result += std::string("\\") + c;
        else
            result += c == '\'' ? std::string("'\\''") : std::string(1, c);
    }
    return result + "'";
}

bool takes_path(const OptionDescription& option) {
    return option.is("FILE") || option.is("FOLDER");
}

/// compgen's words or actions for the value of an option.
std::string bash_values(const OptionDescription& option) {
    if (!option.choices.empty())
        return "COMPREPLY=($(compgen -W " + quoted(joined(option.choices)) + " -- \"$word\"))";
    if (takes_path(option)) {
        const std::string action = option.is("FOLDER") ? "-d" : "-f";
        return "compopt -o filenames 2>/dev/null; mapfile -t COMPREPLY < <(compgen " + action +
               " -- \"$word\")";
    }
    return "COMPREPLY=()";
}

std::string bash_script(const ProgramDescription& program) {
    std::string text =
        "# bash completion of reconlaw: source it, or put it where bash-completion looks.\n"
        "_reconlaw() {\n"
        "    local word=${COMP_WORDS[COMP_CWORD]} before=${COMP_WORDS[COMP_CWORD-1]} command= i\n"
        "    COMPREPLY=()\n"
        "    # bash splits --name=value at the sign\n"
        "    if [[ $word == = ]]; then word=; "
        "elif [[ $before == = && $COMP_CWORD -gt 2 ]]; then before=${COMP_WORDS[COMP_CWORD-2]}; fi\n"
        "    for ((i = 1; i < COMP_CWORD; i++)); do\n"
        "        if [[ ${COMP_WORDS[i]} != -* ]]; then command=${COMP_WORDS[i]}; break; fi\n"
        "    done\n"
        "    case $command in\n";
    const auto names_of = [](const CommandDescription& command) {
        std::vector<std::string> names;
        for (const OptionDescription& option : command.options)
            if (!option.positional) names.insert(names.end(), option.names.begin(), option.names.end());
        return joined(names);
    };
    text += "    '')\n        COMPREPLY=($(compgen -W " +
            quoted(command_names(program) + " " + names_of(program.program)) +
            " -- \"$word\"))\n        ;;\n";
    for (const CommandDescription* command : shown(program)) {
        text += "    " + command->name + ")\n        case $before in\n";
        std::string argument = "COMPREPLY=()";
        for (const OptionDescription& option : command->options) {
            if (option.positional && argument == "COMPREPLY=()") argument = bash_values(option);
            if (!option.positional && !option.flag)
                text += "        " + joined(option.names, "|") + ") " + bash_values(option) + "; return ;;\n";
        }
        text += "        esac\n        if [[ $word == -* ]]; then\n            COMPREPLY=($(compgen -W " +
                quoted(names_of(*command)) + " -- \"$word\"))\n        else\n            " + argument +
                "\n        fi\n        ;;\n";
    }
    return text + "    esac\n}\ncomplete -F _reconlaw reconlaw\n";
}

/// Inside a zsh specification "[text]" or ":text:".
std::string zsh_text(const std::string& text) {
    std::string result;
    for (const char c : text) {
        if (c == '[' || c == ']' || c == ':' || c == '\\') result += '\\';
        result += c;
    }
    return result;
}

std::string zsh_values(const OptionDescription& option) {
    if (!option.choices.empty()) return "(" + joined(option.choices) + ")";
    if (option.is("FOLDER")) return "_files -/";
    return option.is("FILE") ? "_files" : "";
}

std::string zsh_script(const ProgramDescription& program) {
    std::string text =
        "#compdef reconlaw\n# zsh completion of reconlaw: put it as _reconlaw into a folder of $fpath.\n"
        "_reconlaw() {\n"
        "    local -a commands\n    commands=(\n";
    for (const CommandDescription* command : shown(program))
        text += "        " + quoted(command->name + ":" + zsh_text(command->summary)) + "\n";
    text +=
        "    )\n    local command i\n"
        "    for (( i = 2; i < CURRENT; i++ )); do\n"
        "        if [[ $words[i] != -* ]]; then command=$words[i]; break; fi\n    done\n"
        "    if [[ -z $command ]]; then\n        _describe command commands\n        compadd --";
    for (const OptionDescription& option : program.program.options)
        for (const std::string& name : option.names) text += " " + name;
    text +=
        "\n        return\n    fi\n"
        "    shift $(( i - 1 )) words; (( CURRENT -= i - 1 ))\n    case $command in\n";
    for (const CommandDescription* command : shown(program)) {
        text += "    " + command->name + ")\n        _arguments -s";
        for (const OptionDescription& option : command->options) {
            const std::string values =
                ":" + zsh_text(option.type.empty() ? "value" : option.type) + ":" + zsh_values(option);
            if (option.positional) {
                text += " \\\n            " + quoted((option.repeatable ? "*" : "") + values);
                continue;
            }
            for (const std::string& name : option.names)
                text += " \\\n            " +
                        quoted((option.repeatable ? "*" : "") + name + (option.flag ? "" : "=") + "[" +
                               zsh_text(option.description) + "]" + (option.flag ? "" : values));
        }
        text += "\n        ;;\n";
    }
    return text +
           "    esac\n}\n"
           "if [[ $funcstack[1] == _reconlaw ]]; then _reconlaw \"$@\"; else compdef _reconlaw reconlaw; "
           "fi\n";
}

std::string fish_script(const ProgramDescription& program) {
    std::string text =
        "# fish completion of reconlaw: put it into ~/.config/fish/completions/reconlaw.fish.\n"
        "complete -c reconlaw -f\n";
    const auto add = [&](const OptionDescription& option, const std::string& condition) {
        if (option.positional) {
            if (takes_path(option)) text += "complete -c reconlaw -n " + quoted(condition, true) + " -F\n";
            if (!option.choices.empty())
                text += "complete -c reconlaw -n " + quoted(condition, true) + " -f -a " +
                        quoted(joined(option.choices), true) + "\n";
            return;
        }
        text += "complete -c reconlaw -n " + quoted(condition, true);
        for (const std::string& name : option.names)
            text += name.starts_with("--") ? " -l " + name.substr(2) : " -s " + name.substr(1);
        if (!option.flag) text += takes_path(option) ? " -r -F" : " -x";
        if (!option.choices.empty()) text += " -a " + quoted(joined(option.choices), true);
        text += " -d " + quoted(option.description, true) + "\n";
    };
    for (const OptionDescription& option : program.program.options) add(option, "__fish_use_subcommand");
    for (const CommandDescription* command : shown(program)) {
        text += "complete -c reconlaw -n __fish_use_subcommand -a " + command->name + " -d " +
                quoted(command->summary, true) + "\n";
        for (const OptionDescription& option : command->options)
            add(option, "__fish_seen_subcommand_from " + command->name);
    }
    return text;
}

}  // namespace

std::string completion_script(const ProgramDescription& program, const std::string& shell) {
    if (shell == "bash") return bash_script(program);
    if (shell == "zsh") return zsh_script(program);
    if (shell == "fish") return fish_script(program);
    throw std::invalid_argument("shell '" + shell + "' is unknown, must be bash, zsh or fish");
}

}  // namespace reconlaw::cli
