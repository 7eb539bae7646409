#include "samples.hpp"

#include <charconv>
#include <cmath>
#include <sstream>
#include <stdexcept>

namespace reconlaw::cli {
namespace {

constexpr long most = 1'000'000'000;

[[noreturn]] void refuse(const std::string& option, const std::string& part, const std::string& wanted) {
    throw std::invalid_argument(option + ": '" + part + "' is not " + wanted);
}

long whole(const std::string& part, const std::string& option, long low, long high) {
    const std::string wanted = "a whole number from " + std::to_string(low) + " to " + std::to_string(high);
    long value = 0;
    const auto [end, error] = std::from_chars(part.data(), part.data() + part.size(), value);
    if (error != std::errc() || end != part.data() + part.size() || value < low || value > high)
        refuse(option, part, wanted);
    return value;
}

std::vector<std::string> split(const std::string& text, char separator) {
    std::vector<std::string> parts;
    std::string part;
    std::istringstream in(text);
    while (std::getline(in, part, separator)) parts.push_back(part);
    if (text.empty() || text.back() == separator) parts.emplace_back();
    return parts;
}

}  // namespace

std::vector<long> parse_samples(const std::string& text) {
    const std::string option = "--samples";
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

std::vector<double> parse_numbers(const std::string& text, const std::string& option, double low,
                                  double high) {
    std::vector<double> numbers;
    for (const std::string& part : split(text, ',')) {
        double value = 0;
        const auto [end, error] = std::from_chars(part.data(), part.data() + part.size(), value);
        if (error != std::errc() || end != part.data() + part.size() || !(value >= low && value <= high)) {
            std::ostringstream wanted;
            wanted << "a number from " << low << " to " << high;
            refuse(option, part, wanted.str());
        }
        numbers.push_back(value);
    }
    return numbers;
}

std::vector<long> parse_counts(const std::string& text, const std::string& option, long low, long high) {
    std::vector<long> counts;
    for (const std::string& part : split(text, ',')) counts.push_back(whole(part, option, low, high));
    return counts;
}

}  // namespace reconlaw::cli
