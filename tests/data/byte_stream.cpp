#include "reconlaw/data/byte_stream.hpp"

#include <sys/resource.h>
#include <sys/stat.h>

#include <thread>

#include "encoders.hpp"
#include "mutations.hpp"
#include "reconlaw/data/idx.hpp"
#include "reconlaw/data/image_set.hpp"
#include "support/temporary_directory.hpp"

using namespace reconlaw::data;
using namespace reconlaw::data::testing;

namespace {

/// All of a stream in pieces of uneven size.
Bytes all_of(ByteStream stream) {
    Bytes content, piece(997);
    while (const std::size_t got = stream.read(piece))
        content.insert(content.end(), piece.data(), piece.data() + got);
    CHECK(stream.offset() == content.size());
    return content;
}

Bytes idx_header(std::uint32_t count, std::uint32_t rows, std::uint32_t cols) {
    Bytes bytes = {0, 0, 8, 3};
    for (const std::uint32_t size : {count, rows, cols})
        for (int shift = 24; shift >= 0; shift -= 8)
            bytes.push_back(static_cast<std::uint8_t>(size >> shift));
    return bytes;
}

/// The most memory that this process ever held.
double peak_megabytes() {
    rusage usage = {};
    getrusage(RUSAGE_SELF, &usage);
    return static_cast<double>(usage.ru_maxrss) / 1024;
}

/// An IDX file of zeros, as gzip. @param bytes  really there
Bytes packed_zeros(std::uint32_t count, std::uint32_t side, std::size_t bytes) {
    Bytes content = idx_header(count, side, side);
    content.resize(content.size() + bytes);
    return gzip(content);
}

}  // namespace

TEST_CASE("ByteStream: plain and gzip, from a file, from memory and from a pipe") {
    const Bytes content = test_pixels(400, 500, 1), packed = gzip(content);
    Bytes members = packed;
    members.insert(members.end(), packed.begin(), packed.end());
    const TemporaryDirectory directory;
    for (const Bytes& stored : {content, packed, members}) {
        Bytes expected = content;
        if (stored.size() == members.size()) expected.insert(expected.end(), content.begin(), content.end());
        write_bytes(directory / "f", stored);
        CHECK(all_of(ByteStream(directory / "f")) == expected);
        CHECK(all_of(ByteStream(stored, "x")) == expected);
        REQUIRE(::mkfifo((directory / "pipe").c_str(), 0600) == 0);
        std::jthread writer([&] { write_bytes(directory / "pipe", stored); });
        CHECK(all_of(ByteStream(directory / "pipe")) == expected);
        writer.join();
        std::filesystem::remove(directory / "pipe");
    }
    CHECK(ByteStream(packed, "x").is_gzip());
    CHECK(all_of(ByteStream(packed, "x", Packing::plain)) == packed);
    CHECK(ByteStream(content, "x").most_left() == content.size());
    CHECK(all_of(ByteStream(Bytes{}, "x")).empty());
    CHECK(
        contains(file_error_of([&] { ByteStream(directory / "none"); }), "none: cannot open: No such file"));
    CHECK(contains(file_error_of([&] { all_of(ByteStream(directory.path())); }), "Is a directory"));
    check_truncations_refused(packed, [](ByteView b) { all_of(ByteStream(b, "x", Packing::gzip)); });
    ByteStream stream(content, "x");
    Bytes target(content.size() - 2);
    stream.take(target, "pixels");
    CHECK(file_error_of([&] { stream.take(target, "the rest"); }) ==
          "x: at byte 199998: expected 199998 bytes of the rest, only 2 left (truncated?)");
}

TEST_CASE("gzip: a small file does not become a large one") {
    // 65 kB that become 64 MiB are let through, and not a byte more
    const std::size_t free_bytes = gzip_free_bytes;
    Bytes zeros(free_bytes);
    CHECK(gunzip(gzip(zeros), "x").size() == free_bytes);
    zeros.push_back(0);
    const Bytes packed = gzip(zeros);
    CHECK(contains(file_error_of([&] { gunzip(packed, "x"); }),
                   "decompresses to more than 100 times its size"));
    // the same from a pipe, whose size is not known
    const TemporaryDirectory directory;
    REQUIRE(::mkfifo((directory / "pipe").c_str(), 0600) == 0);
    std::jthread writer([&] { write_bytes(directory / "pipe", packed); });
    CHECK(contains(file_error_of([&] { read_file_or_gzip(directory / "pipe"); }), "100 times its size"));
}

