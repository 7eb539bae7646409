#pragma once
/// Files that are either complete or not there.

#include <filesystem>
#include <string_view>

namespace reconlaw::data {

/// Write `content` to `path` so that no reader, and no crash or full disk, ever leaves half of it: a
/// temporary file in the same directory, fsync, rename. The previous content stays until the new one is
/// complete; a failure leaves it untouched and removes the temporary. A symbolic link is followed. A path
/// that exists and is no regular file (a terminal, a pipe, /dev/null) is written in place.
///
/// @throws FileError  with the path and the system's reason (no space, no permission, no such directory, ...)
void write_file_atomically(const std::filesystem::path& path, std::string_view content);

}  // namespace reconlaw::data
