#pragma once
/// The three decoders behind decode_image. Private to src/data.

#include "reconlaw/data/image.hpp"

namespace reconlaw::data {

/// 8-bit pixels, row-major, channels fastest: 1 grey, 3 RGB, 4 RGB and alpha.
struct Pixels {
    Eigen::Index rows = 0, cols = 0, channels = 0;
    Bytes values;
};

/// Each throws FileError as decode_image does.
Pixels decode_jpeg(ByteView bytes, const std::filesystem::path& name, const DecodeLimits& limits);
Pixels decode_png(ByteView bytes, const std::filesystem::path& name, const DecodeLimits& limits);
Pixels decode_webp(ByteView bytes, const std::filesystem::path& name, const DecodeLimits& limits);

/// Room for an image of the size its header claims. @throws FileError  empty, or over the limits
Pixels make_pixels(Eigen::Index rows, Eigen::Index cols, Eigen::Index channels,
                   const std::filesystem::path& name, const DecodeLimits& limits);

}  // namespace reconlaw::data
