#include "settings.hpp"

#include <algorithm>
#include <cmath>
#include <sstream>
#include <stdexcept>

#include "memory.hpp"
#include "range_option.hpp"
#include "reconlaw/data/bytes.hpp"
#include "reconlaw/data/image_set.hpp"

namespace reconlaw::cli {
namespace {

template <class V>
void require(bool ok, const std::string& name, const V& value, const std::string& range) {
    if (ok) return;
    std::ostringstream text;
    text << name << ": value = " << value << ", must be " << range;
    throw std::invalid_argument(text.str());
}

/// Every setting by itself: what the readers of options and studies have checked, and a caller may not have.
void require_allowed(TrainSettings& s, const std::string& prefix) {
    visit_settings(s, [&](const char* key, const auto& field, const auto& allowed, const char*) {
        std::string name = prefix + key;
        if (!prefix.empty()) std::replace(name.begin(), name.end(), '_', '-');
        using Allowed = std::decay_t<decltype(allowed)>;
        if constexpr (std::is_same_v<Allowed, OneOf>) {
            parse_choice(field, name, allowed.names);
        } else if constexpr (std::is_same_v<Allowed, Interval>) {
            require((field == 0 && by_recipe(key)) || allowed.holds(field), name, field, allowed.text());
        } else if constexpr (std::is_same_v<Allowed, WholeRange>) {
            using Field = std::decay_t<decltype(field)>;
            require(
                (field == 0 && by_recipe(key)) ||
                    (field >= static_cast<Field>(allowed.low) && field <= static_cast<Field>(allowed.high)),
                name, field, "from " + std::to_string(allowed.low) + " to " + std::to_string(allowed.high));
        }
    });
}

/// The best number of steps grows with N (a network that trains longer on few patches learns them by heart):
/// about 350 sqrt(N) up to the end of patience, measured on photographs; and at least eight passes.
std::int64_t fast_steps(std::int64_t samples, int batch) {
    const double root = std::clamp(350 * std::sqrt(static_cast<double>(samples)), 1000.0, 12000.0);
    return static_cast<std::int64_t>(std::max(root, 8.0 * static_cast<double>(samples) / batch));
}

gpu::Loss loss_named(const std::string& name) {
    return name == "mse" ? gpu::Loss::mse : name == "l1" ? gpu::Loss::l1 : gpu::Loss::ssim;
}

/// Crops of up to 128 px from the middle of the first test images.
std::vector<data::Image> panel_crops(const data::ImageSet& test, int patch, int poolings) {
    const Eigen::Index least = Eigen::Index{1} << poolings;
    std::vector<data::Image> crops;
    const Eigen::Index wanted = std::max(128, patch);
    for (const data::Image& image : test.images) {
        const Eigen::Index side = std::min({wanted, image.rows(), image.cols()}) / 16 * 16;
        if (side < 16 && !(image.rows() == patch && image.cols() == patch)) continue;
        const Eigen::Index rows = side < 16 ? image.rows() : side, cols = side < 16 ? image.cols() : side;
        if (rows < least || cols < 2 * least) continue;
        crops.push_back(image.block((image.rows() - rows) / 2, (image.cols() - cols) / 2, rows, cols));
        if (crops.size() == 4) break;
    }
    return crops;
}

}  // namespace

TrainSettings resolve(TrainSettings s, const std::string& p) {
    require_allowed(s, p);
    (void)set_range(s.range, p + "range");
    require(s.network != "unet" || s.patch >> s.poolings >= 2, p + "poolings", s.poolings,
            "such that patch/2^poolings is at least 2, for patch = " + std::to_string(s.patch));
    require(s.momentum == 0 || s.optimiser == "sgd", p + "momentum", s.momentum,
            "0 for " + s.optimiser + ": only sgd has it");
    require(s.crop == 0 || s.crop >= s.patch, p + "crop", s.crop,
            "0 or at least patch = " + std::to_string(s.patch));
    if (s.steps > 0 && s.epochs > 0)
        throw std::invalid_argument(p + "steps and " + p + "epochs: give one of them");
    const bool fast = s.recipe == "fast";
    if (s.batch == 0) s.batch = fast ? 16 : 1;
    if (s.lr == 0) s.lr = fast ? 2e-2 : 1e-4;
    const std::int64_t pass = s.samples / std::min<std::int64_t>(s.batch, s.samples);
    if (s.epochs == 0 && s.steps == 0 && !fast) s.epochs = 1000;
    if (s.epochs > 0)
        s.steps = s.epochs * pass, s.epochs = 0;
    else if (s.steps == 0)
        s.steps = fast_steps(s.samples, s.batch);
    return s;
}

TrainPlan plan_of(const TrainSettings& s) {
    TrainPlan plan;
    if (s.network == "unet") {
        gpu::UNet u;
        u.channels = s.channels, u.poolings = s.poolings, u.residual = true;
        plan.architecture = u;
    } else {
        gpu::ResidualCnn r;
        r.channels = s.channels, r.blocks = s.blocks, r.residual = true;
        plan.architecture = r;
    }
    gpu::TrainingOptions& o = plan.options;
    o.noise = s.noise / 255, o.batch = s.batch, o.loss = loss_named(s.loss);
    o.optimiser.kind = gpu::optimiser_named(s.optimiser);
    o.optimiser.rate = s.lr, o.optimiser.clip_norm = s.clip, o.optimiser.momentum = s.momentum;
    o.steps = s.steps, o.symmetries = s.augment, o.seed = s.seed;
    o.precision = gpu::precision_named(s.precision);
    if (s.recipe == "fast") {
        o.schedule.kind = gpu::ScheduleKind::one_cycle;
        o.epoch_steps = std::max<std::int64_t>(1, s.steps / 25);
    } else {
        o.schedule.kind = gpu::ScheduleKind::annealed;
    }
    return plan;
}

std::string sha256_of(const TrainingData& data, std::int64_t samples) {
    std::string hashes;
    const auto add = [&](const gpu::PatchSet& p, std::int64_t count) {
        hashes += data::sha256_hex({reinterpret_cast<const std::uint8_t*>(p.values.data()),
                                    sizeof(float) * static_cast<std::size_t>(count * p.side * p.side)});
    };
    add(data.train, samples), add(data.validation, data.validation.count()),
        add(data.test, data.test.count());
    return data::sha256_hex({reinterpret_cast<const std::uint8_t*>(hashes.data()), hashes.size()});
}

TrainingData load_training_data(const TrainSettings& s) {
    const double patch = s.patch;
    require_memory(
        "samples = " + std::to_string(s.samples) + ", validation = " + std::to_string(s.validation) +
            ", test = " + std::to_string(s.test) + ": patches of " + std::to_string(s.patch) + " px",
        sizeof(float) * patch * patch * (static_cast<double>(s.samples) + s.validation + s.test));
    TrainingData result;
    data::ImageSetOptions options;
    options.downsample = s.downsample, options.crop_px = s.crop, options.strict = s.strict;
    options.range = set_range(s.range, "range");
    const auto load = [&](data::Split split, std::int64_t count) {
        options.limit = s.crop == s.patch ? count : 0;  // whole images: no more than are used
        data::ImageSet set = data::load_images(s.data, split, options);
        result.description.push_back(set.summary());
        return set;
    };
    try {
        result.train =
            gpu::draw_patch_set(load(data::Split::train, s.samples), s.patch, s.samples, s.data_seed);
    } catch (const std::invalid_argument& e) {
        throw std::invalid_argument("samples = " + std::to_string(s.samples) +
                                    ", patch = " + std::to_string(s.patch) + ": " + e.what());
    }
    const data::ImageSet test = load(data::Split::test, s.test);
    result.panel = panel_crops(test, s.patch, s.network == "unet" ? s.poolings : 0);
    // validation and test take what there is, if it is fewer than asked for
    const auto draw = [&](const data::ImageSet& set, int count, std::uint64_t seed) {
        const bool whole = std::all_of(set.images.begin(), set.images.end(), [&](const data::Image& i) {
            return i.rows() == s.patch && i.cols() == s.patch;
        });
        return gpu::draw_patch_set(set, s.patch, whole ? std::min<std::int64_t>(count, set.size()) : count,
                                   seed);
    };
    result.test = draw(test, s.test, 1);
    result.validation = draw(load(data::Split::val, s.validation), s.validation, 1);
    return result;
}

}  // namespace reconlaw::cli
