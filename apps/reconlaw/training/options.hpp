#pragma once
/// The settings of a training as command-line options.

#include <CLI/CLI.hpp>
#include <optional>
#include <string>

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

/// --tile: what the commands that use a network have. Unset: gpu::natural_tile.
void add_tile_option(CLI::App& app, std::optional<int>& tile);

}  // namespace reconlaw::cli
