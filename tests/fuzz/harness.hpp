#pragma once
/// What a harness defines: see main.cpp.

#include <cstdlib>
#include <string>
#include <string_view>
#include <vector>

#include "reconlaw/data/bytes.hpp"
#include "reconlaw/data/file_error.hpp"

namespace reconlaw::fuzz {

/// Reads the bytes as the file of a user. It catches the errors that the reader promises; any other
/// exception, a report of a sanitizer, and a failed `expect` are findings.
void read(data::ByteView bytes);

/// Valid files, which are mutated.
std::vector<data::Bytes> seeds();

inline void expect(bool ok) {
    if (!ok) std::abort();
}

inline std::string_view text_of(data::ByteView bytes) {
    return {reinterpret_cast<const char*>(bytes.data()), bytes.size()};
}

inline data::Bytes bytes_of(std::string_view text) {
    return {text.begin(), text.end()};
}

}  // namespace reconlaw::fuzz
