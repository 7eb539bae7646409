#pragma once
/// The state of a training on disk: the last checkpoint, and the one before it.

#include <filesystem>
#include <functional>
#include <map>
#include <optional>
#include <string>

#include "training_state.hpp"

namespace reconlaw::gpu {

/// Writes the checkpoint; the previous one becomes PATH.previous. For a moment there is also a PATH.new: one
/// that a killed training has left is written over. Links with these names are replaced, not followed.
/// @throws data::FileError  cannot be written
void write_checkpoint(const std::filesystem::path& path, const TrainingIdentity& training,
                      const std::map<std::string, std::string>& metadata, const TrainingState& state);

/// The last checkpoint, or the one before it where the last is damaged (`note` is told why); nullopt if there
/// is none yet. A damaged one is renamed to PATH.damaged, in place of an earlier one, so there are at most
/// two such files; a PATH.new that a killed training has left is removed.
/// @throws data::FileError  there are checkpoints, but none that can be read; made with other options, naming
/// the first that differs; a damaged one cannot be renamed
std::optional<TrainingState> read_checkpoint(const std::filesystem::path& path,
                                             const TrainingIdentity& training,
                                             const std::function<void(const std::string&)>& note);

}  // namespace reconlaw::gpu
