#pragma once
/// Output files, checked before a long computation.

#include <string>

namespace reconlaw::cli {

/// Nothing for an empty path. @throws std::invalid_argument  the file could not be written, and why
void require_writable(const std::string& path, const std::string& option);

}  // namespace reconlaw::cli
