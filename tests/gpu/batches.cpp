#include <Random123/philox.h>

#include <Random123/boxmuller.hpp>
#include <map>
#include <set>

#include "device_support.hpp"
#include "support/check_close.hpp"

using namespace reconlaw::gpu;
using namespace reconlaw::gpu::testing;
using kernels::BatchOrder;

namespace {

/// N patches of side x side pixels in device memory.
struct Patches {
    int count, side;
    std::vector<double> values;
    DeviceArray<float> memory;

    Patches(int number, int pixels)
        : count(number),
          side(pixels),
          values(rounded<float>(random_values(std::ptrdiff_t{number} * pixels * pixels, 1, 0, 1))),
          memory(on_device<float>(values)) {}
    std::size_t at(int patch, int y, int x) const {
        return static_cast<std::size_t>((std::ptrdiff_t{patch} * side + y) * side + x);
    }
};

struct Batch {
    std::vector<double> clean, noisy;
    std::vector<double> noise() const {
        std::vector<double> d(clean.size());
        for (std::size_t i = 0; i < d.size(); ++i) d[i] = noisy[i] - clean[i];
        return d;
    }
    /// One image's part of an array of all.
    static std::vector<double> image(const std::vector<double>& all, int number, int side) {
        const auto begin = all.begin() + std::ptrdiff_t{number} * side * side;
        return {begin, begin + std::ptrdiff_t{side} * side};
    }
};

template <class T>
Batch batch_of(const Patches& p, int images, BatchOrder order, double sigma,
               const std::vector<int>& permutation = {}) {
    const Extent e{images, p.side, p.side, 1};
    const Tensor<T> clean(e), noisy(e);
    DeviceArray<int> places(static_cast<std::ptrdiff_t>(std::max<std::size_t>(permutation.size(), 1)));
    if (!permutation.empty()) places.upload(permutation.data());
    kernels::noisy_batch<T>(p.memory.data(), permutation.empty() ? nullptr : places.data(), order, sigma,
                            clean.view(), noisy.view());
    return {clean.get(), noisy.get()};
}

/// Symmetry `turn` of a patch: bit 0 upside down, bit 1 left to right, bit 2 transposed.
std::vector<double> turned(const Patches& p, int patch, unsigned turn) {
    std::vector<double> image;
    for (int y = 0; y < p.side; ++y)
        for (int x = 0; x < p.side; ++x) {
            const int a = turn & 1U ? p.side - 1 - y : y, b = turn & 2U ? p.side - 1 - x : x;
            image.push_back(p.values[turn & 4U ? p.at(patch, b, a) : p.at(patch, a, b)]);
        }
    return image;
}

}  // namespace

TEST_CASE("a batch holds the patches that the order names, or those that follow") {
    if (!have_device()) return;
    const Patches p(6, 5);
    const std::vector<int> permutation{4, 0, 5, 2, 1, 3};
    const Batch shuffled = batch_of<float>(p, 3, {.seed = 1, .first = 2}, 0.1, permutation);
    const Batch straight = batch_of<float>(p, 3, {.seed = 1, .first = 2, .shuffle = false}, 0.1);
    for (int i = 0; i < 3; ++i) {
        CHECK(Batch::image(shuffled.clean, i, 5) ==
              turned(p, permutation[static_cast<std::size_t>(2 + i)], 0));
        CHECK(Batch::image(straight.clean, i, 5) == turned(p, 2 + i, 0));
    }
    const Batch silent = batch_of<float>(p, 3, {.seed = 1, .first = 2}, 0, permutation);
    CHECK(silent.clean == shuffled.clean);
    CHECK(silent.noisy == silent.clean);
}

TEST_CASE("noise depends on seed, epoch and patch, not on the batch a patch comes in") {
    if (!have_device()) return;
    const Patches p(6, 7);
    const std::vector<int> permutation{4, 0, 5, 2, 1, 3};
    const BatchOrder order{.seed = 0x123456789abcdef0, .epoch = 3};
    const Batch all = batch_of<float>(p, 6, order, 0.2, permutation);
    for (int i = 0; i < 6; ++i) {
        BatchOrder one = order;
        one.first = permutation[static_cast<std::size_t>(i)], one.shuffle = false;
        const Batch alone = batch_of<float>(p, 1, one, 0.2);
        CHECK(Batch::image(all.noisy, i, 7) == alone.noisy);
        for (int j = 0; j < i; ++j)  // no two patches share theirs
            CHECK(distance(Batch::image(all.noise(), i, 7), Batch::image(all.noise(), j, 7)) > 0.1);
    }
    CHECK(batch_of<float>(p, 6, order, 0.2, permutation).noisy == all.noisy);
    for (const BatchOrder& other : {BatchOrder{.seed = order.seed ^ 1, .epoch = 3},
                                    BatchOrder{.seed = order.seed ^ (1ULL << 40), .epoch = 3},
                                    BatchOrder{.seed = order.seed, .epoch = 4}}) {
        const Batch differs = batch_of<float>(p, 6, other, 0.2, permutation);
        CHECK(differs.clean == all.clean);
        CHECK(distance(differs.noise(), all.noise()) > 0.1);
    }
    set_threads(3);
    CHECK(batch_of<float>(p, 6, order, 0.2, permutation).noisy == all.noisy);
}

