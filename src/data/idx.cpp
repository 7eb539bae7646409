#include "reconlaw/data/idx.hpp"

#include <string>

#include "reconlaw/data/file_error.hpp"
#include "reconlaw/detail/check.hpp"

namespace reconlaw::data {

namespace fs = std::filesystem;

IdxArray parse_idx(ByteView bytes, const fs::path& name) {
    ByteReader reader(bytes, name);
    const ByteView magic = reader.take(4, "IDX magic");
    if (magic[0] != 0 || magic[1] != 0)
        reader.fail(0, "not an IDX file: expected it to begin with two zero bytes");
    if (magic[2] != 0x08)
        reader.fail(2, "IDX element type " + std::to_string(magic[2]) + ", expected 8 (unsigned byte)");
    if (magic[3] == 0) reader.fail(3, "IDX rank 0, expected at least 1");

    IdxArray array;
    std::uint64_t total = 1;
    for (unsigned i = 0; i < magic[3]; ++i) {
        const std::uint64_t at = reader.offset();
        const std::uint32_t size = reader.u32_big_endian("the size of dimension " + std::to_string(i));
        if (size == 0) reader.fail(at, "dimension " + std::to_string(i) + " has size 0");
        total *= size;  // below 2^30 * 2^32: no overflow
        if (total > default_max_bytes)
            reader.fail(at, "the sizes ask for more than the limit of " + std::to_string(default_max_bytes) +
                                " bytes");
        array.shape.push_back(size);
    }
    const ByteView values = reader.take(total, "values");
    if (reader.remaining() > 0)
        reader.fail(std::to_string(reader.remaining()) + " bytes after the last value");
    array.values.assign(values.begin(), values.end());
    return array;
}

IdxArray read_idx(const fs::path& path) {
    return parse_idx(read_file_or_gzip(path), path);
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
