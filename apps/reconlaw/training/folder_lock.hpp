#pragma once
/// One process at a time in a folder.

#include <filesystem>
#include <string>

namespace reconlaw::cli {

/// Holds an advisory lock (flock) on FOLDER/.lock; the system releases it when the process ends, however it
/// ends.
class FolderLock {
  public:
    /// Creates the folder if need be.
    /// @param what  "training" or "sweep", for the message
    /// @throws data::FileError  another process holds it; cannot be created
    FolderLock(const std::filesystem::path& folder, const std::string& what);
    ~FolderLock();
    FolderLock(const FolderLock&) = delete;
    FolderLock& operator=(const FolderLock&) = delete;

  private:
    int descriptor_;
};

}  // namespace reconlaw::cli
