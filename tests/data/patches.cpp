#include "reconlaw/data/patches.hpp"

#include <map>
#include <set>

#include "mutations.hpp"
#include "support/check_close.hpp"

using namespace reconlaw::data;

namespace {

/// Image j has the value 1000 j + 20 row + col, so that a patch tells where it is from.
std::vector<Image> labelled_images(int count, Eigen::Index rows, Eigen::Index cols) {
    std::vector<Image> images;
    for (int k = 0; k < count; ++k) {
        Image image(rows, cols);
        for (Eigen::Index i = 0; i < rows; ++i)
            for (Eigen::Index j = 0; j < cols; ++j) image(i, j) = static_cast<float>(1000 * k + 20 * i + j);
        images.push_back(image);
    }
    return images;
}

int image_of(double value) {
    return static_cast<int>(value) / 1000;
}

}  // namespace

TEST_CASE("draw_patches: columns are patches, row by row, inside the image") {
    const auto images = labelled_images(3, 9, 12);
    const Eigen::MatrixXd patches = draw_patches(images, {.side_px = 4, .count = 500, .seed = 3});
    REQUIRE(patches.rows() == 16);
    REQUIRE(patches.cols() == 500);
    std::set<double> corners;
    for (Eigen::Index n = 0; n < patches.cols(); ++n) {
        const double corner = patches(0, n);
        corners.insert(corner);
        const int within = static_cast<int>(corner) % 1000;
        CHECK(within / 20 <= 5);
        CHECK(within % 20 <= 8);
        for (int i = 0; i < 4; ++i)
            for (int j = 0; j < 4; ++j) REQUIRE(patches(4 * i + j, n) == corner + 20 * i + j);
    }
    // 500 draws of 3*6*9 = 162 positions miss each with probability e^-3.1: about 155 seen, standard
    // deviation below 3.
    CHECK(corners.size() > 140);
}

TEST_CASE("draw_patches: nested in N, equally many from each image, seeded") {
    const auto images = labelled_images(7, 20, 20);
    const Eigen::MatrixXd large = draw_patches(images, {.side_px = 3, .count = 100, .seed = 5});
    for (const Eigen::Index count : {1, 6, 7, 8, 50})
        CHECK(draw_patches(images, {.side_px = 3, .count = count, .seed = 5}) == large.leftCols(count));
    CHECK(draw_patches(images, {.side_px = 3, .count = 100, .seed = 6}) != large);
    CHECK(draw_patches(images, {.side_px = 3, .count = 100, .seed = 5 + (std::uint64_t{1} << 32)}) != large);

    std::map<int, int> count;
    for (Eigen::Index n = 0; n < 70; ++n) ++count[image_of(large(0, n))];
    CHECK(count.size() == 7);
    for (const auto& [image, patches] : count) CHECK(patches == 10);

    // The order is shuffled: over 200 seeds the first patch comes from every image (each expected 29 times).
    std::map<int, int> first;
    for (std::uint64_t seed = 0; seed < 200; ++seed)
        ++first[image_of(draw_patches(images, {.side_px = 3, .count = 1, .seed = seed})(0, 0))];
    for (int k = 0; k < 7; ++k) CHECK(first[k] > 10);
}

TEST_CASE("draw_patches: positions are uniform") {
    const auto images = labelled_images(1, 9, 9);
    const Eigen::Index draws = 25000;
    const Eigen::MatrixXd patches = draw_patches(images, {.side_px = 5, .count = draws, .seed = 1});
    std::map<double, int> count;
    for (Eigen::Index n = 0; n < draws; ++n) ++count[patches(0, n)];
    REQUIRE(count.size() == 25);
    double chi_squared = 0;
    for (const auto& [corner, k] : count) chi_squared += (k - 1000.0) * (k - 1000.0) / 1000.0;
    CHECK(chi_squared < 51.2);  // 24 degrees of freedom, p = 0.001; the seed is fixed
}

TEST_CASE("draw_patches: each image is asked for at most once") {
    std::map<Eigen::Index, int> asked;
    const auto source = [&](Eigen::Index j) {
        ++asked[j];
        return Image(Image::Zero(8, 8));
    };
    (void)draw_patches(10, source, {.side_px = 8, .count = 4, .seed = 0});
    CHECK(asked.size() == 4);
    asked.clear();
    (void)draw_patches(10, source, {.side_px = 8, .count = 45, .seed = 0});
    CHECK(asked.size() == 10);
    for (const auto& [image, times] : asked) CHECK(times == 1);
}

TEST_CASE("draw_patches: wrong arguments") {
    const auto images = labelled_images(2, 8, 6);
    CHECK_THROWS_WITH_AS(draw_patches(images, {.side_px = 7, .count = 1}),
                         "draw_patches: image = 6 x 8 pixels, must be at least P = 7 on each side",
                         std::invalid_argument);
    CHECK_THROWS_AS(draw_patches(images, {.side_px = 0, .count = 1}), std::invalid_argument);
    CHECK_THROWS_AS(draw_patches(images, {.side_px = 2, .count = 0}), std::invalid_argument);
    CHECK_THROWS_AS(draw_patches(std::vector<Image>{}, {.side_px = 2, .count = 1}), std::invalid_argument);
}
