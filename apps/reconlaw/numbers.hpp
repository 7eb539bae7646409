#pragma once
/// The only readers of numbers, names and paths in options: what is accepted, and what is said otherwise. The
/// type of every option says which reader it has: NUMBER, INT, LIST, {a|b}, FILE, FOLDER or TEXT.

#include <CLI/CLI.hpp>
#include <limits>
#include <optional>
#include <string>
#include <type_traits>
#include <utility>
#include <vector>

#include "printed.hpp"
#include "readers.hpp"

namespace reconlaw::cli {

namespace detail_options {

/// An option of one value whose text `read` takes; its errors are usage errors (status 2).
CLI::Option* add(CLI::App& app, const std::string& names, const std::string& description,
                 const std::string& type, std::function<void(const std::string&)> read);
std::string first_name(const std::string& names);
std::string range_text(const char* kind, const std::string& low, const std::string& high, bool unbounded);

template <class Target>
struct Value {
    using type = Target;
    static constexpr bool has_default = true;
};
template <class Inner>
struct Value<std::optional<Inner>> {
    using type = Inner;
    static constexpr bool has_default = false;
};

}  // namespace detail_options

/// An option that takes a number; `target` is a double or a std::optional<double>. Its present value is shown
/// as the default unless it is empty or does not belong to the interval (zero for "not given").
template <class Target>
CLI::Option* add_number(CLI::App& app, const std::string& names, Target& target, const Interval& allowed,
                        const std::string& description) {
    using Traits = detail_options::Value<Target>;
    static_assert(std::is_floating_point_v<typename Traits::type>, "whole numbers are read by add_whole");
    CLI::Option* option =
        detail_options::add(app, names, description, "NUMBER " + allowed.text(),
                            [&target, allowed, name = detail_options::first_name(names)](
                                const std::string& text) { target = parse_number(text, name, allowed); });
    if constexpr (Traits::has_default)
        if (allowed.holds(target)) option->default_str(printed_number(target));
    return option;
}

/// An option that takes a whole number from low to high, both of which the target's type can hold; `target`
/// is an integer or a std::optional of one. Defaults are shown as by add_number.
template <class Target>
CLI::Option* add_whole(CLI::App& app, const std::string& names, Target& target,
                       typename detail_options::Value<Target>::type low,
                       typename detail_options::Value<Target>::type high, const std::string& description) {
    using Traits = detail_options::Value<Target>;
    using Whole = typename Traits::type;
    static_assert(std::is_integral_v<Whole> && !std::is_same_v<Whole, bool>);
    CLI::Option* option = detail_options::add(
        app, names, description,
        detail_options::range_text("INT", std::to_string(low), std::to_string(high),
                                   high == std::numeric_limits<Whole>::max()),
        [&target, low, high, name = detail_options::first_name(names)](const std::string& text) {
            if constexpr (std::is_signed_v<Whole>)
                target = static_cast<Whole>(parse_whole(text, name, low, high));
            else
                target = static_cast<Whole>(parse_natural(text, name, low, high));
        });
    if constexpr (Traits::has_default)
        if (target >= low && target <= high) option->default_str(std::to_string(target));
    return option;
}

enum class Text { file, folder, words };

/// An option that takes a path or other text, which must not be empty; an empty target has no default.
CLI::Option* add_text(CLI::App& app, const std::string& names, std::string& target, Text kind,
                      const std::string& description);

/// An option that takes one of some names. An empty target has no default.
CLI::Option* add_choice(CLI::App& app, const std::string& names, std::string& target,
                        const std::vector<std::string>& choices, const std::string& description);

/// The same for an enumeration.
template <class E>
CLI::Option* add_choice(CLI::App& app, const std::string& names, E& target,
                        const std::vector<std::pair<std::string, E>>& choices,
                        const std::string& description) {
    std::vector<std::string> words;
    std::string list, standard;
    for (const auto& [word, value] : choices) {
        words.push_back(word), list += (list.empty() ? "" : "|") + word;
        if (value == target) standard = word;
    }
    CLI::Option* option = detail_options::add(
        app, names, description, "{" + list + "}",
        [&target, choices, words, name = detail_options::first_name(names)](const std::string& text) {
            const std::string& word = parse_choice(text, name, words);
            for (const auto& [known, value] : choices)
                if (known == word) target = value;
        });
    option->default_str(standard);
    return option;
}

}  // namespace reconlaw::cli
