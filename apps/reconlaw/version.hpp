#pragma once
/// What this program is made of.

#include <string>

namespace reconlaw::cli {

/// "0.1.0"
std::string version();

/// "reconlaw 0.1.0", then a line for the compiler and every backend and library.
std::string version_text();

}  // namespace reconlaw::cli
