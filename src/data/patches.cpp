#include "reconlaw/data/patches.hpp"

#include <Random123/philox.h>

#include <algorithm>
#include <numeric>
#include <string>
#include <string_view>
#include <utility>

#include "reconlaw/detail/check.hpp"

namespace reconlaw::data {
namespace {

/// What the random numbers of one index are for; separates their streams.
enum class Stream : std::uint32_t { position = 0, order = 1, any_position = 2, symmetry = 3 };

r123::Philox4x32::ctr_type random_words(std::uint64_t seed, std::uint64_t index, Stream stream,
                                        std::uint32_t epoch = 0) {
    const auto low = [](std::uint64_t x) { return static_cast<std::uint32_t>(x); };
    const auto high = [](std::uint64_t x) { return static_cast<std::uint32_t>(x >> 32); };
    return r123::Philox4x32()({{low(index), high(index), static_cast<std::uint32_t>(stream), epoch}},
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

std::string pixels_text(Eigen::Index rows, Eigen::Index cols) {
    return std::to_string(cols) + " x " + std::to_string(rows) + " pixels";
}

void require_side(Eigen::Index side, std::string_view function) {
    detail::require(side >= 1 && side <= 1 << 15, function, "side_px P", side, "between 1 and 32768");
}

}  // namespace

Eigen::MatrixXd draw_patches(Eigen::Index images, const ImageSource& source, const PatchOptions& options) {
    constexpr auto f = "draw_patches";
    const Eigen::Index side = options.side_px;
    detail::require(images >= 1, f, "number of images", images, ">= 1");
    require_side(side, f);
    detail::require(options.count >= 1, f, "count N", options.count, ">= 1");

    using RowMajor = Eigen::Array<double, Eigen::Dynamic, Eigen::Dynamic, Eigen::RowMajor>;
    Eigen::MatrixXd patches(side * side, options.count);
    const std::vector<Eigen::Index> order = shuffled(images, options.seed);
    for (Eigen::Index turn = 0; turn < std::min(images, options.count); ++turn) {
        const Image image = source(order[static_cast<std::size_t>(turn)]);
        detail::require(image.rows() >= side && image.cols() >= side, f, "image",
                        pixels_text(image.rows(), image.cols()),
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

namespace {

/// A square of `side` rows that begin at `source` and are `stride` apart, mirrored and turned, to `out`.
void copy_turned(const float* source, Eigen::Index stride, Eigen::Index side, const PatchPlace& place,
                 float* out) {
    // out(i, j) = source[start + i * row_step + j * col_step]
    Eigen::Index start = 0, row_step = stride, col_step = 1;
    const Eigen::Index last = side - 1;
    if (place.mirrored) start = last, col_step = -1;
    for (int turn = 0; turn < place.quarter_turns; ++turn) {  // out(i, j) = before(j, last - i)
        start += last * col_step;
        row_step = -std::exchange(col_step, row_step);
    }
    source += start;
    if (col_step == 1) {
        for (Eigen::Index i = 0; i < side; ++i) std::copy_n(source + i * row_step, side, out + i * side);
    } else {
        for (Eigen::Index i = 0; i < side; ++i)
            for (Eigen::Index j = 0; j < side; ++j) out[i * side + j] = source[i * row_step + j * col_step];
    }
}

}  // namespace

PatchSampler::PatchSampler(const std::vector<Image>& images, const PatchSamplerOptions& options)
    : options_(options) {
    constexpr auto f = "PatchSampler";
    const Eigen::Index side = options.side_px;
    require_side(side, f);
    detail::require(!images.empty(), f, "number of images", images.size(), ">= 1");
    std::uint64_t positions = 0;
    Eigen::Index largest = 0;  // the shorter side of the image where it is longest
    for (const Image& image : images) {
        rows_.push_back(image.rows());
        cols_.push_back(image.cols());
        largest = std::max(largest, std::min(image.rows(), image.cols()));
        if (image.rows() >= side && image.cols() >= side) {
            positions += static_cast<std::uint64_t>((image.rows() - side + 1) * (image.cols() - side + 1));
            ++usable_;
        }
        ends_.push_back(positions);
    }
    detail::require(positions > 0, f, "side_px P", side,
                    "at most " + std::to_string(largest) + ", the shorter side of the largest image");
}

PatchPlace PatchSampler::place(std::uint64_t i, std::uint32_t epoch) const {
    const auto words = random_words(options_.seed, i, Stream::any_position);
    // The remainder is uniform up to a relative bias of positions/2^64, below 1e-6 for 10^13 positions.
    std::uint64_t at = (std::uint64_t{words[0]} << 32 | words[1]) % positions();
    PatchPlace place;
    place.image = static_cast<std::size_t>(std::upper_bound(ends_.begin(), ends_.end(), at) - ends_.begin());
    if (place.image > 0) at -= ends_[place.image - 1];
    const auto across = static_cast<std::uint64_t>(cols_[place.image] - options_.side_px + 1);
    place.top = static_cast<Eigen::Index>(at / across);
    place.left = static_cast<Eigen::Index>(at % across);
    if (options_.flips || options_.rotations) {
        const auto turns = random_words(options_.seed, i, Stream::symmetry, epoch);
        place.mirrored = options_.flips && turns[0] % 2 == 1;
        place.quarter_turns = options_.rotations ? static_cast<int>(turns[1] % 4) : 0;
    }
    return place;
}

void PatchSampler::cut(const std::vector<Image>& images, std::uint64_t i, std::span<float> out,
                       std::uint32_t epoch) const {
    constexpr auto f = "PatchSampler::cut";
    const Eigen::Index side = options_.side_px;
    const auto size = static_cast<std::size_t>(side * side);
    const PatchPlace at = place(i, epoch);
    // Messages are made where they are needed only: this runs for every patch of every epoch.
    if (out.size() != size)
        detail::require(false, f, "size of out", out.size(), "P^2 = " + std::to_string(size));
    if (images.size() != ends_.size())
        detail::require(false, f, "number of images", images.size(), std::to_string(ends_.size()));
    const Image& image = images[at.image];
    const Eigen::Index rows = rows_[at.image], cols = cols_[at.image];
    if (image.rows() != rows || image.cols() != cols)
        detail::require(false, f, "image " + std::to_string(at.image),
                        pixels_text(image.rows(), image.cols()),
                        pixels_text(rows, cols) + ", as the constructor saw it");
    copy_turned(image.data() + at.top * cols + at.left, cols, side, at, out.data());
}

Eigen::MatrixXf PatchSampler::draw(const std::vector<Image>& images, std::uint64_t first,
                                   Eigen::Index count) const {
    detail::require(count >= 1, "PatchSampler::draw", "count", count, ">= 1");
    Eigen::MatrixXf patches(options_.side_px * options_.side_px, count);
    for (Eigen::Index n = 0; n < count; ++n)
        cut(images, first + static_cast<std::uint64_t>(n),
            {patches.col(n).data(), static_cast<std::size_t>(patches.rows())});
    return patches;
}

}  // namespace reconlaw::data
