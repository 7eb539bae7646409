#pragma once
/// What a misspelt name may have meant.

#include <string>
#include <vector>

namespace reconlaw::data {

/// The names with the nearest in spelling first: by the number of letters inserted, deleted or replaced
/// (Levenshtein), equal ones in their order.
std::vector<std::string> by_spelling(std::vector<std::string> names, const std::string& wanted);

/// The nearest name, if at most a third of the letters of `wanted` (one at least) differ, upper and lower
/// case counted as equal; otherwise empty: "did you mean" is for misspelt names only.
std::string nearest_in_spelling(const std::vector<std::string>& names, const std::string& wanted);

}  // namespace reconlaw::data
