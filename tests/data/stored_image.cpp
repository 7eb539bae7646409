#include "reconlaw/data/stored_image.hpp"

#include <cmath>

#include "encoders.hpp"
#include "mutations.hpp"
#include "reconlaw/data/image_set.hpp"
#include "support/check_close.hpp"
#include "tiff_files.hpp"

using namespace reconlaw::data;
using namespace reconlaw::data::testing;

namespace {

constexpr int rows = 16, cols = 20;
constexpr double rounding = 2e-7;  // two roundings to float of values <= 1

/// 16-bit grey (or more channels, all alike but the opacity) with an optional sBIT chunk.
Bytes png16(const std::vector<unsigned>& values, int height, int width, int color_type = PNG_COLOR_TYPE_GRAY,
            int significant_bits = 0) {
    Bytes pixels;
    for (const unsigned v : values)
        pixels.push_back(static_cast<std::uint8_t>(v >> 8)), pixels.push_back(static_cast<std::uint8_t>(v));
    return encode_any_png(pixels, height, width, 16, color_type, false, significant_bits);
}

/// A ramp from `low` to `high`.
std::vector<unsigned> ramp(unsigned low, unsigned high, int count = rows * cols) {
    std::vector<unsigned> values;
    for (int i = 0; i < count; ++i)
        values.push_back(low + static_cast<unsigned>(std::lround((high - low) * i / (count - 1.0))));
    return values;
}

StoredImage ramp_image(unsigned low, unsigned high, int significant_bits = 0) {
    return decode_stored(png16(ramp(low, high), rows, cols, PNG_COLOR_TYPE_GRAY, significant_bits), "x");
}

void check_range(const StoredImage& image, const ValueRange& expected, RangeRule rule) {
    const ChosenRange chosen = choose_range(image);
    CHECK(chosen.range.low == expected.low);
    CHECK(chosen.range.high == expected.high);
    CHECK(chosen.rule == rule);
}

StoredImage real_image(std::vector<double> values) {
    const TiffKind k{
        .rows = 1, .cols = static_cast<int>(values.size()), .bits = 32, .format = SAMPLEFORMAT_IEEEFP};
    return decode_stored(tiff_bytes(k, [&](int, int j, int) { return values[static_cast<std::size_t>(j)]; }),
                         "x");
}

}  // namespace

TEST_CASE("PNG of every depth, with and without colour and opacity, keeps all its bits") {
    for (const int bits : {1, 2, 4, 8, 16})
        for (const int color_type :
             {PNG_COLOR_TYPE_GRAY, PNG_COLOR_TYPE_GRAY_ALPHA, PNG_COLOR_TYPE_RGB, PNG_COLOR_TYPE_RGB_ALPHA})
            for (const bool interlaced : {false, true}) {
                if (bits < 8 && color_type != PNG_COLOR_TYPE_GRAY) continue;
                const int channels =
                    (color_type & PNG_COLOR_MASK_COLOR ? 3 : 1) + (color_type & PNG_COLOR_MASK_ALPHA ? 1 : 0);
                const unsigned largest = (1U << bits) - 1;
                const auto value = [&](int i, int j, int c) {
                    return static_cast<unsigned>((31 * i + 17 * j + 101 * c) * 257) % (largest + 1);
                };
                Bytes packed;
                for (int i = 0; i < rows; ++i) {
                    unsigned waiting = 0, count = 0;
                    for (int j = 0; j < cols; ++j)
                        for (int c = 0; c < channels; ++c) {
                            waiting = waiting << bits | value(i, j, c), count += static_cast<unsigned>(bits);
                            for (; count >= 8; count -= 8)
                                packed.push_back(static_cast<std::uint8_t>(waiting >> (count - 8)));
                        }
                    if (count > 0) packed.push_back(static_cast<std::uint8_t>(waiting << (8 - count)));
                }
                const Image image =
                    decode_image(encode_any_png(packed, rows, cols, bits, color_type, interlaced), "x");
                double worst = 0;
                for (int i = 0; i < rows; ++i)
                    for (int j = 0; j < cols; ++j) {
                        double y = value(i, j, 0);
                        if (channels >= 3) y = 0.299 * y + 0.587 * value(i, j, 1) + 0.114 * value(i, j, 2);
                        y /= largest;
                        if (channels % 2 == 0) y = 1 + (y - 1) * value(i, j, channels - 1) / largest;
                        worst = std::max(worst, std::abs(image(i, j) - y));
                    }
                INFO(bits, " bits, ", channels, " channels");
                check_close(worst, 0, 0, rounding);
            }
}

