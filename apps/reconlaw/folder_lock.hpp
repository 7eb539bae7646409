#pragma once
/// Folders that a command writes to: one process at a time, and nothing through planted links.

#include <filesystem>
#include <string>

namespace reconlaw::cli {

/// Holds an advisory lock (flock) on FOLDER/.lock; the system releases it when the process ends, however it
/// ends. The empty file stays: taking it away would let two processes lock two files of that name.
class FolderLock {
  public:
    /// Creates the folder if need be; a symbolic link to a folder is followed, as the user gave it.
    /// @param what  "training", "sweep" or "report", for the message
    /// @throws data::FileError  another process holds it; cannot be created; no folder; .lock is a link
    FolderLock(const std::filesystem::path& folder, const std::string& what);
    ~FolderLock();
    FolderLock(const FolderLock&) = delete;
    FolderLock& operator=(const FolderLock&) = delete;

  private:
    int descriptor_;
};

/// Creates the folders `inside`, which the program names, below `folder`, which the user named.
/// @throws data::FileError  cannot be created; one of them is a symbolic link, behind which others' files lie
void make_folders_inside(const std::filesystem::path& folder, const std::filesystem::path& inside);

}  // namespace reconlaw::cli
