#pragma once
/// Training, validation and test images of one size, from sets of images.

#include <cstdint>
#include <vector>

#include "reconlaw/data/image_set.hpp"

namespace reconlaw::gpu {

/// Square one-channel images in host memory.
struct PatchSet {
    int side = 0;
    std::vector<float> values;  ///< count x side x side
    std::vector<int> source =
        {};  ///< number of the image that each patch is cut from; empty: every patch is an image of its own
    std::int64_t count() const {
        return side == 0 ? 0 : static_cast<std::int64_t>(values.size()) / (std::int64_t{side} * side);
    }
    /// The first patches: what a training with fewer samples sees.
    PatchSet first(std::int64_t number) const;
};

/// `count` images of side x side pixels. Where every image of the set has that size, the first `count` of
/// them; else random patches (data::PatchSampler). Either way the set of N is the beginning of every larger
/// one.
/// @throws std::invalid_argument  count < 1; more than the set has (images, or different patches); no image
/// is that large
PatchSet draw_patch_set(const data::ImageSet& images, int side, std::int64_t count, std::uint64_t seed);

}  // namespace reconlaw::gpu
