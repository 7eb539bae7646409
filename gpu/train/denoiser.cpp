#include "reconlaw/gpu/denoiser.hpp"

#include <algorithm>
#include <charconv>
#include <cmath>
#include <numbers>

#include "reconlaw/data/in_quotes.hpp"
#include "reconlaw/detail/check.hpp"

namespace reconlaw::gpu {
namespace {

using PixelMap = Eigen::Map<data::Image>;
using ConstPixels = Eigen::Map<const data::Image>;

constexpr std::int64_t batch_pixels =
    16 * 128 * 128;  // tiles are processed in batches of about so many pixels

constexpr int max_tile = 32768;  // as large as images can be

/// Of a tile's rows, or columns.
Eigen::ArrayXf tile_weights(int length) {
    Eigen::ArrayXf w(length);
    for (int k = 0; k < length; ++k)
        w[k] = static_cast<float>(std::pow(std::sin(std::numbers::pi * (k + 0.5) / length), 2));
    return w;
}

/// The image continued by `border` pixels on every side: reflected about its edges (c b a | a b c | c b a),
/// as often as it takes.
data::Image reflect(const ConstPixels& image, Eigen::Index border) {
    const auto inside = [&](Eigen::Index i, Eigen::Index length) {
        const Eigen::Index period = 2 * length, k = ((i - border) % period + period) % period;
        return k < length ? k : period - 1 - k;
    };
    data::Image result(image.rows() + 2 * border, image.cols() + 2 * border);
    for (Eigen::Index r = 0; r < result.rows(); ++r)
        for (Eigen::Index c = 0; c < result.cols(); ++c)
            result(r, c) = image(inside(r, image.rows()), inside(c, image.cols()));
    return result;
}

}  // namespace

void check_denoiser(const Architecture& a) {
    check(a);
    const auto* u = std::get_if<UNet>(&a);
    const auto* r = std::get_if<ResidualCnn>(&a);
    detail::require((u && u->in_channels == 1 && u->out_channels == 1) ||
                        (r && r->in_channels == 1 && r->out_channels == 1 && r->upscale == 1),
                    "denoiser", "network", describe(a),
                    "a U-Net or residual CNN from one channel to one of equal size");
}

int natural_tile(const Weights& weights) {
    const auto patch = weights.metadata.find("patch");
    if (!std::holds_alternative<UNet>(weights.architecture) || patch == weights.metadata.end()) return 0;
    const std::string& text = patch->second;
    int side = 0;
    const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), side);
    detail::require(error == std::errc() && end == text.data() + text.size() && side >= 1 && side <= max_tile,
                    "natural_tile", "metadata patch", data::in_quotes(text),
                    "a whole number from 1 to 32768");
    return side;
}

std::vector<int> tile_starts(int length, int side) {
    detail::require(length >= 1, "tile_starts", "length", length, ">= 1");
    detail::require(side >= 1, "tile_starts", "side", side, ">= 1");
    if (length <= side) return {0};
    const int stride = std::max(side / 2, 1), last = length - side;
    const int gaps = (last + stride - 1) / stride;
    std::vector<int> starts;
    for (int i = 0; i <= gaps; ++i) starts.push_back(static_cast<int>(std::int64_t{last} * i / gaps));
    return starts;
}

