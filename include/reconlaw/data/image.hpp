#pragma once
/// Grey images: decoding JPEG, PNG and WebP, writing PNG, box downsampling.

#include <Eigen/Core>
#include <array>
#include <filesystem>

#include "reconlaw/data/bytes.hpp"

namespace reconlaw::data {

/// rows x cols, values in [0, 1] (0 black, 1 white), gamma-encoded as in the file. Single precision: 8-bit
/// sources need no more, and a set of photographs fits in half the memory.
using Image = Eigen::Array<float, Eigen::Dynamic, Eigen::Dynamic, Eigen::RowMajor>;

enum class ImageFormat { jpeg, png, webp };

/// The format by its first bytes. @throws FileError  none of the three
ImageFormat image_format(ByteView bytes, const std::filesystem::path& name);

/// What a decoder accepts, checked from the header before anything of that size is allocated.
struct DecodeLimits {
    Eigen::Index max_side_px = 32768;
    Eigen::Index max_pixels = Eigen::Index{1} << 26;
};

/// Decode a JPEG, PNG or WebP image to luma 0.299 R + 0.587 G + 0.114 B of its 8-bit gamma-encoded pixels,
/// over 255. Transparent pixels are composited on white. Colour profiles, PNG gamma and EXIF orientation are
/// ignored, 16-bit PNG is rounded to 8 bits. Not supported: CMYK JPEG, animated WebP.
///
/// @param name  for messages
/// @throws FileError  unknown format, over the limits, unsupported kind, truncated or corrupt; everything
/// libjpeg
///                    reports as a warning about the data is an error here: no grey filler for missing pixels
Image decode_image(ByteView bytes, const std::filesystem::path& name, const DecodeLimits& limits = {});

/// decode_image of a file.
Image read_image(const std::filesystem::path& path, const DecodeLimits& limits = {});

/// Means of factor x factor blocks; remaining rows and columns at the bottom and right are cropped.
/// @param factor  1 <= factor <= min(rows, cols)
/// @return floor(rows/factor) x floor(cols/factor)
/// @throws std::invalid_argument  factor outside its range
Image box_downsample(const Image& image, Eigen::Index factor);

/// An 8-bit grey PNG; values are clipped to [0, 1] and rounded to the nearest of 256 levels.
/// @throws std::invalid_argument  empty image or NaN
Bytes encode_png(const Image& image);

/// An 8-bit colour PNG from red, green and blue planes of equal size.
Bytes encode_png(const std::array<Image, 3>& red_green_blue);

/// encode_png, written atomically, through a symbolic link if `path` is one. @throws FileError  cannot be
/// written
void write_png(const std::filesystem::path& path, const Image& image);
void write_png(const std::filesystem::path& path, const std::array<Image, 3>& red_green_blue);

}  // namespace reconlaw::data
