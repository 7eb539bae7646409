// JPEG with libjpeg-turbo. libjpeg reports errors by a function that must not return; here it jumps back into
// `guarded`, whose steps own nothing that would need destruction.

#include <algorithm>
#include <csetjmp>
#include <memory>
#include <string>

// jpeglib.h needs FILE, so it comes after <cstdio>.
// clang-format off
#include <cstdio>
#include <jpeglib.h>
// clang-format on

#include "decoders.hpp"
#include "reconlaw/data/file_error.hpp"

namespace reconlaw::data {
namespace {

struct Jpeg {
    jpeg_decompress_struct decoder = {};
    jpeg_error_mgr errors = {};
    jpeg_progress_mgr progress = {};
    std::jmp_buf jump = {};
    char message[JMSG_LENGTH_MAX] = {};
    ByteView bytes;
    std::uint8_t* target = nullptr;
};

Jpeg& owner(j_common_ptr decoder) {
    return *static_cast<Jpeg*>(decoder->client_data);
}

[[noreturn]] void fail(j_common_ptr decoder) {
    Jpeg& jpeg = owner(decoder);
    decoder->err->format_message(decoder, jpeg.message);
    std::longjmp(jpeg.jump, 1);
}

/// Level -1 is a warning: the data are corrupt and libjpeg would go on with invented pixels.
void on_message(j_common_ptr decoder, int level) {
    if (level < 0) fail(decoder);
}

/// A few kilobytes of progressive scans can cost minutes; real photographs have about ten.
void on_progress(j_common_ptr decoder) {
    constexpr int max_scans = 100;
    Jpeg& jpeg = owner(decoder);
    if (jpeg.decoder.input_scan_number <= max_scans) return;
    std::snprintf(jpeg.message, sizeof jpeg.message, "more than %d scans", max_scans);
    std::longjmp(jpeg.jump, 1);
}

/// Run a step; false if libjpeg failed (jpeg.message says why).
bool guarded(Jpeg& jpeg, void (*step)(Jpeg&)) {
    if (setjmp(jpeg.jump) != 0) return false;
    step(jpeg);
    return true;
}

void read_header(Jpeg& jpeg) {
    jpeg_create_decompress(&jpeg.decoder);
    jpeg.decoder.progress = &jpeg.progress;
    jpeg_mem_src(&jpeg.decoder, jpeg.bytes.data(), static_cast<unsigned long>(jpeg.bytes.size()));
    jpeg_read_header(&jpeg.decoder, TRUE);
}

void read_pixels(Jpeg& jpeg) {
    jpeg_start_decompress(&jpeg.decoder);
    const std::size_t stride = std::size_t{jpeg.decoder.output_width} * jpeg.decoder.output_components;
    while (jpeg.decoder.output_scanline < jpeg.decoder.output_height) {
        JSAMPROW row = jpeg.target + jpeg.decoder.output_scanline * stride;
        jpeg_read_scanlines(&jpeg.decoder, &row, 1);
    }
    jpeg_finish_decompress(&jpeg.decoder);  // reads to the end: a truncated tail is noticed
}

}  // namespace

StoredImage decode_jpeg(ByteView bytes, const std::filesystem::path& name, const DecodeLimits& limits) {
    Jpeg jpeg;
    jpeg.bytes = bytes;
    jpeg.decoder.err = jpeg_std_error(&jpeg.errors);
    jpeg.decoder.client_data = &jpeg;
    jpeg.errors.error_exit = fail;
    jpeg.errors.emit_message = on_message;
    jpeg.progress.progress_monitor = on_progress;
    const auto destroy = [](jpeg_decompress_struct* decoder) { jpeg_destroy_decompress(decoder); };
    const std::unique_ptr<jpeg_decompress_struct, decltype(destroy)> cleanup(&jpeg.decoder, destroy);
    const auto error = [&] {
        const std::string reason = std::string("JPEG: ") + jpeg.message;
        if (!jpeg.decoder.src) return FileError(name, reason);
        const std::size_t left = std::min(jpeg.decoder.src->bytes_in_buffer, bytes.size());
        return FileError::at_byte(name, bytes.size() - left, reason);
    };

    if (!guarded(jpeg, read_header)) throw error();
    const bool grey = jpeg.decoder.num_components == 1;
    if (!grey && jpeg.decoder.num_components != 3)
        throw FileError(name, "JPEG with " + std::to_string(jpeg.decoder.num_components) +
                                  " components (CMYK?), expected grey or colour");
    jpeg.decoder.out_color_space = grey ? JCS_GRAYSCALE : JCS_RGB;
    EightBit pixels = make_eight_bit(ImageFormat::jpeg, jpeg.decoder.image_height, jpeg.decoder.image_width,
                                     grey ? 1 : 3, name, limits);
    jpeg.target = pixels.bytes();
    if (!guarded(jpeg, read_pixels)) throw error();
    return std::move(pixels.image);
}

}  // namespace reconlaw::data
