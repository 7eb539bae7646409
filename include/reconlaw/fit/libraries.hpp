#pragma once
/// Which libraries reconlaw::fit was built with.

#include <string>
#include <utility>
#include <vector>

namespace reconlaw::fit {

/// Name and version of Ceres Solver.
std::vector<std::pair<std::string, std::string>> libraries();

}  // namespace reconlaw::fit
