#pragma once
/// Settings and studies as TOML.

#include <filesystem>
#include <string>
#include <vector>

#include "settings.hpp"

namespace reconlaw::cli {

/// Every setting as "key = value", in the order of visit_settings.
std::string settings_toml(const TrainSettings& settings);

/// config.toml: the settings, and as a comment the patches that sha256_of stands for.
std::string config_toml(const TrainSettings& settings, const std::string& patches_sha256);

/// @throws data::FileError  `config` is there and was made with other patches
void require_same_patches(const std::filesystem::path& config, const std::string& patches_sha256);

/// Compares the settings with those a folder was made with.
/// @throws data::FileError  `config` is there and differs: names the first difference
void require_same_settings(const std::filesystem::path& config, const TrainSettings& settings);

/// Trainings over all combinations of samples, channels and seeds; everything else is common to all.
struct TrainingStudy {
    std::filesystem::path file;
    TrainSettings common;
    std::vector<std::int64_t> samples;
    std::vector<int> channels;
    std::vector<std::uint64_t> seeds;
};

/// A TOML file with the keys of visit_settings; samples, channels and seed may be lists.
/// @throws data::FileError  cannot be read; not TOML; an unknown key (with the nearest known one), a value of
/// the wrong type, a number that does not fit its type, a list with a value twice (all with the line). What
/// only `resolve` can judge, jobs_of refuses with the file's name.
TrainingStudy read_study(const std::filesystem::path& path);

/// The same from text. @param path  for messages
TrainingStudy parse_study(const std::string& text, const std::filesystem::path& path);

}  // namespace reconlaw::cli
