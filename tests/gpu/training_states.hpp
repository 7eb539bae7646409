#pragma once
/// States that a training passes through, made without one.

#include <algorithm>
#include <cmath>

#include "train/training_state.hpp"

namespace reconlaw::gpu::testing {

inline TrainingIdentity tiny_training(ScheduleKind kind = ScheduleKind::annealed) {
    TrainingIdentity t;
    UNet u;
    u.channels = 1, u.poolings = 0;
    t.architecture = u;
    t.schedule.kind = kind, t.schedule.patience = 1, t.schedule.doubling_patience = 1;
    t.optimiser.rate = 1e-2;
    t.steps = 25, t.epoch_steps = 4;
    t.fingerprint = architecture_metadata(t.architecture);
    t.fingerprint["steps"] = "25", t.fingerprint["seed"] = "3";
    return t;
}

/// After `steps` steps, or fewer where the schedule stops before; validation scores rise and fall by turns.
inline TrainingState state_after(const TrainingIdentity& t, std::int64_t steps) {
    TrainingState s;
    const auto count = static_cast<std::size_t>(parameter_count(t.architecture));
    s.schedule = start_schedule(t.schedule, t.optimiser.rate);
    s.device = "1 thread";
    double rate = 0;
    while (s.step < steps && !s.stopped) {
        rate = rate_at(t.schedule, s.schedule, s.step, t.steps);
        s.loss_sum += 0.01, ++s.loss_count, ++s.step, ++s.optimiser_steps, s.seconds += 0.25;
        if (s.step % t.epoch_steps != 0 && s.step != t.steps) continue;
        const int epoch = static_cast<int>(s.history.size()) + 1;
        const double psnr = 20 + 3 * std::sin(1.0 * epoch);
        const bool best = s.best_epoch == 0 ||
                          psnr > s.history[static_cast<std::size_t>(s.best_epoch - 1)].validation_psnr_db;
        s.history.push_back({epoch, s.step, rate, s.loss_sum / static_cast<double>(s.loss_count),
                             std::pow(10, -psnr / 10), psnr, best, s.seconds});
        s.loss_sum = 0, s.loss_count = 0;
        if (best) s.best_epoch = epoch, s.best.assign(count, 0.5f);
        const ScheduleStep next = end_epoch(t.schedule, s.schedule, psnr);
        if (next.restore_best) s.optimiser_steps = 0;
        s.stopped = next.stop;
    }
    for (std::size_t i = 0; i < count; ++i) s.parameters.push_back(static_cast<float>(i) / 7);
    s.averages.assign(count * (t.optimiser.kind == OptimiserKind::adam ? 2 : 1), 0.25f);
    return s;
}

}  // namespace reconlaw::gpu::testing
