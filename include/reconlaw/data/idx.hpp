#pragma once
/// IDX arrays of bytes (the MNIST family's format), plain or gzip, and Fashion-MNIST.

#include <Eigen/Core>
#include <filesystem>
#include <span>
#include <vector>

#include "reconlaw/data/byte_stream.hpp"
#include "reconlaw/data/bytes.hpp"

namespace reconlaw::data {

/// An array of unsigned bytes of any rank, last index fastest.
struct IdxArray {
    std::vector<Eigen::Index> shape;  ///< every entry >= 1; {N} for labels, {N, rows, cols} for images
    Bytes values;                     ///< product of shape entries
};

/// An IDX file from beginning to end, without its values in memory.
///
/// IDX: bytes 0 0, type 0x08 (unsigned byte), rank, `rank` big-endian 32-bit sizes, then exactly their
/// product of values.
class IdxReader {
  public:
    /// Reads the header.
    /// @throws FileError  wrong magic, another element type, rank or size 0, sizes whose product exceeds
    ///                    default_max_bytes, more values than the stream can hold (truncated); with the
    ///                    offset
    explicit IdxReader(ByteStream stream);

    const std::vector<Eigen::Index>& shape() const { return shape_; }
    std::uint64_t total_bytes() const { return total_; }  ///< product of the sizes

    /// The next values. @throws FileError  as ByteStream::take
    void read(std::span<std::uint8_t> target);
    /// Reads what is left of the values, to check it. @throws FileError  truncated or corrupt, trailing bytes
    void finish();

  private:
    ByteStream stream_;
    std::vector<Eigen::Index> shape_;
    std::uint64_t total_ = 1, header_ = 0;
};

/// The array in IDX bytes, not compressed. @throws FileError  as IdxReader
IdxArray parse_idx(ByteView bytes, const std::filesystem::path& name);

/// The array in a file, plain or gzip (told by its content, not its name). The memory it takes is that of the
/// values there are, whatever the header claims.
IdxArray read_idx(const std::filesystem::path& path);

/// Images of one size with their class labels; pixel bytes as stored, 0 to 255.
struct LabelledImages {
    Eigen::Index rows = 0, cols = 0;
    Bytes pixels;  ///< image by image, row-major
    Bytes labels;  ///< one per image

    Eigen::Index size() const { return static_cast<Eigen::Index>(labels.size()); }
    Eigen::Index pixels_per_image() const { return rows * cols; }

    /// Images [first, first + count) as columns, pixel values scaled to [0, 1].
    /// @return rows*cols x count
    /// @throws std::invalid_argument  range outside [0, size()]
    Eigen::MatrixXd samples(Eigen::Index first, Eigen::Index count) const;
    Eigen::MatrixXd samples() const { return samples(0, size()); }
};

/// Pair an images file (rank 3) with a labels file (rank 1).
/// @throws FileError  other ranks, or different numbers of images and labels
LabelledImages read_labelled_images(const std::filesystem::path& images, const std::filesystem::path& labels);

struct FashionMnist {
    LabelledImages train;  ///< 60000 images of 28 x 28 pixels
    LabelledImages test;   ///< 10000
};

/// Fashion-MNIST as the Debian package dataset-fashion-mnist installs it:
/// {train,t10k}-{images-idx3,labels-idx1}-ubyte.gz (each also accepted without .gz).
/// @throws FileError  a missing file (says which package to install), or a file that is not what it should be
FashionMnist fashion_mnist(const std::filesystem::path& directory = "/usr/share/datasets/fashion-mnist");

}  // namespace reconlaw::data
