#include "settings.hpp"

#include <algorithm>
#include <cmath>
#include <sstream>
#include <stdexcept>

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

void one_of(const std::string& name, const std::string& value, const std::vector<std::string>& allowed) {
    std::string list;
    for (std::size_t i = 0; i < allowed.size(); ++i)
        list += (i == 0 ? "" : i + 1 == allowed.size() ? " or " : ", ") + allowed[i];
    require(std::find(allowed.begin(), allowed.end(), value) != allowed.end(), name, "'" + value + "'", list);
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
    one_of(p + "task", s.task, {"denoise"});
    one_of(p + "network", s.network, {"unet", "residual-cnn"});
    one_of(p + "recipe", s.recipe, {"fast", "paper"});
    one_of(p + "loss", s.loss, {"mse", "l1", "ssim"});
    one_of(p + "precision", s.precision, {"fp32", "tf32", "bf16"});
    if (s.optimiser.empty()) s.optimiser = "adam";
    one_of(p + "optimiser", s.optimiser, {"adam", "rmsprop", "sgd"});
    require(s.samples >= 1, p + "samples", s.samples, "at least 1");
    require(s.patch >= 8 && s.patch <= 4096, p + "patch", s.patch, "from 8 to 4096");
    require(std::isfinite(s.noise) && s.noise > 0 && s.noise <= 255, p + "noise", s.noise,
            "above 0, at most 255");
    require(s.channels >= 1 && s.channels <= 4096, p + "channels", s.channels, "from 1 to 4096");
    require(s.poolings >= 0 && s.poolings <= 8, p + "poolings", s.poolings, "from 0 to 8");
    require(s.network != "unet" || s.patch >> s.poolings >= 2, p + "poolings", s.poolings,
            "such that patch/2^poolings is at least 2, for patch = " + std::to_string(s.patch));
    require(s.blocks >= 0 && s.blocks <= 1000, p + "blocks", s.blocks, "from 0 to 1000");
    require(s.batch >= 0, p + "batch", s.batch, "at least 1");
    require(std::isfinite(s.lr) && s.lr >= 0, p + "lr", s.lr, "above 0");
    require(s.steps >= 0, p + "steps", s.steps, "at least 1");
    require(s.epochs >= 0, p + "epochs", s.epochs, "at least 1");
    require(std::isfinite(s.clip) && s.clip >= 0, p + "clip", s.clip, "at least 0");
    require(s.momentum >= 0 && s.momentum < 1, p + "momentum", s.momentum, "at least 0, below 1");
    require(s.momentum == 0 || s.optimiser == "sgd", p + "momentum", s.momentum,
            "0 for " + s.optimiser + ": only sgd has it");
    require(s.seed <= std::uint64_t{1} << 62, p + "seed", s.seed, "from 0 to 2^62");
    require(s.data_seed <= std::uint64_t{1} << 62, p + "data-seed", s.data_seed, "from 0 to 2^62");
    require(s.validation >= 1, p + "validation", s.validation, "at least 1");
    require(s.test >= 1, p + "test", s.test, "at least 1");
    require(s.downsample >= 1, p + "downsample", s.downsample, "at least 1");
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
    TrainingData result;
    data::ImageSetOptions options;
    options.downsample = s.downsample, options.crop_px = s.crop, options.strict = s.strict;
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
