#pragma once
/// What a training is asked to do: the options of `reconlaw train`, the keys of config.toml and of a study.

#include <cstdint>
#include <string>
#include <vector>

#include "readers.hpp"
#include "reconlaw/gpu/training.hpp"

namespace reconlaw::cli {

/// Zero for batch, lr, steps and epochs: what the recipe says. visit_settings lists the fields.
struct TrainSettings {
    std::string task = "denoise", data = "photographs";
    std::int64_t samples = 1000;
    int patch = 64;
    double noise = 25;
    std::string network = "unet";
    int channels = 16, poolings = 2, blocks = 8;
    std::uint64_t seed = 1;
    std::string recipe = "fast", loss = "mse", optimiser = "adam";
    int batch = 0;
    double lr = 0;
    std::int64_t steps = 0;
    int epochs = 0;
    double momentum = 0, clip = 0;
    bool augment = false;
    int validation = 80, test = 300;
    std::uint64_t data_seed = 1;
    int downsample = 1, crop = 0;
    bool strict = false;
    std::string range = "auto";
    std::string precision = "fp32";
};

/// What a setting may be, for both readers: the command line's and TOML's.
struct AnyText {};
struct OneOf {
    std::vector<std::string> names;
};
struct OnOff {};
struct WholeRange {
    std::int64_t low, high;
};
// and Interval for numbers

/// Whether zero stands for what the recipe says; no reader takes it for these.
inline bool by_recipe(const std::string& key) {
    return key == "batch" || key == "lr" || key == "steps" || key == "epochs";
}

/// f(key, field, allowed, description) for every field; keys are those of TOML, with _ where the command line
/// has -.
template <class Settings, class F>
void visit_settings(Settings& s, const F& f) {
    constexpr std::int64_t many = std::int64_t{1} << 30, seeds = std::int64_t{1} << 62;
    f("task", s.task, OneOf{{"denoise"}}, "What is learned");
    f("data", s.data, AnyText{},
      "photographs, fashion-mnist, a folder of images (ImageNet's layout included), or an IDX file");
    f("samples", s.samples, WholeRange{1, many}, "Training images N; smaller sets are part of larger ones");
    f("patch", s.patch, WholeRange{8, 4096},
      "Side of the square training images [px]; random patches of larger images");
    f("noise", s.noise, Interval{0, 255, true, false},
      "Standard deviation of the noise, on the scale of 0 to 255");
    f("network", s.network, OneOf{{"unet", "residual-cnn"}}, "What is trained");
    f("channels", s.channels, WholeRange{1, 4096}, "Channels of the first layer");
    f("poolings", s.poolings, WholeRange{0, 8}, "U-Net: levels below the first");
    f("blocks", s.blocks, WholeRange{0, 1000}, "Residual CNN: blocks");
    f("seed", s.seed, WholeRange{0, seeds}, "Initial weights, order and noise");
    f("recipe", s.recipe, OneOf{{"fast", "paper"}},
      "fast: batch 16, one cycle; paper (Klug & Heckel): batch 1, rate found by doubling");
    f("loss", s.loss, OneOf{{"mse", "l1", "ssim"}}, "What is minimised");
    f("optimiser", s.optimiser, OneOf{{"adam", "rmsprop", "sgd"}}, "How it is minimised");
    f("batch", s.batch, WholeRange{1, many}, "Images a step (default: by recipe)");
    f("lr", s.lr, Interval::above(0),
      "Learning rate, the largest of a cycle, the first of the paper's (default: by recipe)");
    f("steps", s.steps, WholeRange{1, seeds}, "Steps (default: by recipe and samples)");
    f("epochs", s.epochs, WholeRange{1, many}, "Passes over the training images, instead of steps");
    f("momentum", s.momentum, Interval{0, 1, false, true}, "Of sgd");
    f("clip", s.clip, Interval::from(0), "Largest norm of the gradient; 0: not clipped");
    f("augment", s.augment, OnOff{}, "Turn and mirror the patches at random");
    f("validation", s.validation, WholeRange{1, many}, "Validation images");
    f("test", s.test, WholeRange{1, many}, "Test images");
    f("data_seed", s.data_seed, WholeRange{0, seeds}, "Which patches are drawn");
    f("downsample", s.downsample, WholeRange{1, 32768}, "Box factor that shrinks the images first");
    f("crop", s.crop, WholeRange{0, 32768}, "Centre square of the images first [px]; 0: whole images");
    f("strict", s.strict, OnOff{}, "An unreadable image is an error instead of being skipped");
    f("range", s.range, AnyText{},
      "Black and white in the numbers of a folder's files: auto (all numbers of their type, or sBIT's), "
      "type, "
      "a number of bits, or LOW:HIGH");
    f("precision", s.precision, OneOf{{"fp32", "tf32", "bf16"}},
      "fp32, tf32 (convolutions on a GPU) or bf16 (tensors and convolutions; half the memory)");
}

struct TrainPlan {
    gpu::Architecture architecture;
    gpu::TrainingOptions options;
};

/// The settings with everything the recipe decides filled in.
/// @param prefix  before a key in messages, "--" on the command line
/// @throws std::invalid_argument  a value outside its range, or steps and epochs at once
TrainSettings resolve(TrainSettings settings, const std::string& prefix);

/// Of resolved settings.
TrainPlan plan_of(const TrainSettings& settings);

struct TrainingData {
    gpu::PatchSet train, validation, test;
    std::vector<data::Image> panel;        ///< larger crops of test images, to look at
    std::vector<std::string> description;  ///< lines for a log
};

/// Draws the first `samples` training patches, and validation and test images from their own photographs.
/// @throws data::FileError, std::invalid_argument  as the functions of reconlaw::data and draw_patch_set
TrainingData load_training_data(const TrainSettings& settings);

/// SHA-256 over the first `samples` training patches and all validation and test patches.
std::string sha256_of(const TrainingData& data, std::int64_t samples);

}  // namespace reconlaw::cli
