#include "usage.hpp"

#include <algorithm>

#include "reconlaw/data/in_quotes.hpp"
#include "reconlaw/data/spelling.hpp"

namespace reconlaw::cli {
namespace {

using data::in_quotes;

std::string listed(const std::vector<std::string>& names, const std::string& last) {
    std::string text;
    for (std::size_t i = 0; i < names.size(); ++i)
        text += (i == 0 ? "" : i + 1 == names.size() ? last : ", ") + names[i];
    return text;
}

/// "; did you mean 'a' or 'b'?", or `otherwise`
std::string suggestion(const std::vector<std::string>& names, const std::string& wanted,
                       const std::string& otherwise) {
    std::vector<std::string> near = data::near_in_spelling(names, wanted);
    if (near.empty()) return otherwise;
    if (near.size() > 3) near.resize(3);
    for (std::string& name : near) name = "'" + name + "'";
    return "; did you mean " + listed(near, " or ") + "?";
}

std::string prefix_of(const CommandDescription& command) {
    return command.name.empty() ? "reconlaw: " : "reconlaw " + command.name + ": ";
}

[[noreturn]] void unknown_option(const CommandDescription& command, const std::string& name) {
    const std::size_t dashes = std::min(name.find_first_not_of('-'), name.size());
    std::vector<std::string> known;
    for (const OptionDescription& option : command.options)
        for (const std::string& own : option.names)
            if (own.starts_with("--")) known.push_back(own.substr(2));
    std::string hint = suggestion(
        known, name.substr(dashes),
        "; 'reconlaw " + (command.name.empty() ? "" : command.name + " ") + "--help' lists the options");
    for (const std::string& own : known)  // names as they are typed
        if (const std::size_t at = hint.find("'" + own + "'"); at != std::string::npos)
            hint.insert(at + 1, "--");
    throw UsageError(prefix_of(command) + "unknown option " + in_quotes(name) + hint);
}

bool asks_help(const std::string& word) {
    return word == "--help" || word == "-h";
}

/// Walks over the words of one command.
class Walk {
  public:
    Walk(const CommandDescription& command, Words& result) : command_(command), result_(result) {
        for (const OptionDescription& option : command.positionals())
            most_ += option.repeatable ? 1000000 : 1;
    }

    /// @param next  the word to begin with @return the first word that was not taken
    std::size_t operator()(const std::vector<std::string>& words, std::size_t next, bool stop_at_argument) {
        bool only_arguments = false;
        for (; next < words.size(); ++next) {
            const std::string& word = words[next];
            if (!only_arguments && word == "--") {
                only_arguments = true;
                result_.all.push_back(word);
            } else if (only_arguments || !word.starts_with('-') || word == "-") {
                if (stop_at_argument) return next;
                argument(word);
            } else {
                next = option(words, next);
            }
        }
        return next;
    }

  private:
    void argument(const std::string& word) {
        const auto positionals = command_.positionals();
        if (arguments_ >= most_) {
            std::vector<std::string> names;
            for (const OptionDescription& option : positionals) names.push_back(option.names.front());
            throw UsageError(
                prefix_of(command_) + in_quotes(word) + " is one argument too many: " +
                (names.empty() ? "there are options only" : "it takes " + listed(names, " and ")));
        }
        result_.given.push_back(positionals[std::min(arguments_, positionals.size() - 1)].names.front());
        result_.all.push_back(word);
        ++arguments_;
    }

    /// @return the last word that belongs to it
    std::size_t option(const std::vector<std::string>& words, std::size_t at) {
        const std::size_t equals = words[at].find('=');
        const std::string name = words[at].substr(0, equals);
        const OptionDescription* option = command_.find(name);
        if (!option) unknown_option(command_, name);
        if (asks_help(name)) result_.help = true;
        const std::string& first = option->names.front();
        if (!option->repeatable && !option->flag &&
            std::find(result_.given.begin(), result_.given.end(), first) != result_.given.end())
            throw UsageError(prefix_of(command_) + name + ": is given twice");
        result_.given.push_back(first);
        result_.all.push_back(name);
        if (option->flag) {
            if (equals != std::string::npos)
                throw UsageError(prefix_of(command_) + name + ": takes no value");
            return at;
        }
        if (equals != std::string::npos) {
            result_.all.push_back(words[at].substr(equals + 1));
            return at;
        }
        const bool at_end = at + 1 == words.size();
        if (at_end || (words[at + 1].starts_with("--") && command_.find(words[at + 1])))
            throw UsageError(prefix_of(command_) + name + ": its value is missing" +
                             (at_end ? "" : " before " + words[at + 1]) + ": " + name + " " + option->type);
        result_.all.push_back(words[at + 1]);
        return at + 1;
    }

    const CommandDescription& command_;
    Words& result_;
    std::size_t arguments_ = 0, most_ = 0;
};

}  // namespace

const OptionDescription* CommandDescription::find(const std::string& option) const {
    for (const OptionDescription& own : options)
        if (!own.positional && std::find(own.names.begin(), own.names.end(), option) != own.names.end())
            return &own;
    return nullptr;
}

std::vector<OptionDescription> CommandDescription::positionals() const {
    std::vector<OptionDescription> found;
    for (const OptionDescription& option : options)
        if (option.positional) found.push_back(option);
    return found;
}

const CommandDescription* ProgramDescription::find(const std::string& command) const {
    for (const CommandDescription& own : commands)
        if (own.name == command) return &own;
    return nullptr;
}

Words checked_words(const ProgramDescription& program, const std::vector<std::string>& words) {
    Words result;
    std::size_t next = Walk(program.program, result)(words, 0, true);
    const bool informs =
        result.help || std::find(result.given.begin(), result.given.end(), "--version") != result.given.end();
    std::vector<std::string> names;
    for (const CommandDescription& command : program.commands)
        if (!command.hidden) names.push_back(command.name);
    if (next < words.size() && words[next] == "help") ++next, result.help = true;  // reconlaw help fit
    if (next == words.size() && (informs || result.help)) return result;
    if (next == words.size())
        throw UsageError("reconlaw: a command is missing: " + listed(names, " or ") +
                         "; 'reconlaw --help' describes them");
    const CommandDescription* command = program.find(words[next]);
    if (!command)
        throw UsageError("reconlaw: unknown command " + in_quotes(words[next]) + ", must be " +
                         listed(names, " or ") + suggestion(names, words[next], ""));
    result.command = command->name;
    result.all.push_back(command->name);
    result.given.clear();
    Walk(*command, result)(words, next + 1, false);
    return result;
}

std::string missing(const CommandDescription& command, const Words& words) {
    for (const OptionDescription& option : command.options)
        if (option.required &&
            std::find(words.given.begin(), words.given.end(), option.names.front()) == words.given.end())
            return option.names.front() + " is missing: " + option.description;
    return "";
}

}  // namespace reconlaw::cli
