#pragma once
/// The one exception of reconlaw::data for files: missing, truncated, corrupt, unreadable, unwritable.

#include <cstdint>
#include <filesystem>
#include <optional>
#include <stdexcept>
#include <string>
#include <utility>

namespace reconlaw::data {

/// What is wrong with a file, and where: "path: reason", "path: at byte 16: reason" or "path:12: reason"
/// (line). For bytes that never were a file, `path` is the name the caller gave them.
class FileError : public std::runtime_error {
  public:
    FileError(std::filesystem::path path, const std::string& reason)
        : FileError(std::move(path), ": ", reason, std::nullopt, std::nullopt) {}

    /// @param offset  bytes from the start of the file, or of its uncompressed content
    static FileError at_byte(std::filesystem::path path, std::uint64_t offset, const std::string& reason) {
        return {std::move(path), ": at byte " + std::to_string(offset) + ": ", reason, offset, std::nullopt};
    }

    /// @param line  counted from 1
    static FileError at_line(std::filesystem::path path, std::size_t line, const std::string& reason) {
        return {std::move(path), ":" + std::to_string(line) + ": ", reason, std::nullopt, line};
    }

    const std::filesystem::path& path() const { return path_; }
    const std::string& reason() const { return reason_; }
    std::optional<std::uint64_t> offset() const { return offset_; }
    std::optional<std::size_t> line() const { return line_; }

  private:
    FileError(std::filesystem::path path, const std::string& where, const std::string& reason,
              std::optional<std::uint64_t> offset, std::optional<std::size_t> line)
        : std::runtime_error(path.string() + where + reason),
          path_(std::move(path)),
          reason_(reason),
          offset_(offset),
          line_(line) {}

    std::filesystem::path path_;
    std::string reason_;
    std::optional<std::uint64_t> offset_;
    std::optional<std::size_t> line_;
};

}  // namespace reconlaw::data
