#include "reconlaw/gpu/training.hpp"

#include <Random123/philox.h>

#include <algorithm>
#include <chrono>
#include <cmath>
#include <numeric>

#include "../network_internals.hpp"
#include "checkpoint.hpp"
#include "reconlaw/data/metrics.hpp"
#include "reconlaw/detail/check.hpp"
#include "reconlaw/gpu/denoiser.hpp"
#include "reconlaw/gpu/device.hpp"

namespace reconlaw::gpu {
namespace {

using detail::require;
using Clock = std::chrono::steady_clock;

constexpr std::uint64_t validation_seed = 0x76616c6964617465;  // the noise of validation is nobody else's

void check(const PatchSet& patches, const char* what, int side) {
    require(patches.side >= 1, "train_denoiser", std::string(what) + " side", patches.side, ">= 1");
    require(patches.side == side, "train_denoiser", std::string(what) + " side", patches.side,
            "the training patches' " + std::to_string(side));
    require(patches.count() >= 1 && patches.count() < 1 << 30 &&
                patches.count() * side * side == static_cast<std::int64_t>(patches.values.size()),
            "train_denoiser", std::string(what) + " patches", patches.count(),
            "from 1 to 2^30, and whole ones");
    require(
        std::all_of(patches.values.begin(), patches.values.end(), [](float v) { return std::isfinite(v); }),
        "train_denoiser", std::string(what) + " pixels", "not finite", "finite");
}

void check(const TrainingOptions& o) {
    constexpr auto f = "train_denoiser";
    detail::require_finite_nonnegative(o.noise, f, "noise");
    require(o.batch >= 1, f, "batch", o.batch, ">= 1");
    require(o.steps >= 1, f, "steps", o.steps, ">= 1");
    require(o.epoch_steps >= 1, f, "epoch_steps", o.epoch_steps, ">= 1");
}

int batch_size(const TrainingOptions& o, std::int64_t samples) {
    return static_cast<int>(std::min<std::int64_t>(o.batch, samples));
}

/// The order of the patches in one pass (Fisher-Yates; Philox with counter {position / 4, pass, 0, 4}).
void shuffle(std::vector<int>& order, std::uint64_t seed, std::uint32_t pass) {
    using Philox = r123::Philox4x32;
    const Philox::key_type key{{static_cast<std::uint32_t>(seed), static_cast<std::uint32_t>(seed >> 32)}};
    std::iota(order.begin(), order.end(), 0);
    Philox::ctr_type bits{};
    for (std::size_t i = order.size() - 1; i > 0; --i) {
        const std::size_t number = order.size() - 1 - i;
        if (number % 4 == 0)
            bits = Philox()(Philox::ctr_type{{static_cast<std::uint32_t>(number / 4), pass, 0, 4}}, key);
        const std::uint64_t j = (std::uint64_t{bits[number % 4]} * (i + 1)) >> 32;
        std::swap(order[i], order[static_cast<std::size_t>(j)]);
    }
}

Fingerprint fingerprint_of(const Architecture& a, const PatchSet& train, const PatchSet& validation,
                           const TrainingOptions& o) {
    const auto hash = [](const PatchSet& p) {
        return data::sha256_hex(
            {reinterpret_cast<const std::uint8_t*>(p.values.data()), 4 * p.values.size()});
    };
    Fingerprint f = architecture_metadata(a);
    f["patch"] = std::to_string(train.side);
    f["samples"] = std::to_string(train.count());
    f["training data (SHA-256)"] = hash(train);
    f["validation data (SHA-256)"] = hash(validation);
    f["noise"] = exact_text(o.noise), f["batch"] = std::to_string(o.batch);
    f["loss"] = std::to_string(static_cast<int>(o.loss));
    f["optimiser"] = to_string(o.optimiser.kind), f["rate"] = exact_text(o.optimiser.rate);
    f["beta1"] = exact_text(o.optimiser.beta1), f["beta2"] = exact_text(o.optimiser.beta2);
    f["decay"] = exact_text(o.optimiser.decay), f["momentum"] = exact_text(o.optimiser.momentum);
    f["epsilon"] = exact_text(o.optimiser.epsilon), f["clip_norm"] = exact_text(o.optimiser.clip_norm);
    f["schedule"] = to_string(o.schedule.kind), f["warm_up"] = exact_text(o.schedule.warm_up);
    f["factor"] = exact_text(o.schedule.factor), f["patience"] = std::to_string(o.schedule.patience);
    f["threshold"] = exact_text(o.schedule.threshold), f["min_rate"] = exact_text(o.schedule.min_rate);
    f["doubling_patience"] = std::to_string(o.schedule.doubling_patience);
    f["steps"] = std::to_string(o.steps), f["epoch_steps"] = std::to_string(o.epoch_steps);
    f["symmetries"] = o.symmetries ? "1" : "0", f["seed"] = std::to_string(o.seed);
    f["precision"] = to_string(o.precision);
    return f;
}

class Training {
  public:
    Training(const Architecture& a, const PatchSet& train, const PatchSet& validation,
             const TrainingOptions& o, const TrainingRun& run)
        : architecture_(a),
          options_(o),
          run_(run),
          samples_(train.count()),
          validation_count_(validation.count()),
          batch_(batch_size(o, train.count())),
          side_(train.side),
          pass_steps_(train.count() / batch_),
          epoch_steps_(pass_steps_ * ((o.epoch_steps + pass_steps_ - 1) / pass_steps_)),
          network_(a, {batch_, side_, side_}, {true, o.loss, o.precision}),
          optimiser_(network_.parameter_count(), o.optimiser),
          patches_(static_cast<std::ptrdiff_t>(train.values.size())),
          validation_(static_cast<std::ptrdiff_t>(validation.values.size())),
          order_(samples_),
          validation_order_((validation_count_ + batch_ - 1) / batch_ * batch_),
          order_host_(static_cast<std::size_t>(samples_)),
          identity_{a,       o.optimiser,  o.schedule,
                    o.steps, epoch_steps_, fingerprint_of(a, train, validation, o)} {
        patches_.upload(train.values.data());
        validation_.upload(validation.values.data());
        std::vector<int> order(static_cast<std::size_t>(validation_order_.size()));
        for (std::size_t i = 0; i < order.size(); ++i)
            order[i] = static_cast<int>(static_cast<std::int64_t>(i) % validation_count_);
        validation_order_.upload(order.data());
        if (o.loss == Loss::ssim) {
            DeviceArray<float>& range = network_.internals().range;
            range.upload(std::vector<float>(static_cast<std::size_t>(range.size()), 1.f).data());
        }
        begin();
    }

