// Processed images in the numbers of their sources: PNG with 8 or 16 bits, TIFF.

#include <png.h>

#include <algorithm>
#include <bit>
#include <cmath>
#include <csetjmp>
#include <cstdio>

#include "decoders.hpp"
#include "reconlaw/data/atomic_file.hpp"
#include "reconlaw/detail/check.hpp"

namespace reconlaw::data {
namespace {

/// Values of [0, 1] as the range's numbers. @throws std::invalid_argument  NaN
template <class Sample>
std::vector<Sample> stored_values(const Image& image, const Storage& storage) {
    const double low = storage.range.low, width = storage.range.high - storage.range.low;
    std::vector<Sample> values(static_cast<std::size_t>(image.size()));
    std::transform(image.data(), image.data() + image.size(), values.begin(), [&](float x) {
        detail::require(!std::isnan(x), "encode_stored", "pixel value", x, "a number");
        const double on_unit = std::clamp(static_cast<double>(x), 0.0, 1.0);
        const double value = low + (storage.white_is_zero ? 1 - on_unit : on_unit) * width;
        if constexpr (std::is_integral_v<Sample>)
            return static_cast<Sample>(
                std::lround(std::clamp(value, storage.type.lowest(), storage.type.highest())));
        else
            return static_cast<Sample>(value);
    });
    return values;
}

struct PngWriter {
    png_structp encoder = nullptr;
    png_infop info = nullptr;
    std::jmp_buf jump = {};
    char message[200] = {};
    Bytes bytes;

    PngWriter() = default;
    PngWriter(const PngWriter&) = delete;
    PngWriter& operator=(const PngWriter&) = delete;
    ~PngWriter() { png_destroy_write_struct(&encoder, &info); }
};

[[noreturn]] void on_error(png_structp encoder, png_const_charp message) {
    PngWriter& png = *static_cast<PngWriter*>(png_get_error_ptr(encoder));
    std::snprintf(png.message, sizeof png.message, "%s", message);
    std::longjmp(png.jump, 1);
}

void on_write(png_structp encoder, png_bytep data, std::size_t count) {
    Bytes& bytes = static_cast<PngWriter*>(png_get_io_ptr(encoder))->bytes;
    bytes.insert(bytes.end(), data, data + count);
}

/// Grey samples of 8 or 16 bits in the machine's byte order. libpng's simplified interface would declare
/// 16-bit numbers linear light.
struct PngContent {
    Eigen::Index rows, cols;
    int bits;
    std::optional<int> significant_bits;
    const std::uint8_t* samples;
};

/// Owns nothing that needs destruction: errors jump out of it.
void write_all(PngWriter& png, const PngContent& content) {
    png_set_write_fn(png.encoder, &png, on_write, nullptr);
    png_set_IHDR(png.encoder, png.info, static_cast<png_uint_32>(content.cols),
                 static_cast<png_uint_32>(content.rows), content.bits, PNG_COLOR_TYPE_GRAY,
                 PNG_INTERLACE_NONE, PNG_COMPRESSION_TYPE_DEFAULT, PNG_FILTER_TYPE_DEFAULT);
    if (content.significant_bits) {
        png_color_8 bits = {};
        bits.gray = static_cast<png_byte>(*content.significant_bits);
        png_set_sBIT(png.encoder, png.info, &bits);
    }
    png_write_info(png.encoder, png.info);
    if (content.bits == 16 && std::endian::native == std::endian::little) png_set_swap(png.encoder);
    const Eigen::Index stride = content.cols * content.bits / 8;
    for (Eigen::Index i = 0; i < content.rows; ++i) png_write_row(png.encoder, content.samples + i * stride);
    png_write_end(png.encoder, png.info);
}

bool guarded(PngWriter& png, const PngContent& content) {
    if (setjmp(png.jump) != 0) return false;
    write_all(png, content);
    return true;
}

Bytes encode_grey_png(const PngContent& content) {
    PngWriter png;
    png.encoder = png_create_write_struct(PNG_LIBPNG_VER_STRING, &png, on_error, [](auto, auto) {});
    if (png.encoder) png.info = png_create_info_struct(png.encoder);
    if (!png.info) throw std::runtime_error("encode_stored: libpng cannot start");
    if (!guarded(png, content)) throw std::runtime_error(std::string("encode_stored: ") + png.message);
    return std::move(png.bytes);
}

}  // namespace

Bytes encode_stored(const Image& image, const Storage& storage, ImageFormat format) {
    require_encodable(image.rows(), image.cols());
    const bool png = format == ImageFormat::png;
    detail::require(png || format == ImageFormat::tiff, "encode_stored", "format", name_of(format),
                    "PNG or TIFF");
    const SampleType type = storage.type;
    const auto written = [&](const auto& samples) {
        const auto* start = reinterpret_cast<const std::uint8_t*>(samples.data());
        return png ? encode_grey_png({image.rows(), image.cols(), type.bits, storage.significant_bits, start})
                   : encode_tiff(start, image.rows(), image.cols(), type, storage.white_is_zero);
    };
    if (type == SampleType{SampleKind::whole, 8}) {
        // the same file as that of an image that never was anything but 8 bits
        if (png && storage.range == ValueRange{} && !storage.significant_bits) return encode_png(image);
        return written(stored_values<std::uint8_t>(image, storage));
    }
    if (type == SampleType{SampleKind::whole, 16})
        return written(stored_values<std::uint16_t>(image, storage));
    if (!png && type == SampleType{SampleKind::signed_whole, 16})
        return written(stored_values<std::int16_t>(image, storage));
    detail::require(!png && type == SampleType{SampleKind::real, 32}, "encode_stored", "type", type.text(),
                    png ? "8-bit or 16-bit" : "8-bit, 16-bit, 16-bit signed or 32-bit float");
    return written(stored_values<float>(image, storage));
}

void write_stored(const std::filesystem::path& path, const Image& image, const Storage& storage,
                  ImageFormat format) {
    const Bytes bytes = encode_stored(image, storage, format);
    write_file_atomically(path, {reinterpret_cast<const char*>(bytes.data()), bytes.size()});
}

}  // namespace reconlaw::data