TEST_CASE("the range of one image: 8 bits all, more bits the fewest that hold its values") {
    for (const auto& [highest, range] : std::vector<std::pair<unsigned, double>>{{1, 1},
                                                                                 {200, 255},
                                                                                 {1023, 1023},
                                                                                 {1024, 2047},
                                                                                 {4095, 4095},
                                                                                 {4000, 4095},
                                                                                 {16383, 16383},
                                                                                 {32767, 32767}}) {
        INFO("largest value ", highest);
        check_range(ramp_image(0, highest), {0, range}, RangeRule::used_bits);
    }
    check_range(ramp_image(0, 32768), {0, 65535}, RangeRule::type);
    check_range(ramp_image(0, 65535), {0, 65535}, RangeRule::type);
    check_range(ramp_image(0, 0), {0, 65535}, RangeRule::type);
    // dark images of 8 bits are dark
    check_range(decode_stored(encode_any_png(Bytes(rows * cols, 9), rows, cols, 8, PNG_COLOR_TYPE_GRAY), "x"),
                {0, 255}, RangeRule::type);
    // in colour the samples count, not their luma
    std::vector<unsigned> blue;
    for (int i = 0; i < rows * cols; ++i) blue.insert(blue.end(), {0, 0, 4000});
    check_range(decode_stored(png16(blue, rows, cols, PNG_COLOR_TYPE_RGB), "x"), {0, 4095},
                RangeRule::used_bits);
    // what is fully transparent does not
    std::vector<unsigned> veiled;
    for (int i = 0; i < rows * cols; ++i)
        veiled.insert(veiled.end(), {i == 0 ? 65535U : 4000U, i == 0 ? 0U : 65535U});
    check_range(decode_stored(png16(veiled, rows, cols, PNG_COLOR_TYPE_GRAY_ALPHA), "x"), {0, 4095},
                RangeRule::used_bits);
    // TIFF with 12 bits a sample says so itself
    const TiffKind twelve{.rows = 1, .cols = 2, .bits = 12};
    const Bytes tiff = tiff_bytes(twelve, [](int, int j, int) { return 4095.0 * j; });
    check_range(decode_stored(tiff, "x"), {0, 4095}, RangeRule::type);
}

TEST_CASE("the range of one image: sBIT, whether the numbers are scaled up or not") {
    check_range(ramp_image(0, 1000, 12), {0, 4095}, RangeRule::significant_bits);
    check_range(ramp_image(0, 4095, 12), {0, 4095}, RangeRule::significant_bits);
    check_range(ramp_image(0, 5000, 12), {0, 8191}, RangeRule::used_bits);  // sBIT is wrong
    check_range(ramp_image(0, 4095, 16), {0, 4095}, RangeRule::used_bits);  // sBIT says nothing
    // scaled up to 16 bits, as the standard asks for: the whole type, even of a dark image
    for (const int bits : {10, 12, 14}) {
        const double scale = 65535.0 / ((1 << bits) - 1);
        std::vector<unsigned> shifted, rounded, repeated;
        for (unsigned v : ramp(0, 200)) {
            shifted.push_back(v << (16 - bits));
            rounded.push_back(static_cast<unsigned>(std::lround(v * scale)));
            repeated.push_back(v << (16 - bits) | v >> (2 * bits - 16));
        }
        for (const auto& values : {shifted, rounded, repeated})
            check_range(decode_stored(png16(values, rows, cols, PNG_COLOR_TYPE_GRAY, bits), "x"), {0, 65535},
                        RangeRule::type);
    }
    CHECK(ramp_image(0, 1000, 12).significant_bits == 12);
    CHECK(!ramp_image(0, 1000).significant_bits);
}

