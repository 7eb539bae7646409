#pragma once
/// Whether results can be written, asked before they are computed.

#include <string>

namespace reconlaw::cli {

/// Returns if data::write_file_atomically could write to this path now. Creates and changes nothing that
/// stays. An empty path (no option given) is fine, and so are devices and pipes that may be written.
/// @param option  that names the path, for the message
/// @throws std::invalid_argument  the path is a folder
/// @throws data::FileError  its folder is missing or cannot be written, a loop of symbolic links, ...
void require_writable(const std::string& path, const std::string& option);

}  // namespace reconlaw::cli
