#pragma once
/// Random square patches of images, as the columns of a sample matrix.

#include <Eigen/Core>
#include <cstdint>
#include <functional>
#include <span>
#include <vector>

#include "reconlaw/data/photographs.hpp"

namespace reconlaw::data {

struct PatchOptions {
    Eigen::Index side_px = 16;  ///< P
    Eigen::Index count = 0;     ///< N
    std::uint64_t seed = 0;
};

/// Gives image number j, 0 <= j < number of images.
using ImageSource = std::function<Image(Eigen::Index)>;

/// N patches of P x P pixels. The images take turns in an order shuffled by the seed, so that each gives
/// equally many (up to one); positions are uniform and independent. Patch i depends on (seed, i) and the
/// images only (Philox4x32-10 keyed by the seed): the first N patches of a longer draw are the draw of N.
/// Each image is asked for once, when N or fewer are needed only N of them.
///
/// Splits are by image: draw training and test patches from disjoint sets of images, never from one.
///
/// @return P^2 x N, columns are patches, pixels row by row
/// @throws std::invalid_argument  no images, P < 1, N < 1, or an image smaller than P x P
Eigen::MatrixXd draw_patches(Eigen::Index images, const ImageSource& image, const PatchOptions& options);

/// draw_patches from images in memory.
Eigen::MatrixXd draw_patches(const std::vector<Image>& images, const PatchOptions& options);

/// draw_patches from photographs, loaded one at a time.
Eigen::MatrixXd draw_patches(const std::vector<Photograph>& photographs, const PatchOptions& options,
                             const std::filesystem::path& root = "/");

struct PatchSamplerOptions {
    Eigen::Index side_px = 64;  ///< P
    std::uint64_t seed = 0;
    bool flips = false;      ///< mirrored left-right with probability 1/2
    bool rotations = false;  ///< turned by 0, 90, 180 or 270 degrees; with `flips`: all 8 symmetries
};

/// Where a patch is cut, and how it is turned.
struct PatchPlace {
    std::size_t image = 0;
    Eigen::Index top = 0, left = 0;  ///< of the patch in the image [px]
    int quarter_turns = 0;           ///< counter-clockwise, 0 to 3
    bool mirrored = false;           ///< left-right, before it is turned

    friend bool operator==(const PatchPlace&, const PatchPlace&) = default;
};

/// An endless sequence of random P x P patches for training in single precision. Each is uniform over all
/// positions of all images: an image of R x C pixels is chosen with probability proportional to its
/// (R - P + 1)(C - P + 1) positions, and not at all where it is smaller than P x P (draw_patches, in
/// contrast, takes equally many from each image). Patches may repeat.
///
/// Patch i is a function of (seed, i) and the images' sizes and contents only (Philox4x32-10 keyed by the
/// seed): training sets 0..N-1 of growing N are nested, and any thread may draw any patch. Its symmetry
/// depends on (seed, i, epoch), its position does not: a training set keeps its patches while every epoch
/// sees them turned anew.
///
/// Splits are by image: sample training and test patches from disjoint sets of images.
class PatchSampler {
  public:
    /// Keeps the sizes of the images, not the images: hand the same ones to the functions below.
    /// @throws std::invalid_argument  P < 1, no images, or every image smaller than P x P
    PatchSampler(const std::vector<Image>& images, const PatchSamplerOptions& options);

    const PatchSamplerOptions& options() const { return options_; }
    /// Positions of all images together.
    std::uint64_t positions() const { return ends_.back(); }
    /// Images of at least P x P pixels.
    std::size_t usable_images() const { return usable_; }

    PatchPlace place(std::uint64_t i, std::uint32_t epoch = 0) const;

    /// Patch i, pixels row by row. Allocates nothing.
    /// @param out  P^2 values
    /// @throws std::invalid_argument  `out` of another size, or images of other sizes than the constructor's
    void cut(const std::vector<Image>& images, std::uint64_t i, std::span<float> out,
             std::uint32_t epoch = 0) const;

    /// Patches [first, first + count) of epoch 0 as columns: in memory the tensor count x 1 x P x P.
    /// @return P^2 x count
    /// @throws std::invalid_argument  count < 1; as cut
    Eigen::MatrixXf draw(const std::vector<Image>& images, std::uint64_t first, Eigen::Index count) const;

  private:
    PatchSamplerOptions options_;
    std::vector<Eigen::Index> rows_, cols_;
    std::vector<std::uint64_t> ends_;  ///< positions of images 0..j
    std::size_t usable_ = 0;
};

}  // namespace reconlaw::data
