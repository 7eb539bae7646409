#include "reconlaw/data/idx.hpp"

#include "encoders.hpp"
#include "mutations.hpp"
#include "support/check_close.hpp"
#include "support/temporary_directory.hpp"

using namespace reconlaw::data;
using namespace reconlaw::data::testing;

namespace {

Bytes idx_bytes(const std::vector<std::uint32_t>& shape, const Bytes& values) {
    Bytes bytes = {0, 0, 8, static_cast<std::uint8_t>(shape.size())};
    for (const std::uint32_t size : shape)
        for (int shift = 24; shift >= 0; shift -= 8)
            bytes.push_back(static_cast<std::uint8_t>(size >> shift));
    bytes.insert(bytes.end(), values.begin(), values.end());
    return bytes;
}

std::string parse_error(const Bytes& bytes) {
    return file_error_of([&] { parse_idx(bytes, "x"); });
}

}  // namespace

TEST_CASE("parse_idx: any rank") {
    const IdxArray labels = parse_idx(idx_bytes({3}, {7, 8, 9}), "x");
    CHECK(labels.shape == std::vector<Eigen::Index>{3});
    CHECK(labels.values == Bytes{7, 8, 9});
    const IdxArray images = parse_idx(idx_bytes({2, 1, 3}, {1, 2, 3, 4, 5, 6}), "x");
    CHECK(images.shape == std::vector<Eigen::Index>{2, 1, 3});
}

TEST_CASE("parse_idx: what is wrong, and where") {
    const Bytes good = idx_bytes({2, 3}, {1, 2, 3, 4, 5, 6});
    Bytes bytes = good;
    bytes[0] = 1;
    CHECK(contains(parse_error(bytes), "x: at byte 0: not an IDX file"));
    bytes = good;
    bytes[2] = 0x0d;
    CHECK(contains(parse_error(bytes), "at byte 2: IDX element type 13, expected 8"));
    bytes = good;
    bytes[3] = 0;
    CHECK(contains(parse_error(bytes), "at byte 3: IDX rank 0"));
    CHECK(contains(parse_error(idx_bytes({2, 0}, {})), "at byte 8: dimension 1 has size 0"));
    CHECK(contains(parse_error(idx_bytes({0xffffffff, 0xffffffff, 0xffffffff}, {})), "more than the limit"));
    CHECK(contains(parse_error(idx_bytes({2, 3}, {1, 2, 3, 4, 5})),
                   "at byte 12: expected 6 bytes of values, only 5 left"));
    CHECK(contains(parse_error(idx_bytes({2, 3}, {1, 2, 3, 4, 5, 6, 7})),
                   "at byte 18: 1 bytes after the last value"));
    CHECK(contains(parse_error({}), "expected 4 bytes of IDX magic, only 0 left"));
}

TEST_CASE("parse_idx survives damage, plain and gzip") {
    const Bytes good = idx_bytes({4, 5, 6}, test_pixels(20, 6, 1));
    const auto parse = [](ByteView b) { parse_idx(b, "x"); };
    check_truncations_refused(good, parse);
    CHECK(count_refused_mutations(good, parse, 3000) > 100);  // 16 of 136 bytes are header
    CHECK(count_refused_mutations(
              gzip(good), [](ByteView b) { parse_idx(gunzip(b, "x"), "x"); }, 3000) > 2000);
}

TEST_CASE("read_labelled_images: samples as columns") {
    const TemporaryDirectory directory;
    write_bytes(directory / "images",
                gzip(idx_bytes({2, 2, 3}, {0, 51, 102, 153, 204, 255, 5, 4, 3, 2, 1, 0})));
    write_bytes(directory / "labels", idx_bytes({2}, {4, 2}));
    const LabelledImages set = read_labelled_images(directory / "images", directory / "labels");
    CHECK(set.size() == 2);
    CHECK(set.rows == 2);
    CHECK(set.cols == 3);
    CHECK(set.labels == Bytes{4, 2});
    const Eigen::MatrixXd x = set.samples();
    REQUIRE(x.rows() == 6);
    REQUIRE(x.cols() == 2);
    for (int i = 0; i < 6; ++i) {
        check_close(x(i, 0), 0.2 * i, 0.0, 1e-15);  // one rounding of values <= 1
        check_close(x(i, 1), (5 - i) / 255.0, 0.0, 1e-15);
    }
    CHECK(set.samples(1, 1) == x.col(1));
    CHECK(set.samples(2, 0).cols() == 0);
    CHECK_THROWS_AS(set.samples(1, 2), std::invalid_argument);
    CHECK_THROWS_AS(set.samples(-1, 1), std::invalid_argument);

    write_bytes(directory / "labels", idx_bytes({3}, {4, 2, 1}));
    CHECK(contains(file_error_of([&] { read_labelled_images(directory / "images", directory / "labels"); }),
                   "3 labels for the 2 images"));
    CHECK(contains(file_error_of([&] { read_labelled_images(directory / "labels", directory / "labels"); }),
                   "at byte 3: IDX rank 1, expected 3"));
}

TEST_CASE("fashion_mnist: a missing package and a wrong file") {
    const TemporaryDirectory directory;
    CHECK(contains(file_error_of([&] { fashion_mnist(directory.path()); }),
                   "install the Debian package dataset-fashion-mnist"));
    write_bytes(directory / "train-images-idx3-ubyte", idx_bytes({1, 2, 2}, {1, 2, 3, 4}));
    write_bytes(directory / "train-labels-idx1-ubyte", idx_bytes({1}, {1}));
    CHECK(contains(file_error_of([&] { fashion_mnist(directory.path()); }),
                   "1 images of 2 x 2, expected 60000"));
}

TEST_CASE("fashion_mnist: the installed data") {
    if (!std::filesystem::exists("/usr/share/datasets/fashion-mnist")) {
        MESSAGE("SKIPPED: install the Debian package dataset-fashion-mnist");
        return;
    }
    const FashionMnist data = fashion_mnist();
    REQUIRE(data.train.size() == 60000);
    REQUIRE(data.test.size() == 10000);
    for (std::uint8_t label = 0; label < 10; ++label) {
        CHECK(std::count(data.train.labels.begin(), data.train.labels.end(), label) == 6000);
        CHECK(std::count(data.test.labels.begin(), data.test.labels.end(), label) == 1000);
    }
    // The mean and standard deviation that everyone normalises the training images with, to their four
    // digits.
    double sum = 0, squares = 0;
    for (const std::uint8_t v : data.train.pixels) sum += v, squares += double(v) * v;
    const double count = static_cast<double>(data.train.pixels.size()), mean = sum / count;
    check_close(mean / 255, 0.2860, 0.0, 6e-5);
    check_close(std::sqrt(squares / count - mean * mean) / 255, 0.3530, 0.0, 6e-5);
}
