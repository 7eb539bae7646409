#include "reconlaw/gpu/evaluation.hpp"

#include <Random123/philox.h>

#include <Random123/boxmuller.hpp>
#include <algorithm>
#include <cmath>
#include <limits>
#include <map>

#include "reconlaw/data/metrics.hpp"
#include "reconlaw/detail/check.hpp"
#include "reconlaw/gpu/denoiser.hpp"

namespace reconlaw::gpu {
namespace {

using Plane = Eigen::Map<const Eigen::Array<float, Eigen::Dynamic, Eigen::Dynamic, Eigen::RowMajor>>;

/// Scores that are not defined are left out.
MeanAndError mean_and_error(const std::vector<ImageScore>& scores, std::span<const int> source,
                            double ImageScore::*member) {
    double n = 0, sum = 0;
    for (const ImageScore& s : scores)
        if (!std::isnan(s.*member)) sum += s.*member, ++n;
    const double mean = sum / n;       // NaN where none is defined
    std::map<int, double> deviations;  // by image
    for (std::size_t i = 0; i < scores.size(); ++i)
        if (const double value = scores[i].*member; !std::isnan(value))
            deviations[source.empty() ? static_cast<int>(i) : source[i]] += value - mean;
    double squares = 0;
    for (const auto& [image, d] : deviations) squares += d * d;
    const auto images = static_cast<double>(deviations.size());
    return {mean, images > 1 ? std::sqrt(squares * images / (images - 1)) / n : 0};
}

ImageScore score(const Plane& clean, const Plane& noisy, const Plane& estimate) {
    ImageScore s;
    const data::Image clamped = estimate.max(0.f).min(1.f);
    s.mse = data::mean_squared_error(clamped, clean);
    // an image that is restored exactly would make the mean infinite
    s.psnr_db = data::psnr_db(std::max(s.mse, 1e-12));
    s.noisy_psnr_db = data::psnr_db(std::max(data::mean_squared_error(noisy, clean), 1e-12));
    s.ssim = std::min(clean.rows(), clean.cols()) >= 7 ? data::ssim(clamped, clean)
                                                       : std::numeric_limits<double>::quiet_NaN();
    return s;
}

struct ImageView {
    const float* values;
    Eigen::Index rows, cols;
};

Evaluation evaluate(const Weights& weights, const std::vector<ImageView>& images, std::span<const int> source,
                    double noise, std::uint64_t seed, int tile) {
    detail::require(!images.empty(), "evaluate_denoiser", "images", 0, "at least 1");
    detail::require_finite_nonnegative(noise, "evaluate_denoiser", "noise");
    std::map<std::pair<Eigen::Index, Eigen::Index>, std::vector<std::size_t>> by_size;
    for (std::size_t i = 0; i < images.size(); ++i) by_size[{images[i].rows, images[i].cols}].push_back(i);
    std::vector<ImageScore> scores(images.size());
    for (const auto& [size, members] : by_size) {
        const auto [rows, cols] = size;
        const auto pixels = static_cast<std::size_t>(rows * cols);
        const std::size_t batch = std::min<std::size_t>(members.size(), rows * cols <= 128 * 128 ? 16 : 1);
        // a shorter last batch keeps what was in its other images
        Denoiser denoiser(weights, static_cast<int>(batch), static_cast<int>(rows), static_cast<int>(cols),
                          tile);
        std::vector<float> noisy(batch * pixels), one(pixels);
        for (std::size_t first = 0; first < members.size(); first += batch) {
            const std::size_t count = std::min(batch, members.size() - first);
            for (std::size_t i = 0; i < count; ++i) {
                const std::size_t image = members[first + i];
                one.assign(images[image].values, images[image].values + pixels);
                add_noise(one, noise, seed, static_cast<std::uint32_t>(image));
                std::copy(one.begin(), one.end(), noisy.begin() + static_cast<std::ptrdiff_t>(i * pixels));
            }
            const std::vector<float> estimate = denoiser.estimate(noisy);
            for (std::size_t i = 0; i < count; ++i) {
                const std::size_t image = members[first + i];
                scores[image] = score(Plane(images[image].values, rows, cols),
                                      Plane(noisy.data() + i * pixels, rows, cols),
                                      Plane(estimate.data() + i * pixels, rows, cols));
            }
        }
    }
    return summarise(std::move(scores), source);
}

}  // namespace

Evaluation summarise(std::vector<ImageScore> scores, std::span<const int> source) {
    detail::require(!scores.empty(), "summarise", "scores", 0, "at least 1");
    detail::require(source.empty() || source.size() == scores.size(), "summarise", "sources", source.size(),
                    std::to_string(scores.size()) + ", one a score");
    Evaluation e;
    e.mse = mean_and_error(scores, source, &ImageScore::mse);
    e.psnr_db = mean_and_error(scores, source, &ImageScore::psnr_db);
    e.ssim = mean_and_error(scores, source, &ImageScore::ssim);
    e.noisy_psnr_db = mean_and_error(scores, source, &ImageScore::noisy_psnr_db);
    e.images = std::move(scores);
    return e;
}

void add_noise(std::vector<float>& values, double sigma, std::uint64_t seed, std::uint32_t number) {
    using Philox = r123::Philox4x32;
    const Philox::key_type key{{static_cast<std::uint32_t>(seed), static_cast<std::uint32_t>(seed >> 32)}};
    for (std::size_t i = 0; i < values.size(); i += 4) {
        // counter {group of four values, number, 0, 5}
        const auto bits = Philox()(Philox::ctr_type{{static_cast<std::uint32_t>(i / 4), number, 0, 5}}, key);
        const r123::float2 a = r123::boxmuller(bits[0], bits[1]), b = r123::boxmuller(bits[2], bits[3]);
        const float normal[4] = {a.x, a.y, b.x, b.y};
        for (std::size_t k = 0; k < 4 && i + k < values.size(); ++k)
            values[i + k] += static_cast<float>(sigma) * normal[k];
    }
}

Evaluation evaluate_denoiser(const Weights& weights, const std::vector<data::Image>& images, double noise,
                             std::uint64_t seed, int tile) {
    std::vector<ImageView> views;
    for (const data::Image& image : images) views.push_back({image.data(), image.rows(), image.cols()});
    return evaluate(weights, views, {}, noise, seed, tile);
}

Evaluation evaluate_denoiser(const Weights& weights, const PatchSet& images, double noise, std::uint64_t seed,
                             int tile) {
    std::vector<ImageView> views;
    const std::int64_t pixels = std::int64_t{images.side} * images.side;
    for (std::int64_t i = 0; i < images.count(); ++i)
        views.push_back({images.values.data() + i * pixels, images.side, images.side});
    return evaluate(weights, views, images.source, noise, seed, tile);
}

}  // namespace reconlaw::gpu
