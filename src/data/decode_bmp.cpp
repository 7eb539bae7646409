// BMP. No small library of Debian's reads it safely: stb_image takes what is missing for zeros, shows memory
// behind a short palette, and advises against files from outside.

#include <algorithm>
#include <array>
#include <bit>
#include <string>
#include <vector>

#include "decoders.hpp"
#include "reconlaw/data/file_error.hpp"

namespace reconlaw::data {
namespace {

namespace fs = std::filesystem;

using Colour = std::array<std::uint8_t, 3>;  // red, green, blue

enum Compression : std::uint32_t { none = 0, rle8 = 1, rle4 = 2, bit_fields = 3, alpha_bit_fields = 6 };

/// One colour in 16 or 32 bits.
struct Field {
    std::uint32_t mask = 0;

    /// 0 to 255. A mask of more than 8 bits loses its lowest.
    std::uint8_t value(std::uint32_t pixel) const {
        const int bits = std::popcount(mask);
        const std::uint64_t largest = (std::uint64_t{1} << bits) - 1;
        const std::uint64_t level = (pixel & mask) >> std::countr_zero(mask);
        return static_cast<std::uint8_t>((level * 255 + largest / 2) / largest);
    }
    bool is_contiguous() const {
        const std::uint32_t shifted = mask >> std::countr_zero(mask);
        return (shifted & (shifted + 1)) == 0;
    }
};

struct Header {
    Eigen::Index rows = 0, cols = 0;
    bool bottom_up = true;
    unsigned bits = 0;
    std::uint32_t compression = none;
    std::size_t pixels_at = 0;
    std::array<Field, 4> fields;  ///< red, green, blue, opacity
    std::vector<Colour> palette;
};

class Reader {
  public:
    Reader(ByteView bytes, const fs::path& name) : bytes_(bytes), name_(name) {}

    std::uint32_t u8(std::size_t at) const { return at < bytes_.size() ? bytes_[at] : end(at); }
    std::uint32_t u16(std::size_t at) const { return u8(at) | u8(at + 1) << 8; }
    std::uint32_t u32(std::size_t at) const { return u16(at) | u16(at + 2) << 16; }
    std::size_t size() const { return bytes_.size(); }

    [[noreturn]] void fail(std::size_t at, const std::string& reason) const {
        throw FileError::at_byte(name_, at, "BMP: " + reason);
    }
    [[noreturn]] std::uint32_t end(std::size_t at) const {
        fail(std::min(at, bytes_.size()), "data end too early (truncated?)");
    }

