#include "reconlaw/gpu/denoiser.hpp"

#include <stdexcept>

#include "device_support.hpp"
#include "identity_network.hpp"
#include "reconlaw/gpu/evaluation.hpp"
#include "support/check_close.hpp"

using namespace reconlaw::gpu;
using reconlaw::data::Image;
using reconlaw::gpu::testing::identity;

namespace {

/// Any network at all, whose estimate depends on the size of the image through instance norm.
Weights untrained() {
    UNet u;
    u.channels = 4, u.poolings = 2, u.residual = true;
    Network<float> network(u, {1, 16, 16}, {.training = false});
    network.initialise(3);
    return {u, network.get_parameters(), {}};
}

Image noise_image(Eigen::Index rows, Eigen::Index cols, std::uint64_t seed) {
    std::vector<float> values(static_cast<std::size_t>(rows * cols), 0.5f);
    add_noise(values, 0.2, seed, 0);
    return Eigen::Map<const Image>(values.data(), rows, cols);
}

}  // namespace

TEST_CASE("tiles cover every pixel, overlap by half or more, and stay inside") {
    CHECK(tile_starts(7, 16) == std::vector<int>{0});
    CHECK(tile_starts(16, 16) == std::vector<int>{0});
    CHECK(tile_starts(17, 16) == std::vector<int>{0, 1});
    CHECK(tile_starts(32, 16) == std::vector<int>{0, 8, 16});
    CHECK(tile_starts(3, 1) == std::vector<int>{0, 1, 2});
    for (int length = 1; length < 200; ++length)
        for (const int side : {1, 2, 5, 16, 33}) {
            const std::vector<int> starts = tile_starts(length, side);
            REQUIRE(starts.front() == 0);
            REQUIRE(starts.back() == std::max(length - side, 0));
            for (std::size_t i = 1; i < starts.size(); ++i) {
                REQUIRE(starts[i] > starts[i - 1]);
                REQUIRE(starts[i] - starts[i - 1] <= std::max(side / 2, 1));
            }
        }
    CHECK_THROWS_AS(tile_starts(0, 4), std::invalid_argument);
    CHECK_THROWS_AS(tile_starts(4, 0), std::invalid_argument);
}

TEST_CASE("tiles of an estimate that does not depend on them give the whole image back") {
    if (!testing::have_device()) return;
    for (const auto& [rows, cols] : {std::pair{13, 11}, {16, 70}, {150, 9}, {129, 64}}) {
        const Image noisy = noise_image(rows, cols, 1);
        CHECK(denoise(identity(), noisy).isApprox(noisy));
        for (const int tile : {6, 16, 33}) CHECK(denoise(identity(), noisy, tile).isApprox(noisy, 1e-5f));
    }
    // far smaller than a tile, and than what the network could take as a whole
    for (const auto& [rows, cols] : {std::pair{1, 1}, {1, 40}, {3, 2}})
        CHECK(
            denoise(identity(), noise_image(rows, cols, 1), 32).isApprox(noise_image(rows, cols, 1), 1e-5f));
}

TEST_CASE("a tiled estimate is the weighted mean of the tiles' own estimates") {
    if (!testing::have_device()) return;
    const Weights weights = untrained();
    const Image noisy = noise_image(16, 24, 2);
    const Image tiled = denoise(weights, noisy, 16);
    // by hand: reflected by 8 pixels to 32 x 40, tiles at rows 0, 8, 16 and columns 0, 8, 16, 24
    Image input(32, 40), sum = Image::Zero(32, 40), coverage = sum;
    for (Eigen::Index r = 0; r < 32; ++r)
        for (Eigen::Index c = 0; c < 40; ++c)
            input(r, c) = noisy(r < 8    ? 7 - r
                                : r < 24 ? r - 8
                                         : 39 - r,
                                c < 8    ? 7 - c
                                : c < 32 ? c - 8
                                         : 55 - c);
    const auto weight = [](Eigen::Index k) {
        return static_cast<float>(std::pow(std::sin(M_PI * (static_cast<double>(k) + 0.5) / 16), 2));
    };
    for (Eigen::Index row = 0; row <= 16; row += 8)
        for (Eigen::Index col = 0; col <= 24; col += 8) {
            const Image estimate = denoise(weights, input.block(row, col, 16, 16));
            for (Eigen::Index r = 0; r < 16; ++r)
                for (Eigen::Index c = 0; c < 16; ++c) {
                    sum(row + r, col + c) += weight(r) * weight(c) * estimate(r, c);
                    coverage(row + r, col + c) += weight(r) * weight(c);
                }
        }
    check_close(((sum / coverage).block(8, 8, 16, 24) - tiled).abs().maxCoeff(), 0, 0, 1e-5);
    CHECK((denoise(weights, noisy) - tiled).abs().maxCoeff() > 1e-3f);  // the size matters to this network
}

