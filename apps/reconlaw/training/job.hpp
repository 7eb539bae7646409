#pragma once
/// One training with its folder: what `reconlaw train` runs once and `reconlaw sweep` many times.

#include <filesystem>
#include <functional>
#include <optional>

#include "reconlaw/gpu/evaluation.hpp"
#include "settings.hpp"

namespace reconlaw::cli {

/// One line of results.csv.
struct JobResult {
    TrainSettings settings;
    std::ptrdiff_t parameter_count = 0;
    gpu::Evaluation test;
    double validation_psnr_db = 0, train_loss = 0, seconds = 0;
    int best_epoch = 0;
};

/// The columns of results.csv and one result's fields: loss is the test MSE, so `reconlaw fit` and `advise`
/// read the file as it is.
std::string result_header();
std::string result_row(const JobResult& result);

/// A result as it stands in a folder.
struct StoredResult {
    std::string row;  ///< as result_row
    double loss = 0, psnr_db = 0, seconds = 0;
    int best_epoch = 0;
};

/// The result.csv of a folder, or nullopt where there is none or it is damaged: it must be result_header()
/// and one row of these settings, with numbers that a training can have.
std::optional<StoredResult> read_result(const std::filesystem::path& folder, const TrainSettings& settings);

struct JobRun {
    std::filesystem::path folder;
    bool resume = false;
    double checkpoint_seconds = 30;
    bool panel = true;
    std::function<void(const std::string&)> note;
    std::function<bool(const gpu::TrainingProgress&)> on_step;
};

/// Trains, and writes to the folder: metrics.csv after every epoch, best.safetensors, last.safetensors (the
/// checkpoint), and at the end panel.png and result.csv.
/// @return nullopt if on_step stopped it
std::optional<JobResult> run_job(const TrainSettings& settings, const TrainingData& data, const JobRun& run);

/// Noisy, denoised and clean crops side by side, one row a crop.
data::Image panel(const gpu::Weights& weights, const std::vector<data::Image>& crops, double noise);

}  // namespace reconlaw::cli
