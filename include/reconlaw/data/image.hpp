#pragma once
/// Grey images: decoding JPEG, PNG, WebP, TIFF and BMP, writing PNG, box downsampling.

#include <Eigen/Core>
#include <array>
#include <filesystem>
#include <string_view>

#include "reconlaw/data/bytes.hpp"

namespace reconlaw::data {

/// rows x cols, values in [0, 1] (0 black, 1 white), gamma-encoded as in the file. Single precision:
/// sources of up to 16 bits need no more, and a set of photographs fits in half the memory.
using Image = Eigen::Array<float, Eigen::Dynamic, Eigen::Dynamic, Eigen::RowMajor>;

enum class ImageFormat { jpeg, png, webp, tiff, bmp };

/// "JPEG", "PNG", "WebP", "TIFF" or "BMP"
std::string_view name_of(ImageFormat format);

/// The format by its first bytes. @throws FileError  none of these
ImageFormat image_format(ByteView bytes, const std::filesystem::path& name);

/// What a decoder accepts, checked from the header before anything of that size is allocated.
struct DecodeLimits {
    Eigen::Index max_side_px = 32768;
    Eigen::Index max_pixels = Eigen::Index{1} << 26;
};

/// Decode an image to luma 0.299 R + 0.587 G + 0.114 B of its gamma-encoded samples, over the largest number
/// that their type has: 255, 65535, ... Which numbers an image really uses, choose_range finds out
/// (stored_image.hpp); this function does not look, so that the images of a set stay comparable. The only
/// exception: 16-bit PNG whose sBIT chunk declares n significant bits and whose samples are not scaled up to
/// 16 bits, as PNG asks for, is divided by 2^n - 1.
///
/// Transparent pixels are composited on white. Colour profiles, PNG gamma and EXIF orientation are ignored.
///
/// TIFF: the first page; grey, RGB or palette; whole numbers of 1 to 16 or 32 bits, signed of 8, 16 or 32,
/// reals of 32 or 64; strips or tiles, every compression that libtiff has, MinIsWhite, its orientation tag
/// applied. Reals must lie in [0, 1].
/// BMP: 1 to 32 bits, palette, bit fields, run lengths.
/// Not supported: CMYK, animated WebP.
///
/// @param name  for messages
/// @throws FileError  unknown format, over the limits, unsupported kind, truncated or corrupt; everything
///                    libjpeg reports as a warning about the data is an error here: no grey filler for
///                    missing pixels
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
