#include "checkpoint.hpp"

#include <charconv>
#include <sstream>
#include <utility>

#include "reconlaw/data/file_error.hpp"
#include "reconlaw/gpu/weights.hpp"

namespace reconlaw::gpu {
namespace {

using data::FileError;
namespace fs = std::filesystem;

// The weights are stored as save_weights does it, so a checkpoint can be used as weights. Beside them the
// tensors "training.averages" and "training.best", and as text in the metadata the fingerprint
// ("option.batch") and the rest of the state ("state.step").
const std::string option_prefix = "option.", state_prefix = "state.";

fs::path previous(const fs::path& path) {
    return path.string() + ".previous";
}

class Fields {
  public:
    Fields(const SafeTensors& file, fs::path path) : file_(file), path_(std::move(path)) {}

    const std::string& text(const std::string& name) const {
        const auto found = file_.metadata.find(state_prefix + name);
        if (found == file_.metadata.end())
            throw FileError(path_, "no training checkpoint: no '" + name + "'");
        return found->second;
    }

    template <class Number>
    Number get(const std::string& name) const {
        return parse<Number>(text(name), name);
    }

    template <class Number>
    Number parse(std::string_view text, const std::string& name) const {
        Number value{};
        const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
        if (error != std::errc{} || end != text.data() + text.size())
            throw FileError(path_, "'" + name + "' = '" + std::string(text) + "' is not a number");
        return value;
    }

    std::vector<float> values(const std::string& name) const {
        const SafeTensor* t = file_.find(name);
        if (!t) throw FileError(path_, "no training checkpoint: no '" + name + "'");
        return t->values;
    }

    std::vector<EpochRecord> history() const {
        std::vector<EpochRecord> records;
        std::istringstream lines(text("history"));
        for (std::string line; std::getline(lines, line);) {
            std::vector<std::string> f;
            std::istringstream fields(line);
            for (std::string field; std::getline(fields, field, ' ');) f.push_back(field);
            if (f.size() != 8) throw FileError(path_, "damaged history");
            const auto number = [&](std::size_t i) { return parse<double>(f[i], "history"); };
            records.push_back({parse<int>(f[0], "history"), parse<std::int64_t>(f[1], "history"), number(2),
                               number(3), number(4), number(5), f[6] == "1", number(7)});
        }
        return records;
    }

  private:
    const SafeTensors& file_;
    fs::path path_;
};

std::string text_of(const std::vector<EpochRecord>& history) {
    std::string text;
    for (const EpochRecord& r : history)
        text += std::to_string(r.epoch) + ' ' + std::to_string(r.steps) + ' ' + exact_text(r.rate) + ' ' +
                exact_text(r.train_loss) + ' ' + exact_text(r.validation_mse) + ' ' +
                exact_text(r.validation_psnr_db) + ' ' + (r.best ? "1" : "0") + ' ' + exact_text(r.seconds) +
                '\n';
    return text;
}

SafeTensor tensor(const std::string& name, const std::vector<float>& values) {
    return {name, {static_cast<std::int64_t>(values.size())}, values};
}

TrainingState parse(const SafeTensors& file, const fs::path& path) {
    const Fields f(file, path);
    TrainingState s;
    s.step = f.get<std::int64_t>("step");
    s.schedule.rate = f.get<double>("rate"), s.schedule.best = f.get<double>("best");
    s.schedule.best_rate = f.get<double>("best_rate"), s.schedule.bad_epochs = f.get<int>("bad_epochs");
    s.schedule.doubling = f.get<int>("doubling") != 0;
    s.loss_sum = f.get<double>("loss_sum"), s.loss_count = f.get<std::int64_t>("loss_count");
    s.optimiser_steps = f.get<std::int64_t>("optimiser_steps"), s.best_epoch = f.get<int>("best_epoch");
    s.stopped = f.get<int>("stopped") != 0, s.seconds = f.get<double>("seconds");
    s.parameters = from_safetensors(file, path).values;
    s.averages = f.values("training.averages"), s.best = f.values("training.best");
    s.history = f.history(), s.device = f.text("device");
    return s;
}

void check_fingerprint(const SafeTensors& file, const Fingerprint& expected, const fs::path& path) {
    for (const auto& [key, value] : expected) {
        const auto found = file.metadata.find(option_prefix + key);
        if (found == file.metadata.end()) throw FileError(path, "no training checkpoint: no '" + key + "'");
        if (found->second != value)
            throw FileError(path, "belongs to a training with " + key + " = " + found->second +
                                      ", this one has " + key + " = " + value);
    }
}

}  // namespace

std::string exact_text(double value) {
    char text[40];
    return {text, std::to_chars(text, text + sizeof text, value).ptr};
}

void write_checkpoint(const fs::path& path, const Architecture& architecture,
                      const std::map<std::string, std::string>& metadata, const Fingerprint& fingerprint,
                      const TrainingState& s) {
    SafeTensors file = to_safetensors({architecture, s.parameters, metadata});
    for (const auto& [key, value] : fingerprint) file.metadata[option_prefix + key] = value;
    const auto set = [&](const char* name, const std::string& text) {
        file.metadata[state_prefix + name] = text;
    };
    set("step", std::to_string(s.step));
    set("rate", exact_text(s.schedule.rate)), set("best", exact_text(s.schedule.best));
    set("best_rate", exact_text(s.schedule.best_rate));
    set("bad_epochs", std::to_string(s.schedule.bad_epochs)),
        set("doubling", s.schedule.doubling ? "1" : "0");
    set("loss_sum", exact_text(s.loss_sum)), set("loss_count", std::to_string(s.loss_count));
    set("optimiser_steps", std::to_string(s.optimiser_steps));
    set("best_epoch", std::to_string(s.best_epoch));
    set("stopped", s.stopped ? "1" : "0"), set("seconds", exact_text(s.seconds));
    set("history", text_of(s.history)), set("device", s.device);
    file.tensors.push_back(tensor("training.averages", s.averages));
    file.tensors.push_back(tensor("training.best", s.best));
    // The new file is complete before an old one is touched, and the old ones are renamed in an order that
    // leaves a whole one at every moment.
    const fs::path fresh = path.string() + ".new";
    write_safetensors(fresh, file);
    std::error_code error;
    if (fs::exists(path, error)) fs::rename(path, previous(path), error);
    if (!error) fs::rename(fresh, path, error);
    if (error) throw FileError(path, "cannot be renamed: " + error.message());
}

std::optional<TrainingState> read_checkpoint(const fs::path& path, const Fingerprint& fingerprint,
                                             const std::function<void(const std::string&)>& note) {
    std::vector<std::pair<fs::path, std::string>> damaged;
    for (const fs::path& candidate : {path, previous(path)}) {
        std::error_code error;
        if (!fs::exists(candidate, error)) continue;
        std::optional<SafeTensors> file;
        std::optional<TrainingState> state;
        try {
            file = read_safetensors(candidate);
            state = parse(*file, candidate);
        } catch (const FileError& e) {
            damaged.emplace_back(candidate, e.what());
            continue;
        }
        check_fingerprint(*file, fingerprint, candidate);
        for (const auto& [bad, reason] : damaged) {  // out of the way: it must not replace the good one
            fs::rename(bad, bad.string() + ".damaged", error);
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
