#include "training_state.hpp"

#include <algorithm>
#include <charconv>
#include <cmath>
#include <utility>

#include "reconlaw/data/file_error.hpp"
#include "reconlaw/data/in_quotes.hpp"
#include "reconlaw/gpu/weights.hpp"

namespace reconlaw::gpu {
namespace {

using data::FileError;
using data::in_quotes;
namespace fs = std::filesystem;

const std::string option_prefix = "option.", state_prefix = "state.";
const std::string averages_name = "training.averages", best_name = "training.best";

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

    bool flag(std::string_view text, const std::string& name) const {
        if (text != "0" && text != "1")
            throw FileError(path_, "'" + name + "' = " + in_quotes(text) + ", must be 0 or 1");
        return text == "1";
    }

    std::vector<float> values(const std::string& name) const {
        const SafeTensor* t = file_.find(name);
        if (!t) throw FileError(path_, "no training checkpoint: no '" + name + "'");
        return t->values;
    }

    std::vector<EpochRecord> history() const {
        std::vector<EpochRecord> records;
        std::string_view rest = text("history");
        while (!rest.empty()) {
            std::string_view line = rest.substr(0, rest.find('\n'));
            rest.remove_prefix(std::min(rest.size(), line.size() + 1));
            std::string_view f[8];
            std::size_t count = 0;
            for (; count < 8 && !line.empty(); ++count) {
                f[count] = line.substr(0, line.find(' '));
                line.remove_prefix(std::min(line.size(), f[count].size() + 1));
            }
            if (count != 8 || !line.empty())
                throw FileError(
                    path_, "'history', line " + std::to_string(records.size() + 1) + ": must have 8 fields");
            const auto number = [&](std::size_t i) { return parse<double>(f[i], "history"); };
            records.push_back({parse<int>(f[0], "history"), parse<std::int64_t>(f[1], "history"), number(2),
                               number(3), number(4), number(5), flag(f[6], "history"), number(7)});
        }
        return records;
    }

  private:
    template <class Number>
    Number parse(std::string_view text, const std::string& name) const {
        Number value{};
        const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
        if (error != std::errc{} || end != text.data() + text.size())
            throw FileError(path_, "'" + name + "' = " + in_quotes(text) + " is not a number");
        return value;
    }

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

std::string shown(double value) {
    return exact_text(value);
}
template <class Whole>
std::string shown(Whole value) {
    return std::to_string(value);
}

/// What is found is compared with what follows from the training and the validation scores.
class Validation {
  public:
    Validation(const TrainingState& state, const TrainingIdentity& training, const fs::path& path)
        : s_(state), t_(training), path_(path) {}

    void run() {
        if (s_.step < 0 || s_.step > t_.steps) refuse("step", shown(s_.step), "from 0 to " + shown(t_.steps));
        const std::int64_t whole = s_.step / t_.epoch_steps,
                           epochs = whole + (s_.step == t_.steps && s_.step % t_.epoch_steps != 0);
        equal("number of epochs", std::ssize(s_.history), epochs);
        schedule_ = start_schedule(t_.schedule, t_.optimiser.rate);
        for (std::int64_t e = 0; e < epochs; ++e)
            epoch(s_.history[static_cast<std::size_t>(e)], e + 1,
                  e < whole ? (e + 1) * t_.epoch_steps : t_.steps);
        equal("rate", s_.schedule.rate, schedule_.rate), equal("best", s_.schedule.best, schedule_.best);
        equal("best_rate", s_.schedule.best_rate, schedule_.best_rate);
        equal("bad_epochs", s_.schedule.bad_epochs, schedule_.bad_epochs);
        equal("doubling", int{s_.schedule.doubling}, int{schedule_.doubling});
        equal("best_epoch", s_.best_epoch, best_epoch_);
        equal("stopped", int{s_.stopped}, int{stopped_});
        const std::int64_t ended = epochs > 0 ? s_.history.back().steps : 0;
        if (stopped_) equal("step", s_.step, ended);
        equal("loss_count", s_.loss_count, s_.step - ended);
        equal("optimiser_steps", s_.optimiser_steps, s_.step - restored_);
        finite("loss_sum", s_.loss_sum);
        if (s_.loss_count == 0) equal("loss_sum", s_.loss_sum, 0.0);
        in_order("seconds", s_.seconds);
        if (s_.device.size() > 500 || data::printable(s_.device) != s_.device)
            refuse("device", in_quotes(s_.device), "one line of text");
        tensors();
    }

  private:
    [[noreturn]] void refuse(const std::string& what, const std::string& value,
                             const std::string& range) const {
        throw FileError(path_, "damaged: '" + what + "' = " + value + ", must be " + range);
    }
    template <class Number>
    void equal(const std::string& what, Number value, Number expected) const {
        if (!(value == expected)) refuse(what, shown(value), shown(expected));
    }
    void finite(const std::string& what, double value, double least = -HUGE_VAL) const {
        if (!std::isfinite(value) || value < least)
            refuse(what, shown(value), least == 0 ? "finite, at least 0" : "finite");
    }
    /// Times never run backwards.
    void in_order(const std::string& what, double seconds) {
        if (!std::isfinite(seconds) || seconds < seconds_)
            refuse(what, shown(seconds), "finite, at least " + shown(seconds_));
        seconds_ = seconds;
    }

