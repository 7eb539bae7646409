#include "reconlaw/data/bytes.hpp"

#include <fcntl.h>
#include <openssl/evp.h>
#include <sys/stat.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <system_error>

#include "file_descriptor.hpp"
#include "reconlaw/data/byte_stream.hpp"
#include "reconlaw/data/file_error.hpp"

namespace reconlaw::data {
namespace {

std::string system_reason(int error) {
    return std::generic_category().message(error);
}

struct stat open_file_status(const FileDescriptor& file, const std::filesystem::path& path) {
    struct stat status = {};
    if (!file.is_open() || ::fstat(file.get(), &status) != 0)
        throw FileError(path, "cannot open: " + system_reason(errno));
    if (S_ISDIR(status.st_mode)) throw FileError(path, "is a folder, must be a file");
    return status;
}

/// Fill `target` from the current position; the number of bytes there were.
std::size_t read_fully(const FileDescriptor& file, std::span<std::uint8_t> target,
                       const std::filesystem::path& path) {
    std::size_t done = 0;
    while (done < target.size()) {
        const ssize_t got = ::read(file.get(), target.data() + done, target.size() - done);
        if (got < 0 && errno == EINTR) continue;
        if (got < 0) throw FileError::at_byte(path, done, "cannot read: " + system_reason(errno));
        if (got == 0) break;
        done += static_cast<std::size_t>(got);
    }
    return done;
}

}  // namespace

Bytes read_file(const std::filesystem::path& path, std::uint64_t max_bytes) {
    const FileDescriptor file(::open(path.c_str(), O_RDONLY | O_CLOEXEC));
    const struct stat status = open_file_status(file, path);
    const auto too_large = [&] {
        return FileError(path, "larger than the limit of " + std::to_string(max_bytes) + " bytes");
    };
    // The size is a hint only: pipes have none, and a file may grow while it is read.
    const auto expected = static_cast<std::uint64_t>(std::max<off_t>(status.st_size, 0));
    if (S_ISREG(status.st_mode) && expected > max_bytes) throw too_large();
    Bytes content;
    std::uint64_t chunk = S_ISREG(status.st_mode) ? expected + 1 : 1 << 16;
    for (;;) {
        const std::size_t before = content.size();
        content.resize(before + chunk);
        const std::size_t got = read_fully(file, std::span(content).subspan(before), path);
        content.resize(before + got);
        if (content.size() > max_bytes) throw too_large();
        if (got < chunk) return content;
        chunk = 1 << 16;
    }
}

Bytes read_file_range(const std::filesystem::path& path, std::uint64_t offset, std::uint64_t length) {
    const FileDescriptor file(::open(path.c_str(), O_RDONLY | O_CLOEXEC));
    const struct stat status = open_file_status(file, path);
    const auto size = static_cast<std::uint64_t>(std::max<off_t>(status.st_size, 0));
    if (offset > size || length > size - offset)
        throw FileError::at_byte(path, size,
                                 "the file ends here, expected " + std::to_string(length) + " bytes at " +
                                     std::to_string(offset) + " (truncated?)");
    if (::lseek(file.get(), static_cast<off_t>(offset), SEEK_SET) < 0)
        throw FileError::at_byte(path, offset, "cannot seek: " + system_reason(errno));
    Bytes content(length);
    const std::size_t got = read_fully(file, content, path);
    if (got < length)
        throw FileError::at_byte(path, offset + got, "the file became shorter while it was read");
    return content;
}

std::string read_text_file(const std::filesystem::path& path, std::uint64_t max_bytes) {
    const Bytes bytes = read_file(path, max_bytes);
    return {bytes.begin(), bytes.end()};
}

namespace {

/// The whole content of a stream.
Bytes drained(ByteStream stream, std::uint64_t max_bytes) {
    Bytes content;
    const auto require_within = [&](std::uint64_t size) {
        if (size <= max_bytes) return;
        const std::string limit = "the limit of " + std::to_string(max_bytes) + " bytes";
        throw FileError(stream.name(),
                        (stream.is_gzip() ? "decompresses to more than " : "larger than ") + limit);
    };
    if (!stream.is_gzip() && stream.most_left() != ByteStream::unknown) {
        require_within(stream.most_left());
        content.reserve(stream.most_left());
    }
    std::array<std::uint8_t, 1 << 16> buffer;
    while (const std::size_t got = stream.read(buffer)) {
        content.insert(content.end(), buffer.data(), buffer.data() + got);
        require_within(content.size());
    }
    return content;
}

}  // namespace

Bytes gunzip(ByteView compressed, const std::filesystem::path& name, std::uint64_t max_bytes) {
    return drained(ByteStream(compressed, name, Packing::gzip), max_bytes);
}

Bytes read_file_or_gzip(const std::filesystem::path& path, std::uint64_t max_bytes) {
    return drained(ByteStream(path), max_bytes);
}

std::string sha256_hex(ByteView bytes) {
    std::array<unsigned char, EVP_MAX_MD_SIZE> digest;
    unsigned length = 0;
    if (EVP_Digest(bytes.data(), bytes.size(), digest.data(), &length, EVP_sha256(), nullptr) != 1)
        throw std::runtime_error("sha256_hex: OpenSSL's EVP_Digest failed");
    std::string hex;
    for (unsigned i = 0; i < length; ++i) {
        hex += "0123456789abcdef"[digest[i] >> 4];
        hex += "0123456789abcdef"[digest[i] & 15];
    }
    return hex;
}

ByteView ByteReader::take(std::uint64_t count, std::string_view what) {
    if (count > remaining())
        fail("expected " + std::to_string(count) + " bytes of " + std::string(what) + ", only " +
             std::to_string(remaining()) + " left (truncated?)");
    const ByteView taken = bytes_.subspan(offset_, count);
    offset_ += count;
    return taken;
}

std::uint32_t ByteReader::u32_big_endian(std::string_view what) {
    std::uint32_t value = 0;
    for (const std::uint8_t byte : take(4, what)) value = value << 8 | byte;
    return value;
}

void ByteReader::fail(std::uint64_t at, const std::string& reason) const {
    throw FileError::at_byte(name_, at, reason);
}

}  // namespace reconlaw::data
