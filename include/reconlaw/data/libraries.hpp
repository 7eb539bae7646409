#pragma once
/// Which libraries reconlaw::data runs with.

#include <string>
#include <utility>
#include <vector>

namespace reconlaw::data {

/// Names and versions of the shared libraries as they are loaded: libpng, libjpeg, WebP, zlib, OpenSSL.
std::vector<std::pair<std::string, std::string>> libraries();

}  // namespace reconlaw::data
