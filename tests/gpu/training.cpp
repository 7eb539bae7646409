#include "reconlaw/gpu/training.hpp"

#include <cmath>
#include <limits>
#include <stdexcept>

#include "device_support.hpp"
#include "reconlaw/data/file_error.hpp"
#include "support/check_close.hpp"
#include "support/temporary_directory.hpp"

using namespace reconlaw::gpu;
using reconlaw::data::testing::TemporaryDirectory;

namespace {

/// Smooth patches: sums of two plane waves with random directions, values in [0, 1].
PatchSet waves(int count, int side, std::uint64_t seed) {
    PatchSet p{side, {}};
    const std::vector<double> random = testing::random_values(4 * count, seed, -0.7, 0.7);
    for (int i = 0; i < count; ++i)
        for (int y = 0; y < side; ++y)
            for (int x = 0; x < side; ++x) {
                const double* r = random.data() + 4 * i;
                p.values.push_back(static_cast<float>(0.5 + 0.25 * std::sin(r[0] * x + r[1] * y) +
                                                      0.25 * std::cos(r[2] * x + r[3] * y)));
            }
    return p;
}

UNet tiny_unet() {
    UNet u;
    u.channels = 4, u.poolings = 1, u.residual = true;
    return u;
}

TrainingOptions options(ScheduleKind kind) {
    TrainingOptions o;
    o.batch = 4, o.steps = 60, o.epoch_steps = 7, o.optimiser.rate = 1e-2;
    o.schedule.kind = kind, o.schedule.patience = 1, o.schedule.doubling_patience = 1;
    return o;
}

}  // namespace

TEST_CASE("training removes noise that it has not seen") {
    if (!testing::have_device()) return;
    TrainingOptions o = options(ScheduleKind::one_cycle);
    o.steps = 300, o.optimiser.rate = 2e-2;
    const PatchSet train = waves(64, 16, 1), validation = waves(16, 16, 2);
    const TrainingResult r = train_denoiser(tiny_unet(), train, validation, o);
    REQUIRE(r.finished);
    CHECK(r.best_psnr_db > 20.17 + 3);
    CHECK(r.history.back().steps == 300);
    CHECK(r.history.back().train_loss < 0.3 * r.history.front().train_loss);
    // the best epoch is the one with the best validation
    for (const EpochRecord& e : r.history) CHECK(e.validation_psnr_db <= r.best_psnr_db);
    CHECK(r.history[static_cast<std::size_t>(r.best_epoch - 1)].validation_psnr_db == r.best_psnr_db);
}

TEST_CASE("a training stopped at any step and resumed ends in the same bits") {
    if (!testing::have_device()) return;
    const PatchSet train = waves(21, 8, 3), validation = waves(6, 8, 4);
    for (const ScheduleKind kind : {ScheduleKind::one_cycle, ScheduleKind::annealed, ScheduleKind::plateau})
        for (const bool symmetries : {false, true}) {
            CAPTURE(to_string(kind));
            TrainingOptions o = options(kind);
            o.symmetries = symmetries;
            const TrainingResult whole = train_denoiser(tiny_unet(), train, validation, o);
            const TemporaryDirectory folder;
            TrainingRun run;
            run.checkpoint = folder / "c", run.resume = true;
            TrainingResult parts;
            int runs = 0;
            do {
                // 1, 2, 3, ... steps at a time: stops fall within and between epochs
                int left = ++runs;
                run.on_step = [&](const TrainingProgress&) { return --left > 0; };
                parts = train_denoiser(tiny_unet(), train, validation, o, run);
            } while (!parts.finished);
            CHECK(runs > 5);
            CHECK(parts.best.values == whole.best.values);
            CHECK(parts.best_epoch == whole.best_epoch);
            REQUIRE(parts.history.size() == whole.history.size());
            for (std::size_t i = 0; i < whole.history.size(); ++i) {
                CHECK(parts.history[i].train_loss == whole.history[i].train_loss);
                CHECK(parts.history[i].validation_mse == whole.history[i].validation_mse);
                CHECK(parts.history[i].rate == whole.history[i].rate);
                CHECK(parts.history[i].steps == whole.history[i].steps);
            }
        }
}

