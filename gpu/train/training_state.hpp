#pragma once
/// The state of a training, and what a file must say to be one.

#include <cstdint>
#include <filesystem>
#include <map>
#include <string>
#include <vector>

#include "reconlaw/gpu/training.hpp"

namespace reconlaw::gpu {

struct TrainingState {
    std::int64_t step = 0;
    ScheduleState schedule;
    double loss_sum = 0;  ///< of the epoch so far
    std::int64_t loss_count = 0;
    std::int64_t optimiser_steps = 0;
    std::vector<float> parameters, averages,
        best;  ///< best: parameters of the best validation, empty before the first
    int best_epoch = 0;
    bool stopped = false;  ///< by the schedule
    double seconds = 0;
    std::string device;  ///< that computed it, Device::summary()
    std::vector<EpochRecord> history;
};

/// What a state belongs to: option -> value. A state of other options is refused.
using Fingerprint = std::map<std::string, std::string>;

/// The training that a state is of: what decides which states there can be.
struct TrainingIdentity {
    Architecture architecture;
    OptimiserOptions optimiser;
    ScheduleOptions schedule;
    std::int64_t steps = 1;        ///< in all
    std::int64_t epoch_steps = 1;  ///< of one epoch; the last may be shorter
    Fingerprint fingerprint;
};

/// The state as a file that can also be used as weights: the parameters as to_safetensors has them, the
/// tensors "training.averages" and "training.best", and in the metadata the fingerprint ("option.batch") and
/// the rest ("state.step").
/// @param metadata  of the weights
SafeTensors to_safetensors(const TrainingIdentity& training,
                           const std::map<std::string, std::string>& metadata, const TrainingState& state);

/// A file's own options are not the training's.
struct OtherTraining : std::runtime_error {
    using std::runtime_error::runtime_error;
};

/// Reads to_safetensors. The file must have a checksum that fits, and beyond that nothing in it is believed:
/// the sizes follow from the training, numbers must be finite, and the schedule, the best epoch, the ends of
/// the epochs and the optimiser's steps are computed again from the validation scores and compared.
/// @param path  for messages
/// @throws OtherTraining    names the first option that differs
/// @throws data::FileError  no state of a training, or damaged: names what and why
TrainingState training_state_from(const SafeTensors& file, const std::filesystem::path& path,
                                  const TrainingIdentity& training);

/// A number as text that reads back to the same bits.
std::string exact_text(double value);

}  // namespace reconlaw::gpu
