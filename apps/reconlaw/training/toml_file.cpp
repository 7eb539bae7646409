#include "toml_file.hpp"

#include <algorithm>
#include <cmath>
#include <set>
#include <sstream>
#include <type_traits>

// toml++ 3.3 asserts what malformed text can violate ("a = [}]"), and under clang with NDEBUG lets the
// compiler rely on it: here it is an error of the text like any other. No other file includes toml++.
namespace {
struct MalformedToml {};
[[noreturn]] void malformed_toml() {
    throw MalformedToml();
}
}  // namespace
#pragma push_macro("NDEBUG")
#undef NDEBUG
#define TOML_ASSERT(...) ((__VA_ARGS__) ? void() : malformed_toml())
#include <toml++/toml.h>
#pragma pop_macro("NDEBUG")

#include "printed.hpp"
#include "reconlaw/data/bytes.hpp"
#include "reconlaw/data/file_error.hpp"
#include "reconlaw/data/in_quotes.hpp"
#include "reconlaw/data/spelling.hpp"

namespace reconlaw::cli {
namespace {

using data::FileError;

class StudyReader {
  public:
    StudyReader(toml::table table, std::filesystem::path path)
        : table_(std::move(table)), path_(std::move(path)) {}

    TrainingStudy read() {
        refuse_unknown_keys();
        TrainingStudy study;
        study.file = path_;
        visit_settings(study.common, [&](const char* key, auto& field, const auto& allowed, const char*) {
            using Field = std::decay_t<decltype(field)>;
            const std::string name = key;
            if constexpr (std::is_same_v<std::decay_t<decltype(allowed)>, WholeRange>) {
                const auto may_be_list = [&](const char* listed, auto& values) {
                    using Number = typename std::decay_t<decltype(values)>::value_type;
                    if constexpr (std::is_same_v<Number, Field>)
                        if (name == listed) return values = list<Field>(name, field, allowed), true;
                    return false;
                };
                if (may_be_list("samples", study.samples) || may_be_list("channels", study.channels) ||
                    may_be_list("seed", study.seeds))
                    return;
            }
            if (const toml::node* node = table_.get(name)) set(name, *node, field, allowed);
        });
        return study;
    }

  private:
    [[noreturn]] void refuse(const toml::node& node, const std::string& reason) const {
        throw FileError::at_line(path_, node.source().begin.line, reason);
    }

    void refuse_unknown_keys() const {
        std::vector<std::string> known;
        TrainSettings any;
        visit_settings(any, [&](const char* key, auto&, const auto&, const char*) { known.push_back(key); });
        for (const auto& [key, node] : table_) {
            const std::string name(key.str());
            if (std::find(known.begin(), known.end(), name) != known.end()) continue;
            const std::string near = data::nearest_in_spelling(known, name);
            refuse(node, "unknown key " + data::in_quotes(name) +
                             (near.empty() ? "; the keys are the options of reconlaw train, with _ for -"
                                           : "; did you mean '" + near + "'?"));
        }
    }

    template <class Field, class Allowed>
    void set(const std::string& key, const toml::node& node, Field& field, const Allowed& allowed) const {
        if constexpr (std::is_same_v<Allowed, AnyText> || std::is_same_v<Allowed, OneOf>) {
            if (!node.is_string()) refuse(node, key + ": must be text in quotes");
            field = node.as_string()->get();
            if (field.empty()) refuse(node, key + ": must not be empty");
            if constexpr (std::is_same_v<Allowed, OneOf>) check_choice(node, key, field, allowed);
        } else if constexpr (std::is_same_v<Allowed, OnOff>) {
            if (!node.is_boolean()) refuse(node, key + ": must be true or false");
            field = node.as_boolean()->get();
        } else if constexpr (std::is_same_v<Allowed, Interval>) {
            if (!node.is_number()) refuse(node, key + ": must be a number");
            field = *node.value<double>();
            if (!allowed.holds(field))  // nan and inf, too, are numbers to TOML
                refuse(node, key + ": value = " +
                                 (std::isnan(field) ? std::string("nan") : printed("%.10g", field)) +
                                 ", must be " + allowed.text());
        } else {
            field = whole<Field>(key, node, allowed);
        }
    }

    void check_choice(const toml::node& node, const std::string& key, const std::string& value,
                      const OneOf& allowed) const {
        try {
            parse_choice(value, key, allowed.names);
        } catch (const std::invalid_argument& e) {
            refuse(node, e.what());
        }
    }

