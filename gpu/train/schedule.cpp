#include "reconlaw/gpu/schedule.hpp"

#include <algorithm>
#include <cmath>
#include <numbers>

#include "reconlaw/detail/check.hpp"

namespace reconlaw::gpu {
namespace {

ScheduleStep plateau(const ScheduleOptions& o, ScheduleState& s) {
    ScheduleStep step;
    if (s.bad_epochs <= o.patience) return step;
    if (s.rate <= o.min_rate) {
        step.stop = true;
        return step;
    }
    s.rate = std::max(o.factor * s.rate, o.min_rate);
    s.bad_epochs = 0;
    return step;
}

}  // namespace

std::string to_string(ScheduleKind kind) {
    switch (kind) {
        case ScheduleKind::constant:
            return "constant";
        case ScheduleKind::one_cycle:
            return "one-cycle";
        case ScheduleKind::plateau:
            return "plateau";
        case ScheduleKind::annealed:
            return "annealed";
    }
    return "unknown";
}

ScheduleState start_schedule(const ScheduleOptions& o, double rate) {
    constexpr auto f = "start_schedule";
    using detail::require;
    detail::require_finite_positive(rate, f, "rate");
    require(o.warm_up >= 0 && o.warm_up < 1, f, "warm_up", o.warm_up, ">= 0 and < 1");
    require(o.factor > 0 && o.factor < 1, f, "factor", o.factor, "> 0 and < 1");
    require(o.patience >= 0, f, "patience", o.patience, ">= 0");
    require(o.doubling_patience >= 0, f, "doubling_patience", o.doubling_patience, ">= 0");
    detail::require_finite_nonnegative(o.threshold, f, "threshold");
    detail::require_finite_nonnegative(o.min_rate, f, "min_rate");
    ScheduleState state;
    state.rate = state.best_rate = rate;
    state.doubling = o.kind == ScheduleKind::annealed;
    return state;
}

double rate_at(const ScheduleOptions& o, const ScheduleState& s, std::int64_t step, std::int64_t total) {
    if (o.kind != ScheduleKind::one_cycle) return s.rate;
    const double warm = o.warm_up * static_cast<double>(total), at = static_cast<double>(step) + 0.5;
    if (at < warm) return s.rate * at / warm;
    const double part = (at - warm) / (static_cast<double>(total) - warm);
    return s.rate * 0.5 * (1 + std::cos(std::numbers::pi * std::min(1.0, part)));
}

ScheduleStep end_epoch(const ScheduleOptions& o, ScheduleState& s, double score) {
    // The first epoch is always an improvement. While the rate is doubled every improvement counts, so that
    // the best rate is that of the best weights.
    const double threshold = s.doubling ? 0 : o.threshold;
    const bool better = std::isinf(s.best) || score > s.best + threshold * std::abs(s.best);
    if (better) s.best = score, s.best_rate = s.rate;
    s.bad_epochs = better ? 0 : s.bad_epochs + 1;
    if (o.kind == ScheduleKind::plateau) return plateau(o, s);
    if (o.kind != ScheduleKind::annealed) return {};
    if (!s.doubling) return plateau(o, s);
    if (better) {
        s.rate *= 2;
        return {};
    }
    if (s.bad_epochs < o.doubling_patience) return {};
    s.doubling = false, s.bad_epochs = 0, s.rate = s.best_rate;
    return {.restore_best = true};
}

}  // namespace reconlaw::gpu