TEST_CASE("a training in BF16 ends where one in single precision does, and resumes to the same bits") {
    if (!testing::have_device()) return;
    TrainingOptions o = options(ScheduleKind::one_cycle);
    o.steps = 300, o.optimiser.rate = 2e-2;
    const PatchSet train = waves(64, 16, 1), validation = waves(16, 16, 2);
    const TrainingResult single = train_denoiser(tiny_unet(), train, validation, o);
    o.precision = Precision::bf16;
    const TrainingResult narrow = train_denoiser(tiny_unet(), train, validation, o);
    INFO(single.best_psnr_db, " dB, BF16 ", narrow.best_psnr_db, " dB");
    CHECK(narrow.best.values != single.best.values);
    check_close(narrow.best_psnr_db, single.best_psnr_db, 0, 0.3);

    const TemporaryDirectory folder;
    TrainingRun run;
    run.checkpoint = folder / "c", run.resume = true;
    TrainingResult parts;
    do {
        int left = 71;
        run.on_step = [&](const TrainingProgress&) { return --left > 0; };
        parts = train_denoiser(tiny_unet(), train, validation, o, run);
    } while (!parts.finished);
    CHECK(parts.best.values == narrow.best.values);
    CHECK(parts.history.back().train_loss == narrow.history.back().train_loss);

    o.precision = Precision::fp32;
    try {
        static_cast<void>(train_denoiser(tiny_unet(), train, validation, o, run));
        FAIL("a checkpoint of another precision was accepted");
    } catch (const reconlaw::data::FileError& e) {
        CHECK(e.reason() == "belongs to a training with precision = bf16, this one has precision = fp32");
    }
}

TEST_CASE("the same seed trains to the same bits, another seed does not") {
    if (!testing::have_device()) return;
    const PatchSet train = waves(12, 8, 5), validation = waves(4, 8, 6);
    TrainingOptions o = options(ScheduleKind::one_cycle);
    const TrainingResult a = train_denoiser(tiny_unet(), train, validation, o);
    const TrainingResult b = train_denoiser(tiny_unet(), train, validation, o);
    CHECK(a.best.values == b.best.values);
    o.seed = 2;
    CHECK(train_denoiser(tiny_unet(), train, validation, o).best.values != a.best.values);
}

TEST_CASE("a checkpoint of other options or other data is refused by name") {
    if (!testing::have_device()) return;
    const PatchSet train = waves(12, 8, 5), validation = waves(4, 8, 6);
    const TrainingOptions o = options(ScheduleKind::one_cycle);
    const TemporaryDirectory folder;
    TrainingRun run;
    run.checkpoint = folder / "c", run.resume = true;
    static_cast<void>(train_denoiser(tiny_unet(), train, validation, o, run));
    const auto message = [&](const PatchSet& patches, const TrainingOptions& other) -> std::string {
        try {
            static_cast<void>(train_denoiser(tiny_unet(), patches, validation, other, run));
        } catch (const reconlaw::data::FileError& e) {
            return e.reason();
        }
        return "accepted";
    };
    TrainingOptions other = o;
    other.seed = 9;
    CHECK(message(train, other) == "belongs to a training with seed = 1, this one has seed = 9");
    CHECK(message(waves(12, 8, 7), o).find("training data (SHA-256)") != std::string::npos);
    CHECK(message(train, o) == "accepted");
}

TEST_CASE("a training refuses what it cannot use") {
    if (!testing::have_device()) return;
    const PatchSet train = waves(4, 8, 5), validation = waves(4, 8, 6);
    const TrainingOptions o = options(ScheduleKind::constant);
    const auto message = [&](const Architecture& a, const PatchSet& t, const PatchSet& v,
                             const TrainingOptions& with) {
        try {
            static_cast<void>(train_denoiser(a, t, v, with));
        } catch (const std::invalid_argument& e) {
            return std::string(e.what());
        }
        return std::string("accepted");
    };
    CHECK(message(LinearNetwork{4, 4}, train, validation, o).find("must be a U-Net or residual CNN") !=
          std::string::npos);
    CHECK(message(tiny_unet(), {}, validation, o).find("training side = 0, must be >= 1") !=
          std::string::npos);
    CHECK(message(tiny_unet(), train, waves(4, 16, 6), o)
              .find("validation side = 16, must be the training patches' 8") != std::string::npos);
    PatchSet broken = train;
    broken.values[17] = std::numeric_limits<float>::quiet_NaN();
    CHECK(message(tiny_unet(), broken, validation, o).find("training pixels = not finite") !=
          std::string::npos);
    TrainingOptions bad = o;
    bad.steps = 0;
    CHECK(message(tiny_unet(), train, validation, bad) == "train_denoiser: steps = 0, must be >= 1");
    bad = o, bad.batch = 0;
    CHECK(message(tiny_unet(), train, validation, bad) == "train_denoiser: batch = 0, must be >= 1");
    bad = o, bad.noise = -1;
    CHECK(message(tiny_unet(), train, validation, bad) ==
          "train_denoiser: noise = -1, must be finite and >= 0");
}

TEST_CASE("memory of a training counts patches and optimiser") {
    if (!testing::have_device()) return;
    TrainingOptions o;
    o.batch = 16;
    const MemoryPlan plan = training_memory(tiny_unet(), 32, 1000, o);
    CHECK(plan.data == 1000u * 32 * 32 * 4);
    CHECK(plan.parameters == static_cast<std::size_t>(parameter_count(tiny_unet())) * 4 * 4);
}
