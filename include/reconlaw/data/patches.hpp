#pragma once
/// Random square patches of images, as the columns of a sample matrix.

#include <Eigen/Core>
#include <cstdint>
#include <functional>

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

}  // namespace reconlaw::data
