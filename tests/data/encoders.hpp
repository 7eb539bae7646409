#pragma once
/// Small encoded files made in the test: gzip, JPEG, PNG of any kind, WebP.

#include <png.h>
#include <webp/encode.h>
#include <zlib.h>

#include <cstdlib>
#include <stdexcept>
#include <string>

// jpeglib.h needs FILE, so it comes after <cstdio>.
// clang-format off
#include <cstdio>
#include <jpeglib.h>
// clang-format on

#include "reconlaw/data/bytes.hpp"

namespace reconlaw::data::testing {

inline Bytes gzip(ByteView bytes) {
    z_stream stream = {};
    deflateInit2(&stream, 6, Z_DEFLATED, 16 + MAX_WBITS, 8, Z_DEFAULT_STRATEGY);
    Bytes output(deflateBound(&stream, bytes.size()));
    stream.next_in = const_cast<Bytef*>(bytes.data());
    stream.avail_in = static_cast<uInt>(bytes.size());
    stream.next_out = output.data();
    stream.avail_out = static_cast<uInt>(output.size());
    deflate(&stream, Z_FINISH);
    output.resize(stream.total_out);
    deflateEnd(&stream);
    return output;
}

/// rows x cols x channels smooth colours with some texture; alpha (channel 4) runs from 0 to 255.
inline Bytes test_pixels(int rows, int cols, int channels) {
    Bytes pixels;
    for (int i = 0; i < rows; ++i)
        for (int j = 0; j < cols; ++j)
            for (int c = 0; c < channels; ++c)
                pixels.push_back(static_cast<std::uint8_t>(
                    c == 3 ? 255 * j / (cols - 1)
                           : 20 + (7 * i + 5 * j * (c + 1) + 13 * ((i ^ j) & 3)) % 220));
    return pixels;
}

enum class Scans { one, progressive, separate };  // separate: one for each colour component

/// 1 channel: grey, 3: RGB, 4: CMYK.
inline Bytes encode_jpeg(const Bytes& pixels, int rows, int cols, int channels, Scans scans = Scans::one) {
    jpeg_compress_struct encoder = {};
    jpeg_error_mgr errors = {};
    encoder.err = jpeg_std_error(&errors);
    jpeg_create_compress(&encoder);
    unsigned char* buffer = nullptr;
    unsigned long size = 0;
    jpeg_mem_dest(&encoder, &buffer, &size);
    encoder.image_width = static_cast<JDIMENSION>(cols);
    encoder.image_height = static_cast<JDIMENSION>(rows);
    encoder.input_components = channels;
    encoder.in_color_space = channels == 1 ? JCS_GRAYSCALE : channels == 3 ? JCS_RGB : JCS_CMYK;
    jpeg_set_defaults(&encoder);
    jpeg_set_quality(&encoder, 95, TRUE);
    if (scans == Scans::progressive) jpeg_simple_progression(&encoder);
    const jpeg_scan_info by_component[] = {
        {1, {0}, 0, 63, 0, 0}, {1, {1}, 0, 63, 0, 0}, {1, {2}, 0, 63, 0, 0}};
    if (scans == Scans::separate) encoder.scan_info = by_component, encoder.num_scans = 3;
    jpeg_start_compress(&encoder, TRUE);
    while (encoder.next_scanline < encoder.image_height) {
        JSAMPROW row = const_cast<JSAMPROW>(pixels.data() +
                                            encoder.next_scanline * static_cast<unsigned>(cols * channels));
        jpeg_write_scanlines(&encoder, &row, 1);
    }
    jpeg_finish_compress(&encoder);
    jpeg_destroy_compress(&encoder);
    const Bytes encoded(buffer, buffer + size);
    std::free(buffer);
    return encoded;
}

/// @param pixels  packed as PNG stores them: bit_depth bits a sample, 16 bits big-endian
/// @param significant_bits  sBIT of every channel; 0: none
inline Bytes encode_any_png(const Bytes& pixels, int rows, int cols, int bit_depth, int color_type,
                            bool interlaced = false, int significant_bits = 0) {
    Bytes encoded;
    png_structp encoder = png_create_write_struct(PNG_LIBPNG_VER_STRING, nullptr, nullptr, nullptr);
    png_infop info = png_create_info_struct(encoder);
    png_set_write_fn(
        encoder, &encoded,
        [](png_structp e, png_bytep data, std::size_t count) {
            Bytes& target = *static_cast<Bytes*>(png_get_io_ptr(e));
            target.insert(target.end(), data, data + count);
        },
        [](png_structp) {});
    png_set_IHDR(encoder, info, static_cast<png_uint_32>(cols), static_cast<png_uint_32>(rows), bit_depth,
                 color_type, interlaced ? PNG_INTERLACE_ADAM7 : PNG_INTERLACE_NONE,
                 PNG_COMPRESSION_TYPE_DEFAULT, PNG_FILTER_TYPE_DEFAULT);
    if (color_type == PNG_COLOR_TYPE_PALETTE) {
        const png_color palette[] = {{255, 0, 0}, {0, 255, 0}, {0, 0, 255}, {10, 20, 30}};
        png_set_PLTE(encoder, info, palette, 4);
    }
    if (significant_bits > 0) {
        const auto bits = static_cast<png_byte>(significant_bits);
        const png_color_8 all = {bits, bits, bits, bits, bits};
        png_set_sBIT(encoder, info, &all);
    }
    png_set_gAMA(encoder, info, 1.0);  // to be ignored by the decoder
    png_write_info(encoder, info);
    const std::size_t stride = png_get_rowbytes(encoder, info);
    std::vector<png_bytep> row_pointers;
    for (std::size_t i = 0; i < static_cast<std::size_t>(rows); ++i)
        row_pointers.push_back(const_cast<png_bytep>(pixels.data() + i * stride));
    png_write_image(encoder, row_pointers.data());
    png_write_end(encoder, info);
    png_destroy_write_struct(&encoder, &info);
    return encoded;
}

/// @param channels  3: RGB, 4: RGBA
inline Bytes encode_webp(const Bytes& pixels, int rows, int cols, int channels, bool lossless) {
    std::uint8_t* buffer = nullptr;
    const int stride = cols * channels;
    const std::uint8_t* p = pixels.data();
    std::size_t size = 0;
    if (channels == 3)
        size = lossless ? WebPEncodeLosslessRGB(p, cols, rows, stride, &buffer)
                        : WebPEncodeRGB(p, cols, rows, stride, 90.0f, &buffer);
    else
        size = lossless ? WebPEncodeLosslessRGBA(p, cols, rows, stride, &buffer)
                        : WebPEncodeRGBA(p, cols, rows, stride, 90.0f, &buffer);
    if (size == 0) throw std::runtime_error("encode_webp failed");
    const Bytes encoded(buffer, buffer + size);
    WebPFree(buffer);
    return encoded;
}

}  // namespace reconlaw::data::testing
