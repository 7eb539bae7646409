#pragma once
/// Values that are none.

#include <limits>

namespace reconlaw::fit {

inline constexpr double infinity = std::numeric_limits<double>::infinity();
inline constexpr double nan = std::numeric_limits<double>::quiet_NaN();

}  // namespace reconlaw::fit
