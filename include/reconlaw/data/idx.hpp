#pragma once
/// IDX arrays of bytes (the MNIST family's format), plain or gzip, and Fashion-MNIST.

#include <Eigen/Core>
#include <filesystem>

#include "reconlaw/data/bytes.hpp"

namespace reconlaw::data {

/// An array of unsigned bytes of any rank, last index fastest.
struct IdxArray {
    std::vector<Eigen::Index> shape;  ///< every entry >= 1; {N} for labels, {N, rows, cols} for images
    Bytes values;                     ///< product of shape entries
};

/// IDX: bytes 0 0, type 0x08 (unsigned byte), rank, `rank` big-endian 32-bit sizes, then exactly their
/// product of values.
/// @throws FileError  wrong magic, another element type, rank or size 0, sizes whose product exceeds
///                    default_max_bytes, truncated, trailing bytes; with the offset
IdxArray parse_idx(ByteView bytes, const std::filesystem::path& name);

/// parse_idx of a file, plain or gzip (told by its content, not its name).
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
