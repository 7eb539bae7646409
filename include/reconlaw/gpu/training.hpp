#pragma once
/// Training of denoisers on patches, with checkpoints that resume to the same bits.

#include <cstdint>
#include <filesystem>
#include <functional>
#include <stdexcept>
#include <string>
#include <vector>

#include "reconlaw/gpu/network.hpp"
#include "reconlaw/gpu/patch_set.hpp"
#include "reconlaw/gpu/schedule.hpp"
#include "reconlaw/gpu/weights.hpp"

namespace reconlaw::gpu {

/// Everything that decides the result of a training, beside network and data.
struct TrainingOptions {
    double noise = 25.0 / 255;  ///< standard deviation of the Gaussian noise, fresh in every step
    int batch = 16;             ///< at most N is taken
    Loss loss = Loss::mse;
    OptimiserOptions optimiser;
    ScheduleOptions schedule;
    std::int64_t steps = 2000;  ///< at most; ends earlier where the schedule says so
    /// Least steps between two validations. An epoch is as many whole passes over the N patches as reach it;
    /// a pass leaves out the N mod batch last patches of its own random order.
    std::int64_t epoch_steps = 1;
    bool symmetries = false;  ///< patches turned and mirrored at random
    std::uint64_t seed = 1;   ///< initial weights, order, noise
    Precision precision = Precision::fp32;
};

/// One line of metrics.csv.
struct EpochRecord {
    int epoch = 0;           ///< from 1
    std::int64_t steps = 0;  ///< done at its end
    double rate = 0;         ///< learning rate of its last step
    double train_loss = 0;   ///< mean over its steps
    double validation_mse = 0, validation_psnr_db = 0;
    bool best = false;   ///< best validation so far
    double seconds = 0;  ///< of training since the start, earlier runs included
};

struct TrainingProgress {
    std::int64_t step = 0, total = 0;
    int epoch = 0;          ///< under way
    double train_loss = 0;  ///< mean over the epoch so far
    double rate = 0;
    double images_per_second = 0;  ///< of this run
    double seconds_left = 0;       ///< at this speed, to the last step
    const std::vector<EpochRecord>& history;
};

/// How a training talks and where it keeps its state. None of this changes its result.
struct TrainingRun {
    std::filesystem::path
        checkpoint;       ///< file of the last checkpoint; empty: none. The one before it is kept beside.
    bool resume = false;  ///< go on from the checkpoint, if there is one
    double checkpoint_seconds = 30;                        ///< between checkpoints
    std::function<void(const std::string&)> note;          ///< told about a checkpoint that cannot be used
    std::function<bool(const TrainingProgress&)> on_step;  ///< false: write a checkpoint and stop
    std::function<void(const std::vector<EpochRecord>&, const Weights& best)> on_epoch;
};

struct TrainingResult {
    bool finished = false;  ///< false: stopped by on_step
    Weights best;           ///< of the best validation
    int best_epoch = 0;
    double best_psnr_db = 0;
    std::vector<EpochRecord> history;
};

/// The loss was not finite; the last checkpoint before it remains.
struct DivergedError : std::runtime_error {
    using std::runtime_error::runtime_error;
};

/// Trains a network with one input and one output channel to remove Gaussian noise of the patches.
///
/// Random numbers are Philox values keyed by the seed: a patch's noise depends on (seed, patch, pass), the
/// order of a pass on (seed, pass). The state is therefore the weights, the optimiser's averages, the
/// schedule and the step number; a run that is killed and resumed at any checkpoint ends in the bits of one
/// that never stopped, for equal numbers of threads. Validation noise is the same every time, and for every
/// seed.
///
/// @throws std::invalid_argument  options, data or architecture outside their range
/// @throws DeviceError            no usable device, not enough memory
/// @throws DivergedError          names the step
/// @throws data::FileError        checkpoint cannot be written; resume: made with other options or data
/// (naming them)
TrainingResult train_denoiser(const Architecture& architecture, const PatchSet& train,
                              const PatchSet& validation, const TrainingOptions& options,
                              const TrainingRun& run = {});

/// What one training needs of device memory, patches and optimiser included.
MemoryPlan training_memory(const Architecture& architecture, int side, std::int64_t samples,
                           const TrainingOptions& options);

}  // namespace reconlaw::gpu
