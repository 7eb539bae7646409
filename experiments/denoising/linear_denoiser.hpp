#pragma once
/// The best linear denoiser learned from N patches, in closed form: the yardstick of the study.

#include "reconlaw/gpu/evaluation.hpp"

namespace reconlaw::experiments {

/// Gradient descent on the linear estimator m + W (y - m), with the noise drawn anew in every step as the
/// networks have it, tends to the minimum over W of the mean over patches and noise of |W (x + z - m) - (x -
/// m)|^2:
///
///     W = S (S + sigma^2 I)^-1,   m and S mean and covariance of the N patches
///
/// (docs/theory.md with the empirical covariance for the true one).
/// @return scores on the test patches, with the noise that evaluate_denoiser draws for the same seed
gpu::Evaluation evaluate_linear_denoiser(const gpu::PatchSet& train, const gpu::PatchSet& test, double sigma,
                                         std::uint64_t noise_seed);

/// The risk that the theory predicts, per pixel, for gradient flow stopped at its best time on N noisy
/// patches, one noise each, where patches are Gaussian with the covariance of `all`.
/// @return one number for every size
std::vector<double> predicted_linear_risk(const gpu::PatchSet& all, double sigma,
                                          const std::vector<double>& sizes);

}  // namespace reconlaw::experiments