    void epoch(const EpochRecord& r, std::int64_t number, std::int64_t steps) {
        const std::string in = " in epoch " + std::to_string(number);
        if (stopped_) refuse("number of epochs", shown(std::ssize(s_.history)), shown(number - 1));
        equal("epoch" + in, std::int64_t{r.epoch}, number);
        equal("steps" + in, r.steps, steps);
        const double rate = rate_at(t_.schedule, schedule_, steps - 1, t_.steps);
        // of cosines of other libraries the last digits may differ
        if (!(std::abs(r.rate - rate) <= 1e-9 * schedule_.rate))
            refuse("rate" + in, shown(r.rate), shown(rate));
        finite("train_loss" + in, r.train_loss);
        finite("validation_mse" + in, r.validation_mse, 0),
            finite("validation_psnr_db" + in, r.validation_psnr_db);
        in_order("seconds" + in, r.seconds);
        const bool best =
            best_epoch_ == 0 ||
            r.validation_psnr_db > s_.history[static_cast<std::size_t>(best_epoch_ - 1)].validation_psnr_db;
        equal("best" + in, int{r.best}, int{best});
        if (best) best_epoch_ = r.epoch;
        const ScheduleStep next = end_epoch(t_.schedule, schedule_, r.validation_psnr_db);
        if (next.restore_best) restored_ = steps;
        stopped_ = next.stop;
    }

    void tensors() const {
        const auto count = static_cast<std::size_t>(parameter_count(t_.architecture));
        const std::size_t averages = (t_.optimiser.kind == OptimiserKind::adam ? 2 : 1) * count;
        equal("values of parameters", s_.parameters.size(), count);
        equal("values of " + best_name, s_.best.size(), s_.best_epoch > 0 ? count : 0);
        equal("values of " + averages_name, s_.averages.size(), averages);
        const auto is_finite = [](float v) { return std::isfinite(v); };
        if (!std::all_of(s_.best.begin(), s_.best.end(), is_finite))
            refuse("values of " + best_name, "not finite", "finite");
        // first moments (of adam and sgd), then second ones (of adam and rmsprop), which may have overflowed
        const std::size_t first = t_.optimiser.kind == OptimiserKind::rmsprop ? 0 : count;
        const auto second = s_.averages.begin() + static_cast<std::ptrdiff_t>(first);
        if (!std::all_of(s_.averages.begin(), second, is_finite))
            refuse("values of " + averages_name, "not finite", "finite");
        if (!std::all_of(second, s_.averages.end(), [](float v) { return v >= 0; }))
            refuse("values of " + averages_name, "negative or no numbers",
                   "at least 0 where they are squares");
    }

    const TrainingState& s_;
    const TrainingIdentity& t_;
    const fs::path& path_;
    ScheduleState schedule_;
    std::int64_t restored_ = 0;  ///< the step after which the best weights were last restored
    int best_epoch_ = 0;
    bool stopped_ = false;
    double seconds_ = 0;
};

void check_fingerprint(const SafeTensors& file, const Fingerprint& expected, const fs::path& path) {
    for (const auto& [key, value] : expected)
        if (!file.metadata.contains(option_prefix + key))
            throw FileError(path, "no training checkpoint: no '" + key + "'");
    for (const auto& [key, value] : expected) {
        const std::string& found = file.metadata.at(option_prefix + key);
        if (found != value)
            throw OtherTraining("belongs to a training with " + key + " = " +
                                data::printable(found.substr(0, 100)) + ", this one has " + key + " = " +
                                value);
    }
}

}  // namespace

std::string exact_text(double value) {
    char text[40];
    return {text, std::to_chars(text, text + sizeof text, value).ptr};
}

SafeTensors to_safetensors(const TrainingIdentity& training,
                           const std::map<std::string, std::string>& metadata, const TrainingState& s) {
    SafeTensors file = to_safetensors(Weights{training.architecture, s.parameters, metadata});
    for (const auto& [key, value] : training.fingerprint) file.metadata[option_prefix + key] = value;
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
    file.tensors.push_back(tensor(averages_name, s.averages));
    file.tensors.push_back(tensor(best_name, s.best));
    return file;
}

TrainingState training_state_from(const SafeTensors& file, const fs::path& path,
                                  const TrainingIdentity& training) {
    if (file.checksum == Checksum::differs)
        throw FileError(path,
                        "the checksum does not fit: the file is damaged, or another program has changed it");
    if (file.checksum != Checksum::fits)
        throw FileError(path, "no training checkpoint, or a damaged one: it has no checksum");
    check_fingerprint(file, training.fingerprint, path);
    const Fields f(file, path);
    TrainingState s;
    s.step = f.get<std::int64_t>("step");
    s.schedule.rate = f.get<double>("rate"), s.schedule.best = f.get<double>("best");
    s.schedule.best_rate = f.get<double>("best_rate"), s.schedule.bad_epochs = f.get<int>("bad_epochs");
    s.schedule.doubling = f.flag(f.text("doubling"), "doubling");
    s.loss_sum = f.get<double>("loss_sum"), s.loss_count = f.get<std::int64_t>("loss_count");
    s.optimiser_steps = f.get<std::int64_t>("optimiser_steps"), s.best_epoch = f.get<int>("best_epoch");
    s.stopped = f.flag(f.text("stopped"), "stopped"), s.seconds = f.get<double>("seconds");
    Weights weights = from_safetensors(file, path);
    if (architecture_metadata(weights.architecture) != architecture_metadata(training.architecture))
        throw FileError(path, "damaged: the parameters are of " + describe(weights.architecture) +
                                  ", must be of " + describe(training.architecture));
    s.parameters = std::move(weights.values);
    s.averages = f.values(averages_name), s.best = f.values(best_name);
    for (const SafeTensor& t : file.tensors)
        if (t.name.starts_with("training.") && t.name != averages_name && t.name != best_name)
            throw FileError(path,
                            "damaged: tensor " + in_quotes(t.name) + " does not belong to a checkpoint");
    s.history = f.history(), s.device = f.text("device");
    Validation(s, training, path).run();
    return s;
}

}  // namespace reconlaw::gpu