TEST_CASE("IDX: memory follows the values, not the header, and small gzip files stay small") {
    const TemporaryDirectory directory;
    const double before = peak_megabytes();
    // 1 GB of images is claimed
    write_bytes(directory / "plain", idx_header(1024, 1024, 1023));
    write_bytes(directory / "claim.gz", packed_zeros(1024, 1000, 100));
    write_bytes(directory / "zeros.gz", packed_zeros(100, 1000, 1000));
    for (const char* name : {"plain", "claim.gz", "zeros.gz"}) {
        CHECK(contains(file_error_of([&] { (void)read_idx(directory / name); }), "bytes of values"));
        CHECK(contains(file_error_of([&] { (void)idx_images(directory / name, std::nullopt); }),
                       "at byte 16: expected"));
    }
    // 60 MB of zeros are honest, if the file has them; only the images asked for are kept, as floats
    write_bytes(directory / "black.gz", packed_zeros(60, 1000, 60000000));
    const double written = peak_megabytes();
    const ImageSet set = idx_images(directory / "black.gz", std::nullopt, {.limit = 3});
    CHECK(set.size() == 3);
    CHECK(set.images[2].rows() == 1000);
    CHECK(peak_megabytes() < written + 30);
    CHECK(written < before + 200);
    // one-pixel images would take a hundred times their bytes
    write_bytes(directory / "dust.gz", packed_zeros(6000000, 1, 6000000));
    CHECK(idx_images(directory / "dust.gz", std::nullopt, {.limit = 5}).size() == 5);
    CHECK(file_error_of([&] { (void)idx_images(directory / "dust.gz", std::nullopt); }) ==
          (directory / "dust.gz").string() +
              ": at byte 4: 6000000 images, set a limit (up to 4194304 are read without one)");
    // the rest of a file is checked, though only its first images are used
    Bytes cut = read_file(directory / "black.gz");
    cut.resize(cut.size() - 3);
    write_bytes(directory / "cut.gz", cut);
    CHECK(contains(file_error_of([&] { (void)idx_images(directory / "cut.gz", std::nullopt, {.limit = 3}); }),
                   "gzip data ends too early"));
    // images over the limits
    write_bytes(directory / "large", [&] {
        Bytes bytes = idx_header(1, 40000, 2);
        bytes.resize(bytes.size() + 80000);
        return bytes;
    }());
    CHECK(contains(file_error_of([&] { (void)idx_images(directory / "large", std::nullopt); }),
                   "image of 2 x 40000 pixels, the limit is"));
}

TEST_CASE("PNG: compressed texts and profiles are skipped, not decompressed") {
    const double before = peak_megabytes();
    // 100 chunks of 15 kB that would be 1.5 GB
    const Bytes png = encode_any_png(test_pixels(9, 9, 1), 9, 9, 8, PNG_COLOR_TYPE_GRAY);
    Bytes text(15 << 20, 'x'), packed(16 << 10);  // zeros would end the text
    uLongf size = packed.size();
    REQUIRE(compress(packed.data(), &size, text.data(), text.size()) == Z_OK);
    packed.resize(size);
    Bytes bomb(png.begin(), png.begin() + 33);  // signature and IHDR
    for (int i = 0; i < 100; ++i) {
        Bytes chunk = {'z', 'T', 'X', 't', 'a', static_cast<std::uint8_t>('0' + i % 10), 0, 0};
        chunk.insert(chunk.end(), packed.begin(), packed.end());
        const auto put = [&](std::uint32_t v) {
            for (int shift = 24; shift >= 0; shift -= 8)
                bomb.push_back(static_cast<std::uint8_t>(v >> shift));
        };
        put(static_cast<std::uint32_t>(chunk.size() - 4));
        bomb.insert(bomb.end(), chunk.begin(), chunk.end());
        put(static_cast<std::uint32_t>(crc32(0, chunk.data(), static_cast<uInt>(chunk.size()))));
    }
    bomb.insert(bomb.end(), png.begin() + 33, png.end());
    CHECK((decode_image(bomb, "x") == decode_image(png, "x")).all());
    CHECK(peak_megabytes() < before + 150);

    // a PNG of 100 bytes cannot hold 64 million pixels
    Bytes claim = encode_any_png(test_pixels(9, 9, 1), 9, 9, 8, PNG_COLOR_TYPE_GRAY);
    claim[18] = claim[22] = 0x1f;  // 0x1f09 x 0x1f09
    const std::uint32_t check = static_cast<std::uint32_t>(crc32(0, claim.data() + 12, 17));
    for (unsigned i = 0; i < 4; ++i) claim[29 + i] = static_cast<std::uint8_t>(check >> (24 - 8 * i));
    CHECK(contains(file_error_of([&] { decode_image(claim, "x"); }), "7945 x 7945 pixels cannot be in"));
}
