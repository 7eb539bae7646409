// WebP (lossy and lossless still images) with libwebp.

#include <webp/decode.h>

#include <string>

#include "decoders.hpp"
#include "reconlaw/data/file_error.hpp"

namespace reconlaw::data {
namespace {

std::string reason_of(VP8StatusCode status) {
    switch (status) {
        case VP8_STATUS_OUT_OF_MEMORY:
            return "WebP: out of memory";
        case VP8_STATUS_BITSTREAM_ERROR:
            return "WebP: corrupt data";
        case VP8_STATUS_UNSUPPORTED_FEATURE:
            return "WebP: unsupported feature";
        case VP8_STATUS_SUSPENDED:
        case VP8_STATUS_NOT_ENOUGH_DATA:
            return "WebP: data end too early (truncated?)";
        default:
            return "WebP: error " + std::to_string(static_cast<int>(status));
    }
}

/// @param offset  within the 12 bytes that image_format has seen
std::uint32_t little_endian_u32(ByteView bytes, std::size_t offset) {
    std::uint32_t value = 0;
    for (std::size_t i = 4; i-- > 0;) value = value << 8 | bytes[offset + i];
    return value;
}

}  // namespace

StoredImage decode_webp(ByteView bytes, const std::filesystem::path& name, const DecodeLimits& limits) {
    // libwebp itself does not notice a few missing bytes at the end.
    if (const std::uint64_t claimed = std::uint64_t{8} + little_endian_u32(bytes, 4); bytes.size() < claimed)
        throw FileError::at_byte(
            name, bytes.size(),
            "WebP: data end here, expected " + std::to_string(claimed) + " bytes (truncated?)");
    WebPDecoderConfig config;
    if (!WebPInitDecoderConfig(&config))
        throw FileError(name, "WebP: another version of libwebp than built for");
    VP8StatusCode status = WebPGetFeatures(bytes.data(), bytes.size(), &config.input);
    if (status != VP8_STATUS_OK) throw FileError(name, reason_of(status));
    if (config.input.has_animation) throw FileError(name, "WebP: animations are not supported");

    EightBit pixels =
        make_eight_bit(ImageFormat::webp, config.input.height, config.input.width, 4, name, limits);
    const int stride = 4 * config.input.width;
    config.output.colorspace = MODE_RGBA;
    config.output.is_external_memory = 1;
    config.output.u.RGBA = {.rgba = pixels.bytes(),
                            .stride = stride,
                            .size = static_cast<std::size_t>(pixels.image.rows * stride)};
    status = WebPDecode(bytes.data(), bytes.size(), &config);
    WebPFreeDecBuffer(&config.output);
    if (status != VP8_STATUS_OK) throw FileError(name, reason_of(status));
    return std::move(pixels.image);
}

}  // namespace reconlaw::data
