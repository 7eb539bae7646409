#include "checkpoint_file.hpp"

#include <fcntl.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <fstream>
#include <system_error>

#include "reconlaw/data/file_error.hpp"
#include "reconlaw/data/in_quotes.hpp"

namespace reconlaw::cli {
namespace {

data::FileError system_failure(const std::filesystem::path& path, const std::string& what) {
    return {path, what + ": " + std::generic_category().message(errno)};
}

}  // namespace

CheckpointFile::CheckpointFile(const std::filesystem::path& path, const std::string& fingerprint,
                               std::size_t count)
    : path_(path),
      descriptor_(::open(path.c_str(), O_RDWR | O_CREAT | O_APPEND | O_CLOEXEC | O_NOCTTY, 0666)) {
    if (descriptor_ < 0) throw system_failure(path, "cannot be opened for writing");
    try {
        struct stat status = {};
        if (::fstat(descriptor_, &status) != 0) throw system_failure(path, "cannot be read");
        if (!S_ISREG(status.st_mode)) throw data::FileError(path, "is not a regular file");
        if (::flock(descriptor_, LOCK_EX | LOCK_NB) != 0 && errno == EWOULDBLOCK)
            throw data::FileError(path, "another simulation writes to this checkpoint");
        std::ifstream in(path, std::ios::binary);
        if (!in) throw data::FileError(path, "cannot be read");
        try {
            read_ = read_checkpoint(in, fingerprint, count);
        } catch (const CheckpointError& e) {
            throw data::FileError::at_line(path, e.line(),
                                           "the checkpoint " + data::printable(e.reason()) +
                                               "; remove the file or choose another to start anew");
        }
        if (::ftruncate(descriptor_, static_cast<off_t>(read_.intact_bytes)) != 0)
            throw system_failure(path, "cannot cut off a torn line");
        if (read_.intact_bytes == 0)
            writer_.emplace(lines_, fingerprint);
        else
            writer_.emplace(lines_, read_);
        append();
    } catch (...) {
        ::close(descriptor_);
        throw;
    }
}

CheckpointFile::~CheckpointFile() {
    ::close(descriptor_);
}

void CheckpointFile::write(std::size_t index, const TrialValues& values) {
    writer_->write(index, values);
    append();
}

void CheckpointFile::append() {
    const std::string text = lines_.str();
    lines_.str("");
    for (std::size_t done = 0; done < text.size();) {
        const ssize_t written = ::write(descriptor_, text.data() + done, text.size() - done);
        if (written < 0 && errno == EINTR) continue;
        if (written < 0) throw system_failure(path_, "cannot be written (finished trials are kept)");
        done += static_cast<std::size_t>(written);
    }
}

}  // namespace reconlaw::cli
