#pragma once
/// Learning curves as data: training sizes, losses and what is known of their errors.

#include <Eigen/Core>
#include <limits>
#include <string>
#include <string_view>
#include <vector>

namespace reconlaw::fit {

/// A measured learning curve, one entry a training size. Losses are of a kind that has a floor and tends to
/// it from above (mean squared error, 1 - SSIM, error rates); see to_loss for decibels and similarities.
struct LearningCurve {
    Eigen::ArrayXd size;  ///< ascending, > 0
    Eigen::ArrayXd loss;  ///< > 0
    /// Standard error of log(loss), i.e. the relative error of the loss; empty where no seeds were repeated.
    Eigen::ArrayXd log_error = {};
    /// Degrees of freedom of log_error as an estimate; infinite: known.
    double error_freedom = std::numeric_limits<double>::infinity();

    Eigen::Index points() const { return size.size(); }
    /// The points with first <= size <= last.
    LearningCurve between(double first, double last) const;
};

/// Checks order, signs and lengths. @throws std::invalid_argument naming function, entry and range
void validate(const LearningCurve& curve, std::string_view function);

/// Sorts the observations and merges those of equal size: geometric mean of their losses. If every size has
/// two observations or more (with `use_repeats`), log_error is the standard error of that mean, with the
/// variance between repeats pooled over sizes where each has fewer than five.
/// @throws std::invalid_argument  different lengths, no observation, a size or loss that is not finite and >
/// 0 (names the entry)
LearningCurve make_curve(const std::vector<double>& size, const std::vector<double>& loss,
                         bool use_repeats = true);

/// What a column of measurements holds.
enum class Metric {
    loss,      ///< already a loss
    mse,       ///< mean squared error
    psnr,      ///< 10 log10(range^2/MSE) [dB]: converted to MSE/range^2
    ssim,      ///< in [-1, 1): converted to 1 - SSIM
    accuracy,  ///< part of the answers that are right, in [0, 1): converted to 1 - accuracy
    r2         ///< coefficient of determination, below 1: converted to 1 - R2
};

/// "loss", "mse", "psnr", "ssim", "accuracy", "r2": what metric_named takes.
const std::vector<std::string>& metric_names();

/// @throws std::invalid_argument listing the names
Metric metric_named(std::string_view name);

/// Whether a larger value is better: all but loss and mse.
bool larger_is_better(Metric metric);

/// loss, mse: unchanged; psnr: 10^(-value/10); the others: 1 - value.
double to_loss(Metric metric, double value);

/// The inverse of to_loss: psnr in dB.
double from_loss(Metric metric, double loss);

/// "loss", "MSE", "PSNR (dB)", "SSIM", "accuracy", "R2"
std::string label(Metric metric);

/// What is fitted: "loss", "MSE", "MSE/range^2", "1 - SSIM", "1 - accuracy", "1 - R2"
std::string loss_label(Metric metric);

}  // namespace reconlaw::fit
