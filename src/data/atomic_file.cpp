#include "reconlaw/data/atomic_file.hpp"

#include <fcntl.h>
#include <sys/stat.h>

#include <cerrno>
#include <string>
#include <system_error>
#include <utility>

#include "file_descriptor.hpp"
#include "reconlaw/data/file_error.hpp"

namespace reconlaw::data {
namespace {

namespace fs = std::filesystem;

/// @param path  the one the caller asked for, for the message
FileError system_failure(const fs::path& path, const std::string& what, int error) {
    return {path, what + ": " + std::generic_category().message(error)};
}

void write_all(const FileDescriptor& file, std::string_view content, const fs::path& path) {
    while (!content.empty()) {
        const ssize_t written = ::write(file.get(), content.data(), content.size());
        if (written < 0 && errno == EINTR) continue;
        if (written < 0) throw system_failure(path, "cannot write", errno);
        content.remove_prefix(static_cast<std::size_t>(written));
    }
}

void write_in_place(const fs::path& path, std::string_view content) {
    FileDescriptor file(::open(path.c_str(), O_WRONLY | O_CLOEXEC));
    if (!file.is_open()) throw system_failure(path, "cannot open for writing", errno);
    write_all(file, content, path);
    if (file.close() != 0) throw system_failure(path, "cannot write", errno);
}

/// Removes the temporary unless it became the target.
class Temporary {
  public:
    explicit Temporary(fs::path path) : path_(std::move(path)) {}
    Temporary(const Temporary&) = delete;
    Temporary& operator=(const Temporary&) = delete;
    ~Temporary() {
        if (!path_.empty()) ::unlink(path_.c_str());
    }

    void keep() { path_.clear(); }

  private:
    fs::path path_;
};

}  // namespace

void write_file_atomically(const fs::path& path, std::string_view content) {
    std::error_code ignored;
    const fs::file_status status = fs::status(path, ignored);
    if (fs::exists(status) && !fs::is_regular_file(status)) return write_in_place(path, content);
    const fs::path target = fs::is_symlink(path, ignored) ? fs::weakly_canonical(path) : path;

    // O_EXCL: never another process's file; mode 0666: the user's umask decides, as for any new file.
    int descriptor = -1;
    fs::path name;
    for (int attempt = 0; descriptor < 0 && attempt < 100; ++attempt) {
        name = target;
        name.replace_filename("." + target.filename().string() + "." + std::to_string(::getpid()) + "-" +
                              std::to_string(attempt) + ".tmp");
        descriptor = ::open(name.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0666);
        if (descriptor < 0 && errno != EEXIST) break;
    }
    if (descriptor < 0) throw system_failure(path, "cannot create a file in its directory", errno);
    FileDescriptor file(descriptor);
    Temporary temporary(name);

    write_all(file, content, path);
    if (::fsync(file.get()) != 0) throw system_failure(path, "cannot write to disk", errno);
    if (file.close() != 0) throw system_failure(path, "cannot write", errno);
    if (::rename(name.c_str(), target.c_str()) != 0)
        throw system_failure(path, "cannot replace by the new file", errno);
    temporary.keep();

    // The new name survives a crash once the directory is on disk; file systems without this are no error.
    const fs::path directory = target.has_parent_path() ? target.parent_path() : fs::path(".");
    const FileDescriptor parent(::open(directory.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC));
    if (parent.is_open()) ::fsync(parent.get());
}

}  // namespace reconlaw::data