    TrainingResult run() {
        bool go_on = true;
        while (go_on && state_.step < options_.steps && !state_.stopped) {
            step();
            const bool epoch_ends = state_.step % epoch_steps_ == 0 || state_.step == options_.steps;
            if (epoch_ends) end_epoch();
            if (run_.on_step) go_on = run_.on_step(progress());
        }
        if (state_.step > 0) save();
        TrainingResult result;
        result.finished = state_.step >= options_.steps || state_.stopped;
        result.best = best_weights();
        result.best_epoch = state_.best_epoch;
        if (state_.best_epoch > 0)
            result.best_psnr_db =
                state_.history[static_cast<std::size_t>(state_.best_epoch - 1)].validation_psnr_db;
        result.history = state_.history;
        return result;
    }

  private:
    void begin() {
        network_.initialise(options_.seed);
        state_.schedule = start_schedule(options_.schedule, options_.optimiser.rate);
        if (run_.resume && !run_.checkpoint.empty()) {
            if (auto saved = read_checkpoint(run_.checkpoint, identity_, run_.note)) {
                state_ = std::move(*saved);
                if (const std::string now = device().summary(); run_.note && state_.device != now)
                    run_.note("so far computed by " + state_.device + ", now by " + now +
                              ": the result differs in the last digits from one without the change");
                network_.set_parameters(state_.parameters);
                optimiser_.set_state(state_.averages, state_.optimiser_steps);
            }
        }
        started_ = last_checkpoint_ = Clock::now();
        first_step_ = state_.step, earlier_seconds_ = state_.seconds;
    }

