#include "samples.hpp"

#include <cmath>
#include <string_view>

namespace reconlaw::cli {
namespace {

constexpr long most = 1'000'000'000;

long whole(std::string_view part, const std::string& option, long low, long high) {
    return static_cast<long>(parse_whole(part, option, low, high));
}

/// The parts without the blanks around them; at least one.
std::vector<std::string> split(std::string_view text, char separator) {
    std::vector<std::string> parts;
    while (true) {
        const std::size_t end = std::min(text.find(separator), text.size());
        std::string_view part = text.substr(0, end);
        while (part.starts_with(' ') || part.starts_with('\t')) part.remove_prefix(1);
        while (part.ends_with(' ') || part.ends_with('\t')) part.remove_suffix(1);
        parts.emplace_back(part);
        if (end == text.size()) return parts;
        text.remove_prefix(end + 1);
    }
}

}  // namespace

std::vector<long> parse_samples(const std::string& text, const std::string& option) {
    std::vector<long> samples;
    for (const std::string& part : split(text, ',')) {
        if (part.find(':') == std::string::npos) {
            samples.push_back(whole(part, option, 1, most));
            continue;
        }
        const auto range = split(part, ':');
        if (range.size() != 3) refuse(option, part, "a range FIRST:LAST:COUNT");
        const long first = whole(range[0], option, 1, most), last = whole(range[1], option, 1, most);
        const long count = whole(range[2], option, 2, 100000);
        if (last <= first) refuse(option, part, "a range with FIRST below LAST");
        long before = 0;
        for (long i = 0; i < count; ++i) {
            const double share = static_cast<double>(i) / static_cast<double>(count - 1);
            const long n =
                std::lround(std::exp(std::log(first) + share * (std::log(last) - std::log(first))));
            if (n != before) samples.push_back(n);
            before = n;
        }
    }
    return samples;
}

std::vector<std::string> parse_words(const std::string& text, const std::string& option) {
    auto words = split(text, ',');
    for (const auto& word : words)
        if (word.empty()) refuse(option, text, "a comma-separated list without empty entries");
    return words;
}

std::vector<double> parse_numbers(const std::string& text, const std::string& option,
                                  const Interval& allowed) {
    std::vector<double> numbers;
    for (const std::string& part : split(text, ',')) numbers.push_back(parse_number(part, option, allowed));
    return numbers;
}

std::vector<double> parse_numbers(const std::string& text, const std::string& option, double low,
                                  double high) {
    return parse_numbers(text, option, Interval{low, high});
}

std::vector<long> parse_counts(const std::string& text, const std::string& option, long low, long high) {
    std::vector<long> counts;
    for (const std::string& part : split(text, ',')) counts.push_back(whole(part, option, low, high));
    return counts;
}

CLI::Option* add_samples(CLI::App& app, const std::string& names, std::vector<long>& target,
                         const std::string& description) {
    return detail_options::add(app, names, description, "LIST",
                               [&target, name = detail_options::first_name(names)](const std::string& text) {
                                   target = parse_samples(text, name);
                               });
}

CLI::Option* add_numbers(CLI::App& app, const std::string& names, std::vector<double>& target,
                         const Interval& allowed, const std::string& description) {
    return detail_options::add(app, names, description, "LIST " + allowed.text(),
                               [&target, allowed, name = detail_options::first_name(names)](
                                   const std::string& text) { target = parse_numbers(text, name, allowed); });
}

CLI::Option* add_counts(CLI::App& app, const std::string& names, std::vector<long>& target, long low,
                        long high, const std::string& description) {
    return detail_options::add(
        app, names, description,
        detail_options::range_text("LIST", std::to_string(low), std::to_string(high), false),
        [&target, low, high, name = detail_options::first_name(names)](const std::string& text) {
            target = parse_counts(text, name, low, high);
        });
}

CLI::Option* add_words(CLI::App& app, const std::string& names, std::vector<std::string>& target,
                       const std::vector<std::string>& known, const std::string& description) {
    std::string list;
    for (const std::string& word : known) list += (list.empty() ? "" : "|") + word;
    return detail_options::add(
        app, names, description, "LIST {" + list + "}",
        [&target, known, name = detail_options::first_name(names)](const std::string& text) {
            std::vector<std::string> words = parse_words(text, name);
            for (const std::string& word : words) parse_choice(word, name, known);
            target = std::move(words);
        });
}

}  // namespace reconlaw::cli
