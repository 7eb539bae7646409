#pragma once
/// Text from outside, in messages.

#include <string>
#include <string_view>

namespace reconlaw::data {

/// 'text' as a message may show it: control characters and bytes that are not UTF-8 as \n, \t or \x1b, so
/// that a terminal obeys none of them; after `most` characters "..." stands for the rest.
std::string in_quotes(std::string_view text, std::size_t most = 60);

/// The same without quotes and without a limit.
std::string printable(std::string_view text);

}  // namespace reconlaw::data
