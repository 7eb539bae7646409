// Decoding BMP files of any depth.

#include <functional>

#include "mutations.hpp"
#include "reconlaw/data/stored_image.hpp"
#include "support/check_close.hpp"

using namespace reconlaw::data;
using namespace reconlaw::data::testing;

namespace {

constexpr DecodeLimits small = {.max_side_px = 1000, .max_pixels = 20000};
constexpr double rounding = 2e-7;  // two roundings to float of values <= 1
constexpr int rows = 5, cols = 7;

void add(Bytes& bytes, std::uint32_t value, int count) {
    for (int i = 0; i < count; ++i) bytes.push_back(static_cast<std::uint8_t>(value >> (8 * i)));
}

struct BmpKind {
    int bits = 24;
    std::uint32_t compression = 0;
    std::vector<std::uint32_t> masks = {};    ///< after a header of 40 bytes, inside one of 108
    std::vector<std::uint32_t> palette = {};  ///< 0xRRGGBB
    int header = 40;
    bool top_down = false;
};

/// @param data  rows as they are stored
Bytes bmp_bytes(const BmpKind& k, const Bytes& data, int height = rows, int width = cols) {
    Bytes rest;
    if (k.header == 12) {
        add(rest, 12, 4), add(rest, static_cast<std::uint32_t>(width), 2);
        add(rest, static_cast<std::uint32_t>(height), 2), add(rest, 1, 2);
        add(rest, static_cast<std::uint32_t>(k.bits), 2);
    } else {
        add(rest, static_cast<std::uint32_t>(k.header), 4), add(rest, static_cast<std::uint32_t>(width), 4);
        add(rest, static_cast<std::uint32_t>(k.top_down ? -height : height), 4), add(rest, 1, 2);
        add(rest, static_cast<std::uint32_t>(k.bits), 2), add(rest, k.compression, 4);
        add(rest, static_cast<std::uint32_t>(data.size()), 4), add(rest, 2835, 4), add(rest, 2835, 4);
        add(rest, static_cast<std::uint32_t>(k.palette.size()), 4), add(rest, 0, 4);
        for (const std::uint32_t mask : k.masks) add(rest, mask, 4);
        if (k.header > 40) rest.resize(static_cast<std::size_t>(k.header));
    }
    for (const std::uint32_t colour : k.palette) add(rest, colour, k.header == 12 ? 3 : 4);
    Bytes bytes = {'B', 'M'};
    add(bytes, static_cast<std::uint32_t>(14 + rest.size() + data.size()), 4), add(bytes, 0, 4);
    add(bytes, static_cast<std::uint32_t>(14 + rest.size()), 4);
    bytes.insert(bytes.end(), rest.begin(), rest.end());
    bytes.insert(bytes.end(), data.begin(), data.end());
    return bytes;
}

/// Rows, bottom first, each filled to four bytes. @param value  value(row, column): a pixel's number
Bytes rows_of(int bits, const std::function<std::uint32_t(int, int)>& value, bool top_down = false) {
    Bytes data;
    for (int i = 0; i < rows; ++i) {
        const int row = top_down ? i : rows - 1 - i;
        std::uint64_t waiting = 0;
        int count = 0;
        const std::size_t start = data.size();
        for (int j = 0; j < cols; ++j) {
            if (bits >= 8) {
                add(data, value(row, j), bits / 8);
                continue;
            }
            waiting = waiting << bits | value(row, j), count += bits;
            if (count == 8) data.push_back(static_cast<std::uint8_t>(waiting)), waiting = 0, count = 0;
        }
        if (count > 0) data.push_back(static_cast<std::uint8_t>(waiting << (8 - count)));
        while ((data.size() - start) % 4 != 0) data.push_back(0);
    }
    return data;
}

std::uint32_t colour_at(int row, int col) {
    return static_cast<std::uint32_t>((40 * row + 20) << 16 | (30 * col + 10) << 8 | (row * col * 8 + 3));
}

double luma(std::uint32_t rgb) {
    return (0.299 * (rgb >> 16 & 255) + 0.587 * (rgb >> 8 & 255) + 0.114 * (rgb & 255)) / 255;
}

void check_image(const Bytes& bytes, const std::function<double(int, int)>& expected) {
    const Image image = decode_image(bytes, "x");
    REQUIRE(image.rows() == rows);
    REQUIRE(image.cols() == cols);
    for (int i = 0; i < rows; ++i)
        for (int j = 0; j < cols; ++j) check_close(image(i, j), expected(i, j), 0, rounding);
}

const auto colours = [](int i, int j) { return luma(colour_at(i, j)); };

}  // namespace

