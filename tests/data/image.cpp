#include "reconlaw/data/image.hpp"

#include "encoders.hpp"
#include "mutations.hpp"
#include "reconlaw/data/metrics.hpp"
#include "support/check_close.hpp"
#include "support/temporary_directory.hpp"

using namespace reconlaw::data;
using namespace reconlaw::data::testing;

namespace {

constexpr int rows = 21, cols = 34;
constexpr DecodeLimits small = {.max_side_px = 1000, .max_pixels = 20000};

/// What decode_image promises for 8-bit pixels.
Image expected_luma(const Bytes& pixels, int channels) {
    Image image(rows, cols);
    for (Eigen::Index i = 0; i < image.size(); ++i) {
        const std::uint8_t* v = pixels.data() + i * channels;
        double y = channels < 3 ? v[0] : 0.299 * v[0] + 0.587 * v[1] + 0.114 * v[2];
        if (channels == 4) y = (v[3] * y + (255 - v[3]) * 255.0) / 255;
        image.data()[i] = static_cast<float>(y / 255);
    }
    return image;
}

void check_equal(const Image& image, const Image& expected, double tolerance) {
    REQUIRE(image.rows() == expected.rows());
    REQUIRE(image.cols() == expected.cols());
    check_close((image - expected).abs().maxCoeff(), 0.0, 0.0, tolerance);
}

constexpr double rounding = 2e-7;  // two roundings to float of values <= 1

}  // namespace

TEST_CASE("decode_image: PNG exactly, colour to luma, alpha on white, gamma ignored") {
    for (const bool interlaced : {false, true}) {
        const auto check = [&](int channels, int type) {
            const Bytes pixels = test_pixels(rows, cols, channels);
            check_equal(decode_image(encode_any_png(pixels, rows, cols, 8, type, interlaced), "x"),
                        expected_luma(pixels, channels), rounding);
        };
        check(1, PNG_COLOR_TYPE_GRAY);
        check(3, PNG_COLOR_TYPE_RGB);
        check(4, PNG_COLOR_TYPE_RGB_ALPHA);
    }
}

TEST_CASE("decode_image: PNG with 1 and 16 bits and with a palette") {
    const Image one_bit =
        decode_image(encode_any_png({0b10100000, 0b01000000}, 2, 3, 1, PNG_COLOR_TYPE_GRAY), "x");
    Image expected(2, 3);
    expected << 1, 0, 1, 0, 1, 0;
    check_equal(one_bit, expected, rounding);

    const Image sixteen =
        decode_image(encode_any_png({0x80, 0x00, 0xff, 0xff}, 1, 2, 16, PNG_COLOR_TYPE_GRAY), "x");
    check_close(sixteen(0, 0), 32768.0 / 65535, 0.0, rounding);
    check_close(sixteen(0, 1), 1.0, 0.0, rounding);

    const Image palette = decode_image(encode_any_png({0, 1, 2, 3}, 1, 4, 8, PNG_COLOR_TYPE_PALETTE), "x");
    check_close(palette(0, 0), 0.299, 0.0, rounding);
    check_close(palette(0, 1), 0.587, 0.0, rounding);
    check_close(palette(0, 2), 0.114, 0.0, rounding);
    check_close(palette(0, 3), (0.299 * 10 + 0.587 * 20 + 0.114 * 30) / 255, 0.0, rounding);
}

TEST_CASE("decode_image: WebP, lossless exactly and lossy closely") {
    for (const int channels : {3, 4}) {
        Bytes pixels = test_pixels(rows, cols, channels);
        // libwebp drops the colour of fully transparent pixels; on white they are white either way.
        check_equal(decode_image(encode_webp(pixels, rows, cols, channels, true), "x"),
                    expected_luma(pixels, channels), rounding);
    }
    const Bytes pixels = test_pixels(rows, cols, 3);
    const Image lossy = decode_image(encode_webp(pixels, rows, cols, 3, false), "x");
    CHECK(psnr_db(mean_squared_error(lossy, expected_luma(pixels, 3))) > 25);
}