TEST_CASE("an image that is one tile, and a batch of images, have the same estimates as one by one") {
    if (!testing::have_device()) return;
    const Weights weights = untrained();
    const Image a = noise_image(24, 24, 1), b = noise_image(24, 24, 2);
    CHECK((denoise(weights, a, 24) == denoise(weights, a)).all());
    std::vector<float> both(a.data(), a.data() + a.size());
    both.insert(both.end(), b.data(), b.data() + b.size());
    const std::vector<float> estimate = Denoiser(weights, 2, 24, 24, 16).estimate(both);
    CHECK(Eigen::Map<const Image>(estimate.data(), 24, 24).isApprox(denoise(weights, a, 16), 1e-5f));
    CHECK(Eigen::Map<const Image>(estimate.data() + 576, 24, 24).isApprox(denoise(weights, b, 16), 1e-5f));
}

TEST_CASE("scores in tiles are those of the tiled estimate") {
    if (!testing::have_device()) return;
    const Weights weights = untrained();
    const Image clean = noise_image(40, 24, 5).max(0.f).min(1.f);
    std::vector<float> values(clean.data(), clean.data() + clean.size());
    add_noise(values, 0.1, 7, 0);
    const Image noisy = Eigen::Map<const Image>(values.data(), 40, 24);
    const Image estimate = denoise(weights, noisy, 16).max(0.f).min(1.f);
    const Evaluation e = evaluate_denoiser(weights, std::vector<Image>{clean}, 0.1, 7, 16);
    check_close(e.mse.mean, (estimate - clean).cast<double>().square().mean(), 1e-5, 0.0);
}

TEST_CASE("the natural tile is the training patch, where the size matters and is known") {
    Weights w{UNet{}, {}, {{"patch", "48"}}};
    CHECK(natural_tile(w) == 48);
    w.architecture = ResidualCnn{};
    CHECK(natural_tile(w) == 0);
    CHECK(natural_tile(Weights{UNet{}, {}, {}}) == 0);
    for (const char* bad : {"", "x", "-3", "0", "48.5", "99999999999"})
        CHECK_THROWS_AS(natural_tile(Weights{UNet{}, {}, {{"patch", bad}}}), std::invalid_argument);
}

TEST_CASE("a denoiser refuses what it cannot take") {
    if (!testing::have_device()) return;
    CHECK_THROWS_AS(Denoiser(identity(), 0, 8, 8), std::invalid_argument);
    CHECK_THROWS_AS(Denoiser(identity(), 1, 8, 8, -1), std::invalid_argument);
    CHECK_THROWS_AS(Denoiser(identity(), 1, 8, 8, 1), std::invalid_argument);
    CHECK_THROWS_AS(Denoiser(identity(), 1, 1, 8), std::invalid_argument);
    CHECK_THROWS_WITH(Denoiser(identity(), 1, 40, 40, 2), doctest::Contains("tile = 2 is too small"));
    CHECK_THROWS_AS(Denoiser(identity(), 1, 0, 8, 16), std::invalid_argument);
    CHECK_THROWS_AS(Denoiser({LinearNetwork{}, {0.f}, {}}, 1, 8, 8), std::invalid_argument);
    CHECK_THROWS_AS(Denoiser(identity(), 1, 8, 8).estimate(std::vector<float>(63)), std::invalid_argument);
    CHECK_THROWS_AS(denoise(identity(), Image()), std::invalid_argument);
}
