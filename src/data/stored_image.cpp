#include "reconlaw/data/stored_image.hpp"

#include <algorithm>
#include <bit>
#include <cmath>
#include <limits>

#include "decoders.hpp"
#include "reconlaw/data/file_error.hpp"
#include "reconlaw/detail/check.hpp"

namespace reconlaw::data {
namespace {

double opaque_value(const StoredImage& image) {
    return image.type.highest();
}

/// f(pixel number, stored grey value, opacity) for every pixel.
template <class F>
void for_each_grey(const StoredImage& image, const F& f) {
    std::visit(
        [&](const auto& samples) {
            const auto* v = samples.data();
            const Eigen::Index count = image.rows * image.cols, channels = image.channels;
            const bool colour = image.has_colour(), veiled = image.has_opacity();
            const double opaque = opaque_value(image);
            for (Eigen::Index i = 0; i < count; ++i, v += channels) {
                double y = v[0];
                if (colour) y = 0.299 * v[0] + 0.587 * v[1] + 0.114 * v[2];
                f(i, y, veiled ? static_cast<double>(v[channels - 1]) : opaque);
            }
        },
        image.samples);
}

/// f(sample) for every sample that is no opacity, of pixels that are not fully transparent.
template <class F>
void for_each_sample(const StoredImage& image, const F& f) {
    std::visit(
        [&](const auto& samples) {
            const Eigen::Index channels = image.channels, colours = channels - (image.has_opacity() ? 1 : 0);
            const auto* v = samples.data();
            for (Eigen::Index i = image.rows * image.cols; i > 0; --i, v += channels) {
                if (colours < channels && v[colours] <= 0) continue;
                for (Eigen::Index c = 0; c < colours; ++c) f(v[c]);
            }
        },
        image.samples);
}

/// Whether 16-bit samples are those of n bits scaled up to 16, as PNG asks for: shifted, with the upper bits
/// repeated, or multiplied and rounded.
bool is_scaled_up(const StoredImage& image, int n) {
    const int shift = 16 - n;
    const double scale = 65535.0 / ((1 << n) - 1);
    bool scaled = true;
    for_each_sample(image, [&](auto sample) {
        const auto value = static_cast<unsigned>(sample);
        const unsigned upper = value >> shift;
        unsigned repeated = upper << shift;
        for (int filled = n; filled < 16; filled += n) repeated |= (upper << shift) >> filled;
        const double nearest = std::round(std::round(value / scale) * scale);
        scaled = scaled && (value == upper << shift || value == repeated || value == nearest);
    });
    return scaled;
}

double largest_sample(const StoredImage& image) {
    double largest = 0;
    for_each_sample(image, [&](auto sample) { largest = std::max(largest, static_cast<double>(sample)); });
    return largest;
}

ValueRange whole_range(int bits) {
    return {0, std::ldexp(1.0, bits) - 1};
}

ValueRange type_range(const StoredImage& image) {
    return {image.type.lowest(), image.type.highest()};
}

ChosenRange data_range(const StoredImage& image) {
    const Extent extent = grey_extent(image);
    if (extent.lowest < extent.highest) return {{extent.lowest, extent.highest}, RangeRule::data};
    const ValueRange type = type_range(image);
    if (extent.lowest >= type.low && extent.lowest <= type.high) return {type, RangeRule::type};
    return {{extent.lowest, extent.lowest + std::max(1.0, std::abs(extent.lowest))}, RangeRule::data};
}

}  // namespace

double SampleType::lowest() const {
    return kind == SampleKind::signed_whole ? -std::ldexp(1.0, bits - 1) : 0;
}

double SampleType::highest() const {
    if (kind == SampleKind::real) return 1;
    return std::ldexp(1.0, kind == SampleKind::whole ? bits : bits - 1) - 1;
}

std::string SampleType::text() const {
    const std::string width = std::to_string(bits) + "-bit";
    return kind == SampleKind::whole ? width : width + (kind == SampleKind::real ? " float" : " signed");
}

Image to_grey(const StoredImage& image, const ValueRange& range) {
    const double low = range.low, width = range.high - range.low;
    detail::require(std::isfinite(low) && std::isfinite(range.high) && width > 0, "to_grey", "range",
                    std::to_string(low) + ":" + std::to_string(range.high), "finite, low below high");
    const double white = image.white_is_zero ? range.low : range.high, opaque = opaque_value(image);
    Image grey(image.rows, image.cols);
    for_each_grey(image, [&](Eigen::Index i, double y, double opacity) {
        if (image.has_opacity())
            y = image.premultiplied ? y + white * (opaque - opacity) / opaque
                                    : white + (y - white) * opacity / opaque;
        double x = (y - low) / width;
        if (image.white_is_zero) x = 1 - x;
        grey.data()[i] = static_cast<float>(std::clamp(x, 0.0, 1.0));
    });
    return grey;
}

Extent grey_extent(const StoredImage& image) {
    constexpr double infinity = std::numeric_limits<double>::infinity();
    Extent visible{infinity, -infinity}, all = visible;
    for_each_grey(image, [&](Eigen::Index, double y, double opacity) {
        all = {std::min(all.lowest, y), std::max(all.highest, y)};
        if (opacity > 0) visible = {std::min(visible.lowest, y), std::max(visible.highest, y)};
    });
    return visible.lowest <= visible.highest ? visible : all;
}

Eigen::Index count_outside(const StoredImage& image, const ValueRange& range) {
    Eigen::Index count = 0;
    for_each_grey(image, [&](Eigen::Index, double y, double opacity) {
        // a luma of the same three numbers is that number but for rounding
        const double slack = 1e-12 * std::max(std::abs(range.low), std::abs(range.high));
        count += opacity > 0 && (y < range.low - slack || y > range.high + slack);
    });
    return count;
}

ChosenRange common_range(const StoredImage& image) {
    if (image.significant_bits && image.type == SampleType{SampleKind::whole, 16}) {
        const int n = *image.significant_bits;
        if (n >= 1 && n < 16 && largest_sample(image) <= whole_range(n).high && !is_scaled_up(image, n))
            return {whole_range(n), RangeRule::significant_bits};
    }
    return {type_range(image), RangeRule::type};
}

ChosenRange choose_range(const StoredImage& image, const RangeRequest& request) {
    switch (request.kind) {
        case RangeRequest::Kind::given:
            return {request.range, RangeRule::given};
        case RangeRequest::Kind::type:
            return {type_range(image), RangeRule::type};
        case RangeRequest::Kind::data:
            return data_range(image);
        default:
            break;
    }
    if (image.type.kind == SampleKind::signed_whole) return data_range(image);
    if (image.type.kind == SampleKind::real) {
        const Extent extent = grey_extent(image);
        return extent.lowest >= 0 && extent.highest <= 1 && extent.highest >= 0.5
                   ? ChosenRange{type_range(image), RangeRule::type}
                   : data_range(image);
    }
    if (const ChosenRange common = common_range(image);
        image.type.bits <= 8 || common.rule == RangeRule::significant_bits)
        return common;
    // sBIT with scaled samples says that the whole type is meant, however dark the image is
    const bool declared = image.significant_bits && *image.significant_bits < image.type.bits &&
                          is_scaled_up(image, *image.significant_bits);
    const double largest = largest_sample(image);
    if (declared || largest == 0 || largest >= std::ldexp(1.0, image.type.bits - 1))
        return {type_range(image), RangeRule::type};
    const int bits = static_cast<int>(std::bit_width(static_cast<std::uint64_t>(largest)));
    return {whole_range(bits), RangeRule::used_bits};
}

Image to_common_grey(const StoredImage& image, const std::filesystem::path& name) {
    const ValueRange range = common_range(image).range;
    if (image.type.kind == SampleKind::real)
        if (const Extent extent = grey_extent(image);
            extent.lowest < range.low || extent.highest > range.high + 1e-6)  // lumas are rounded
            throw FileError(name, image.type.text() + " values from " + std::to_string(extent.lowest) +
                                      " to " + std::to_string(extent.highest) +
                                      ", expected 0 to 1 (or say which of them are black and white)");
    return to_grey(image, range);
}

Storage storage_like(const StoredImage& source, const ValueRange& range, ImageFormat format) {
    const bool png = format == ImageFormat::png;
    const SampleType type = source.type;
    Storage storage;
    storage.range = range;
    storage.white_is_zero = source.white_is_zero && !png;
    if (type.kind == SampleKind::whole && type.bits <= 16) {
        storage.type = {SampleKind::whole, type.bits <= 8 ? 8 : 16};
        if (png && source.format == ImageFormat::png) storage.significant_bits = source.significant_bits;
    } else if (png) {
        storage.type = {SampleKind::whole, 16};
        storage.range = whole_range(16);
    } else {
        storage.type = type.kind == SampleKind::signed_whole && type.bits <= 16
                           ? SampleType{SampleKind::signed_whole, 16}
                           : SampleType{SampleKind::real, 32};
    }
    return storage;
}

}  // namespace reconlaw::data
