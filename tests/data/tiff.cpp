// Decoding TIFF files of any layout.

#include "mutations.hpp"
#include "reconlaw/data/stored_image.hpp"
#include "support/check_close.hpp"
#include "tiff_files.hpp"

using namespace reconlaw::data;
using namespace reconlaw::data::testing;

namespace {

constexpr int rows = 21, cols = 34;
constexpr DecodeLimits small = {.max_side_px = 1000, .max_pixels = 20000};
constexpr double rounding = 2e-7;  // two roundings to float of values <= 1

/// Numbers of so many bits with texture, another for every sample; both ends occur.
double pattern(int bits, int row, int col, int sample) {
    const double largest = std::ldexp(1.0, bits) - 1;
    if (row == 0 && col < 2) return col * largest;
    return std::floor(largest * (((7 * row + 5 * col * (sample + 1) + 13 * ((row ^ col) & 3)) % 97) / 96.0));
}

/// Luma on white of numbers of up to `largest`. @param value  value(sample)
template <class Value>
double expected_grey(int samples, double largest, const Value& value) {
    double y = value(0);
    if (samples >= 3) y = 0.299 * value(0) + 0.587 * value(1) + 0.114 * value(2);
    if (samples % 2 == 0) y = largest + (y - largest) * value(samples - 1) / largest;
    return y / largest;
}

/// Checks every pixel of the decoded file.
void check_layout(TiffKind k) {
    k.rows = rows, k.cols = cols;
    k.photometric = k.samples >= 3 ? PHOTOMETRIC_RGB : PHOTOMETRIC_MINISBLACK;
    if (k.samples % 2 == 0) k.extra = EXTRASAMPLE_UNASSALPHA;
    INFO(k.bits, " bits, ", k.samples, " samples, tile ", k.tile, ", planar ", k.planar, ", compression ",
         k.compression, ", mode ", k.mode);
    const auto value = [&](int i, int j, int s) { return pattern(k.bits, i, j, s); };
    const Image image = decode_image(tiff_bytes(k, value), "x");
    REQUIRE(image.rows() == rows);
    REQUIRE(image.cols() == cols);
    double worst = 0;
    for (int i = 0; i < rows; ++i)
        for (int j = 0; j < cols; ++j) {
            // up to 7 bits become 8
            const double largest = std::ldexp(1.0, k.bits) - 1, top = k.bits < 8 ? 255 : largest;
            const double expected = expected_grey(
                k.samples, top, [&](int s) { return std::round(value(i, j, s) * top / largest); });
            worst = std::max(worst, std::abs(image(i, j) - expected));
        }
    check_close(worst, 0, 0, rounding);
}

std::string error_of(const TiffKind& k, const DecodeLimits& limits = {}) {
    const Bytes bytes = tiff_bytes(k, [](int, int, int) { return 0.0; });
    return file_error_of([&] { decode_image(bytes, "x", limits); });
}

}  // namespace

TEST_CASE("TIFF: every depth, with and without colour and opacity, in strips, tiles and planes") {
    for (const int bits : {1, 2, 3, 4, 7, 8, 10, 12, 14, 16})
        for (const int samples : {1, 2, 3, 4})
            for (const int tile : {0, 16})
                for (const bool planar : {false, true})
                    check_layout({.bits = bits, .samples = samples, .tile = tile, .planar = planar});
}

TEST_CASE("TIFF: compressions, byte orders and BigTIFF") {
    for (const int bits : {1, 8, 12, 16})
        for (const int compression : {COMPRESSION_NONE, COMPRESSION_LZW, COMPRESSION_ADOBE_DEFLATE,
                                      COMPRESSION_PACKBITS, COMPRESSION_ZSTD, COMPRESSION_LZMA})
            for (const char* mode : {"wl", "wb", "w8"})
                check_layout({.bits = bits, .samples = 3, .compression = compression, .mode = mode});
    for (const int compression : {COMPRESSION_CCITTFAX3, COMPRESSION_CCITTFAX4})
        check_layout({.bits = 1, .compression = compression});
}

TEST_CASE("TIFF: JPEG-compressed colours") {
    const TiffKind k{.rows = 32,
                     .cols = 48,
                     .samples = 3,
                     .photometric = PHOTOMETRIC_YCBCR,
                     .compression = COMPRESSION_JPEG};
    const Image image =
        decode_image(tiff_bytes(k, [](int, int, int s) { return s == 1 ? 200.0 : 100.0; }), "x");
    check_close(image.minCoeff(), (0.413 * 100 + 0.587 * 200) / 255, 0, 3.0 / 255);  // JPEG's rounding
    check_close(image.maxCoeff(), (0.413 * 100 + 0.587 * 200) / 255, 0, 3.0 / 255);
}

