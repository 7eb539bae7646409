#pragma once
/// Images in the numbers that their files store, and which of those numbers are black and white.

#include <cstdint>
#include <filesystem>
#include <optional>
#include <string>
#include <variant>
#include <vector>

#include "reconlaw/data/image.hpp"

namespace reconlaw::data {

enum class SampleKind { whole, signed_whole, real };

/// What a file stores for one sample.
struct SampleType {
    SampleKind kind = SampleKind::whole;
    int bits = 8;

    double lowest() const;     ///< 0; signed: -2^(bits-1); real: 0
    double highest() const;    ///< 2^bits - 1; signed: 2^(bits-1) - 1; real: 1
    std::string text() const;  ///< "16-bit", "16-bit signed", "32-bit float"
    bool operator==(const SampleType&) const = default;
};

/// The stored values that become 0 and 1: x = (value - low)/(high - low), clipped to [0, 1]. low < high.
struct ValueRange {
    double low = 0, high = 255;
    bool operator==(const ValueRange&) const = default;
};

/// A decoded file before its numbers are mapped to [0, 1]. Samples of 1, 2 and 4 bits, and palettes, have
/// become 8 bits; whole numbers of 9 to 16 bits are uint16, everything else is float (64-bit reals and 32-bit
/// whole numbers are rounded to it).
struct StoredImage {
    ImageFormat format = ImageFormat::png;
    Eigen::Index rows = 0, cols = 0;
    Eigen::Index channels = 1;  ///< 1 grey, 2 grey and opacity, 3 RGB, 4 RGB and opacity
    std::variant<Bytes, std::vector<std::uint16_t>, std::vector<float>> samples;  ///< channels fastest
    SampleType type;                      ///< of the numbers in `samples`
    std::optional<int> significant_bits;  ///< PNG's sBIT chunk: the largest of its channels
    bool white_is_zero = false;           ///< TIFF: the largest value is black
    bool premultiplied = false;           ///< TIFF: colours are already multiplied by the opacity
    bool turned = false;                  ///< TIFF: put upright as its orientation tag says
    bool has_more_pages = false;          ///< TIFF: this is the first one
    Eigen::Index ignored_channels = 0;    ///< TIFF: further ones whose meaning the file does not say

    bool has_colour() const { return channels >= 3; }
    bool has_opacity() const { return channels % 2 == 0; }
};

/// Decode an image of any format that decode_image takes, in its own numbers.
/// @throws FileError  as decode_image; also NaN or infinite samples
StoredImage decode_stored(ByteView bytes, const std::filesystem::path& name, const DecodeLimits& limits = {});
/// decode_stored of a file.
StoredImage read_stored(const std::filesystem::path& path, const DecodeLimits& limits = {});

/// Luma 0.299 R + 0.587 G + 0.114 B of the stored numbers, composited on the range's white where they are
/// transparent, mapped to [0, 1] by the range and clipped.
/// @throws std::invalid_argument  range not finite, or low >= high
Image to_grey(const StoredImage& image, const ValueRange& range);

/// Smallest and largest stored grey value; those of fully transparent pixels do not count unless all are.
struct Extent {
    double lowest = 0, highest = 0;
};
Extent grey_extent(const StoredImage& image);

/// Pixels, not fully transparent, whose stored grey value lies outside a range.
Eigen::Index count_outside(const StoredImage& image, const ValueRange& range);

enum class RangeRule {
    type,              ///< all numbers of the sample type; reals: 0 to 1
    significant_bits,  ///< what sBIT says, where the numbers are not scaled up to the type as PNG asks for
    used_bits,         ///< 0 to 2^n - 1, the smallest that holds every value
    data,              ///< smallest to largest value
    given
};
struct ChosenRange {
    ValueRange range;
    RangeRule rule = RangeRule::type;
};

/// How stored numbers are to be mapped.
struct RangeRequest {
    enum class Kind { automatic, type, data, given } kind = Kind::automatic;
    ValueRange range = {};  ///< for `given`
};

/// The range for one image on its own. Automatic:
/// - up to 8 bits: the type's;
/// - more bits: sBIT's where it applies; else the type's if the largest value reaches half of it, else the
///   smallest 0 to 2^n - 1 that holds every value (12 bits of a camera in 16);
/// - signed numbers: smallest to largest value;
/// - reals: 0 to 1 if they lie there and the largest reaches 0.5, else smallest to largest value.
/// An image of one single value has the type's range, or one of width 1 that begins there.
ChosenRange choose_range(const StoredImage& image, const RangeRequest& request = {});

/// The range for one image of many, which must not depend on its values: the type's, or sBIT's.
ChosenRange common_range(const StoredImage& image);

/// How an image on [0, 1] is stored.
struct Storage {
    SampleType type;                      ///< PNG: 8 or 16 bits; TIFF: also 16-bit signed and 32-bit real
    ValueRange range;                     ///< the numbers that 0 and 1 become
    std::optional<int> significant_bits;  ///< PNG: sBIT chunk
    bool white_is_zero = false;           ///< TIFF
};

/// The storage that gives a processed image the numbers of its source again: 8 bits for up to 8, 16 bits for
/// up to 16 (signed: TIFF only), 32-bit real for the others (TIFF only). A PNG that cannot hold the numbers
/// has 16 bits with the range stretched over all of them.
/// @param range  with which the source was mapped to [0, 1]
Storage storage_like(const StoredImage& source, const ValueRange& range, ImageFormat format);

/// A grey PNG or TIFF (one page, deflate-compressed strips). Values are clipped to [0, 1], mapped to the
/// range and, for whole numbers, rounded to the nearest and clipped to the type.
/// @throws std::invalid_argument  empty image or NaN, a type that the format does not have, another format
Bytes encode_stored(const Image& image, const Storage& storage, ImageFormat format);

/// encode_stored, written atomically. @throws FileError  cannot be written
void write_stored(const std::filesystem::path& path, const Image& image, const Storage& storage,
                  ImageFormat format);

}  // namespace reconlaw::data