    void step() {
        Network<float>::Internals& n = network_.internals();
        const std::int64_t pass = state_.step / pass_steps_, position = state_.step % pass_steps_;
        if (pass != shuffled_pass_) {
            shuffle(order_host_, options_.seed, static_cast<std::uint32_t>(pass));
            order_.upload(order_host_.data());
            shuffled_pass_ = pass;
        }
        BatchInput input;
        input.seed = options_.seed, input.epoch = static_cast<std::uint32_t>(pass);
        input.first = static_cast<int>(position * batch_), input.symmetries = options_.symmetries;
        kernels::noisy_batch<float>(patches_.data(), order_.data(), input, options_.noise, n.target(),
                                    n.program->input());
        rate_ = rate_at(options_.schedule, state_.schedule, state_.step, options_.steps);
        optimiser_.set_rate(rate_);
        const double loss = n.loss_and_gradient();
        if (!std::isfinite(loss)) diverged("the loss", loss);
        // a checkpoint holds weights that have just given a finite loss
        if (seconds_since(last_checkpoint_) >= run_.checkpoint_seconds) save();
        const double norm = network_.update(optimiser_);
        if (!std::isfinite(norm)) diverged("the gradient's norm", norm);
        state_.loss_sum += loss, ++state_.loss_count, ++state_.step;
    }

    [[noreturn]] void diverged(const char* what, double value) const {
        std::string text = std::string(what) + " is " + exact_text(value) + " in step " +
                           std::to_string(state_.step + 1) + " at learning rate " + exact_text(rate_) +
                           "; take a lower rate or clip the gradient";
        std::error_code error;
        if (!run_.checkpoint.empty() && !std::filesystem::exists(run_.checkpoint, error))
            text += ". No checkpoint had been written yet";
        else if (!run_.checkpoint.empty())
            text += ". The last checkpoint before it remains: " + run_.checkpoint.string();
        throw DivergedError(text);
    }

    void end_epoch() {
        EpochRecord r;
        r.epoch = static_cast<int>(state_.history.size()) + 1;
        r.steps = state_.step, r.rate = rate_;
        r.train_loss = state_.loss_sum / static_cast<double>(state_.loss_count);
        state_.loss_sum = 0, state_.loss_count = 0;
        validate(r);
        r.seconds = seconds();
        const EpochRecord* best = state_.best_epoch > 0
                                      ? &state_.history[static_cast<std::size_t>(state_.best_epoch - 1)]
                                      : nullptr;
        r.best = !best || r.validation_psnr_db > best->validation_psnr_db;
        state_.history.push_back(r);
        if (r.best) state_.best_epoch = r.epoch, state_.best = network_.get_parameters();
        const ScheduleStep next = gpu::end_epoch(options_.schedule, state_.schedule, r.validation_psnr_db);
        if (next.restore_best) {
            network_.set_parameters(state_.best);
            optimiser_.set_state(std::vector<float>(optimiser_.state().size()),
                                 0);  // averages of the weights left behind
        }
        state_.stopped = next.stop;
        if (run_.on_epoch) run_.on_epoch(state_.history, best_weights());
    }

    /// Mean over the images of their MSE and PSNR, estimates clamped to [0, 1].
    void validate(EpochRecord& r) {
        Network<float>::Internals& n = network_.internals();
        const std::size_t pixels = static_cast<std::size_t>(side_) * static_cast<std::size_t>(side_);
        std::vector<float> clean(static_cast<std::size_t>(batch_) * pixels), estimate(clean.size());
        double mse = 0, psnr = 0;
        for (std::int64_t first = 0; first < validation_count_; first += batch_) {
            BatchInput input;
            input.seed = validation_seed, input.first = static_cast<int>(first);
            kernels::noisy_batch<float>(validation_.data(), validation_order_.data(), input, options_.noise,
                                        n.target(), n.program->input());
            n.forward();
            kernels::download(clean.data(), n.target().data, 4 * clean.size());
            kernels::download(estimate.data(), n.program->output().data, 4 * estimate.size());
            const std::int64_t count = std::min<std::int64_t>(batch_, validation_count_ - first);
            for (std::size_t i = 0; i < static_cast<std::size_t>(count); ++i) {
                using Pixels = Eigen::Map<const Eigen::ArrayXf>;
                const Pixels e(estimate.data() + i * pixels, static_cast<Eigen::Index>(pixels));
                const Pixels c(clean.data() + i * pixels, static_cast<Eigen::Index>(pixels));
                const double error = data::mean_squared_error(e.max(0.f).min(1.f), c);
                if (!std::isfinite(error)) diverged("the validation error", error);
                // an image that is restored exactly would make the mean infinite
                mse += error, psnr += data::psnr_db(std::max(error, 1e-12));
            }
        }
        r.validation_mse = mse / static_cast<double>(validation_count_);
        r.validation_psnr_db = psnr / static_cast<double>(validation_count_);
    }

