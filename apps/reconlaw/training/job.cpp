#include "job.hpp"

#include <algorithm>
#include <charconv>
#include <cmath>

#include "printed.hpp"
#include "reconlaw/data/atomic_file.hpp"
#include "reconlaw/data/bytes.hpp"
#include "reconlaw/data/csv_writer.hpp"
#include "reconlaw/data/file_error.hpp"
#include "reconlaw/gpu/denoiser.hpp"

namespace reconlaw::cli {
namespace {

constexpr std::uint64_t test_noise_seed = 1;

std::string number(double value) {
    return printed("%.9g", value);
}

std::string metrics_csv(const std::vector<gpu::EpochRecord>& history) {
    std::string text = data::csv_line(
        {"epoch", "steps", "lr", "train_loss", "validation_mse", "validation_psnr", "best", "seconds"});
    for (const gpu::EpochRecord& r : history)
        text += data::csv_line({std::to_string(r.epoch), std::to_string(r.steps), number(r.rate),
                                number(r.train_loss), number(r.validation_mse), number(r.validation_psnr_db),
                                r.best ? "1" : "0", number(r.seconds)});
    return text;
}

/// The cells of a line; where one is no number it becomes NaN.
std::vector<double> numbers_of(std::string_view line) {
    std::vector<double> values;
    for (bool more = true; more;) {
        const std::size_t comma = line.find(',');
        const std::string_view cell = line.substr(0, comma);
        double value = 0;
        const auto [end, error] = std::from_chars(cell.data(), cell.data() + cell.size(), value);
        values.push_back(error == std::errc{} && end == cell.data() + cell.size()
                             ? value
                             : std::numeric_limits<double>::quiet_NaN());
        more = comma != std::string_view::npos;
        if (more) line.remove_prefix(comma + 1);
    }
    return values;
}

}  // namespace

std::string result_header() {
    return data::csv_line({"samples", "channels", "seed", "parameter_count", "loss", "loss_error", "psnr_db",
                           "psnr_error", "ssim_mean", "noisy_psnr_db", "validation_psnr_db", "train_loss",
                           "best_epoch", "steps", "cost"});
}

std::string result_row(const JobResult& r) {
    const TrainSettings& s = r.settings;
    return data::csv_line(
        {std::to_string(s.samples), std::to_string(s.channels), std::to_string(s.seed),
         std::to_string(r.parameter_count), number(r.test.mse.mean), number(r.test.mse.standard_error),
         number(r.test.psnr_db.mean), number(r.test.psnr_db.standard_error), number(r.test.ssim.mean),
         number(r.test.noisy_psnr_db.mean), number(r.validation_psnr_db), number(r.train_loss),
         std::to_string(r.best_epoch), std::to_string(s.steps), number(r.seconds)});
}

std::optional<StoredResult> read_result(const std::filesystem::path& folder, const TrainSettings& s) {
    constexpr std::uint64_t most_bytes = 4096;
    std::error_code error;
    if (!std::filesystem::is_regular_file(folder / "result.csv", error)) return std::nullopt;
    std::string text;
    try {
        text = data::read_text_file(folder / "result.csv", most_bytes);
    } catch (const data::FileError&) {
        return std::nullopt;
    }
    const std::string header = result_header();
    if (!text.starts_with(header)) return std::nullopt;
    StoredResult result;
    result.row = text.substr(header.size());
    if (result.row.find('\n') != result.row.size() - 1) return std::nullopt;
    const std::vector<double> v = numbers_of(std::string_view(result.row).substr(0, result.row.size() - 1));
    if (v.size() != 15) return std::nullopt;
    const std::string expected = std::to_string(s.samples) + ',' + std::to_string(s.channels) + ',' +
                                 std::to_string(s.seed) + ',' +
                                 std::to_string(gpu::parameter_count(plan_of(s).architecture)) + ',';
    const auto finite_from = [&](std::size_t column, double least) {
        return std::isfinite(v[column]) && v[column] >= least;
    };
    constexpr double any = std::numeric_limits<double>::lowest();
    const bool ssim = std::isnan(v[8]) ? result.row.find("nan,") != std::string::npos : std::abs(v[8]) <= 1;
    if (!result.row.starts_with(expected) || !finite_from(4, 0) || v[4] == 0 || !finite_from(5, 0) ||
        !finite_from(6, any) || !finite_from(7, 0) || !ssim || !finite_from(9, any) ||
        !finite_from(10, any) || !finite_from(11, any) || !finite_from(12, 1) ||
        v[12] > std::numeric_limits<int>::max() || v[12] != std::floor(v[12]) ||
        v[13] != static_cast<double>(s.steps) || !finite_from(14, 0))
        return std::nullopt;
    result.loss = v[4], result.psnr_db = v[6], result.seconds = v[14];
    result.best_epoch = static_cast<int>(v[12]);
    return result;
}

std::optional<JobResult> run_job(const TrainSettings& settings, const TrainingData& data, const JobRun& run) {
    const TrainPlan plan = plan_of(settings);
    gpu::TrainingRun training;
    training.checkpoint = run.folder / "last.safetensors";
    training.resume = run.resume, training.checkpoint_seconds = run.checkpoint_seconds;
    training.note = run.note, training.on_step = run.on_step;
    training.on_epoch = [&](const std::vector<gpu::EpochRecord>& history, const gpu::Weights& best) {
        data::write_file_atomically(run.folder / "metrics.csv", metrics_csv(history));
        if (history.back().best) gpu::save_weights(run.folder / "best.safetensors", best);
    };
    const gpu::TrainingResult trained =
        gpu::train_denoiser(plan.architecture, data.train, data.validation, plan.options, training);
    if (!trained.finished) return std::nullopt;

    // once more: an earlier run may have been stopped before it wrote these
    data::write_file_atomically(run.folder / "metrics.csv", metrics_csv(trained.history));
    gpu::save_weights(run.folder / "best.safetensors", trained.best);
    JobResult result;
    result.settings = settings;
    result.parameter_count = gpu::parameter_count(plan.architecture);
    result.test = gpu::evaluate_denoiser(trained.best, data.test, plan.options.noise, test_noise_seed);
    result.validation_psnr_db = trained.best_psnr_db, result.best_epoch = trained.best_epoch;
    result.train_loss = trained.history[static_cast<std::size_t>(trained.best_epoch - 1)].train_loss;
    result.seconds = trained.history.back().seconds;
    data::write_file_atomically(run.folder / "result.csv", result_header() + result_row(result));
    if (run.panel && !data.panel.empty()) {
        const data::Bytes png = data::encode_png(panel(trained.best, data.panel, plan.options.noise));
        data::write_file_atomically(run.folder / "panel.png",
                                    {reinterpret_cast<const char*>(png.data()), png.size()});
    }
    return result;
}

data::Image panel(const gpu::Weights& weights, const std::vector<data::Image>& crops, double noise) {
    constexpr Eigen::Index gap = 4;
    Eigen::Index height = 0, width = 0;
    for (const data::Image& c : crops)
        height += c.rows() + gap, width = std::max(width, 3 * c.cols() + 2 * gap);
    data::Image canvas = data::Image::Ones(height - gap, width);
    const int tile = gpu::natural_tile(weights);
    Eigen::Index top = 0;
    for (std::size_t i = 0; i < crops.size(); ++i) {
        const data::Image& clean = crops[i];
        std::vector<float> values(clean.data(), clean.data() + clean.size());
        gpu::add_noise(values, noise, test_noise_seed, static_cast<std::uint32_t>(i));
        const data::Image noisy = Eigen::Map<const data::Image>(values.data(), clean.rows(), clean.cols());
        Eigen::Index left = 0;
        for (const data::Image& image : {noisy, gpu::denoise(weights, noisy, tile), clean}) {
            canvas.block(top, left, image.rows(), image.cols()) = image.max(0.f).min(1.f);
            left += image.cols() + gap;
        }
        top += clean.rows() + gap;
    }
    return canvas;
}

}  // namespace reconlaw::cli
