// PNG with libpng; errors jump back into `guarded` as in decode_jpeg.cpp. The low-level interface is used
// because the simplified one applies the file's gamma, and stops before the end of the file.

#include <png.h>

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

/// Any PNG becomes 8-bit RGB and alpha.
void read_header(Png& png) {
    constexpr png_alloc_size_t max_chunk_bytes = 1 << 24;
    png_set_read_fn(png.decoder, &png, on_read);
    png_set_chunk_malloc_max(png.decoder, max_chunk_bytes);
    png_read_info(png.decoder, png.info);
    png_set_expand(png.decoder);    // palette, fewer than 8 bits, transparent colour
    png_set_scale_16(png.decoder);  // 16 bits: rounded, not cut
    png_set_gray_to_rgb(png.decoder);
    png_set_add_alpha(png.decoder, 0xff, PNG_FILLER_AFTER);
    png_set_interlace_handling(png.decoder);
    png_read_update_info(png.decoder, png.info);
}

void read_pixels(Png& png) {
    png_read_image(png.decoder, png.rows);
    png_read_end(png.decoder, nullptr);
}

}  // namespace

Pixels decode_png(ByteView bytes, const std::filesystem::path& name, const DecodeLimits& limits) {
    Png png;
    png.bytes = bytes;
    png.decoder = png_create_read_struct(PNG_LIBPNG_VER_STRING, &png, on_error, on_warning);
    if (png.decoder) png.info = png_create_info_struct(png.decoder);
    if (!png.info) throw FileError(name, "PNG: libpng cannot start");
    const auto error = [&] {
        return FileError::at_byte(name, png.offset, std::string("PNG: ") + png.message);
    };

    if (!guarded(png, read_header)) throw error();
    Pixels pixels = make_pixels(png_get_image_height(png.decoder, png.info),
                                png_get_image_width(png.decoder, png.info), 4, name, limits);
    const std::size_t stride = static_cast<std::size_t>(4 * pixels.cols);
    if (png_get_rowbytes(png.decoder, png.info) != stride)
        throw FileError(name, "PNG: not convertible to 8-bit RGBA");
    std::vector<png_bytep> rows(static_cast<std::size_t>(pixels.rows));
    for (std::size_t i = 0; i < rows.size(); ++i) rows[i] = pixels.values.data() + i * stride;
    png.rows = rows.data();
    if (!guarded(png, read_pixels)) throw error();
    return pixels;
}

}  // namespace reconlaw::data