    void save() {
        last_checkpoint_ = Clock::now();
        if (run_.checkpoint.empty()) return;
        state_.parameters = network_.get_parameters();
        state_.averages = optimiser_.state();
        state_.optimiser_steps = optimiser_.steps();
        state_.seconds = seconds(), state_.device = device().summary();
        write_checkpoint(run_.checkpoint, identity_, metadata(), state_);
    }

    Weights best_weights() const {
        Weights w;
        w.architecture = architecture_;
        w.values = state_.best.empty() ? network_.get_parameters() : state_.best;
        w.metadata = metadata();
        w.metadata["epoch"] = std::to_string(state_.best_epoch);
        return w;
    }

    std::map<std::string, std::string> metadata() const {
        return {{"task", "denoise"},
                {"noise", exact_text(options_.noise)},
                {"patch", std::to_string(side_)},
                {"samples", std::to_string(samples_)},
                {"seed", std::to_string(options_.seed)}};
    }

    static double seconds_since(Clock::time_point t) {
        return std::chrono::duration<double>(Clock::now() - t).count();
    }
    double seconds() const { return earlier_seconds_ + seconds_since(started_); }

    TrainingProgress progress() const {
        const double elapsed = seconds_since(started_);
        const auto done = static_cast<double>(state_.step - first_step_);
        TrainingProgress p{.history = state_.history};
        p.step = state_.step, p.total = options_.steps;
        p.epoch = static_cast<int>(state_.history.size()) + 1;
        p.train_loss = state_.loss_count > 0 ? state_.loss_sum / static_cast<double>(state_.loss_count)
                                             : state_.history.back().train_loss;
        p.rate = rate_;
        p.images_per_second = done * batch_ / elapsed;
        p.seconds_left = static_cast<double>(options_.steps - state_.step) * elapsed / done;
        return p;
    }

    using BatchInput = kernels::BatchOrder;
    const Architecture architecture_;
    const TrainingOptions options_;
    const TrainingRun& run_;
    std::int64_t samples_, validation_count_;
    int batch_, side_;
    std::int64_t pass_steps_, epoch_steps_;
    Network<float> network_;
    Optimiser<float> optimiser_;
    DeviceArray<float> patches_, validation_;
    DeviceArray<int> order_, validation_order_;
    std::vector<int> order_host_;
    const TrainingIdentity identity_;
    TrainingState state_;
    std::int64_t shuffled_pass_ = -1, first_step_ = 0;
    double rate_ = 0, earlier_seconds_ = 0;
    Clock::time_point started_, last_checkpoint_;
};

}  // namespace

TrainingResult train_denoiser(const Architecture& architecture, const PatchSet& train,
                              const PatchSet& validation, const TrainingOptions& options,
                              const TrainingRun& run) {
    check_denoiser(architecture);
    check(options);
    check(train, "training", train.side);
    check(validation, "validation", train.side);
    return Training(architecture, train, validation, options, run).run();
}

MemoryPlan training_memory(const Architecture& architecture, int side, std::int64_t samples,
                           const TrainingOptions& options) {
    check(options);
    require(samples >= 1, "training_memory", "samples", samples, ">= 1");
    MemoryPlan plan = Network<float>::plan(architecture, {batch_size(options, samples), side, side},
                                           {true, options.loss, options.precision});
    plan.parameters += Optimiser<float>::bytes(parameter_count(architecture), options.optimiser.kind);
    plan.data = sizeof(float) * static_cast<std::size_t>(samples * side * side);
    return plan;
}

}  // namespace reconlaw::gpu