TEST_CASE_TEMPLATE("noise is Philox at the documented counters", T, float, double) {
    if (!have_device()) return;
    using Philox = r123::Philox4x32;
    const Patches p(3, 6);  // six pixels: the second group of four is cut short
    const Batch batch = batch_of<T>(p, 3, {.seed = 0xfedcba9876543210, .epoch = 9, .shuffle = false}, 0.5);
    std::vector<double> expected;
    for (std::uint32_t patch = 0; patch < 3; ++patch)
        for (std::uint32_t y = 0; y < 6; ++y)
            for (std::uint32_t x = 0; x < 6; ++x) {
                const Philox::ctr_type counter{{patch, 9, y << 16 | x / 4, 1}};
                const auto bits = Philox()(counter, Philox::key_type{{0x76543210, 0xfedcba98}});
                const auto two = r123::boxmuller(bits[x % 4 / 2 * 2], bits[x % 4 / 2 * 2 + 1]);
                expected.push_back(
                    p.values[p.at(static_cast<int>(patch), static_cast<int>(y), static_cast<int>(x))] +
                    0.5 * static_cast<double>(x % 2 ? two.y : two.x));
            }
    check_all_close(batch.noisy, expected, 2e-6);  // sines and logarithms in single precision on any device
}

TEST_CASE("noise is standard normal and white") {
    if (!have_device()) return;
    const Patches p(64, 40);
    const double sigma = 0.25, count = 64 * 40 * 40;
    std::vector<double> z = batch_of<double>(p, 64, {.seed = 5, .shuffle = false}, sigma).noise();
    for (double& v : z) v /= sigma;
    double mean = 0, variance = 0, fourth = 0, beyond_two = 0, right = 0, below = 0, next_patch = 0;
    for (std::size_t i = 0; i < z.size(); ++i) {
        mean += z[i] / count, variance += z[i] * z[i] / count, fourth += std::pow(z[i], 4) / count;
        beyond_two += (std::abs(z[i]) > 2) / count;
        right += z[i] * z[(i + 1) % z.size()] / count;
        below += z[i] * z[(i + 40) % z.size()] / count;
        next_patch += z[i] * z[(i + 1600) % z.size()] / count;
    }
    const double five = 5 / std::sqrt(count);  // five standard errors, with the variances of each statistic
    check_close(mean, 0, 0, five);
    check_close(variance, 1, 0, five * std::sqrt(2.0));
    check_close(fourth, 3, 0, five * std::sqrt(96.0));
    const double tail = std::erfc(std::sqrt(2.0));
    check_close(beyond_two, tail, 0, five * std::sqrt(tail * (1 - tail)));
    check_close(right, 0, 0, five);
    check_close(below, 0, 0, five);
    check_close(next_patch, 0, 0, five);
    CHECK(largest(z) < 6.7);  // 32 bits cannot reach further
    CHECK(largest(z) > 3.5);
}

TEST_CASE("symmetries turn each patch into one of eight, anew every epoch, and leave its noise alone") {
    if (!have_device()) return;
    for (const int side : {4, 7}) {
        const Patches p(80, side);
        std::map<unsigned, int> seen;
        std::vector<unsigned> first_epoch;
        int moved = 0;
        for (std::uint32_t epoch = 0; epoch < 2; ++epoch) {
            const BatchOrder plain{.seed = 7, .epoch = epoch, .shuffle = false};
            BatchOrder turning = plain;
            turning.symmetries = true;
            const Batch batch = batch_of<double>(p, 80, turning, 0.1),
                        still = batch_of<double>(p, 80, plain, 0.1);
            check_close(distance(batch.noise(), still.noise()), 0, 0, 1e-15);
            for (int patch = 0; patch < 80; ++patch) {
                std::set<unsigned> matches;
                for (unsigned turn = 0; turn < 8; ++turn)
                    if (Batch::image(batch.clean, patch, side) == turned(p, patch, turn))
                        matches.insert(turn);
                REQUIRE(matches.size() == 1);
                const unsigned turn = *matches.begin();
                ++seen[turn];
                if (epoch == 0)
                    first_epoch.push_back(turn);
                else
                    moved += turn != first_epoch[static_cast<std::size_t>(patch)];
            }
        }
        CHECK(seen.size() == 8);
        for (const auto& [turn, times] : seen) {  // 160 draws: mean 20, standard deviation 4.2
            INFO("symmetry ", turn, ": ", times, " times");
            CHECK(std::abs(times - 20) <= 17);
        }
        CHECK(std::abs(moved - 70) <= 12);  // 80 patches, seven in eight: standard deviation 3.0
    }
}
