#pragma once
/// The file of `reconlaw simulate --checkpoint`.

#include <filesystem>
#include <optional>
#include <sstream>
#include <string>

#include "reconlaw/simulate/checkpoint.hpp"

namespace reconlaw::cli {

/// What a checkpoint holds already, and where new trials are appended. The path is the user's: a symbolic
/// link is followed, and its target created where it does not exist, as by a shell's >>.
class CheckpointFile {
  public:
    /// Opens or creates it, for this process alone (flock), and cuts off a line torn by an interruption. A
    /// file that is refused stays as it is.
    /// @throws data::FileError  cannot be opened; no regular file; held by another process; CheckpointError
    /// (names the line)
    CheckpointFile(const std::filesystem::path& path, const std::string& fingerprint, std::size_t count);
    ~CheckpointFile();
    CheckpointFile(const CheckpointFile&) = delete;
    CheckpointFile& operator=(const CheckpointFile&) = delete;

    const TrialTable& finished() const { return read_.finished; }

    /// @throws data::FileError  full disk, limit of the file size, ...: names the system's reason
    void write(std::size_t index, const TrialValues& values);

  private:
    void append();

    std::filesystem::path path_;
    int descriptor_ = -1;
    Checkpoint read_;
    std::ostringstream lines_;  ///< written by writer_, not yet in the file
    std::optional<CheckpointWriter> writer_;
};

}  // namespace reconlaw::cli
