#pragma once
/// How well a trained denoiser does: MSE, PSNR and SSIM with standard errors.

#include <cstdint>
#include <span>
#include <string>
#include <vector>

#include "reconlaw/data/image.hpp"
#include "reconlaw/gpu/patch_set.hpp"
#include "reconlaw/gpu/weights.hpp"

namespace reconlaw::gpu {

/// Of one image, values in [0, 1], the estimate clamped to them.
struct ImageScore {
    double mse = 0, psnr_db = 0;
    double ssim = 0;  ///< data::ssim with its defaults; NaN for images smaller than 7 x 7
    double noisy_psnr_db = 0;
};

struct MeanAndError {
    /// The error counts images as independent, but not patches of one image: with d_i the deviations from the
    /// mean of n patches from C images, error^2 = C/(C - 1) sum over images (sum of their d_i)^2 / n^2
    /// (cluster-robust; for one patch an image the usual sum of d_i^2/(n (n - 1))). 0 for one image.
    double mean = 0, standard_error = 0;
};

struct Evaluation {
    std::vector<ImageScore> images;
    MeanAndError mse, psnr_db, ssim, noisy_psnr_db;  ///< means over the images, SSIM where it is defined
};

/// Summarises scores. @param source  as PatchSet::source
/// @throws std::invalid_argument  no scores; another number of sources
Evaluation summarise(std::vector<ImageScore> scores, std::span<const int> source = {});

/// Noise number `number` of a seed: values[i] += sigma times a standard normal value that depends on (seed,
/// number, i) only.
void add_noise(std::vector<float>& values, double sigma, std::uint64_t seed, std::uint32_t number);

/// Denoises images of any size after adding noise number i to image i.
/// @param tile  side of the tiles that an image is denoised in (Denoiser); 0: whole images
/// @throws std::invalid_argument  no images, one too small for the network; noise < 0; tile < 0
/// @throws DeviceError            not enough memory
Evaluation evaluate_denoiser(const Weights& weights, const std::vector<data::Image>& images, double noise,
                             std::uint64_t seed, int tile = 0);
Evaluation evaluate_denoiser(const Weights& weights, const PatchSet& images, double noise, std::uint64_t seed,
                             int tile = 0);

}  // namespace reconlaw::gpu