    template <class Number>
    Number whole(const std::string& key, const toml::node& node, const WholeRange& allowed) const {
        const auto* value = node.as_integer();
        if (!value) refuse(node, key + ": must be a whole number");
        if (value->get() < allowed.low || value->get() > allowed.high)
            refuse(node, key + ": value = " + std::to_string(value->get()) + ", must be from " +
                             std::to_string(allowed.low) + " to " + std::to_string(allowed.high));
        return static_cast<Number>(value->get());
    }

    template <class Number>
    std::vector<Number> list(const std::string& key, Number otherwise, const WholeRange& allowed) const {
        const toml::node* node = table_.get(key);
        if (!node) return {otherwise};
        if (!node->is_array()) return {whole<Number>(key, *node, allowed)};
        std::vector<Number> values;
        std::set<Number> seen;
        for (const toml::node& element : *node->as_array()) {
            const Number value = whole<Number>(key, element, allowed);
            if (!seen.insert(value).second) refuse(element, key + ": " + std::to_string(value) + " twice");
            values.push_back(value);
        }
        if (values.empty()) refuse(*node, key + ": the list is empty");
        return values;
    }

    toml::table table_;
    std::filesystem::path path_;
};

}  // namespace

std::string settings_toml(const TrainSettings& settings) {
    std::ostringstream text;
    visit_settings(settings, [&](const char* key, const auto& field, const auto&, const char*) {
        if (field == std::decay_t<decltype(field)>{} && by_recipe(key)) return;
        using Field = std::decay_t<decltype(field)>;
        text << key << " = ";
        if constexpr (std::is_integral_v<Field> && !std::is_same_v<Field, bool>)
            text << static_cast<std::int64_t>(field);
        else
            text << toml::value(field);
        text << '\n';
    });
    return text.str();
}

namespace {
const std::string patches_mark = "# patches, SHA-256: ";
constexpr std::uint64_t max_config_bytes = 1 << 20, max_study_bytes = 1 << 24;

std::string shown(const std::string& line) {
    return data::printable(line.substr(0, 200)) + (line.size() > 200 ? "..." : "");
}
}  // namespace

std::string config_toml(const TrainSettings& settings, const std::string& patches_sha256) {
    return settings_toml(settings) + patches_mark + patches_sha256 + '\n';
}

void require_same_patches(const std::filesystem::path& config, const std::string& patches_sha256) {
    std::error_code error;
    if (!std::filesystem::exists(config, error)) return;
    const std::string text = data::read_text_file(config, max_config_bytes);
    const std::size_t mark = text.rfind('\n' + patches_mark);
    if (mark == std::string::npos)
        throw FileError(config, "has no line '" + patches_mark +
                                    "...': damaged; remove it to go on without the comparison");
    if (text.substr(mark + 1 + patches_mark.size()) != patches_sha256 + '\n')
        throw FileError(config,
                        "the folder was made with other patches: the images have changed since; take another "
                        "--out, or remove " +
                            config.parent_path().string());
}

void require_same_settings(const std::filesystem::path& config, const TrainSettings& settings) {
    std::error_code error;
    if (!std::filesystem::exists(config, error)) return;
    std::istringstream was(data::read_text_file(config, max_config_bytes)), is(settings_toml(settings));
    for (std::string before, now; std::getline(is, now);) {
        if (!std::getline(was, before))
            throw FileError(config,
                            "ends before '" + now + "': damaged; remove it to go on without the comparison");
        if (before != now)
            throw FileError(config, "the folder was made with " + shown(before) + ", now asked for is " +
                                        now + "; take another --out, or remove " +
                                        config.parent_path().string());
    }
}

TrainingStudy read_study(const std::filesystem::path& path) {
    return parse_study(data::read_text_file(path, max_study_bytes), path);
}

TrainingStudy parse_study(const std::string& text, const std::filesystem::path& path) {
    try {
        return StudyReader(toml::parse(text), path).read();
    } catch (const MalformedToml&) {
        throw FileError(path, "no valid TOML");
    } catch (const toml::parse_error& e) {
        throw FileError::at_line(path, e.source().begin.line,
                                 "no valid TOML: " + data::printable(e.description()));
    }
}

}  // namespace reconlaw::cli
