#pragma once
/// Learning rates over a training: by steps (one cycle) or by what the validation says (the paper's recipes).

#include <cstdint>
#include <limits>
#include <string>

namespace reconlaw::gpu {

enum class ScheduleKind {
    constant,
    one_cycle,  ///< linear from 0 to the rate over the first `warm_up` of all steps, then half a cosine down
                ///< to 0
    plateau,    ///< times `factor` when the validation has not improved for `patience` epochs, down to
                ///< `min_rate`
    annealed,   ///< doubled every epoch while the validation improves, best weights restored, then plateau
};

std::string to_string(ScheduleKind kind);

/// The paper's denoising recipe is {annealed, factor 0.5, patience 10, threshold 1e-3, min_rate 1e-5} from
/// rate 1e-4, its MRI recipe {plateau, factor 0.1, patience 5, threshold 1e-4, min_rate 1e-6} from rate 1e-3.
struct ScheduleOptions {
    ScheduleKind kind = ScheduleKind::one_cycle;
    double warm_up = 0.05;    ///< one_cycle: part of all steps
    double factor = 0.5;      ///< plateau
    int patience = 10;        ///< plateau [epochs]
    double threshold = 1e-3;  ///< plateau: an improvement is more than threshold |best|
    double min_rate = 1e-5;  ///< plateau; after `patience` epochs without improvement at it the training ends
    int doubling_patience = 3;  ///< annealed: epochs without improvement that end the doubling
};

/// What changes while a schedule runs; plain values, so a checkpoint can keep it.
struct ScheduleState {
    double rate = 0;                                         ///< of the epoch to come; one_cycle: the largest
    double best = -std::numeric_limits<double>::infinity();  ///< highest score so far, beyond the threshold
    double best_rate = 0;                                    ///< at which it was reached
    int bad_epochs = 0;  ///< since then, or since the rate was last lowered
    bool doubling = false;
};

/// What to do after an epoch.
struct ScheduleStep {
    bool restore_best = false;  ///< go back to the weights of the best epoch
    bool stop = false;
};

/// @throws std::invalid_argument  an option outside its range
ScheduleState start_schedule(const ScheduleOptions& options, double rate);

/// Rate of step number `step` (from 0) of `total`.
double rate_at(const ScheduleOptions& options, const ScheduleState& state, std::int64_t step,
               std::int64_t total);

/// After an epoch with this validation score, higher being better.
ScheduleStep end_epoch(const ScheduleOptions& options, ScheduleState& state, double score);

}  // namespace reconlaw::gpu
