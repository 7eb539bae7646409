#pragma once
/// A study's trainings as a queue of jobs, shared by one or more processes.

#include <filesystem>
#include <string>
#include <vector>

#include "commands.hpp"
#include "toml_file.hpp"
#include "world.hpp"

namespace reconlaw::cli {

struct Job {
    TrainSettings settings;  ///< resolved
    std::filesystem::path folder;
    double cost = 0;  ///< expected, in arbitrary units
};

/// The jobs of a study, the longest first. Folders are FOLDER/jobs/N-C-seed.
std::vector<Job> jobs_of(const TrainingStudy& study, const std::filesystem::path& folder);

/// Whether the job's result is there.
/// @throws data::FileError  its folder was made with other settings, as require_same_settings
bool is_done(const Job& job);

/// The rows of all results so far, by samples, channels and seed. @return number of results
std::size_t collect_results(const std::vector<Job>& jobs, const std::filesystem::path& file);

struct SweepOptions {
    std::filesystem::path folder;
    double checkpoint_seconds = 30;
    bool panels = false;
};

/// Trains what is missing. The first process hands out the jobs, and trains too.
/// @throws Interrupted; std::runtime_error where jobs have failed, naming them
void run_sweep(const std::vector<Job>& jobs, const SweepOptions& options, const World& world,
               const Streams& streams);

}  // namespace reconlaw::cli
