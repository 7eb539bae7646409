#include "reconlaw/data/idx.hpp"

#include <algorithm>
#include <array>
#include <string>

#include "reconlaw/data/file_error.hpp"
#include "reconlaw/detail/check.hpp"

namespace reconlaw::data {

namespace fs = std::filesystem;

namespace {

IdxArray array_of(IdxReader reader) {
    constexpr std::uint64_t chunk = 1 << 20;
    IdxArray array;
    array.shape = reader.shape();
    array.values.reserve(reader.total_bytes());  // takes addresses only, memory comes with the values
    while (const std::uint64_t left = reader.total_bytes() - array.values.size()) {
        const std::size_t before = array.values.size();
        array.values.resize(before + std::min(left, chunk));
        reader.read(std::span(array.values).subspan(before));
    }
    reader.finish();
    return array;
}

}  // namespace

IdxReader::IdxReader(ByteStream stream) : stream_(std::move(stream)) {
    const auto fail = [&](std::uint64_t at, const std::string& reason) {
        throw FileError::at_byte(stream_.name(), at, reason);
    };
    std::array<std::uint8_t, 4> word;
    stream_.take(word, "IDX magic");
    if (word[0] != 0 || word[1] != 0) fail(0, "not an IDX file: expected it to begin with two zero bytes");
    if (word[2] != 0x08)
        fail(2, "IDX element type " + std::to_string(word[2]) + ", expected 8 (unsigned byte)");
    const unsigned rank = word[3];
    if (rank == 0) fail(3, "IDX rank 0, expected at least 1");
    for (unsigned i = 0; i < rank; ++i) {
        const std::uint64_t at = stream_.offset();
        stream_.take(word, "the size of dimension " + std::to_string(i));
        std::uint64_t size = 0;
        for (const std::uint8_t byte : word) size = size << 8 | byte;
        if (size == 0) fail(at, "dimension " + std::to_string(i) + " has size 0");
        total_ *= size;  // below 2^30 * 2^32: no overflow
        if (total_ > default_max_bytes)
            fail(at,
                 "the sizes ask for more than the limit of " + std::to_string(default_max_bytes) + " bytes");
        shape_.push_back(static_cast<Eigen::Index>(size));
    }
    header_ = stream_.offset();
    if (const std::uint64_t left = stream_.most_left(); total_ > left)
        fail(header_,
             "expected " + std::to_string(total_) + " bytes of values, " +
                 (stream_.is_gzip() ? "more than gzip data of this size hold: image data do not grow " +
                                          std::to_string(gzip_max_ratio) + "-fold (truncated?)"
                                    : "only " + std::to_string(left) + " left (truncated?)"));
}

void IdxReader::read(std::span<std::uint8_t> target) {
    stream_.take(target, "values");
}

void IdxReader::finish() {
    std::array<std::uint8_t, 1 << 16> buffer;
    for (std::uint64_t left = header_ + total_ - stream_.offset(); left > 0;) {
        const std::span<std::uint8_t> next = std::span(buffer).first(std::min(left, buffer.size()));
        read(next);
        left -= next.size();
    }
    const std::uint64_t end = stream_.offset();
    if (const std::size_t more = stream_.read(buffer))
        throw FileError::at_byte(stream_.name(), end,
                                 (more < buffer.size() ? std::to_string(more) : "many") +
                                     std::string(" bytes after the last value"));
}

IdxArray parse_idx(ByteView bytes, const fs::path& name) {
    return array_of(IdxReader(ByteStream(bytes, name, Packing::plain)));
}

IdxArray read_idx(const fs::path& path) {
    return array_of(IdxReader(ByteStream(path)));
}

Eigen::MatrixXd LabelledImages::samples(Eigen::Index first, Eigen::Index count) const {
    constexpr auto f = "LabelledImages::samples";
    detail::require(first >= 0 && first <= size(), f, "first", first,
                    "between 0 and " + std::to_string(size()));
    detail::require(count >= 0 && count <= size() - first, f, "count", count,
                    "between 0 and " + std::to_string(size() - first));
    const Eigen::Index p = pixels_per_image();
    using ByteMatrix = Eigen::Matrix<std::uint8_t, Eigen::Dynamic, Eigen::Dynamic>;
    return Eigen::Map<const ByteMatrix>(pixels.data() + first * p, p, count).cast<double>() / 255.0;
}

LabelledImages read_labelled_images(const fs::path& images, const fs::path& labels) {
    const auto expect_rank = [](const IdxArray& array, std::size_t rank, const fs::path& path) {
        if (array.shape.size() != rank)
            throw FileError::at_byte(
                path, 3,
                "IDX rank " + std::to_string(array.shape.size()) + ", expected " + std::to_string(rank));
    };
    IdxArray image_array = read_idx(images), label_array = read_idx(labels);
    expect_rank(image_array, 3, images);
    expect_rank(label_array, 1, labels);
    if (image_array.shape[0] != label_array.shape[0])
        throw FileError(labels, std::to_string(label_array.shape[0]) + " labels for the " +
                                    std::to_string(image_array.shape[0]) + " images of " + images.string());
    return {.rows = image_array.shape[1],
            .cols = image_array.shape[2],
            .pixels = std::move(image_array.values),
            .labels = std::move(label_array.values)};
}

FashionMnist fashion_mnist(const fs::path& directory) {
    const auto find = [&](const std::string& name) {
        std::error_code ignored;
        for (const char* ending : {".gz", ""})
            if (fs::path path = directory / (name + ending); fs::exists(path, ignored)) return path;
        throw FileError(directory / (name + ".gz"),
                        "no such file; install the Debian package dataset-fashion-mnist "
                        "(apt install dataset-fashion-mnist)");
    };
    const auto read = [&](const std::string& part, Eigen::Index count) {
        const fs::path images = find(part + "-images-idx3-ubyte"), labels = find(part + "-labels-idx1-ubyte");
        LabelledImages set = read_labelled_images(images, labels);
        if (set.size() != count || set.rows != 28 || set.cols != 28)
            throw FileError(images, "not Fashion-MNIST: " + std::to_string(set.size()) + " images of " +
                                        std::to_string(set.rows) + " x " + std::to_string(set.cols) +
                                        ", expected " + std::to_string(count) + " of 28 x 28");
        return set;
    };
    return {.train = read("train", 60000), .test = read("t10k", 10000)};
}

}  // namespace reconlaw::data
