#pragma once
/// The content of a file from beginning to end, decompressed on the way, in little memory.

#include <cstdint>
#include <filesystem>
#include <limits>
#include <memory>
#include <span>
#include <string_view>

#include "reconlaw/data/bytes.hpp"

namespace reconlaw::data {

/// Gzip data that become larger than gzip_free_bytes and than gzip_max_ratio times their compressed size are
/// refused: images and labels do not compress so far, and a small file should not fill the memory.
inline constexpr std::uint64_t gzip_max_ratio = 100, gzip_free_bytes = std::uint64_t{1} << 26;

enum class Packing {
    plain,
    gzip,       ///< one or more members, nothing behind them; checksums are checked
    by_content  ///< gzip where the content begins with its magic bytes 1f 8b
};

/// Reads forwards only; holds two buffers of 64 KiB, whatever the size. Not copyable.
class ByteStream {
  public:
    /// A file, which may be a pipe. @throws FileError  cannot be opened or read
    explicit ByteStream(const std::filesystem::path& path, Packing packing = Packing::by_content);
    /// Bytes, which are viewed. @param name  for messages
    ByteStream(ByteView bytes, std::filesystem::path name, Packing packing = Packing::by_content);
    ByteStream(ByteStream&&) noexcept;
    ~ByteStream();

    /// The next bytes, into `target`. @return how many: fewer than asked for only at the end
    /// @throws FileError  unreadable; gzip: corrupt, truncated, trailing bytes, over the ratio above
    std::size_t read(std::span<std::uint8_t> target);

    /// Fills `target`. @param what  named in the error, e.g. "the number of images"
    /// @throws FileError  as read; the content ends before
    void take(std::span<std::uint8_t> target, std::string_view what);

    /// Bytes of content read so far.
    std::uint64_t offset() const;
    bool is_gzip() const;

    static constexpr std::uint64_t unknown = std::numeric_limits<std::uint64_t>::max();
    /// The most bytes that can still come: exact for plain files and bytes, for gzip what its ratio allows;
    /// unknown for a pipe.
    std::uint64_t most_left() const;
    const std::filesystem::path& name() const;

  private:
    struct State;
    std::unique_ptr<State> state_;
};

}  // namespace reconlaw::data