  private:
    ByteView bytes_;
    const fs::path& name_;
};

void read_fields(const Reader& in, Header& h, std::size_t header_bytes) {
    if (h.compression == none) {
        if (h.bits == 16) h.fields = {Field{0x7c00}, Field{0x3e0}, Field{0x1f}, Field{}};
        if (h.bits == 32) h.fields = {Field{0xff0000}, Field{0xff00}, Field{0xff}, Field{}};
    }
    if (h.compression != bit_fields && h.compression != alpha_bit_fields) return;
    const bool with_opacity = header_bytes >= 56 || h.compression == alpha_bit_fields;
    for (std::size_t i = 0; i < (with_opacity ? 4 : 3); ++i) {
        h.fields[i].mask = in.u32(54 + 4 * i);
        if ((i < 3 && h.fields[i].mask == 0) || (h.fields[i].mask != 0 && !h.fields[i].is_contiguous()))
            in.fail(54 + 4 * i, "bit mask " + std::to_string(h.fields[i].mask) + ", expected adjacent bits");
    }
}

Header read_header(const Reader& in) {
    Header h;
    const std::size_t header_bytes = in.u32(14);
    const bool old = header_bytes == 12;
    if (!old && (header_bytes < 40 || header_bytes > 124))
        in.fail(14, "header of " + std::to_string(header_bytes) + " bytes, expected 12 or 40 to 124");
    h.pixels_at = in.u32(10);
    const auto i32 = [&](std::size_t at) { return Eigen::Index{std::bit_cast<std::int32_t>(in.u32(at))}; };
    h.cols = old ? Eigen::Index{in.u16(18)} : i32(18);
    h.rows = old ? Eigen::Index{in.u16(20)} : i32(22);
    h.bottom_up = h.rows > 0;
    if (h.rows < 0) h.rows = -h.rows;
    h.bits = old ? in.u16(24) : in.u16(28);
    if (!old) h.compression = in.u32(30);
    const bool fields = h.compression == bit_fields || h.compression == alpha_bit_fields;
    const bool known = h.bits == 1 || h.bits == 2 || h.bits == 4 || h.bits == 8 || h.bits == 16 ||
                       h.bits == 24 || h.bits == 32;
    const bool fits = h.compression == none || (h.compression == rle8 && h.bits == 8) ||
                      (h.compression == rle4 && h.bits == 4) || (fields && (h.bits == 16 || h.bits == 32));
    if (!known || !fits)
        in.fail(28, std::to_string(h.bits) + " bits with compression " + std::to_string(h.compression) +
                        ": not supported");
    read_fields(in, h, header_bytes);
    const std::size_t palette_at = 14 + header_bytes +
                                   (header_bytes > 40             ? 0
                                    : h.compression == bit_fields ? 12
                                    : fields                      ? 16
                                                                  : 0);
    if (h.pixels_at < palette_at || h.pixels_at > in.size())
        in.fail(10, "pixels are said to begin at byte " + std::to_string(h.pixels_at) + " of " +
                        std::to_string(in.size()) + " (truncated?)");
    if (h.bits <= 8) {
        const std::size_t entry = old ? 3 : 4, room = (h.pixels_at - palette_at) / entry;
        const std::size_t stated = old ? 0 : in.u32(46), full = std::size_t{1} << h.bits;
        const std::size_t count = std::min({stated > 0 ? stated : full, full, room});
        for (std::size_t i = 0; i < count; ++i) {
            const std::size_t at = palette_at + i * entry;
            h.palette.push_back({static_cast<std::uint8_t>(in.u8(at + 2)),
                                 static_cast<std::uint8_t>(in.u8(at + 1)),
                                 static_cast<std::uint8_t>(in.u8(at))});
        }
        if (h.palette.empty()) in.fail(palette_at, "no palette");
    }
    return h;
}

/// Run-length data as one index a byte, bottom row first.
Bytes run_lengths(const Reader& in, const Header& h) {
    Bytes indices(static_cast<std::size_t>(h.rows * h.cols));  // skipped pixels have the first colour
    Eigen::Index row = 0, col = 0;
    std::size_t at = h.pixels_at;
    const auto put = [&](std::uint32_t index) {
        if (row >= h.rows || col >= h.cols) in.fail(at, "a run goes beyond the image");
        indices[static_cast<std::size_t>(row * h.cols + col++)] = static_cast<std::uint8_t>(index);
    };
    const auto nibble = [](std::uint32_t byte, std::uint32_t i) {
        return i % 2 == 0 ? byte >> 4 : byte & 15;
    };
    const bool narrow = h.compression == rle4;
    for (;;) {
        const std::uint32_t count = in.u8(at), value = in.u8(at + 1);
        at += 2;
        if (count > 0) {
            for (std::uint32_t i = 0; i < count; ++i) put(narrow ? nibble(value, i) : value);
        } else if (value == 0) {
            ++row, col = 0;
        } else if (value == 1) {
            return indices;
        } else if (value == 2) {
            col += in.u8(at), row += in.u8(at + 1);
            at += 2;
        } else {
            for (std::uint32_t i = 0; i < value; ++i)
                put(narrow ? nibble(in.u8(at + i / 2), i) : in.u8(at + i));
            const std::uint32_t bytes = narrow ? (value + 1) / 2 : value;
            at += bytes + bytes % 2;
        }
    }
}

/// f(row, column, number) for every pixel: a palette index, or 16, 24 or 32 bits.
template <class F>
void for_each_number(const Reader& in, const Header& h, const F& f) {
    const auto row_of = [&](Eigen::Index i) { return h.bottom_up ? h.rows - 1 - i : i; };
    if (h.compression == rle8 || h.compression == rle4) {
        const Bytes indices = run_lengths(in, h);
        for (Eigen::Index i = 0; i < h.rows; ++i)
            for (Eigen::Index j = 0; j < h.cols; ++j)
                f(row_of(i), j, std::uint32_t{indices[static_cast<std::size_t>(i * h.cols + j)]});
        return;
    }
    const std::size_t row_bits = static_cast<std::size_t>(h.cols) * h.bits, stride = (row_bits + 31) / 32 * 4;
    for (Eigen::Index i = 0; i < h.rows; ++i) {
        const std::size_t start = h.pixels_at + static_cast<std::size_t>(i) * stride;
        for (Eigen::Index j = 0; j < h.cols; ++j) {
            const std::size_t bit = static_cast<std::size_t>(j) * h.bits, at = start + bit / 8;
            std::uint32_t number = in.u8(at);
            if (h.bits < 8)
                number = number >> (8 - h.bits - bit % 8) & ((1U << h.bits) - 1);
            else if (h.bits > 8)
                number = h.bits == 16   ? in.u16(at)
                         : h.bits == 24 ? in.u16(at) | in.u8(at + 2) << 16
                                        : in.u32(at);
            f(row_of(i), j, number);
        }
    }
}

}  // namespace

StoredImage decode_bmp(ByteView bytes, const fs::path& name, const DecodeLimits& limits) {
    const Reader in(bytes, name);
    const Header h = read_header(in);
    require_within(h.rows, h.cols, name, limits);
    const std::size_t stride = (static_cast<std::size_t>(h.cols) * h.bits + 31) / 32 * 4;
    const bool packed = h.compression == rle8 || h.compression == rle4;
    // the padding of the last row may be missing
    if (const std::size_t last = (static_cast<std::size_t>(h.cols) * h.bits + 7) / 8,
        needed = h.pixels_at + stride * static_cast<std::size_t>(h.rows - 1) + last;
        !packed && in.size() < needed)
        in.fail(in.size(), "data end here, expected " + std::to_string(needed) + " bytes (truncated?)");
    const bool has_opacity = h.fields[3].mask != 0;
    const bool grey =
        !h.palette.empty() && std::all_of(h.palette.begin(), h.palette.end(),
                                          [](const Colour& c) { return c[0] == c[1] && c[1] == c[2]; });
    const Eigen::Index channels = grey ? 1 : has_opacity ? 4 : 3;
    EightBit pixels = make_eight_bit(ImageFormat::bmp, h.rows, h.cols, channels, name, limits);
    std::uint8_t* const start = pixels.bytes();
    bool any_opaque = false;
    for_each_number(in, h, [&](Eigen::Index row, Eigen::Index col, std::uint32_t number) {
        std::uint8_t* pixel = start + (row * h.cols + col) * channels;
        if (h.bits <= 8) {
            if (number >= h.palette.size())
                in.fail(h.pixels_at, "colour " + std::to_string(number) + " of a palette of " +
                                         std::to_string(h.palette.size()));
            std::copy_n(h.palette[number].begin(), grey ? 1 : 3, pixel);
        } else if (h.bits == 24) {
            for (unsigned k = 0; k < 3; ++k) pixel[k] = static_cast<std::uint8_t>(number >> (16 - 8 * k));
        } else {
            for (std::size_t k = 0; k < static_cast<std::size_t>(channels); ++k)
                pixel[k] = h.fields[k].value(number);
            any_opaque = any_opaque || (has_opacity && pixel[3] > 0);
        }
    });
    // writers that declare an opacity and leave it zero mean an opaque image
    if (has_opacity && !any_opaque)
        for (Eigen::Index i = 0; i < h.rows * h.cols; ++i) start[4 * i + 3] = 255;
    return std::move(pixels.image);
}

}  // namespace reconlaw::data
