#pragma once
/// The state of a training on disk: the last checkpoint, and the one before it.

#include <filesystem>
#include <functional>
#include <map>
#include <optional>
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

/// What the state belongs to: option -> value. A checkpoint of other options is refused.
using Fingerprint = std::map<std::string, std::string>;

/// Writes the checkpoint; the previous one becomes PATH.previous. @throws data::FileError  cannot be written
void write_checkpoint(const std::filesystem::path& path, const Architecture& architecture,
                      const std::map<std::string, std::string>& metadata, const Fingerprint& fingerprint,
                      const TrainingState& state);

/// The last checkpoint, or the one before it where the last is damaged (`note` is told why); nullopt if there
/// is none yet. A damaged one is renamed to PATH.damaged.
/// @throws data::FileError  there are checkpoints, but none that can be read; made with other options, naming
/// the first that differs
std::optional<TrainingState> read_checkpoint(const std::filesystem::path& path,
                                             const Fingerprint& fingerprint,
                                             const std::function<void(const std::string&)>& note);

/// A number as text that reads back to the same bits.
std::string exact_text(double value);

}  // namespace reconlaw::gpu
