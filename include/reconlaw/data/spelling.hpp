#pragma once
/// What a misspelt name may have meant.

#include <string>
#include <vector>

namespace reconlaw::data {

/// The names with the nearest in spelling first: by the number of letters inserted, deleted, replaced or
/// swapped with their neighbour (Damerau and Levenshtein, no letter touched twice) in their first hundred,
/// upper and lower case counted as equal; equal ones in their order.
std::vector<std::string> by_spelling(std::vector<std::string> names, const std::string& wanted);

/// The nearest name, if at most a third of the letters of `wanted` (one at least) differ, upper and lower
/// case counted as equal; otherwise empty: "did you mean" is for misspelt names only.
std::string nearest_in_spelling(const std::vector<std::string>& names, const std::string& wanted);

/// All names as near as nearest_in_spelling asks for, the nearest first; if there is none, those that begin
/// with `wanted`, two letters at least ("sim" for "simulate").
std::vector<std::string> near_in_spelling(const std::vector<std::string>& names, const std::string& wanted);

}  // namespace reconlaw::data
