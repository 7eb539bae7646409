#pragma once
/// Files that are either complete or not there.

#include <filesystem>
#include <string_view>

namespace reconlaw::data {

/// What becomes of a symbolic link, a pipe or a device at the path to be written.
enum class Links {
    replace,  ///< a regular file takes a link's place, pipes and devices are refused: for names that a
              ///< program chooses inside an output folder
    follow    ///< written through, as by a shell's redirection: for a path that the user gave
};

/// Write `content` to `path` so that no reader, and no crash or full disk, ever leaves half of it: a
/// temporary file in the same directory, fsync, rename. The previous content stays until the new one is
/// complete; a failure leaves it untouched and removes the temporary. Temporaries that a killed process left
/// are removed by the next write to the same path: a living one holds a lock (flock) on its own.
///
/// Somebody else may have planted a link at a name that a program always uses, to have another file
/// overwritten; with Links::replace the link goes and its target stays as it is. With Links::follow the
/// target of a link is written, or created where it does not exist, and a path that is no regular file (a
/// terminal, a pipe, /dev/null) is written in place.
///
/// @throws FileError  with the path and the system's reason (no space, no permission, no such directory, a
/// loop of links, ...)
void write_file_atomically(const std::filesystem::path& path, std::string_view content,
                           Links links = Links::replace);

}  // namespace reconlaw::data