TEST_CASE("TIFF: palettes") {
    for (const int bits : {1, 4, 8}) {
        const TiffKind k{.rows = rows, .cols = cols, .bits = bits, .photometric = PHOTOMETRIC_PALETTE};
        const Image image =
            decode_image(tiff_bytes(k, [&](int i, int j, int s) { return pattern(bits, i, j, s); }), "x");
        for (int i = 0; i < rows; ++i)
            for (int j = 0; j < cols; ++j) {
                const double level = pattern(bits, i, j, 0);
                CHECK(std::abs(image(i, j) - (0.299 * (255 - level) + 0.701 * level) / 255) < rounding);
            }
    }
}

TEST_CASE("TIFF: signed numbers, reals and 32 bits keep their values") {
    const auto at = [](const StoredImage& image, std::size_t i) {
        return std::get<std::vector<float>>(image.samples).at(i);
    };
    struct Case {
        int bits, format;
        SampleType type;
        std::vector<double> values;
    };
    const std::vector<Case> cases = {
        {8, SAMPLEFORMAT_INT, {SampleKind::signed_whole, 8}, {-128, -1, 127}},
        {16, SAMPLEFORMAT_INT, {SampleKind::signed_whole, 16}, {-1024, 0, 3071}},
        {32, SAMPLEFORMAT_INT, {SampleKind::signed_whole, 32}, {-70000, 5, 70000}},
        {32, SAMPLEFORMAT_UINT, {SampleKind::whole, 32}, {0, 70000, 4294967040}},
        {32, SAMPLEFORMAT_IEEEFP, {SampleKind::real, 32}, {-1.5, 0.25, 3e5}},
        {64, SAMPLEFORMAT_IEEEFP, {SampleKind::real, 64}, {-1.5, 0.25, 3e5}}};
    for (const Case& c : cases) {
        const TiffKind k{.rows = 1, .cols = 3, .bits = c.bits, .format = c.format};
        const StoredImage image = decode_stored(
            tiff_bytes(k, [&](int, int j, int) { return c.values[static_cast<std::size_t>(j)]; }), "x");
        CHECK(image.type == c.type);
        for (std::size_t j = 0; j < 3; ++j) CHECK(at(image, j) == static_cast<float>(c.values[j]));
        const Extent extent = grey_extent(image);
        CHECK(extent.lowest == c.values[0]);
        CHECK(extent.highest == c.values[2]);
    }
    // a real on its own scale is no image until its range is said
    const TiffKind k{.rows = 1, .cols = 2, .bits = 32, .format = SAMPLEFORMAT_IEEEFP};
    const Bytes unit = tiff_bytes(k, [](int, int j, int) { return 0.25 + 0.5 * j; }),
                wide = tiff_bytes(k, [](int, int j, int) { return 200.0 * j; });
    CHECK(decode_image(unit, "x")(0, 1) == 0.75f);
    CHECK(contains(file_error_of([&] { decode_image(wide, "x"); }),
                   "x: 32-bit float values from 0.000000 to 200.000000, expected 0 to 1"));
    for (const double bad : {std::nan(""), HUGE_VAL})
        CHECK(contains(file_error_of([&] {
                           decode_stored(tiff_bytes(k, [&](int, int j, int) { return j * bad; }), "x");
                       }),
                       "row 0, column "));
}

TEST_CASE("TIFF: white is zero, premultiplied opacity, channels of no known meaning") {
    const TiffKind inverse{.rows = 1, .cols = 3, .photometric = PHOTOMETRIC_MINISWHITE};
    const auto level = [](int, int j, int) { return 51.0 * j; };
    const StoredImage white = decode_stored(tiff_bytes(inverse, level), "x");
    CHECK(white.white_is_zero);
    for (int j = 0; j < 3; ++j)
        check_close(decode_image(tiff_bytes(inverse, level), "x")(0, j), 1 - 0.2 * j, 0, rounding);

    const TiffKind alpha{.rows = 1, .cols = 1, .samples = 2, .extra = EXTRASAMPLE_ASSOCALPHA};
    const auto veiled = [](int, int, int s) { return s == 0 ? 51.0 : 102.0; };
    check_close(decode_image(tiff_bytes(alpha, veiled), "x")(0, 0), 0.2 + 0.6, 0, rounding);

    const TiffKind more{.rows = 1, .cols = 1, .samples = 2, .extra = EXTRASAMPLE_UNSPECIFIED};
    const StoredImage image = decode_stored(tiff_bytes(more, veiled), "x");
    CHECK(image.ignored_channels == 1);
    CHECK(image.channels == 1);
    check_close(to_grey(image, {0, 255})(0, 0), 0.2, 0, rounding);
}