Denoiser::Denoiser(const Weights& weights, int images, int height, int width, int tile)
    : images_(images), height_(height), width_(width) {
    check_denoiser(weights.architecture);
    detail::require(images >= 1, "Denoiser", "images", images, ">= 1");
    detail::require(tile >= 0 && tile <= max_tile, "Denoiser", "tile", tile,
                    "from 0 to 32768 (0: whole images)");
    detail::require(height >= 1 && width >= 1, "Denoiser", "pixels",
                    std::to_string(height) + " x " + std::to_string(width), "at least 1 x 1");
    BatchShape one{1, height, width};
    if (tile > 0 && (height != tile || width != tile)) border_ = tile / 2, one.height = one.width = tile;
    try {
        check_image_size(weights.architecture, one.height, one.width);
    } catch (const std::invalid_argument& e) {
        if (tile == 0) throw;
        throw std::invalid_argument("Denoiser: tile = " + std::to_string(tile) +
                                    " is too small for the network: " + e.what());
    }
    const std::vector<int> rows = tile_starts(height + 2 * border_, one.height),
                           cols = tile_starts(width + 2 * border_, one.width);
    for (int image = 0; image < images; ++image)
        for (const int row : rows)
            for (const int col : cols) tiles_.push_back({image, row, col});
    const std::int64_t fit =
        std::clamp<std::int64_t>(batch_pixels / (std::int64_t{one.height} * one.width), 1, 64);
    BatchShape batch = one;
    batch.images = static_cast<int>(std::min<std::int64_t>(fit, std::ssize(tiles_)));
    network_ =
        std::make_unique<Network<float>>(weights.architecture, batch, NetworkOptions{.training = false});
    network_->set_parameters(weights.values);
}
Denoiser::~Denoiser() = default;
Denoiser::Denoiser(Denoiser&&) noexcept = default;
Denoiser& Denoiser::operator=(Denoiser&&) noexcept = default;

std::vector<float> Denoiser::estimate(std::span<const float> noisy) {
    const Eigen::Index pixels = Eigen::Index{height_} * width_;
    detail::require(std::ssize(noisy) == images_ * pixels, "Denoiser", "values", noisy.size(),
                    std::to_string(images_ * pixels));
    const auto [count, height, width] = network_->shape();
    const Eigen::Index tile_pixels = Eigen::Index{height} * width;
    const data::Image window =
        border_ == 0 ? data::Image::Ones(height, width)
                     : data::Image(tile_weights(height).matrix() * tile_weights(width).matrix().transpose());
    std::vector<data::Image> input, sum;
    for (int image = 0; image < images_; ++image)
        input.push_back(reflect(ConstPixels(noisy.data() + image * pixels, height_, width_), border_));
    sum.assign(input.size(), data::Image::Zero(input[0].rows(), input[0].cols()));
    data::Image coverage = sum[0];  // the same for every image
    for (const Tile& t : tiles_)
        if (t.image == 0) coverage.block(t.row, t.col, height, width) += window;

    std::vector<float> batch(static_cast<std::size_t>(count * tile_pixels));
    for (std::size_t first = 0; first < tiles_.size(); first += static_cast<std::size_t>(count)) {
        const std::span tiles(tiles_.begin() + static_cast<std::ptrdiff_t>(first),
                              std::min(tiles_.size() - first, static_cast<std::size_t>(count)));
        float* values = batch.data();
        for (const Tile& t : tiles) {
            PixelMap(values, height, width) =
                input[static_cast<std::size_t>(t.image)].block(t.row, t.col, height, width);
            values += tile_pixels;
        }
        const std::vector<float> denoised = network_->forward(batch);
        const float* result = denoised.data();
        for (const Tile& t : tiles) {
            sum[static_cast<std::size_t>(t.image)].block(t.row, t.col, height, width) +=
                window * ConstPixels(result, height, width);
            result += tile_pixels;
        }
    }
    std::vector<float> estimate(noisy.size());
    for (int image = 0; image < images_; ++image)
        PixelMap(estimate.data() + image * pixels, height_, width_) =
            (sum[static_cast<std::size_t>(image)] / coverage).block(border_, border_, height_, width_);
    return estimate;
}

data::Image denoise(const Weights& weights, const data::Image& noisy, int tile) {
    detail::require(noisy.size() > 0, "denoise", "pixels", noisy.size(), "at least 1");
    Denoiser denoiser(weights, 1, static_cast<int>(noisy.rows()), static_cast<int>(noisy.cols()), tile);
    const std::vector<float> estimate =
        denoiser.estimate({noisy.data(), static_cast<std::size_t>(noisy.size())});
    return ConstPixels(estimate.data(), noisy.rows(), noisy.cols());
}

}  // namespace reconlaw::gpu
