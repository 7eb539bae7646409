#include "reconlaw/data/spelling.hpp"

#include <algorithm>
#include <cctype>
#include <numeric>
#include <utility>

namespace reconlaw::data {
namespace {

/// Insertions, deletions and replacements from one word to another.
std::size_t edit_distance(const std::string& a, const std::string& b) {
    std::vector<std::size_t> row(b.size() + 1);
    std::iota(row.begin(), row.end(), std::size_t{0});
    for (std::size_t i = 1; i <= a.size(); ++i) {
        std::size_t diagonal = std::exchange(row[0], i);
        for (std::size_t j = 1; j <= b.size(); ++j) {
            const std::size_t replaced = diagonal + (a[i - 1] == b[j - 1] ? 0 : 1);
            diagonal = row[j];
            row[j] = std::min({row[j] + 1, row[j - 1] + 1, replaced});
        }
    }
    return row.back();
}

}  // namespace

std::vector<std::string> by_spelling(std::vector<std::string> names, const std::string& wanted) {
    constexpr std::size_t most = 100;  // the distance is quadratic in the lengths; names in files may be long
    const auto word = [](const std::string& text) {
        std::string start = text.substr(0, most);
        for (char& c : start) c = static_cast<char>(std::tolower(static_cast<unsigned char>(c)));
        return start;
    };
    const std::string target = word(wanted);
    std::vector<std::pair<std::size_t, std::string>> order;
    order.reserve(names.size());
    for (std::string& name : names) {
        const std::size_t distance = edit_distance(word(name), target);
        order.emplace_back(distance, std::move(name));
    }
    std::stable_sort(order.begin(), order.end(),
                     [](const auto& a, const auto& b) { return a.first < b.first; });
    for (std::size_t i = 0; i < names.size(); ++i) names[i] = std::move(order[i].second);
    return names;
}

std::string nearest_in_spelling(const std::vector<std::string>& names, const std::string& wanted) {
    const auto lower = [](std::string text) {
        std::transform(text.begin(), text.end(), text.begin(),
                       [](unsigned char c) { return static_cast<char>(std::tolower(c)); });
        return text;
    };
    constexpr std::size_t longest = 100;  // the distance is quadratic in the lengths
    if (wanted.empty() || wanted.size() > longest) return {};
    std::string nearest;
    std::size_t least = std::max<std::size_t>(1, wanted.size() / 3) + 1;
    for (const std::string& name : names) {
        if (name.size() > longest) continue;
        const std::size_t distance = edit_distance(lower(name), lower(wanted));
        if (distance < least) least = distance, nearest = name;
    }
    return nearest;
}

}  // namespace reconlaw::data
