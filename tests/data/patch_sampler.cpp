#include <chrono>
#include <map>
#include <set>
#include <tuple>

#include "reconlaw/data/patches.hpp"
#include "support/check_close.hpp"

using namespace reconlaw::data;

namespace {

/// Pixel (i, j) of image k is 10000 k + 100 i + j: a patch tells where it is from.
Image labelled(int k, Eigen::Index rows, Eigen::Index cols) {
    Image image(rows, cols);
    for (Eigen::Index i = 0; i < rows; ++i)
        for (Eigen::Index j = 0; j < cols; ++j) image(i, j) = static_cast<float>(10000 * k + 100 * i + j);
    return image;
}

std::vector<Image> labelled_images() {
    return {labelled(0, 9, 12), labelled(1, 3, 50), labelled(2, 20, 7), labelled(3, 4, 4)};
}

using Square = Eigen::Array<float, Eigen::Dynamic, Eigen::Dynamic, Eigen::RowMajor>;

Square cut(const PatchSampler& sampler, const std::vector<Image>& images, std::uint64_t i,
           std::uint32_t epoch = 0) {
    const Eigen::Index side = sampler.options().side_px;
    Square patch(side, side);
    sampler.cut(images, i, {patch.data(), static_cast<std::size_t>(patch.size())}, epoch);
    return patch;
}

/// By the definition, one quarter turn counter-clockwise at a time.
Square turned(Square patch, const PatchPlace& place) {
    if (place.mirrored) patch = Square(patch.rowwise().reverse());
    for (int k = 0; k < place.quarter_turns; ++k) patch = Square(patch.transpose().colwise().reverse());
    return patch;
}

}  // namespace

TEST_CASE("PatchSampler: patches are where place says, inside usable images") {
    const auto images = labelled_images();
    const PatchSampler sampler(images, {.side_px = 4, .seed = 3});
    CHECK(sampler.usable_images() == 3);  // 3 x 50 has no 4 x 4 patch
    CHECK(sampler.positions() == 6 * 9 + 17 * 4 + 1);
    for (std::uint64_t i = 0; i < 300; ++i) {
        const PatchPlace p = sampler.place(i);
        REQUIRE(p.image != 1);
        REQUIRE(p.image < 4);
        REQUIRE(!p.mirrored);
        REQUIRE(p.quarter_turns == 0);
        REQUIRE((cut(sampler, images, i) == images[p.image].block(p.top, p.left, 4, 4)).all());
    }
}

TEST_CASE("PatchSampler: every position of every image is equally likely") {
    const PatchSampler sampler(labelled_images(), {.side_px = 4, .seed = 1});
    const int draws = 1000 * 123;
    std::map<std::tuple<std::size_t, Eigen::Index, Eigen::Index>, int> count;
    for (int i = 0; i < draws; ++i) {
        const PatchPlace p = sampler.place(static_cast<std::uint64_t>(i));
        ++count[{p.image, p.top, p.left}];
    }
    REQUIRE(count.size() == 123);  // all of them, so the images are in proportion to their positions
    double chi_squared = 0;
    for (const auto& [position, k] : count) chi_squared += (k - 1000.0) * (k - 1000.0) / 1000.0;
    CHECK(chi_squared < 174);  // 122 degrees of freedom, p = 0.0014; the seed is fixed
    CHECK(chi_squared > 80);   // p = 0.001 from below: too even is no chance either
}

TEST_CASE("PatchSampler: nested in N, seeded, and a function of the index alone") {
    const auto images = labelled_images();
    const PatchSampler sampler(images, {.side_px = 3, .seed = 5, .flips = true, .rotations = true});
    const Eigen::MatrixXf large = sampler.draw(images, 0, 300);
    REQUIRE(large.rows() == 9);
    REQUIRE(large.cols() == 300);
    for (const Eigen::Index n : {1, 30, 100}) CHECK(sampler.draw(images, 0, n) == large.leftCols(n));
    CHECK(sampler.draw(images, 120, 50) == large.middleCols(120, 50));
    const Square patch = cut(sampler, images, 77);
    CHECK(Eigen::Map<const Eigen::VectorXf>(patch.data(), 9) == large.col(77));

    const auto with_seed = [&](std::uint64_t seed) {
        return PatchSampler(images, {.side_px = 3, .seed = seed, .flips = true, .rotations = true})
            .draw(images, 0, 300);
    };
    CHECK(with_seed(5) == large);
    CHECK(with_seed(6) != large);
    CHECK(with_seed(5 + (std::uint64_t{1} << 32)) != large);
    CHECK(sampler.place(7) != sampler.place(7 + (std::uint64_t{1} << 32)));
}

