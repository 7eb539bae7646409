#include "numbers.hpp"

#include <stdexcept>

#include "printed.hpp"

namespace reconlaw::cli {
namespace detail_options {

CLI::Option* add(CLI::App& app, const std::string& names, const std::string& description,
                 const std::string& type, std::function<void(const std::string&)> read) {
    CLI::Option* option =
        app.add_option(names, CLI::callback_t([read = std::move(read)](const CLI::results_t& results) {
                           try {
                               read(results.back());
                           } catch (const std::invalid_argument& e) {
                               throw CLI::ValidationError(e.what());
                           }
                           return true;
                       }),
                       description);
    return option->type_name(type);
}

std::string first_name(const std::string& names) {
    return names.substr(0, names.find(','));
}

std::string range_text(const char* kind, const std::string& low, const std::string& high, bool unbounded) {
    return std::string(kind) + (unbounded ? " at least " + low : " from " + low + " to " + high);
}

}  // namespace detail_options

CLI::Option* add_text(CLI::App& app, const std::string& names, std::string& target, Text kind,
                      const std::string& description) {
    const char* type = kind == Text::file ? "FILE" : kind == Text::folder ? "FOLDER" : "TEXT";
    const char* wanted = kind == Text::file ? "a file" : kind == Text::folder ? "a folder" : "text";
    CLI::Option* option = detail_options::add(
        app, names, description, type,
        [&target, wanted, name = detail_options::first_name(names)](const std::string& text) {
            if (text.empty()) throw std::invalid_argument(name + ": '' is not " + wanted);
            target = text;
        });
    if (!target.empty()) option->default_str(target);
    return option;
}

CLI::Option* add_choice(CLI::App& app, const std::string& names, std::string& target,
                        const std::vector<std::string>& choices, const std::string& description) {
    std::string list;
    for (const std::string& word : choices) list += (list.empty() ? "" : "|") + word;
    CLI::Option* option =
        detail_options::add(app, names, description, "{" + list + "}",
                            [&target, choices, name = detail_options::first_name(names)](
                                const std::string& text) { target = parse_choice(text, name, choices); });
    if (!target.empty()) option->default_str(target);
    return option;
}

}  // namespace reconlaw::cli
