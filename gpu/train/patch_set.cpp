#include "reconlaw/gpu/patch_set.hpp"

#include <algorithm>

#include "reconlaw/data/patches.hpp"
#include "reconlaw/detail/check.hpp"

namespace reconlaw::gpu {

using detail::require;

PatchSet PatchSet::first(std::int64_t number) const {
    require(number >= 1 && number <= count(), "PatchSet::first", "number", number,
            "from 1 to " + std::to_string(count()));
    PatchSet part{side, {values.begin(), values.begin() + number * side * side}};
    if (!source.empty()) part.source.assign(source.begin(), source.begin() + number);
    return part;
}

PatchSet draw_patch_set(const data::ImageSet& set, int side, std::int64_t count, std::uint64_t seed) {
    constexpr auto f = "draw_patch_set";
    require(side >= 1, f, "side", side, ">= 1");
    require(count >= 1, f, "count", count, ">= 1");
    PatchSet patches{side, {}};
    const std::size_t pixels = static_cast<std::size_t>(side) * static_cast<std::size_t>(side);
    const bool whole = std::all_of(set.images.begin(), set.images.end(), [&](const data::Image& image) {
        return image.rows() == side && image.cols() == side;
    });
    if (whole) {
        require(count <= set.size(), f, "count", count,
                "at most the " + std::to_string(set.size()) + " images of " + set.source);
        patches.values.reserve(static_cast<std::size_t>(count) * pixels);
        for (std::int64_t i = 0; i < count; ++i) {
            const data::Image& image = set.images[static_cast<std::size_t>(i)];
            patches.values.insert(patches.values.end(), image.data(), image.data() + pixels);
        }
        return patches;
    }
    const data::PatchSampler sampler(set.images, {.side_px = side, .seed = seed});
    require(static_cast<std::uint64_t>(count) <= sampler.positions(), f, "count", count,
            "at most the " + std::to_string(sampler.positions()) + " patches of " + set.source);
    patches.values.resize(static_cast<std::size_t>(count) * pixels);
    for (std::int64_t i = 0; i < count; ++i) {
        sampler.cut(set.images, static_cast<std::uint64_t>(i),
                    std::span(patches.values).subspan(static_cast<std::size_t>(i) * pixels, pixels));
        patches.source.push_back(static_cast<int>(sampler.place(static_cast<std::uint64_t>(i)).image));
    }
    return patches;
}

}  // namespace reconlaw::gpu