TEST_CASE("decode_image: JPEG, grey, colour, progressive") {
    for (const int channels : {1, 3})
        for (const Scans scans : {Scans::one, Scans::progressive, Scans::separate}) {
            if (channels == 1 && scans == Scans::separate) continue;
            const Bytes pixels = test_pixels(rows, cols, channels);
            const Image image = decode_image(encode_jpeg(pixels, rows, cols, channels, scans), "x");
            REQUIRE(image.rows() == rows);
            REQUIRE(image.cols() == cols);
            CHECK(psnr_db(mean_squared_error(image, expected_luma(pixels, channels))) > 25);
        }
    // Constant colour leaves only rounding: at most 2 of 255 levels in each channel.
    Bytes constant;
    for (int i = 0; i < rows * cols; ++i) constant.insert(constant.end(), {200, 100, 50});
    check_equal(decode_image(encode_jpeg(constant, rows, cols, 3), "x"), expected_luma(constant, 3),
                2.0 / 255);
}

TEST_CASE("decode_image: what is not supported, and size limits") {
    const auto error = [](const Bytes& bytes, const DecodeLimits& limits = {}) {
        return file_error_of([&] { decode_image(bytes, "x", limits); });
    };
    CHECK(contains(error({'G', 'I', 'F', '8', '9', 'a'}), "x: at byte 0: not an image"));
    CHECK(contains(error({}), "not an image"));
    CHECK(contains(error(encode_jpeg(test_pixels(rows, cols, 4), rows, cols, 4)), "JPEG with 4 components"));
    // An animation's header: VP8X chunk with the animation flag, canvas of 1 x 1.
    const Bytes animation = {'R', 'I', 'F', 'F', 22, 0, 0, 0, 'W', 'E', 'B', 'P', 'V', 'P', '8',
                             'X', 10,  0,   0,   0,  2, 0, 0, 0,   0,   0,   0,   0,   0,   0};
    CHECK(contains(error(animation), "animations are not supported"));

    const DecodeLimits few_pixels = {.max_side_px = 100, .max_pixels = rows * cols - 1};
    const DecodeLimits short_side = {.max_side_px = cols - 1, .max_pixels = 100000};
    const Bytes pixels = test_pixels(rows, cols, 3);
    for (const Bytes& bytes :
         {encode_jpeg(pixels, rows, cols, 3), encode_any_png(pixels, rows, cols, 8, PNG_COLOR_TYPE_RGB),
          encode_webp(pixels, rows, cols, 3, true)}) {
        CHECK(contains(error(bytes, few_pixels), "image of 34 x 21 pixels, the limit is 713 pixels"));
        CHECK(contains(error(bytes, short_side), "33 on each side"));
        CHECK(error(bytes, {.max_side_px = cols, .max_pixels = rows * cols}) == "");
    }
    // A JPEG whose header claims 65500 x 65500 pixels is refused before they are allocated.
    Bytes bomb = encode_jpeg(pixels, rows, cols, 3);
    const Bytes frame = {0xff, 0xc0, 0, 17, 8};
    const auto at = std::search(bomb.begin(), bomb.end(), frame.begin(), frame.end()) + 5;
    std::fill(at, at + 4, std::uint8_t{0xff});
    at[1] = at[3] = 0xdc;
    CHECK(contains(error(bomb), "image of 65500 x 65500 pixels"));
}

