#pragma once
/// What a misspelt name may have meant.

#include <string>
#include <vector>

namespace reconlaw::data {

/// The names with the nearest in spelling first: by the number of letters inserted, deleted or replaced
/// (Levenshtein), equal ones in their order.
std::vector<std::string> by_spelling(std::vector<std::string> names, const std::string& wanted);

}  // namespace reconlaw::data
