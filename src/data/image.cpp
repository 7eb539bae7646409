#include "reconlaw/data/image.hpp"

#include <png.h>

#include <algorithm>
#include <cmath>
#include <string>

#include "decoders.hpp"
#include "reconlaw/data/atomic_file.hpp"
#include "reconlaw/data/file_error.hpp"
#include "reconlaw/detail/check.hpp"

namespace reconlaw::data {
namespace {

namespace fs = std::filesystem;

std::uint8_t to_byte(float value) {
    detail::require(!std::isnan(value), "encode_png", "pixel value", value, "a number");
    return static_cast<std::uint8_t>(std::lround(std::clamp(value, 0.0f, 1.0f) * 255.0f));
}

/// @param channels  1 or 3
Bytes encode(Eigen::Index rows, Eigen::Index cols, int channels, const Bytes& pixels) {
    png_image png = {};
    png.version = PNG_IMAGE_VERSION;
    png.width = static_cast<png_uint_32>(cols);
    png.height = static_cast<png_uint_32>(rows);
    png.format = channels == 1 ? PNG_FORMAT_GRAY : PNG_FORMAT_RGB;
    png_alloc_size_t size = 0;
    if (!png_image_write_to_memory(&png, nullptr, &size, 0, pixels.data(), 0, nullptr))
        throw std::runtime_error(std::string("encode_png: ") + png.message);
    Bytes encoded(size);
    if (!png_image_write_to_memory(&png, encoded.data(), &size, 0, pixels.data(), 0, nullptr))
        throw std::runtime_error(std::string("encode_png: ") + png.message);
    encoded.resize(size);
    return encoded;
}

void write_bytes(const fs::path& path, const Bytes& bytes) {
    write_file_atomically(path, {reinterpret_cast<const char*>(bytes.data()), bytes.size()}, Links::follow);
}

}  // namespace

std::string size_text(Eigen::Index rows, Eigen::Index cols) {
    return std::to_string(cols) + " x " + std::to_string(rows) + " pixels";
}

void require_within(Eigen::Index rows, Eigen::Index cols, const fs::path& name, const DecodeLimits& limits) {
    if (rows < 1 || cols < 1) throw FileError(name, "empty image: " + size_text(rows, cols));
    if (std::max(rows, cols) > limits.max_side_px || rows * cols > limits.max_pixels)
        throw FileError(name, "image of " + size_text(rows, cols) + ", the limit is " +
                                  std::to_string(limits.max_pixels) + " pixels and " +
                                  std::to_string(limits.max_side_px) + " on each side");
}

void require_encodable(Eigen::Index rows, Eigen::Index cols) {
    constexpr Eigen::Index max_side = 1000000;  // libpng's limit
    detail::require(rows > 0 && cols > 0 && rows <= max_side && cols <= max_side, "encode_png", "image",
                    size_text(rows, cols), "between 1 and 1000000 pixels on each side");
}

std::string_view name_of(ImageFormat format) {
    switch (format) {
        case ImageFormat::jpeg:
            return "JPEG";
        case ImageFormat::png:
            return "PNG";
        case ImageFormat::webp:
            return "WebP";
        case ImageFormat::tiff:
            return "TIFF";
        default:
            return "BMP";
    }
}

ImageFormat image_format(ByteView bytes, const fs::path& name) {
    const auto has = [&](std::size_t offset, std::string_view magic) {
        return bytes.size() >= offset + magic.size() &&
               std::equal(magic.begin(), magic.end(), bytes.begin() + static_cast<std::ptrdiff_t>(offset),
                          [](char a, std::uint8_t b) { return static_cast<std::uint8_t>(a) == b; });
    };
    if (has(0, "\xff\xd8\xff")) return ImageFormat::jpeg;
    if (has(0, "\x89PNG\r\n\x1a\n")) return ImageFormat::png;
    if (has(0, "RIFF") && has(8, "WEBP")) return ImageFormat::webp;
    using namespace std::string_view_literals;  // with their zeros
    for (const std::string_view magic : {"II*\0"sv, "MM\0*"sv, "II+\0"sv, "MM\0+"sv})
        if (has(0, magic)) return ImageFormat::tiff;
    if (has(0, "BM")) return ImageFormat::bmp;
    throw FileError::at_byte(name, 0,
                             "not an image: expected the first bytes of a JPEG, PNG, WebP, TIFF or BMP file");
}

StoredImage decode_stored(ByteView bytes, const fs::path& name, const DecodeLimits& limits) {
    switch (image_format(bytes, name)) {
        case ImageFormat::jpeg:
            return decode_jpeg(bytes, name, limits);
        case ImageFormat::png:
            return decode_png(bytes, name, limits);
        case ImageFormat::webp:
            return decode_webp(bytes, name, limits);
        case ImageFormat::tiff:
            return decode_tiff(bytes, name, limits);
        default:
            return decode_bmp(bytes, name, limits);
    }
}

StoredImage read_stored(const fs::path& path, const DecodeLimits& limits) {
    return decode_stored(read_file(path), path, limits);
}

Image decode_image(ByteView bytes, const fs::path& name, const DecodeLimits& limits) {
    const StoredImage image = decode_stored(bytes, name, limits);
    return to_common_grey(image, name);
}

Image read_image(const fs::path& path, const DecodeLimits& limits) {
    return decode_image(read_file(path), path, limits);
}

Image box_downsample(const Image& image, Eigen::Index factor) {
    const Eigen::Index largest = std::min(image.rows(), image.cols());
    detail::require(factor >= 1 && factor <= largest, "box_downsample", "factor", factor,
                    "between 1 and " + std::to_string(largest));
    if (factor == 1) return image;
    Image result(image.rows() / factor, image.cols() / factor);
    for (Eigen::Index i = 0; i < result.rows(); ++i)
        for (Eigen::Index j = 0; j < result.cols(); ++j)
            result(i, j) = image.block(i * factor, j * factor, factor, factor).mean();
    return result;
}

Bytes encode_png(const Image& image) {
    require_encodable(image.rows(), image.cols());
    Bytes pixels(static_cast<std::size_t>(image.size()));
    std::transform(image.data(), image.data() + image.size(), pixels.begin(), to_byte);
    return encode(image.rows(), image.cols(), 1, pixels);
}

Bytes encode_png(const std::array<Image, 3>& planes) {
    require_encodable(planes[0].rows(), planes[0].cols());
    Bytes pixels(static_cast<std::size_t>(3 * planes[0].size()));
    for (std::size_t c = 0; c < 3; ++c) {
        detail::require(planes[c].rows() == planes[0].rows() && planes[c].cols() == planes[0].cols(),
                        "encode_png", "colour plane", size_text(planes[c].rows(), planes[c].cols()),
                        "the first plane's " + size_text(planes[0].rows(), planes[0].cols()));
        for (Eigen::Index i = 0; i < planes[c].size(); ++i)
            pixels[3 * static_cast<std::size_t>(i) + c] = to_byte(planes[c].data()[i]);
    }
    return encode(planes[0].rows(), planes[0].cols(), 3, pixels);
}

void write_png(const fs::path& path, const Image& image) {
    write_bytes(path, encode_png(image));
}

void write_png(const fs::path& path, const std::array<Image, 3>& planes) {
    write_bytes(path, encode_png(planes));
}

}  // namespace reconlaw::data
