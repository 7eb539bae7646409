#pragma once
/// Names that columns of results usually have: what is taken where the command line names none.

#include <optional>
#include <string>
#include <vector>

#include "reconlaw/fit/curve.hpp"

namespace reconlaw::cli {

/// Letters and digits only, in lower case: "Train size" and "train_size" are both "trainsize".
std::string plain_name(const std::string& name);

/// samples, n, n_train, train_size, dataset_size, num_samples, ...: numbers of training examples.
bool is_size_name(const std::string& name);

/// loss, mse, psnr, ssim, accuracy, r2, ..., also with val, valid, validation, test, eval or holdout in front
/// and mean, avg or db behind. Of the training set (train_loss): no. A path or run in front (`run -
/// test/loss`) is skipped.
bool is_loss_name(const std::string& name);

/// channels, parameters, params, num_parameters, width, model_size, ...
bool is_network_name(const std::string& name);

/// seed, random_seed; trial, repeat, replicate, run and fold number repetitions, too.
bool is_seed_name(const std::string& name);

/// step, epoch, iteration: progress of one training, not its size.
bool is_progress_name(const std::string& name);

/// What the name of a column says about its values: psnr, ssim, accuracy (acc), r2, mse.
std::optional<fit::Metric> metric_in_name(const std::string& name);

}  // namespace reconlaw::cli
