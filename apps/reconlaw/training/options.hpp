#pragma once
/// The settings of a training as command-line options.

#include <CLI/CLI.hpp>
#include <optional>
#include <string>

#include "reconlaw/gpu/weights.hpp"
#include "settings.hpp"

namespace reconlaw::cli {

/// "epoch_steps" -> "--epoch-steps"
inline std::string option_name(std::string key) {
    for (char& c : key)
        if (c == '_') c = '-';
    return "--" + key;
}

/// Adds an option for every setting.
void add_settings(CLI::App& app, TrainSettings& settings);

/// --device and --threads: what every command that computes has.
struct DeviceOptions {
    std::string device;
    int threads = 0;
};
void add_device_options(CLI::App& app, DeviceOptions& options);

/// Sets the number of threads. @return the line that says what will compute
/// @throws gpu::DeviceError  no usable GPU
/// @throws std::invalid_argument  --device names another device than this build's
std::string use_device(const DeviceOptions& options);

/// What this device does otherwise than a precision's name says, one line; empty: nothing.
std::string precision_note(const std::string& precision);

/// --weights, --predicts and --tile: what every command that uses a trained network has.
struct WeightsOptions {
    std::string file, predicts;
    std::optional<int> tile;
};
void add_weights_options(CLI::App& app, WeightsOptions& options);

/// The file's network, as --predicts says where it is given.
/// @param notes  gets a line where the file is not as reconlaw wrote it
/// @throws data::FileError  as gpu::load_weights
gpu::Weights read_weights(const WeightsOptions& options, std::ostream& notes);

/// --tile, or gpu::natural_tile.
int tile_of(const WeightsOptions& options, const gpu::Weights& weights);

}  // namespace reconlaw::cli
