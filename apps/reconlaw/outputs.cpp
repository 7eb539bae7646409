#include "outputs.hpp"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <filesystem>
#include <stdexcept>
#include <system_error>

#include "reconlaw/data/file_error.hpp"
#include "reconlaw/data/in_quotes.hpp"

namespace reconlaw::cli {
namespace {

namespace fs = std::filesystem;

/// Makes a file in the folder that has no name, or where the file system knows no such files one that is
/// removed at once. @return 0 or errno
int try_to_create_in(const fs::path& folder) {
    const int nameless = ::open(folder.c_str(), O_TMPFILE | O_WRONLY | O_CLOEXEC, 0600);
    if (nameless >= 0) return ::close(nameless), 0;
    if (errno != EOPNOTSUPP && errno != EISDIR && errno != EINVAL) return errno;
    const fs::path name = folder / (".reconlaw-" + std::to_string(::getpid()) + ".tmp");
    const int named = ::open(name.c_str(), O_CREAT | O_EXCL | O_WRONLY | O_CLOEXEC, 0600);
    if (named < 0) return errno;
    ::unlink(name.c_str());
    return ::close(named), 0;
}

}  // namespace

void require_writable(const std::string& path, const std::string& option) {
    if (path.empty()) return;
    const auto refuse = [&](const std::string& what, int error) {
        throw data::FileError(path, option + ": " + what + ": " + std::generic_category().message(error));
    };
    const auto folder_instead = [&] {
        throw std::invalid_argument(option + ": " + data::in_quotes(path, 4096) +
                                    " is a folder, must be a file");
    };
    struct stat status {};
    fs::path target = path;
    if (::stat(path.c_str(), &status) == 0) {
        if (S_ISDIR(status.st_mode)) folder_instead();
        if (!S_ISREG(status.st_mode)) {
            if (::access(path.c_str(), W_OK) != 0) refuse("cannot be written", errno);
            return;
        }
    } else if (errno != ENOENT) {
        refuse("cannot be written", errno);
    }
    if (!target.has_filename()) folder_instead();
    std::error_code ignored, error;
    if (fs::is_symlink(target, ignored)) target = fs::weakly_canonical(target, error);
    if (error) refuse("cannot be written", error.value());
    const fs::path folder = target.has_parent_path() ? target.parent_path() : fs::path(".");
    if (const int reason = try_to_create_in(folder))
        refuse("cannot be written: no file can be created in " + data::in_quotes(folder.string(), 4096),
               reason);
}

}  // namespace reconlaw::cli
