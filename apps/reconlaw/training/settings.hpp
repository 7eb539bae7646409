#pragma once
/// What a training is asked to do: the options of `reconlaw train`, the keys of config.toml and of a study.

#include <cstdint>
#include <string>
#include <vector>

#include "reconlaw/gpu/training.hpp"

namespace reconlaw::cli {

/// Zero or empty: what the recipe says. visit_settings lists the fields with their meaning.
struct TrainSettings {
    std::string task = "denoise", data = "photographs";
    std::int64_t samples = 1000;
    int patch = 64;
    double noise = 25;
    std::string network = "unet";
    int channels = 16, poolings = 2, blocks = 8;
    std::uint64_t seed = 1;
    std::string recipe = "fast", loss = "mse", optimiser;
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

/// f(key, field, description) for every field; keys are those of TOML, with _ where the command line has -.
template <class Settings, class F>
void visit_settings(Settings& s, const F& f) {
    f("task", s.task, "What is learned: denoise");
    f("data", s.data,
      "photographs, fashion-mnist, a folder of images (ImageNet's layout included), or an IDX file");
    f("samples", s.samples, "Training images N; smaller sets are part of larger ones");
    f("patch", s.patch, "Side of the square training images [px]; random patches of larger images");
    f("noise", s.noise, "Standard deviation of the noise, on the scale of 0 to 255");
    f("network", s.network, "unet or residual-cnn");
    f("channels", s.channels, "Channels of the first layer");
    f("poolings", s.poolings, "U-Net: levels below the first");
    f("blocks", s.blocks, "Residual CNN: blocks");
    f("seed", s.seed, "Initial weights, order and noise");
    f("recipe", s.recipe,
      "fast (batch 16, one cycle) or paper (Klug & Heckel: batch 1, rate found by doubling)");
    f("loss", s.loss, "mse, l1 or ssim");
    f("optimiser", s.optimiser, "adam, rmsprop or sgd (default: adam)");
    f("batch", s.batch, "Images a step (default: by recipe)");
    f("lr", s.lr, "Learning rate, the largest of a cycle, the first of the paper's (default: by recipe)");
    f("steps", s.steps, "Steps (default: by recipe and samples)");
    f("epochs", s.epochs, "Passes over the training images, instead of steps");
    f("momentum", s.momentum, "Of sgd");
    f("clip", s.clip, "Largest norm of the gradient; 0: not clipped");
    f("augment", s.augment, "Turn and mirror the patches at random");
    f("validation", s.validation, "Validation images");
    f("test", s.test, "Test images");
    f("data_seed", s.data_seed, "Which patches are drawn");
    f("downsample", s.downsample, "Box factor that shrinks the images first");
    f("crop", s.crop, "Centre square of the images first [px]; 0: whole images");
    f("strict", s.strict, "An unreadable image is an error instead of being skipped");
    f("range", s.range,
      "Black and white in the numbers of a folder's files: auto (all numbers of their type, or sBIT's), "
      "type, "
      "a number of bits, or LOW:HIGH");
    f("precision", s.precision,
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
