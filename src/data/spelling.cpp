#include "reconlaw/data/spelling.hpp"

#include <algorithm>
#include <cctype>
#include <iterator>
#include <numeric>
#include <utility>

namespace reconlaw::data {
namespace {

/// Insertions, deletions, replacements and swaps of neighbours from one word to another.
std::size_t edit_distance(const std::string& a, const std::string& b) {
    std::vector<std::size_t> row(b.size() + 1), above, two_above;
    std::iota(row.begin(), row.end(), std::size_t{0});
    for (std::size_t i = 1; i <= a.size(); ++i) {
        two_above = std::exchange(above, row);
        row[0] = i;
        for (std::size_t j = 1; j <= b.size(); ++j) {
            const std::size_t replaced = above[j - 1] + (a[i - 1] == b[j - 1] ? 0 : 1);
            row[j] = std::min({above[j] + 1, row[j - 1] + 1, replaced});
            if (i > 1 && j > 1 && a[i - 1] == b[j - 2] && a[i - 2] == b[j - 1])
                row[j] = std::min(row[j], two_above[j - 2] + 1);
        }
    }
    return row.back();
}

constexpr std::size_t longest = 100;  // the distance is quadratic in the lengths

std::string lower(std::string text) {
    std::transform(text.begin(), text.end(), text.begin(),
                   [](unsigned char c) { return static_cast<char>(std::tolower(c)); });
    return text;
}

/// Names at most a third of the letters of `wanted` away, the nearest first, equal ones in their order.
std::vector<std::string> misspelt(const std::vector<std::string>& names, const std::string& wanted) {
    if (wanted.empty() || wanted.size() > longest) return {};
    std::vector<std::pair<std::size_t, std::string>> near;
    for (const std::string& name : names) {
        if (name.size() > longest) continue;
        const std::size_t distance = edit_distance(lower(name), lower(wanted));
        if (distance <= std::max<std::size_t>(1, wanted.size() / 3)) near.emplace_back(distance, name);
    }
    std::stable_sort(near.begin(), near.end(),
                     [](const auto& a, const auto& b) { return a.first < b.first; });
    std::vector<std::string> result;
    for (auto& [distance, name] : near) result.push_back(std::move(name));
    return result;
}

}  // namespace

std::vector<std::string> by_spelling(std::vector<std::string> names, const std::string& wanted) {
    const std::string target = lower(wanted.substr(0, longest));
    std::vector<std::pair<std::size_t, std::size_t>> order;  // distance and place
    for (const std::string& name : names)
        order.emplace_back(edit_distance(lower(name.substr(0, longest)), target), order.size());
    std::sort(order.begin(), order.end());
    std::vector<std::string> sorted;
    sorted.reserve(names.size());
    for (const auto& [distance, place] : order) sorted.push_back(std::move(names[place]));
    return sorted;
}

std::string nearest_in_spelling(const std::vector<std::string>& names, const std::string& wanted) {
    const std::vector<std::string> near = misspelt(names, wanted);
    return near.empty() ? "" : near.front();
}

std::vector<std::string> near_in_spelling(const std::vector<std::string>& names, const std::string& wanted) {
    std::vector<std::string> near = misspelt(names, wanted);
    if (near.empty() && wanted.size() >= 2)
        std::copy_if(names.begin(), names.end(), std::back_inserter(near),
                     [&](const std::string& name) { return name.starts_with(wanted); });
    return near;
}

}  // namespace reconlaw::data
