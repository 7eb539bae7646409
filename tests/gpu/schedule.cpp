#include "reconlaw/gpu/schedule.hpp"

#include <cmath>
#include <stdexcept>

#include "support/check_close.hpp"

using namespace reconlaw::gpu;

TEST_CASE("one cycle rises linearly, falls by half a cosine, and ends at zero") {
    ScheduleOptions o;
    o.kind = ScheduleKind::one_cycle, o.warm_up = 0.1;
    const ScheduleState s = start_schedule(o, 0.02);
    check_close(rate_at(o, s, 0, 1000), 0.02 * 0.5 / 100, 1e-12, 0.0);
    check_close(rate_at(o, s, 49, 1000), 0.02 * 49.5 / 100, 1e-12, 0.0);
    check_close(rate_at(o, s, 549, 1000), 0.01, 2e-3, 0.0);  // the middle of the cosine, half a step early
    CHECK(rate_at(o, s, 999, 1000) < 1e-7);
    for (int k = 100; k < 999; ++k) CHECK(rate_at(o, s, k, 1000) > rate_at(o, s, k + 1, 1000));
}

TEST_CASE("plateau lowers the rate after patience epochs, to its minimum, and then stops") {
    ScheduleOptions o;
    o.kind = ScheduleKind::plateau, o.factor = 0.1, o.patience = 2, o.threshold = 1e-2, o.min_rate = 1e-3;
    ScheduleState s = start_schedule(o, 0.05);
    CHECK(!end_epoch(o, s, 20.0).stop);
    CHECK(!end_epoch(o, s, 20.1).stop);  // half a per cent: no improvement
    CHECK(!end_epoch(o, s, 20.1).stop);
    CHECK(s.rate == 0.05);
    CHECK(!end_epoch(o, s, 20.1).stop);  // the third bad epoch
    check_close(s.rate, 0.005, 1e-12, 0.0);
    CHECK(!end_epoch(o, s, 20.3).stop);  // an improvement
    for (int k = 0; k < 3; ++k) CHECK(!end_epoch(o, s, 20.3).stop);
    CHECK(s.rate == 1e-3);
    CHECK(!end_epoch(o, s, 20.3).stop);
    CHECK(!end_epoch(o, s, 20.3).stop);
    CHECK(end_epoch(o, s, 20.3).stop);
}

TEST_CASE(
    "annealing doubles the rate while the validation improves, then restores the best and goes on by "
    "plateau") {
    ScheduleOptions o;
    o.kind = ScheduleKind::annealed, o.doubling_patience = 3;
    ScheduleState s = start_schedule(o, 1e-4);
    for (int k = 0; k < 4; ++k) {
        const ScheduleStep step = end_epoch(o, s, 25.0 + k);
        CHECK((!step.restore_best && !step.stop));
    }
    check_close(s.rate, 16e-4, 1e-12, 0.0);
    CHECK(!end_epoch(o, s, 20.0).restore_best);
    CHECK(!end_epoch(o, s, 10.0).restore_best);
    check_close(s.rate, 16e-4, 1e-12, 0.0);
    CHECK(end_epoch(o, s, 15.0).restore_best);
    check_close(s.rate, 8e-4, 1e-12, 0.0);  // the rate of the best epoch
    CHECK(!s.doubling);
    for (int k = 0; k <= o.patience; ++k) CHECK(!end_epoch(o, s, 27.0).restore_best);
    check_close(s.rate, 4e-4, 1e-12, 0.0);
    int epochs = 0;
    while (!end_epoch(o, s, 27.0).stop) ++epochs;
    CHECK(s.rate == o.min_rate);
    // 2e-4, 1e-4, 5e-5, 2.5e-5, 1.25e-5, 1e-5: each held for patience + 1 epochs
    CHECK(epochs == 7 * (o.patience + 1) - 1);
}

TEST_CASE("schedules refuse options outside their range") {
    ScheduleOptions o;
    o.factor = 1;
    CHECK_THROWS_WITH_AS(start_schedule(o, 1e-3), "start_schedule: factor = 1, must be > 0 and < 1",
                         std::invalid_argument);
    CHECK_THROWS_WITH_AS(start_schedule({}, 0), "start_schedule: rate = 0, must be finite and > 0",
                         std::invalid_argument);
}
