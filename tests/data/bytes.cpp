#include "reconlaw/data/bytes.hpp"

#include "encoders.hpp"
#include "mutations.hpp"
#include "support/temporary_directory.hpp"

using namespace reconlaw::data;
using namespace reconlaw::data::testing;

namespace {
Bytes bytes_of(const std::string& text) {
    return {text.begin(), text.end()};
}
}  // namespace

TEST_CASE("FileError says where") {
    CHECK(std::string(FileError("a/b", "broken").what()) == "a/b: broken");
    const FileError at_byte = FileError::at_byte("a", 12, "broken");
    CHECK(std::string(at_byte.what()) == "a: at byte 12: broken");
    CHECK(at_byte.offset() == 12);
    CHECK(!at_byte.line());
    const FileError at_line = FileError::at_line("a", 3, "broken");
    CHECK(std::string(at_line.what()) == "a:3: broken");
    CHECK(at_line.line() == 3);
    CHECK(at_line.reason() == "broken");
    CHECK(at_line.path() == "a");
}

TEST_CASE("read_file: whole files, ranges, and what can go wrong") {
    const TemporaryDirectory directory;
    write_text(directory / "f", "0123456789");
    CHECK(read_text_file(directory / "f") == "0123456789");
    CHECK(read_file_range(directory / "f", 3, 4) == bytes_of("3456"));
    CHECK(read_file_range(directory / "f", 10, 0).empty());
    CHECK(read_file("/proc/self/stat").size() > 10);  // its size is reported as 0

    CHECK(contains(file_error_of([&] { read_file(directory / "none"); }), "none: cannot open: No such file"));
    CHECK(contains(file_error_of([&] { read_file(directory.path()); }), "is a folder, must be a file"));
    CHECK(
        contains(file_error_of([&] { read_file(directory / "f", 9); }), "larger than the limit of 9 bytes"));
    CHECK(contains(file_error_of([&] { read_file("/dev/zero", 1000); }),
                   "larger than the limit of 1000 bytes"));
    CHECK(contains(file_error_of([&] { read_file_range(directory / "f", 8, 3); }),
                   "at byte 10: the file ends here, expected 3 bytes at 8"));
    CHECK(file_error_of([&] { read_file_range(directory / "f", ~std::uint64_t{0}, 2); }) != "");
    CHECK(file_error_of([&] { read_file_range(directory / "f", 2, ~std::uint64_t{0}); }) != "");
}

TEST_CASE("gunzip: members, truncation, corruption, limit") {
    Bytes content = test_pixels(100, 100, 1);
    const Bytes compressed = gzip(content);
    CHECK(gunzip(compressed, "x") == content);

    Bytes two = compressed;
    two.insert(two.end(), compressed.begin(), compressed.end());
    CHECK(gunzip(two, "x").size() == 2 * content.size());
    two.resize(compressed.size() + 5);
    CHECK(contains(file_error_of([&] { gunzip(two, "x"); }), "ends too early"));
    two = compressed;
    two.push_back('!');
    CHECK(file_error_of([&] { gunzip(two, "x"); }) != "");

    CHECK(
        contains(file_error_of([&] { gunzip(compressed, "x", content.size() - 1); }), "limit of 9999 bytes"));
    CHECK(contains(file_error_of([&] { gunzip(bytes_of("no gzip at all"), "x"); }), "x: at byte"));
    check_truncations_refused(compressed, [](ByteView b) { gunzip(b, "x"); });
    // Only header fields nobody checks (time stamp, flags, system) may change unnoticed: the rest has a
    // checksum.
    const int refused = count_refused_mutations(
        compressed, [](ByteView b) { gunzip(b, "x"); }, 1000);
    CHECK(refused > 900);

    const TemporaryDirectory directory;
    write_bytes(directory / "plain", content);
    write_bytes(directory / "packed", compressed);
    CHECK(read_file_or_gzip(directory / "plain") == content);
    CHECK(read_file_or_gzip(directory / "packed") == content);
}

TEST_CASE("sha256_hex: the examples of FIPS 180-2") {
    CHECK(sha256_hex(bytes_of("abc")) == "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad");
    CHECK(sha256_hex({}) == "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855");
}

TEST_CASE("ByteReader names what it expected") {
    const Bytes bytes = {0x01, 0x02, 0x03, 0x04, 0x05};
    ByteReader reader(bytes, "x");
    CHECK(reader.u32_big_endian("a size") == 0x01020304);
    CHECK(reader.remaining() == 1);
    CHECK(file_error_of([&] { reader.u32_big_endian("the height"); }) ==
          "x: at byte 4: expected 4 bytes of the height, only 1 left (truncated?)");
    CHECK(reader.u8("the last byte") == 5);
}
