#pragma once
/// The decoders behind decode_stored. Private to src/data.

#include "reconlaw/data/stored_image.hpp"

namespace reconlaw::data {

/// Each throws FileError as decode_stored does.
StoredImage decode_jpeg(ByteView bytes, const std::filesystem::path& name, const DecodeLimits& limits);
StoredImage decode_png(ByteView bytes, const std::filesystem::path& name, const DecodeLimits& limits);
StoredImage decode_webp(ByteView bytes, const std::filesystem::path& name, const DecodeLimits& limits);
StoredImage decode_tiff(ByteView bytes, const std::filesystem::path& name, const DecodeLimits& limits);
StoredImage decode_bmp(ByteView bytes, const std::filesystem::path& name, const DecodeLimits& limits);

/// "34 x 21 pixels"
std::string size_text(Eigen::Index rows, Eigen::Index cols);

/// @throws FileError  an image of this size is empty, or over the limits
void require_within(Eigen::Index rows, Eigen::Index cols, const std::filesystem::path& name,
                    const DecodeLimits& limits);

/// Room for an image of the size its header claims. @throws FileError  as require_within
template <class Sample>
StoredImage make_stored(ImageFormat format, Eigen::Index rows, Eigen::Index cols, Eigen::Index channels,
                        SampleType type, const std::filesystem::path& name, const DecodeLimits& limits) {
    require_within(rows, cols, name, limits);
    StoredImage image;
    image.format = format, image.rows = rows, image.cols = cols, image.channels = channels;
    image.type = type;
    image.samples = std::vector<Sample>(static_cast<std::size_t>(rows * cols * channels));
    return image;
}

/// The same for 8 bits, and the first of its bytes.
struct EightBit {
    StoredImage image;
    std::uint8_t* bytes() { return std::get<Bytes>(image.samples).data(); }
};
inline EightBit make_eight_bit(ImageFormat format, Eigen::Index rows, Eigen::Index cols,
                               Eigen::Index channels, const std::filesystem::path& name,
                               const DecodeLimits& limits) {
    return {make_stored<std::uint8_t>(format, rows, cols, channels, {}, name, limits)};
}

/// What decode_image makes of a decoded file. @throws FileError  reals outside [0, 1]
Image to_common_grey(const StoredImage& image, const std::filesystem::path& name);

/// One page of 8 or 16-bit, 16-bit signed or 32-bit real samples, row-major, in the machine's byte order.
Bytes encode_tiff(const void* samples, Eigen::Index rows, Eigen::Index cols, SampleType type,
                  bool white_is_zero);

/// @throws std::invalid_argument  empty, or too large for libpng
void require_encodable(Eigen::Index rows, Eigen::Index cols);

}  // namespace reconlaw::data