TEST_CASE("TIFF: every orientation becomes upright") {
    // upright: 2 rows, 3 columns with the numbers 10 (row) + column
    struct Case {
        int tag;
        bool swapped, from_right, from_bottom;  ///< of the stored rows and columns
    };
    for (const Case& c :
         {Case{1, false, false, false}, Case{2, false, true, false}, Case{3, false, true, true},
          Case{4, false, false, true}, Case{5, true, false, false}, Case{6, true, true, false},
          Case{7, true, true, true}, Case{8, true, false, true}}) {
        const TiffKind k{.rows = c.swapped ? 3 : 2, .cols = c.swapped ? 2 : 3, .orientation = c.tag};
        const Bytes bytes = tiff_bytes(k, [&](int i, int j, int) {
            int y = c.swapped ? j : i, x = c.swapped ? i : j;
            if (c.from_right) x = 2 - x;
            if (c.from_bottom) y = 1 - y;
            return 10.0 * y + x;
        });
        INFO("orientation ", c.tag);
        const StoredImage image = decode_stored(bytes, "x");
        REQUIRE(image.rows == 2);
        REQUIRE(image.cols == 3);
        CHECK(image.turned == (c.tag > 1));
        CHECK(std::get<Bytes>(image.samples) == Bytes{0, 1, 2, 10, 11, 12});
    }
}

TEST_CASE("TIFF: the first of several pages") {
    const auto zero = [](int, int, int) { return 0.0; };
    CHECK(decode_stored(tiff_bytes({.rows = 2, .cols = 2, .pages = 3}, zero), "x").has_more_pages);
    CHECK(!decode_stored(tiff_bytes({.rows = 2, .cols = 2}, zero), "x").has_more_pages);
}

TEST_CASE("TIFF: what is not supported, and sizes that are refused before their memory") {
    CHECK(contains(error_of({.samples = 4, .photometric = PHOTOMETRIC_SEPARATED}),
                   "x: TIFF with photometric interpretation 5"));
    CHECK(
        contains(error_of({.bits = 16, .format = SAMPLEFORMAT_IEEEFP}), "16-bit float samples, expected 32"));
    CHECK(contains(error_of({.rows = rows, .cols = cols}, {.max_side_px = 100, .max_pixels = 713}),
                   "image of 34 x 21 pixels, the limit is 713 pixels"));
    // 50000 x 50000 pixels in a file of a few bytes
    Bytes bomb = tiff_bytes({.rows = 2, .cols = 2, .mode = "wl"}, [](int, int, int) { return 0.0; });
    for (std::size_t i = 0; i + 12 <= bomb.size(); ++i)
        for (const std::uint8_t tag : {std::uint8_t{0}, std::uint8_t{1}})
            if (bomb[i] == tag && bomb[i + 1] == 1 && bomb[i + 2] <= 4 && bomb[i + 3] == 0 &&
                bomb[i + 4] == 1 && bomb[i + 8] == 2)
                bomb[i + 2] = 4, bomb[i + 8] = 0x50, bomb[i + 9] = 0xc3;
    CHECK(contains(file_error_of([&] { decode_image(bomb, "x"); }), "image of 50000 x 50000 pixels"));
    CHECK(contains(file_error_of([] { decode_image(Bytes{'I', 'I', '*', 0}, "x"); }), "x: TIFF: "));
}

TEST_CASE("TIFF: damage is refused or read, never anything else") {
    const auto decode = [](ByteView b) { decode_stored(b, "x", small); };
    const auto value = [](int i, int j, int s) { return pattern(8, i, j, s); };
    const auto check = [&](TiffKind k) {
        k.rows = rows, k.cols = cols;
        const Bytes bytes = tiff_bytes(k, value);
        REQUIRE(file_error_of([&] { decode(bytes); }) == "");
        check_truncations_refused(bytes, decode);  // the directory is at the end
        CHECK(count_refused_mutations(bytes, decode, 1500) >= 20);
    };
    SUBCASE("strips") {
        check({});
    }
    SUBCASE("16-bit planes in tiles") {
        check({.bits = 16, .samples = 3, .photometric = PHOTOMETRIC_RGB, .tile = 16, .planar = true});
    }
    SUBCASE("LZW") {
        check({.compression = COMPRESSION_LZW});
    }
    SUBCASE("deflate") {
        check({.samples = 3, .photometric = PHOTOMETRIC_RGB, .compression = COMPRESSION_ADOBE_DEFLATE});
    }
    SUBCASE("JPEG") {
        check({.samples = 3, .photometric = PHOTOMETRIC_YCBCR, .compression = COMPRESSION_JPEG});
    }
    SUBCASE("palette") {
        check({.photometric = PHOTOMETRIC_PALETTE});
    }
    SUBCASE("float") {
        check({.bits = 32, .format = SAMPLEFORMAT_IEEEFP});
    }
}
