#include "reconlaw/data/byte_stream.hpp"

#include <fcntl.h>
#include <sys/stat.h>
#include <zlib.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <system_error>
#include <vector>

#include "file_descriptor.hpp"
#include "reconlaw/data/file_error.hpp"

namespace reconlaw::data {
namespace {

constexpr std::size_t buffer_bytes = 1 << 16;
constexpr std::uint64_t unknown = ByteStream::unknown;

/// The bytes as they are stored: of a file through a buffer, or a view.
class Source {
  public:
    Source(FileDescriptor file, std::uint64_t size, std::filesystem::path name)
        : file_(std::move(file)), size_(size), name_(std::move(name)), buffer_(buffer_bytes) {}
    Source(ByteView bytes, std::filesystem::path name)
        : file_(-1), size_(bytes.size()), name_(std::move(name)), here_(bytes) {}

    /// What lies ready, at least `count` bytes unless the source ends before.
    ByteView peek(std::size_t count = 1) {
        while (file_.is_open() && here_.size() < count && !ended_) {
            std::copy(here_.begin(), here_.end(), buffer_.begin());
            const std::span<std::uint8_t> room = std::span(buffer_).subspan(here_.size());
            const ssize_t got = ::read(file_.get(), room.data(), room.size());
            if (got < 0 && errno == EINTR) continue;
            if (got < 0)
                throw FileError::at_byte(name_, consumed_ + here_.size(),
                                         "cannot read: " + std::generic_category().message(errno));
            ended_ = got == 0;
            here_ = ByteView(buffer_).first(here_.size() + static_cast<std::size_t>(got));
        }
        return here_;
    }
    void consume(std::size_t count) { here_ = here_.subspan(count), consumed_ += count; }

    std::uint64_t consumed() const { return consumed_; }
    std::uint64_t size() const { return size_; }  ///< or unknown
    const std::filesystem::path& name() const { return name_; }

  private:
    FileDescriptor file_;
    std::uint64_t size_, consumed_ = 0;
    std::filesystem::path name_;
    Bytes buffer_;
    ByteView here_;
    bool ended_ = false;
};

Source open_source(const std::filesystem::path& path) {
    FileDescriptor file(::open(path.c_str(), O_RDONLY | O_CLOEXEC));
    struct stat status = {};
    if (!file.is_open() || ::fstat(file.get(), &status) != 0)
        throw FileError(path, "cannot open: " + std::generic_category().message(errno));
    const bool regular = S_ISREG(status.st_mode);
    return {std::move(file), regular ? static_cast<std::uint64_t>(status.st_size) : unknown, path};
}

}  // namespace

struct ByteStream::State {
    Source source;
    bool packed = false, ended = false;
    z_stream inflater = {};
    std::uint64_t produced = 0;

    State(Source s, Packing packing) : source(std::move(s)) {
        packed = packing == Packing::gzip;
        if (packing == Packing::by_content) {
            const ByteView start = source.peek(2);
            packed = start.size() >= 2 && start[0] == 0x1f && start[1] == 0x8b;
        }
        // 16: gzip header and checksum, nothing else
        if (packed && inflateInit2(&inflater, 16 + MAX_WBITS) != Z_OK)
            throw FileError(source.name(), "cannot start zlib");
    }
    State(const State&) = delete;
    State& operator=(const State&) = delete;
    ~State() {
        if (packed) inflateEnd(&inflater);
    }

    [[noreturn]] void fail(const std::string& reason) const {
        throw FileError::at_byte(source.name(), source.consumed(), reason);
    }

    /// What the ratio allows in all; the size of a pipe is what has come of it.
    std::uint64_t largest() const {
        const std::uint64_t size = source.size() == unknown ? source.consumed() : source.size();
        return std::max(gzip_free_bytes, size > unknown / gzip_max_ratio ? unknown : gzip_max_ratio * size);
    }

    std::size_t read_packed(std::span<std::uint8_t> target) {
        std::size_t done = 0;
        while (done < target.size() && !ended) {
            // zlib counts in 32 bits
            constexpr std::size_t most = std::size_t{1} << 30;
            const ByteView input = source.peek();
            const std::size_t feed = std::min(input.size(), most),
                              room = std::min(target.size() - done, most);
            inflater.next_in = const_cast<Bytef*>(input.data());  // zlib does not write to its input
            inflater.avail_in = static_cast<uInt>(feed);
            inflater.next_out = target.data() + done;
            inflater.avail_out = static_cast<uInt>(room);
            const int status = inflate(&inflater, Z_NO_FLUSH);
            source.consume(feed - inflater.avail_in);
            const std::size_t got = room - inflater.avail_out;
            done += got, produced += got;
            if (produced > largest())
                fail("decompresses to more than " + std::to_string(gzip_max_ratio) +
                     " times its size: no image data do; if it is meant, decompress it with gunzip first");
            if (status == Z_STREAM_END) {
                ended = source.peek().empty();
                if (!ended) inflateReset(&inflater);  // another member follows
            } else if (status == Z_BUF_ERROR) {
                fail("gzip data ends too early (truncated?)");
            } else if (status != Z_OK) {
                fail(std::string("corrupt gzip data: ") + (inflater.msg ? inflater.msg : "zlib error"));
            }
        }
        return done;
    }

    std::size_t read_plain(std::span<std::uint8_t> target) {
        std::size_t done = 0;
        while (done < target.size()) {
            const ByteView ready = source.peek();
            if (ready.empty()) break;
            const std::size_t count = std::min(ready.size(), target.size() - done);
            std::copy_n(ready.begin(), count, target.begin() + static_cast<std::ptrdiff_t>(done));
            source.consume(count);
            done += count, produced += count;
        }
        return done;
    }
};

ByteStream::ByteStream(const std::filesystem::path& path, Packing packing)
    : state_(std::make_unique<State>(open_source(path), packing)) {}

ByteStream::ByteStream(ByteView bytes, std::filesystem::path name, Packing packing)
    : state_(std::make_unique<State>(Source(bytes, std::move(name)), packing)) {}

ByteStream::ByteStream(ByteStream&&) noexcept = default;
ByteStream::~ByteStream() = default;

std::size_t ByteStream::read(std::span<std::uint8_t> target) {
    return state_->packed ? state_->read_packed(target) : state_->read_plain(target);
}

void ByteStream::take(std::span<std::uint8_t> target, std::string_view what) {
    const std::uint64_t start = offset();
    if (const std::size_t got = read(target); got < target.size())
        throw FileError::at_byte(name(), start,
                                 "expected " + std::to_string(target.size()) + " bytes of " +
                                     std::string(what) + ", only " + std::to_string(got) +
                                     " left (truncated?)");
}

std::uint64_t ByteStream::offset() const {
    return state_->produced;
}

bool ByteStream::is_gzip() const {
    return state_->packed;
}

std::uint64_t ByteStream::most_left() const {
    const std::uint64_t size = state_->source.size();
    if (size == unknown) return unknown;
    const std::uint64_t largest = state_->packed ? state_->largest() : size;
    return largest - std::min(largest, state_->produced);
}

const std::filesystem::path& ByteStream::name() const {
    return state_->source.name();
}

}  // namespace reconlaw::data
