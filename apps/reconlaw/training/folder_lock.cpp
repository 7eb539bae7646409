#include "folder_lock.hpp"

#include <fcntl.h>
#include <sys/file.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>

#include "reconlaw/data/file_error.hpp"

namespace reconlaw::cli {

FolderLock::FolderLock(const std::filesystem::path& folder, const std::string& what) {
    std::error_code error;
    std::filesystem::create_directories(folder, error);
    if (error) throw data::FileError(folder, "cannot be created: " + error.message());
    const std::filesystem::path path = folder / ".lock";
    descriptor_ = ::open(path.c_str(), O_CREAT | O_RDWR | O_CLOEXEC, 0644);
    if (descriptor_ < 0)
        throw data::FileError(path, std::string("cannot be created: ") + std::strerror(errno));
    if (::flock(descriptor_, LOCK_EX | LOCK_NB) == 0) return;
    const int reason = errno;
    ::close(descriptor_);
    throw data::FileError(folder, reason == EWOULDBLOCK
                                      ? "another " + what + " runs in this folder"
                                      : std::string("cannot be locked: ") + std::strerror(reason));
}

FolderLock::~FolderLock() {
    ::close(descriptor_);
}

}  // namespace reconlaw::cli
