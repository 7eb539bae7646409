#include "reconlaw/data/atomic_file.hpp"

#include <fcntl.h>
#include <sys/file.h>
#include <sys/stat.h>

#include <algorithm>
#include <cerrno>
#include <chrono>
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
    FileDescriptor file(::open(path.c_str(), O_WRONLY | O_CLOEXEC | O_NOCTTY));
    if (!file.is_open()) throw system_failure(path, "cannot open for writing", errno);
    write_all(file, content, path);
    if (file.close() != 0) throw system_failure(path, "cannot write", errno);
}

/// Where a chain of symbolic links ends, whether or not there is a file.
fs::path end_of_links(const fs::path& path) {
    fs::path end = path;
    for (int i = 0; i < 40; ++i) {  // as many as Linux follows
        std::error_code error;
        if (!fs::is_symlink(end, error)) return end;
        const fs::path next = fs::read_symlink(end, error);
        if (error) throw FileError(path, "cannot follow the symbolic link: " + error.message());
        end = end.parent_path() / next;  // `next` alone if it is absolute
    }
    throw system_failure(path, "cannot follow the symbolic link", ELOOP);
}

/// Names of temporaries of one target begin so; a long name is cut, that the whole has no more than 255
/// bytes.
std::string temporary_prefix(const fs::path& target) {
    return "." + target.filename().string().substr(0, 200) + ".";
}

constexpr std::string_view temporary_suffix = ".tmp";

/// <prefix><process>-<nanoseconds>.tmp
bool is_temporary(std::string_view name, std::string_view prefix) {
    if (!name.starts_with(prefix) || !name.ends_with(temporary_suffix)) return false;
    name.remove_prefix(prefix.size());
    if (name.size() < temporary_suffix.size()) return false;
    name.remove_suffix(temporary_suffix.size());
    const auto dash = name.find('-');
    return dash != std::string_view::npos && dash > 0 && dash + 1 < name.size() &&
           name.find_first_not_of("0123456789-") == std::string_view::npos;
}

/// The name still leads to the open file.
bool leads_to(const fs::path& name, const FileDescriptor& file) {
    struct stat open = {}, named = {};
    return ::fstat(file.get(), &open) == 0 && ::lstat(name.c_str(), &named) == 0 &&
           open.st_dev == named.st_dev && open.st_ino == named.st_ino;
}

/// Removes temporaries of this target that nobody holds: their writers were killed.
void remove_stale(const fs::path& directory, const std::string& prefix) {
    std::error_code error;
    for (fs::directory_iterator entry(directory, error), end; !error && entry != end;
         entry.increment(error)) {
        const fs::path& name = entry->path();
        if (!is_temporary(name.filename().string(), prefix)) continue;
        const FileDescriptor file(::open(name.c_str(), O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC));
        if (!file.is_open() || ::flock(file.get(), LOCK_EX | LOCK_NB) != 0) continue;
        if (leads_to(name, file)) ::unlink(name.c_str());
    }
}

/// A new file beside the target, locked while it lives, and removed unless it became the target.
class Temporary {
  public:
    /// @param path  the one the caller asked for, for the message
    Temporary(const fs::path& directory, const std::string& prefix, const fs::path& path) : file_(-1) {
        for (int attempt = 0; attempt < 100; ++attempt) {
            const auto now = std::chrono::steady_clock::now().time_since_epoch();
            name_ = directory /
                    (prefix + std::to_string(::getpid()) + "-" +
                     std::to_string(std::chrono::nanoseconds(now).count()) + std::string(temporary_suffix));
            // O_EXCL: never another process's file; mode 0666: the user's umask decides, as for any new file.
            const int descriptor =
                ::open(name_.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC | O_NOFOLLOW, 0666);
            if (descriptor < 0 && errno == EEXIST) continue;
            if (descriptor < 0) throw system_failure(path, "cannot create a file in its directory", errno);
            file_ = FileDescriptor(descriptor);
            // Another process may have found it before it was locked, and have taken it for a stale one. A
            // file system without locks keeps stale ones.
            const bool lost = ::flock(descriptor, LOCK_EX | LOCK_NB) != 0 && errno == EWOULDBLOCK;
            if (!lost && leads_to(name_, file_)) return;
        }
        throw FileError(path, "cannot create a file in its directory: each is taken away");
    }
    Temporary(const Temporary&) = delete;
    Temporary& operator=(const Temporary&) = delete;
    ~Temporary() {
        if (!name_.empty()) ::unlink(name_.c_str());
    }

    const FileDescriptor& file() const { return file_; }

    void become(const fs::path& target, const fs::path& path) {
        if (::rename(name_.c_str(), target.c_str()) != 0)
            throw system_failure(path, "cannot replace by the new file", errno);
        name_.clear();
    }

  private:
    fs::path name_;
    FileDescriptor file_;
};

}  // namespace

void write_file_atomically(const fs::path& path, std::string_view content, Links links) {
    fs::path target = path;
    if (links == Links::follow) {
        std::error_code ignored;
        const fs::file_status status = fs::status(path, ignored);
        if (fs::exists(status) && !fs::is_regular_file(status)) return write_in_place(path, content);
        target = end_of_links(path);
    } else {
        std::error_code ignored;
        const fs::file_type type = fs::symlink_status(path, ignored).type();
        if (type != fs::file_type::regular && type != fs::file_type::symlink &&
            type != fs::file_type::not_found && type != fs::file_type::none)
            throw FileError(path, type == fs::file_type::directory ? "cannot be written: Is a directory"
                                                                   : "cannot be written: is no regular file");
    }
    const fs::path directory = target.has_parent_path() ? target.parent_path() : fs::path(".");
    const std::string prefix = temporary_prefix(target);
    remove_stale(directory, prefix);
    Temporary temporary(directory, prefix, path);
    write_all(temporary.file(), content, path);
    if (::fsync(temporary.file().get()) != 0) throw system_failure(path, "cannot write to disk", errno);
    // Network file systems tell some errors only on closing; a copy keeps the lock until the file has its
    // name.
    if (FileDescriptor copy(::dup(temporary.file().get())); copy.is_open() && copy.close() != 0)
        throw system_failure(path, "cannot write", errno);
    temporary.become(target, path);

    // The new name survives a crash once the directory is on disk; file systems without this are no error.
    const FileDescriptor parent(::open(directory.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC));
    if (parent.is_open()) ::fsync(parent.get());
}

}  // namespace reconlaw::data
