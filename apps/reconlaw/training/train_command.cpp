#include <filesystem>
#include <memory>
#include <ostream>

#include "commands.hpp"
#include "folder_lock.hpp"
#include "interrupt.hpp"
#include "job.hpp"
#include "numbers.hpp"
#include "options.hpp"
#include "printed.hpp"
#include "reconlaw/data/atomic_file.hpp"
#include "reconlaw/data/file_error.hpp"
#include "toml_file.hpp"

namespace reconlaw::cli {
namespace {

namespace fs = std::filesystem;

struct TrainArguments {
    TrainSettings settings;
    DeviceOptions device;
    std::string out;
    bool resume = false;
    double checkpoint_seconds = 30;
};

/// A line for every epoch, and the progress line in between.
class TrainingLog {
  public:
    explicit TrainingLog(const Streams& streams) : streams_(streams), line_(streams.console) {}

    bool operator()(const gpu::TrainingProgress& p) {
        if (p.history.size() > lines_) epochs(p);
        if (line_.due())
            line_.show(static_cast<double>(p.step) / static_cast<double>(p.total),
                       std::to_string(p.step) + "/" + std::to_string(p.total) + " steps, " +
                           printed("%.0f images/s, loss %.3e", p.images_per_second, p.train_loss),
                       p.seconds_left);
        return !InterruptGuard::requested();
    }

    void end() { line_.clear(); }

  private:
    void epochs(const gpu::TrainingProgress& p) {
        if (lines_ == 0)
            streams_.err << " epoch    step        lr   train loss   val PSNR   images/s   left\n";
        for (; lines_ < p.history.size(); ++lines_) {
            const gpu::EpochRecord& r = p.history[lines_];
            streams_.err << printed("%6d %7lld  %8.2e   %10.4e   %5.2f dB%s %9.0f   %s\n", r.epoch,
                                    static_cast<long long>(r.steps), r.rate, r.train_loss,
                                    r.validation_psnr_db, r.best ? "*" : " ", p.images_per_second,
                                    duration(p.seconds_left).c_str());
        }
        streams_.err.flush();
    }

    const Streams& streams_;
    ProgressLine line_;
    std::size_t lines_ = 0;
};

void train(const TrainArguments& o, const Streams& streams) {
    const TrainSettings settings = resolve(o.settings, "--");
    const TrainPlan plan = plan_of(settings);
    const std::string device = use_device(o.device);
    const fs::path folder = o.out;
    const FolderLock lock(folder, "training");
    const fs::path config = folder / "config.toml";
    std::error_code error;  // of a loop of links: no training either
    if (!o.resume && (fs::exists(folder / "last.safetensors", error) ||
                      fs::exists(folder / "last.safetensors.previous", error)))
        throw data::FileError(folder, "holds a training; give --resume to go on with it, or another --out");
    if (o.resume) require_same_settings(config, settings);

    streams.err << gpu::describe(plan.architecture) << ", " << gpu::parameter_count(plan.architecture)
                << " parameters" << (settings.precision == "fp32" ? "" : ", " + settings.precision) << "; "
                << device << '\n';
    streams.err << precision_note(settings.precision);
    const gpu::MemoryPlan memory =
        gpu::training_memory(plan.architecture, settings.patch, settings.samples, plan.options);
    streams.err << memory.summary() << std::endl;
    gpu::require_memory(memory, gpu::describe(plan.architecture) + ", batch " +
                                    std::to_string(settings.batch) + ", patch " +
                                    std::to_string(settings.patch));
    const TrainingData data = load_training_data(settings);
    for (const std::string& line : data.description) streams.err << line << '\n';
    const std::string patches = sha256_of(data, settings.samples);
    if (o.resume) require_same_patches(config, patches);

    const InterruptGuard guard;
    TrainingLog log(streams);
    JobRun run;
    run.folder = folder, run.resume = o.resume, run.checkpoint_seconds = o.checkpoint_seconds;
    run.note = [&](const std::string& text) { streams.err << text << '\n'; };
    // only now does the folder belong to this training: a checkpoint in it has been accepted
    bool described = false;
    const auto describe_folder = [&] {
        if (!described) data::write_file_atomically(config, config_toml(settings, patches));
        described = true;
    };
    run.on_step = [&](const gpu::TrainingProgress& p) {
        describe_folder();
        return log(p);
    };
    const std::optional<JobResult> result = run_job(settings, data, run);
    describe_folder();
    log.end();
    if (!result) throw Interrupted("interrupted; the same command with --resume goes on");

    const gpu::Evaluation& e = result->test;
    streams.out << "test images   " << e.images.size() << '\n'
                << "noisy         " << printed("%.2f dB", e.noisy_psnr_db.mean) << '\n'
                << "denoised      " << printed("%.2f", e.psnr_db.mean)
                << printed(" +- %.2f dB", e.psnr_db.standard_error) << ", SSIM "
                << printed("%.4f", e.ssim.mean) << printed(" +- %.4f", e.ssim.standard_error) << ", MSE "
                << printed("%.4e", e.mse.mean) << printed(" +- %.1e", e.mse.standard_error) << '\n'
                << "written to    " << folder.string() << '\n';
}

}  // namespace

Run add_train_command(CLI::App& app) {
    auto options = std::make_shared<TrainArguments>();
    TrainArguments& o = *options;
    add_settings(app, o.settings);
    add_text(app, "--out", o.out, Text::folder,
             "Folder for config.toml, metrics.csv, best and last weights, panel.png, result.csv")
        ->required();
    app.add_flag("--resume", o.resume,
                 "Go on with the training in --out, to the same result as without the break");
    add_number(app, "--checkpoint-seconds", o.checkpoint_seconds, {0, 1e9}, "Time between checkpoints");
    add_device_options(app, o.device);
    app.footer(
        "Learns to remove Gaussian noise. See docs/training.md.\n\nExample:\n  reconlaw train --task denoise "
        "--data "
        "photographs --samples 1000 --patch 64 --noise 25\n      --channels 16 --poolings 2 --seed 1 --out "
        "runs/x");
    return [options](const Streams& streams) { train(*options, streams); };
}

}  // namespace reconlaw::cli
