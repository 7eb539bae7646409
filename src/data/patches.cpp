#include "reconlaw/data/patches.hpp"

#include <Random123/philox.h>

#include <algorithm>
#include <numeric>
#include <string>

#include "reconlaw/detail/check.hpp"

namespace reconlaw::data {
namespace {

/// What the random numbers of one index are for; separates their streams.
enum class Stream : std::uint32_t { position = 0, order = 1 };

r123::Philox4x32::ctr_type random_words(std::uint64_t seed, std::uint64_t index, Stream stream) {
    const auto low = [](std::uint64_t x) { return static_cast<std::uint32_t>(x); };
    const auto high = [](std::uint64_t x) { return static_cast<std::uint32_t>(x >> 32); };
    return r123::Philox4x32()({{low(index), high(index), static_cast<std::uint32_t>(stream), 0}},
                              {{low(seed), high(seed)}});
}

/// Uniform on 0..count-1, up to a relative bias of count/2^32 (below 1e-5 for any image side).
Eigen::Index below(std::uint32_t random, Eigen::Index count) {
    return static_cast<Eigen::Index>(std::uint64_t{random} * static_cast<std::uint64_t>(count) >> 32);
}

/// 0..count-1, shuffled: sorted by random 64-bit keys.
std::vector<Eigen::Index> shuffled(Eigen::Index count, std::uint64_t seed) {
    std::vector<std::pair<std::uint64_t, Eigen::Index>> keyed;
    keyed.reserve(static_cast<std::size_t>(count));
    for (Eigen::Index j = 0; j < count; ++j) {
        const auto words = random_words(seed, static_cast<std::uint64_t>(j), Stream::order);
        keyed.emplace_back(std::uint64_t{words[0]} << 32 | words[1], j);
    }
    std::sort(keyed.begin(), keyed.end());
    std::vector<Eigen::Index> order;
    order.reserve(keyed.size());
    for (const auto& [key, j] : keyed) order.push_back(j);
    return order;
}

}  // namespace

Eigen::MatrixXd draw_patches(Eigen::Index images, const ImageSource& source, const PatchOptions& options) {
    constexpr auto f = "draw_patches";
    const Eigen::Index side = options.side_px;
    detail::require(images >= 1, f, "number of images", images, ">= 1");
    detail::require(side >= 1 && side <= 1 << 15, f, "side_px P", side, "between 1 and 32768");
    detail::require(options.count >= 1, f, "count N", options.count, ">= 1");

    using RowMajor = Eigen::Array<double, Eigen::Dynamic, Eigen::Dynamic, Eigen::RowMajor>;
    Eigen::MatrixXd patches(side * side, options.count);
    const std::vector<Eigen::Index> order = shuffled(images, options.seed);
    for (Eigen::Index turn = 0; turn < std::min(images, options.count); ++turn) {
        const Image image = source(order[static_cast<std::size_t>(turn)]);
        detail::require(image.rows() >= side && image.cols() >= side, f, "image",
                        std::to_string(image.cols()) + " x " + std::to_string(image.rows()) + " pixels",
                        "at least P = " + std::to_string(side) + " on each side");
        for (Eigen::Index i = turn; i < options.count; i += images) {
            const auto words = random_words(options.seed, static_cast<std::uint64_t>(i), Stream::position);
            const Eigen::Index top = below(words[0], image.rows() - side + 1);
            const Eigen::Index left = below(words[1], image.cols() - side + 1);
            Eigen::Map<RowMajor>(patches.col(i).data(), side, side) =
                image.block(top, left, side, side).cast<double>();
        }
    }
    return patches;
}

Eigen::MatrixXd draw_patches(const std::vector<Image>& images, const PatchOptions& options) {
    const auto source = [&](Eigen::Index j) { return images[static_cast<std::size_t>(j)]; };
    return draw_patches(static_cast<Eigen::Index>(images.size()), source, options);
}

Eigen::MatrixXd draw_patches(const std::vector<Photograph>& photographs, const PatchOptions& options,
                             const std::filesystem::path& root) {
    const auto source = [&](Eigen::Index j) {
        return load_photograph(photographs[static_cast<std::size_t>(j)], root);
    };
    return draw_patches(static_cast<Eigen::Index>(photographs.size()), source, options);
}

}  // namespace reconlaw::data
