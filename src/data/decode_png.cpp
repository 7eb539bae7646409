// PNG with libpng; errors jump back into `guarded` as in decode_jpeg.cpp. The low-level interface is used
// because the simplified one applies the file's gamma, and stops before the end of the file.

#include <png.h>

#include <algorithm>
#include <bit>
#include <csetjmp>
#include <cstdio>
#include <cstring>
#include <memory>
#include <string>

#include "decoders.hpp"
#include "reconlaw/data/file_error.hpp"

namespace reconlaw::data {
namespace {

struct Png {
    png_structp decoder = nullptr;
    png_infop info = nullptr;
    std::jmp_buf jump = {};
    char message[200] = {};
    ByteView bytes;
    std::size_t offset = 0;
    png_bytepp rows = nullptr;
    int significant_bits = 0;
    std::uint64_t packed_row_bytes = 0;  ///< as compressed in the file

    Png() = default;
    Png(const Png&) = delete;
    Png& operator=(const Png&) = delete;
    ~Png() { png_destroy_read_struct(&decoder, &info, nullptr); }
};

[[noreturn]] void on_error(png_structp decoder, png_const_charp message) {
    Png& png = *static_cast<Png*>(png_get_error_ptr(decoder));
    std::snprintf(png.message, sizeof png.message, "%s", message);
    std::longjmp(png.jump, 1);
}

/// About ancillary chunks (colour profiles, texts), which are not used.
void on_warning(png_structp, png_const_charp) {}

void on_read(png_structp decoder, png_bytep target, std::size_t count) {
    Png& png = *static_cast<Png*>(png_get_io_ptr(decoder));
    if (count > png.bytes.size() - png.offset) png_error(decoder, "data end too early (truncated?)");
    std::memcpy(target, png.bytes.data() + png.offset, count);
    png.offset += count;
}

/// Run a step; false if libpng failed (png.message says why).
bool guarded(Png& png, void (*step)(Png&)) {
    if (setjmp(png.jump) != 0) return false;
    step(png);
    return true;
}

/// Any PNG becomes grey or RGB, perhaps with opacity, of 8 or 16 bits.
void read_header(Png& png) {
    constexpr png_alloc_size_t max_chunk_bytes = 1 << 24;
    png_set_read_fn(png.decoder, &png, on_read);
    png_set_chunk_malloc_max(png.decoder, max_chunk_bytes);
    // Texts and colour profiles are not used, and a thousand compressed ones of a few kilobytes would fill
    // the memory: libpng is to skip what it does not need for the pixels, but sBIT.
    png_set_keep_unknown_chunks(png.decoder, PNG_HANDLE_CHUNK_NEVER, nullptr, -1);
    png_set_keep_unknown_chunks(png.decoder, PNG_HANDLE_CHUNK_AS_DEFAULT,
                                reinterpret_cast<png_const_bytep>("sBIT"), 1);
    png_read_info(png.decoder, png.info);
    png_color_8p bits = nullptr;
    if (png_get_sBIT(png.decoder, png.info, &bits) && png_get_bit_depth(png.decoder, png.info) == 16)
        png.significant_bits = png_get_color_type(png.decoder, png.info) & PNG_COLOR_MASK_COLOR
                                   ? std::max({bits->red, bits->green, bits->blue})
                                   : bits->gray;
    png.packed_row_bytes = png_get_rowbytes(png.decoder, png.info);
    png_set_expand(png.decoder);  // palette, fewer than 8 bits, transparent colour
    if constexpr (std::endian::native == std::endian::little) png_set_swap(png.decoder);
    png_set_interlace_handling(png.decoder);
    png_read_update_info(png.decoder, png.info);
}

void read_pixels(Png& png) {
    png_read_image(png.decoder, png.rows);
    png_read_end(png.decoder, nullptr);
}

}  // namespace

StoredImage decode_png(ByteView bytes, const std::filesystem::path& name, const DecodeLimits& limits) {
    Png png;
    png.bytes = bytes;
    png.decoder = png_create_read_struct(PNG_LIBPNG_VER_STRING, &png, on_error, on_warning);
    if (png.decoder) png.info = png_create_info_struct(png.decoder);
    if (!png.info) throw FileError(name, "PNG: libpng cannot start");
    const auto error = [&] {
        return FileError::at_byte(name, png.offset, std::string("PNG: ") + png.message);
    };

    if (!guarded(png, read_header)) throw error();
    const Eigen::Index rows = png_get_image_height(png.decoder, png.info),
                       cols = png_get_image_width(png.decoder, png.info),
                       channels = png_get_channels(png.decoder, png.info);
    const bool wide = png_get_bit_depth(png.decoder, png.info) == 16;
    const std::size_t stride = static_cast<std::size_t>(cols * channels * (wide ? 2 : 1));
    if (png_get_rowbytes(png.decoder, png.info) != stride)
        throw FileError(name, "PNG: not convertible to 8 or 16-bit samples");
    require_within(rows, cols, name, limits);
    // Deflate shrinks nothing below a 1032nd: no room is made for pixels that cannot be there.
    constexpr std::uint64_t largest_ratio = 1032;
    if (static_cast<std::uint64_t>(rows) * png.packed_row_bytes / largest_ratio > bytes.size())
        throw FileError(name, "PNG: " + size_text(rows, cols) + " cannot be in " +
                                  std::to_string(bytes.size()) + " bytes (truncated?)");

    StoredImage image = wide ? make_stored<std::uint16_t>(ImageFormat::png, rows, cols, channels,
                                                          {SampleKind::whole, 16}, name, limits)
                             : make_stored<std::uint8_t>(ImageFormat::png, rows, cols, channels,
                                                         {SampleKind::whole, 8}, name, limits);
    if (png.significant_bits > 0) image.significant_bits = png.significant_bits;
    auto* start =
        std::visit([](auto& samples) { return reinterpret_cast<png_bytep>(samples.data()); }, image.samples);
    std::vector<png_bytep> row_starts(static_cast<std::size_t>(rows));
    for (std::size_t i = 0; i < row_starts.size(); ++i) row_starts[i] = start + i * stride;
    png.rows = row_starts.data();
    if (!guarded(png, read_pixels)) throw error();
    return image;
}

}  // namespace reconlaw::data