TEST_CASE("BMP: 24 and 32 bits, upwards and downwards, old and new headers") {
    for (const bool top_down : {false, true}) {
        check_image(bmp_bytes({.bits = 24, .top_down = top_down}, rows_of(24, colour_at, top_down)), colours);
        check_image(bmp_bytes({.bits = 32, .top_down = top_down}, rows_of(32, colour_at, top_down)), colours);
    }
    check_image(bmp_bytes({.bits = 24, .header = 12}, rows_of(24, colour_at)), colours);
    check_image(bmp_bytes({.bits = 24, .header = 124}, rows_of(24, colour_at)), colours);
}

TEST_CASE("BMP: bit fields, with and without opacity") {
    // 0xBBGGRR00
    const auto turned = [](int i, int j) {
        const std::uint32_t c = colour_at(i, j);
        return (c & 255) << 24 | (c >> 8 & 255) << 16 | (c >> 16 & 255) << 8;
    };
    const std::vector<std::uint32_t> masks = {0xff00, 0xff0000, 0xff000000};
    check_image(bmp_bytes({.bits = 32, .compression = 3, .masks = masks}, rows_of(32, turned)), colours);
    // 5, 6 and 5 bits
    const auto high = [](int i, int j) {
        return static_cast<std::uint32_t>(i % 2 ? 0xffff : j % 2 ? 0xf800 : 0);
    };
    check_image(bmp_bytes({.bits = 16, .compression = 3, .masks = {0xf800, 0x7e0, 0x1f}}, rows_of(16, high)),
                [](int i, int j) { return i % 2   ? 1
                                          : j % 2 ? 0.299
                                                  : 0; });
    // without a mask: 5 bits each; 16 of 31 levels are 132 of 255
    check_image(bmp_bytes({.bits = 16}, rows_of(16, [](int, int) { return 0x4210U; })),
                [](int, int) { return 132 / 255.0; });
    const std::vector<std::uint32_t> with_opacity = {0xff0000, 0xff00, 0xff, 0xff000000};
    for (const std::uint32_t opacity : {255U, 51U, 0U}) {
        const auto veiled = [&](int i, int j) { return colour_at(i, j) | opacity << 24; };
        const BmpKind k{.bits = 32, .compression = 3, .masks = with_opacity, .header = 108};
        const double a = opacity == 0 ? 1 : opacity / 255.0;  // all zero: not meant
        check_image(bmp_bytes(k, rows_of(32, veiled)),
                    [&](int i, int j) { return 1 + (luma(colour_at(i, j)) - 1) * a; });
    }
}

TEST_CASE("BMP: palettes of 1, 2, 4 and 8 bits") {
    for (const int bits : {1, 2, 4, 8})
        for (const int header : {12, 40}) {
            BmpKind k{.bits = bits, .header = header};
            const auto size = 1U << bits;
            for (std::uint32_t i = 0; i < size; ++i) k.palette.push_back(i * 0x10203 & 0xffffff);
            const auto index = [&](int i, int j) { return static_cast<std::uint32_t>(7 * i + 3 * j) % size; };
            check_image(bmp_bytes(k, rows_of(bits, index)),
                        [&](int i, int j) { return luma(index(i, j) * 0x10203 & 0xffffff); });
        }
    const BmpKind grey{.bits = 8, .palette = {0, 0x808080, 0xffffff}};
    const Bytes data = rows_of(8, [](int, int j) { return static_cast<std::uint32_t>(j % 3); });
    CHECK(decode_stored(bmp_bytes(grey, data), "x").channels == 1);
    const BmpKind little{.bits = 8, .palette = {0, 0xffffff}};
    CHECK(contains(file_error_of([&] { decode_image(bmp_bytes(little, data), "x"); }),
                   "BMP: colour 2 of a palette of 2"));
}

