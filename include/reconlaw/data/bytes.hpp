#pragma once
/// Whole files and byte ranges in memory, gzip, and a reader that says what it expected where.

#include <cstdint>
#include <filesystem>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace reconlaw::data {

using Bytes = std::vector<std::uint8_t>;
using ByteView = std::span<const std::uint8_t>;

/// Nothing larger is read or decompressed unless the caller says so: 1 GiB.
inline constexpr std::uint64_t default_max_bytes = std::uint64_t{1} << 30;

/// The content of a file as it is on disk.
/// @throws FileError  cannot be opened or read (with the system's reason), or more than `max_bytes`
Bytes read_file(const std::filesystem::path& path, std::uint64_t max_bytes = default_max_bytes);

/// Bytes [offset, offset + length) of a file.
/// @throws FileError  as read_file; also where the file ends before offset + length
Bytes read_file_range(const std::filesystem::path& path, std::uint64_t offset, std::uint64_t length);

/// Decompress gzip data (one or more members).
/// @param name  for messages
/// @throws FileError  truncated, corrupt (checksum included), not gzip, more than `max_bytes` of output, or
///                    growing more than image data do (gzip_max_ratio in byte_stream.hpp)
Bytes gunzip(ByteView compressed, const std::filesystem::path& name,
             std::uint64_t max_bytes = default_max_bytes);

/// The content of a file, decompressed as by gunzip where it begins with gzip's magic bytes 1f 8b.
Bytes read_file_or_gzip(const std::filesystem::path& path, std::uint64_t max_bytes = default_max_bytes);

/// read_file as text.
std::string read_text_file(const std::filesystem::path& path, std::uint64_t max_bytes = default_max_bytes);

/// SHA-256 as 64 lower-case hexadecimal digits.
std::string sha256_hex(ByteView bytes);

/// Walks through bytes; running past the end throws a FileError that names what was expected. Views, does not
/// own.
class ByteReader {
  public:
    ByteReader(ByteView bytes, std::filesystem::path name) : bytes_(bytes), name_(std::move(name)) {}

    /// The next `count` bytes. @param what  named in the error, e.g. "the number of images"
    ByteView take(std::uint64_t count, std::string_view what);
    std::uint8_t u8(std::string_view what) { return take(1, what)[0]; }
    std::uint32_t u32_big_endian(std::string_view what);

    std::uint64_t offset() const { return offset_; }
    std::uint64_t remaining() const { return bytes_.size() - offset_; }

    /// @throws FileError  always: at `at` (default: here)
    [[noreturn]] void fail(const std::string& reason) const { fail(offset_, reason); }
    [[noreturn]] void fail(std::uint64_t at, const std::string& reason) const;

  private:
    ByteView bytes_;
    std::filesystem::path name_;
    std::uint64_t offset_ = 0;
};

}  // namespace reconlaw::data