TEST_CASE("PatchSampler: the eight symmetries, anew in every epoch at the same position") {
    const auto images = labelled_images();
    const PatchSamplerOptions options{.side_px = 4, .seed = 2};
    const PatchSampler plain(images, options);
    for (const auto& [flips, rotations, kinds] : {std::tuple{true, false, 2U}, std::tuple{false, true, 4U},
                                                  std::tuple{true, true, 8U}, std::tuple{false, false, 1U}}) {
        PatchSamplerOptions turning = options;
        turning.flips = flips;
        turning.rotations = rotations;
        const PatchSampler sampler(images, turning);
        std::map<std::pair<bool, int>, int> count;
        for (std::uint64_t i = 0; i < 40; ++i)
            for (std::uint32_t epoch = 0; epoch < 40; ++epoch) {
                const PatchPlace p = sampler.place(i, epoch), q = plain.place(i);
                REQUIRE(std::tie(p.image, p.top, p.left) == std::tie(q.image, q.top, q.left));
                REQUIRE((cut(sampler, images, i, epoch) == turned(cut(plain, images, i), p)).all());
                ++count[{p.mirrored, p.quarter_turns}];
            }
        REQUIRE(count.size() == kinds);
        // 1600 draws: 200 of each of eight, standard deviation 13; for fewer kinds relatively less
        for (const auto& [kind, k] : count) check_close(k, 1600.0 / kinds, 0.3, 0.0);
    }
}

TEST_CASE("PatchSampler: 10000 patches of 64 x 64 pixels") {
#ifdef NDEBUG
    const double limit = 1;
#else
    const double limit = 20;  // with sanitizers
#endif
    std::vector<Image> images;
    for (int k = 0; k < 4; ++k) images.push_back(labelled(k, 400, 500));
    for (const bool turning : {false, true}) {
        const PatchSampler sampler(images, {.side_px = 64, .flips = turning, .rotations = turning});
        std::vector<float> out(64 * 64);
        const auto start = std::chrono::steady_clock::now();
        for (std::uint64_t i = 0; i < 10000; ++i) sampler.cut(images, i, out);
        const double seconds =
            std::chrono::duration<double>(std::chrono::steady_clock::now() - start).count();
        MESSAGE((turning ? "turned: " : "plain: "), 1e3 * seconds, " ms");
        CHECK(seconds < limit);
    }
}

TEST_CASE("PatchSampler: wrong arguments") {
    const auto images = labelled_images();
    CHECK_THROWS_WITH_AS(
        PatchSampler(images, {.side_px = 10}),
        "PatchSampler: side_px P = 10, must be at most 9, the shorter side of the largest image",
        std::invalid_argument);
    CHECK_THROWS_AS(PatchSampler(images, {.side_px = 0}), std::invalid_argument);
    CHECK_THROWS_AS(PatchSampler({}, {.side_px = 1}), std::invalid_argument);
    const PatchSampler sampler(images, {.side_px = 4});
    std::vector<float> wrong(15), right(16);
    CHECK_THROWS_WITH_AS(sampler.cut(images, 0, wrong),
                         "PatchSampler::cut: size of out = 15, must be P^2 = 16", std::invalid_argument);
    CHECK_THROWS_AS(sampler.cut({images[0]}, 0, right), std::invalid_argument);
    const std::vector<Image> others(4, labelled(0, 5, 5));
    CHECK_THROWS_AS(sampler.cut(others, 0, right), std::invalid_argument);
    CHECK_THROWS_AS(sampler.draw(images, 0, 0), std::invalid_argument);
}