TEST_CASE("the range of one image: reals and signed numbers") {
    check_range(real_image({0, 0.3, 0.9}), {0, 1}, RangeRule::type);
    check_range(real_image({0, 0.001, 0.25}), {0, 0.25}, RangeRule::data);
    check_range(real_image({-2, 0, 3}), {-2, 3}, RangeRule::data);
    check_range(real_image({0.7, 0.7}), {0, 1}, RangeRule::type);
    check_range(real_image({7, 7}), {7, 14}, RangeRule::data);
    const TiffKind ct{.rows = 1, .cols = 3, .bits = 16, .format = SAMPLEFORMAT_INT};
    const StoredImage image =
        decode_stored(tiff_bytes(ct, [](int, int j, int) { return -1000.0 + 2000 * j; }), "x");
    check_range(image, {-1000, 3000}, RangeRule::data);
    CHECK(choose_range(image, {RangeRequest::Kind::type}).range == ValueRange{-32768, 32767});
    CHECK(choose_range(image, {RangeRequest::Kind::given, {5, 6}}).range == ValueRange{5, 6});
    CHECK(count_outside(image, {-1000, 1000}) == 1);
    CHECK(count_outside(image, {-999, 999}) == 3);
    const Image grey = to_grey(image, {-1000, 1000});
    CHECK(grey(0, 0) == 0);
    CHECK(grey(0, 1) == 1);
    CHECK(grey(0, 2) == 1);
    for (const ValueRange& bad : {ValueRange{1, 1}, ValueRange{2, 1}, ValueRange{0, HUGE_VAL}})
        CHECK_THROWS_AS(to_grey(image, bad), std::invalid_argument);
}

TEST_CASE("what is stored again has the source's numbers, exactly") {
    const auto check = [](const StoredImage& source, ImageFormat format, const SampleType& type) {
        const ValueRange range = choose_range(source).range;
        const Storage storage = storage_like(source, range, format);
        CHECK(storage.type == type);
        CHECK(storage.range == range);
        const StoredImage again = decode_stored(encode_stored(to_grey(source, range), storage, format), "x");
        CHECK(again.type == type);
        CHECK(again.white_is_zero == (source.white_is_zero && format == ImageFormat::tiff));
        if (type.kind != SampleKind::real && !source.has_colour()) CHECK(again.samples == source.samples);
        return again;
    };
    const SampleType eight{SampleKind::whole, 8}, sixteen{SampleKind::whole, 16}, real{SampleKind::real, 32},
        is_signed{SampleKind::signed_whole, 16};
    for (const ImageFormat format : {ImageFormat::png, ImageFormat::tiff}) {
        check(ramp_image(3, 4090), format, sixteen);
        check(ramp_image(0, 65535), format, sixteen);
        check(decode_stored(encode_any_png(test_pixels(9, 8, 1), 9, 8, 8, PNG_COLOR_TYPE_GRAY), "x"), format,
              eight);
        check(decode_stored(encode_webp(test_pixels(9, 8, 3), 9, 8, 3, true), "x"), format, eight);
    }
    CHECK(check(ramp_image(0, 4000, 12), ImageFormat::png, sixteen).significant_bits == 12);
    CHECK(!check(ramp_image(0, 4000, 12), ImageFormat::tiff, sixteen).significant_bits);
    const TiffKind twelve{.rows = 3, .cols = 5, .bits = 12};
    check(decode_stored(tiff_bytes(twelve, [](int i, int j, int) { return 819.0 * j + i; }), "x"),
          ImageFormat::tiff, sixteen);
    const TiffKind ct{.rows = 3, .cols = 5, .bits = 16, .format = SAMPLEFORMAT_INT};
    check(decode_stored(tiff_bytes(ct, [](int i, int j, int) { return 900.0 * j - 1024 + i; }), "x"),
          ImageFormat::tiff, is_signed);
    const TiffKind inverse{.rows = 2, .cols = 3, .bits = 16, .photometric = PHOTOMETRIC_MINISWHITE};
    check(decode_stored(tiff_bytes(inverse, [](int i, int j, int) { return 900.0 * j + i; }), "x"),
          ImageFormat::tiff, sixteen);
    const StoredImage reals = real_image({-0.5, 0.125, 4});
    const StoredImage again = check(reals, ImageFormat::tiff, real);
    for (std::size_t i = 0; i < 3; ++i)  // one rounding to float of the width
        check_close(std::get<std::vector<float>>(again.samples)[i],
                    std::get<std::vector<float>>(reals.samples)[i], 0, 4.5 * 0x1p-24);

    // a PNG cannot hold these: the range is stretched over 16 bits
    const Storage stretched = storage_like(reals, {-0.5, 4}, ImageFormat::png);
    CHECK(stretched.type == sixteen);
    CHECK(stretched.range == ValueRange{0, 65535});
    // 8 bits to the last byte as before there were others
    const Image image = decode_image(encode_webp(test_pixels(9, 8, 3), 9, 8, 3, true), "x");
    CHECK(encode_stored(image, {}, ImageFormat::png) == encode_png(image));
}

