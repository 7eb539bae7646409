#include "reconlaw/gpu/patch_set.hpp"

#include <doctest/doctest.h>

#include <algorithm>
#include <stdexcept>

using namespace reconlaw::gpu;
using reconlaw::data::Image;
using reconlaw::data::ImageSet;

namespace {

/// Images whose pixels say where they are: image number + row/100 + column/10000.
ImageSet numbered(int count, Eigen::Index rows, Eigen::Index cols) {
    ImageSet set;
    set.source = "numbered";
    for (int i = 0; i < count; ++i) {
        Image image(rows, cols);
        for (Eigen::Index y = 0; y < rows; ++y)
            for (Eigen::Index x = 0; x < cols; ++x)
                image(y, x) =
                    static_cast<float>(i) + static_cast<float>(y) / 100 + static_cast<float>(x) / 10000;
        set.images.push_back(image);
        set.names.push_back(std::to_string(i));
    }
    return set;
}

}  // namespace

TEST_CASE("images of the right size are taken whole and in order, there are no more than that") {
    const ImageSet set = numbered(5, 6, 6);
    const PatchSet p = draw_patch_set(set, 6, 4, 1);
    CHECK(p.count() == 4);
    for (int i = 0; i < 4; ++i)
        CHECK(std::equal(p.values.begin() + 36 * i, p.values.begin() + 36 * (i + 1),
                         set.images[static_cast<std::size_t>(i)].data()));
    CHECK_THROWS_WITH_AS(draw_patch_set(set, 6, 6, 1),
                         "draw_patch_set: count = 6, must be at most the 5 images of numbered",
                         std::invalid_argument);
}

TEST_CASE("patches of larger images are pieces of them, and smaller sets are the beginning of larger ones") {
    const ImageSet set = numbered(3, 20, 30);
    const PatchSet p = draw_patch_set(set, 8, 50, 4);
    REQUIRE(p.count() == 50);
    for (int i = 0; i < 50; ++i) {
        const float* v = p.values.data() + 64 * i;
        const int image = static_cast<int>(v[0]);
        CHECK(p.source[static_cast<std::size_t>(i)] == image);
        const auto row = static_cast<Eigen::Index>((v[0] - static_cast<float>(image)) * 100 + 0.001f);
        bool found = false;
        for (Eigen::Index left = 0; left + 8 <= 30 && !found; ++left)
            found = (Eigen::Map<const Image>(v, 8, 8) ==
                     set.images[static_cast<std::size_t>(image)].block(row, left, 8, 8))
                        .all();
        CHECK(found);
    }
    const PatchSet small = draw_patch_set(set, 8, 20, 4);
    CHECK(std::equal(small.values.begin(), small.values.end(), p.values.begin()));
    CHECK(p.first(20).values == small.values);
    CHECK(p.first(20).source == small.source);
    CHECK(draw_patch_set(set, 8, 20, 5).values != small.values);
    CHECK_THROWS_AS(p.first(51), std::invalid_argument);
    CHECK_THROWS_AS(p.first(0), std::invalid_argument);
    CHECK_THROWS_WITH_AS(draw_patch_set(set, 8, 10000, 4),
                         "draw_patch_set: count = 10000, must be at most the 897 patches of numbered",
                         std::invalid_argument);
    CHECK_THROWS_AS(draw_patch_set(set, 31, 1, 4), std::invalid_argument);
}
