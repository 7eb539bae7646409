#include "checkpoint.hpp"

#include <utility>
#include <vector>

#include "reconlaw/data/file_error.hpp"

namespace reconlaw::gpu {
namespace {

using data::FileError;
namespace fs = std::filesystem;

fs::path beside(const fs::path& path, const char* ending) {
    return path.string() + ending;
}

/// Something is there, be it a link to nothing.
bool is_there(const fs::path& path) {
    std::error_code error;
    return fs::exists(fs::symlink_status(path, error));
}

/// Where the file will be written: nothing is there, and no link to a file elsewhere.
fs::path fresh_beside(const fs::path& path) {
    const fs::path fresh = beside(path, ".new");
    std::error_code error;
    fs::remove(fresh, error);
    if (error) throw FileError(fresh, "cannot be removed: " + error.message());
    return fresh;
}

}  // namespace

void write_checkpoint(const fs::path& path, const TrainingIdentity& training,
                      const std::map<std::string, std::string>& metadata, const TrainingState& state) {
    // The new file is complete before an old one is touched, and the old ones are renamed in an order that
    // leaves a whole one at every moment.
    const fs::path fresh = fresh_beside(path);
    write_safetensors(fresh, to_safetensors(training, metadata, state));
    std::error_code error;
    if (is_there(path)) fs::rename(path, beside(path, ".previous"), error);
    if (!error) fs::rename(fresh, path, error);
    if (error) throw FileError(path, "cannot be renamed: " + error.message());
}

std::optional<TrainingState> read_checkpoint(const fs::path& path, const TrainingIdentity& training,
                                             const std::function<void(const std::string&)>& note) {
    fresh_beside(path);
    std::vector<std::pair<fs::path, std::string>> damaged;
    for (const fs::path& candidate : {path, beside(path, ".previous")}) {
        std::error_code error;
        if (!is_there(candidate)) continue;
        std::optional<TrainingState> state;
        try {
            if (!fs::is_regular_file(candidate, error)) throw FileError(candidate, "is no regular file");
            state = training_state_from(read_safetensors(candidate), candidate, training);
        } catch (const FileError& e) {
            damaged.emplace_back(candidate, e.what());
            continue;
        } catch (const OtherTraining& e) {
            throw FileError(candidate, e.what());
        }
        for (const auto& [bad, reason] : damaged) {      // out of the way: it must not replace the good one
            fs::remove(beside(bad, ".damaged"), error);  // whatever it is, a folder would not be replaced
            fs::rename(bad, beside(bad, ".damaged"), error);
            if (error)
                throw FileError(bad, "damaged, and cannot be renamed to " + beside(bad, ".damaged").string() +
                                         ": " + error.message());
            if (note) note("checkpoint not used: " + reason);
        }
        return state;
    }
    if (!damaged.empty())
        throw FileError(path, "no checkpoint can be used (" + damaged.front().second +
                                  "); remove it to start from the beginning");
    if (note) note("no checkpoint yet: starting from the beginning");
    return std::nullopt;
}

}  // namespace reconlaw::gpu