TEST_CASE("encode_stored: clipping, and what it refuses") {
    Image image(1, 3);
    image << -1, 0.5, 2;
    const Storage storage{{SampleKind::whole, 16}, {100, 70000}, {}, false};
    const StoredImage clipped = decode_stored(encode_stored(image, storage, ImageFormat::tiff), "x");
    CHECK(std::get<std::vector<std::uint16_t>>(clipped.samples) ==
          std::vector<std::uint16_t>{100, 35050, 65535});
    CHECK_THROWS_WITH_AS(encode_stored(image, {}, ImageFormat::webp),
                         "encode_stored: format = WebP, must be PNG or TIFF", std::invalid_argument);
    CHECK_THROWS_AS(encode_stored(image, {{SampleKind::real, 32}, {0, 1}, {}, false}, ImageFormat::png),
                    std::invalid_argument);
    CHECK_THROWS_AS(encode_stored(image, {{SampleKind::real, 64}, {0, 1}, {}, false}, ImageFormat::tiff),
                    std::invalid_argument);
    CHECK_THROWS_AS(encode_stored(Image(0, 3), {}, ImageFormat::tiff), std::invalid_argument);
    image(0, 1) = std::nanf("");
    CHECK_THROWS_AS(encode_stored(image, storage, ImageFormat::png), std::invalid_argument);
}

TEST_CASE("folder_images: 16 bits, TIFF and BMP with one range for all") {
    const TemporaryDirectory directory;
    write_bytes(directory / "a.png", png16(ramp(0, 4000), rows, cols));
    write_bytes(directory / "b.TIFF", tiff_bytes({.rows = rows, .cols = cols, .bits = 16},
                                                 [](int i, int j, int) { return 10.0 * i + j; }));
    const ImageSet set = folder_images(directory.path(), std::nullopt);
    REQUIRE(set.size() == 2);
    const std::size_t a = set.names[0] == "a.png" ? 0 : 1;
    check_close(set.images[a].maxCoeff(), 4000 / 65535.0, 0, rounding);
    check_close(set.images[1 - a].maxCoeff(), 169 / 65535.0, 0, rounding);
    CHECK(contains(set.summary(),
                   "; its 2 images of more than 8 bits hold values from 0 to 4000 of a range of "
                   "0:65535: dark, unless the range is set to what they use (--range)"));

    ImageSetOptions options;
    options.range = {RangeRequest::Kind::given, {0, 4095}};
    const ImageSet ranged = folder_images(directory.path(), std::nullopt, options);
    check_close(ranged.images[a].maxCoeff(), 4000 / 4095.0, 0, rounding);
    check_close(ranged.images[1 - a].maxCoeff(), 169 / 4095.0, 0, rounding);
    CHECK(!contains(ranged.summary(), "of a range"));

    options.range = {RangeRequest::Kind::data};
    CHECK_THROWS_AS((void)folder_images(directory.path(), std::nullopt, options), std::invalid_argument);
    CHECK_THROWS_AS((void)idx_images(directory / "a.png", std::nullopt, options), std::invalid_argument);

    // reals beyond [0, 1] are skipped with the reason, unless their range is said
    write_bytes(directory / "c.tif",
                tiff_bytes({.rows = 2, .cols = 2, .bits = 32, .format = SAMPLEFORMAT_IEEEFP},
                           [](int, int j, int) { return 4000.0 * j; }));
    const ImageSet mixed = folder_images(directory.path(), std::nullopt);
    REQUIRE(mixed.skipped.size() == 1);
    CHECK(contains(mixed.skipped[0].reason, "expected 0 to 1"));
    options.range = {RangeRequest::Kind::given, {0, 4095}};
    CHECK(folder_images(directory.path(), std::nullopt, options).size() == 3);
}
