#pragma once
/// Numbers as text.

#include <cstdarg>
#include <cstdio>
#include <string>

namespace reconlaw::cli {

/// What std::printf would print.
[[gnu::format(printf, 1, 2)]] inline std::string printed(const char* format, ...) {
    std::va_list first, second;
    va_start(first, format);
    va_copy(second, first);
    std::string text(static_cast<std::size_t>(std::vsnprintf(nullptr, 0, format, first)), '\0');
    std::vsnprintf(text.data(), text.size() + 1, format, second);
    va_end(first);
    va_end(second);
    return text;
}

/// Ten significant digits: as it was written, for numbers that people write.
inline std::string printed_number(double value) {
    return printed("%.10g", value);
}

}  // namespace reconlaw::cli