TEST_CASE("BMP: run lengths of 8 and 4 bits") {
    BmpKind k{.bits = 8, .compression = 1};
    for (std::uint32_t i = 0; i < 16; ++i) k.palette.push_back(i * 0x111111);
    // bottom row: 5 5 5 1 2 3 0; then a step of one right and one up, 9 9; the rest is colour 0
    const Bytes eight = {3, 5, 0, 3, 1, 2, 3, 0, 0, 0, 0, 2, 1, 1, 2, 9, 0, 1};
    const auto expected = [](int i, int j) {
        constexpr int bottom[cols] = {5, 5, 5, 1, 2, 3, 0};
        if (i == rows - 1) return bottom[j] / 15.0;
        return i == rows - 3 && (j == 1 || j == 2) ? 9 / 15.0 : 0;
    };
    check_image(bmp_bytes(k, eight), expected);
    k.bits = 4, k.compression = 2;
    const Bytes four = {3, 0x55, 0, 3, 0x12, 0x30, 0, 0, 0, 2, 1, 1, 2, 0x99, 0, 1};
    check_image(bmp_bytes(k, four), expected);
    CHECK(contains(file_error_of([&] {
                       decode_image(bmp_bytes(k, {200, 0x55, 0, 1}), "x");
                   }),
                   "a run goes beyond the image"));
    CHECK(contains(file_error_of([&] { decode_image(bmp_bytes(k, {3, 0x55}), "x"); }), "truncated"));
}

TEST_CASE("BMP: what is not supported, and sizes that are refused before their memory") {
    const Bytes data = rows_of(24, colour_at);
    const auto error = [](const Bytes& bytes, const DecodeLimits& limits = {}) {
        return file_error_of([&] { decode_image(bytes, "x", limits); });
    };
    CHECK(contains(error(bmp_bytes({.bits = 24, .compression = 4}, data)),
                   "x: at byte 28: BMP: 24 bits with compression 4: not supported"));
    CHECK(contains(error(bmp_bytes({.bits = 24, .header = 16}, data)), "header of 16 bytes"));
    CHECK(contains(error(bmp_bytes({.bits = 32, .compression = 3, .masks = {0xff, 0xff00, 0xa0000}}, data)),
                   "expected adjacent bits"));
    CHECK(contains(error(bmp_bytes({.bits = 24}, data), {.max_side_px = 100, .max_pixels = 34}),
                   "image of 7 x 5 pixels"));
    CHECK(contains(error(bmp_bytes({.bits = 24}, data, 32000, 2000)),
                   "data end here, expected 192000054 bytes"));
    CHECK(contains(error(bmp_bytes({.bits = 24}, data, 100000, 100000)), "image of 100000 x 100000 pixels"));
    CHECK(contains(error(bmp_bytes({.bits = 24}, data, 0, 7)), "empty image"));
}

TEST_CASE("BMP: damage is refused or read, never anything else") {
    const auto decode = [](ByteView b) { decode_stored(b, "x", small); };
    BmpKind k{.bits = 24};
    Bytes data = rows_of(24, colour_at);
    SUBCASE("24 bits") {
        data.resize(data.size() - 3);  // the padding of the last row is not needed
    }
    SUBCASE("palette") {
        k = {.bits = 8, .palette = {0, 0xff, 0xffffff}};
        data = rows_of(8, [](int, int j) { return static_cast<std::uint32_t>(j % 3); });
        data.pop_back();
    }
    SUBCASE("run lengths") {
        k = {.bits = 8, .compression = 1, .palette = {0, 0xff, 0xffffff}};
        data = {3, 2, 0, 3, 1, 2, 1, 0, 0, 0, 0, 2, 1, 1, 2, 1, 0, 1};
    }
    SUBCASE("bit fields") {
        k = {.bits = 16, .compression = 3, .masks = {0xf800, 0x7e0, 0x1f}};
        data = rows_of(16, [](int i, int j) { return static_cast<std::uint32_t>(1000 * i + j); });
        data.resize(data.size() - 2);
    }
    const Bytes bytes = bmp_bytes(k, data);
    REQUIRE(file_error_of([&] { decode(bytes); }) == "");
    check_truncations_refused(bytes, decode);
    CHECK(count_refused_mutations(bytes, decode, 3000) >= 300);
}