TEST_CASE("decode_image survives damage") {
    const Bytes rgb = test_pixels(rows, cols, 3), rgba = test_pixels(rows, cols, 4);
    const auto decode = [](ByteView b) { decode_image(b, "x", small); };
    const auto check = [&](const Bytes& bytes, int least_refused) {
        REQUIRE(file_error_of([&] { decode(bytes); }) == "");
        check_truncations_refused(bytes, decode);
        CHECK(count_refused_mutations(bytes, decode, 1500) >= least_refused);
    };
    SUBCASE("JPEG") {
        check(encode_jpeg(rgb, rows, cols, 3), 100);
    }
    SUBCASE("progressive JPEG") {
        check(encode_jpeg(rgb, rows, cols, 3, Scans::progressive), 100);
    }
    SUBCASE("grey JPEG") {
        check(encode_jpeg(test_pixels(rows, cols, 1), rows, cols, 1), 100);
    }
    SUBCASE("PNG") {
        check(encode_any_png(rgba, rows, cols, 8, PNG_COLOR_TYPE_RGB_ALPHA), 1300);
    }  // checksums
    SUBCASE("interlaced PNG") {
        check(encode_any_png(rgb, rows, cols, 8, PNG_COLOR_TYPE_RGB, true), 1300);
    }
    SUBCASE("lossy WebP") {
        check(encode_webp(rgb, rows, cols, 3, false), 30);
    }
    SUBCASE("lossless WebP") {
        check(encode_webp(rgb, rows, cols, 3, true), 100);
    }
    SUBCASE("lossy WebP with alpha") {
        check(encode_webp(rgba, rows, cols, 4, false), 30);
    }
}

TEST_CASE("a JPEG of very many scans is refused") {
    const Bytes valid = encode_jpeg(test_pixels(rows, cols, 3), rows, cols, 3, Scans::separate);
    // Repeat the last scan, from its start-of-scan marker to the end-of-image marker.
    const Bytes marker = {0xff, 0xda};
    const auto scan = std::find_end(valid.begin(), valid.end(), marker.begin(), marker.end());
    const auto with_repeats = [&](int count) {
        Bytes bytes(valid.begin(), scan);
        for (int i = 0; i < count; ++i) bytes.insert(bytes.end(), scan, valid.end() - 2);
        bytes.insert(bytes.end(), {0xff, 0xd9});
        return file_error_of([&] { decode_image(bytes, "x"); });
    };
    CHECK(with_repeats(98) == "");
    CHECK(contains(with_repeats(99), "more than 100 scans"));
}

TEST_CASE("encode_png and write_png: what is written is read, clipped and rounded") {
    Image image(2, 3);
    image << 0.0f, 1.0f, 0.5f, -3.0f, 7.0f, 100.4f / 255;
    Image expected(2, 3);
    expected << 0.0f, 1.0f, 128.0f / 255, 0.0f, 1.0f, 100.0f / 255;
    check_equal(decode_image(encode_png(image), "x"), expected, rounding);

    const TemporaryDirectory directory;
    write_png(directory / "grey.png", image);
    check_equal(read_image(directory / "grey.png"), expected, rounding);
    const Image zero = Image::Zero(2, 3);
    write_png(directory / "red.png", {image, zero, zero});
    check_equal(read_image(directory / "red.png"), 0.299f * expected, rounding);
    CHECK(entries_in(directory.path()) == 2);

    CHECK_THROWS_AS(encode_png(Image()), std::invalid_argument);
    CHECK_THROWS_AS(encode_png({image, zero, Image::Zero(3, 2)}), std::invalid_argument);
    image(1, 1) = std::nanf("");
    CHECK_THROWS_AS(encode_png(image), std::invalid_argument);
    CHECK(contains(file_error_of([&] { write_png(directory / "none/x.png", zero); }),
                   "none/x.png: cannot create"));
}

TEST_CASE("box_downsample: block means, remainder cropped") {
    Image image(5, 7);
    for (Eigen::Index i = 0; i < image.size(); ++i) image.data()[i] = static_cast<float>(i);
    const Image half = box_downsample(image, 2);
    REQUIRE(half.rows() == 2);
    REQUIRE(half.cols() == 3);
    check_close(half(0, 0), (0 + 1 + 7 + 8) / 4.0, 0.0, 0.0);  // small integers: exact
    check_close(half(1, 2), (18 + 19 + 25 + 26) / 4.0, 0.0, 0.0);
    CHECK((box_downsample(image, 1) == image).all());
    CHECK(box_downsample(image, 5).size() == 1);
    CHECK_THROWS_WITH_AS(box_downsample(image, 6), "box_downsample: factor = 6, must be between 1 and 5",
                         std::invalid_argument);
    CHECK_THROWS_AS(box_downsample(image, 0), std::invalid_argument);
}
