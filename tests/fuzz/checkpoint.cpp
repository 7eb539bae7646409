// Checkpoints of trainings whose checksum fits: an input changes a valid one field by field.
#include <cstring>
#include <map>

#include "gpu/training_states.hpp"
#include "harness.hpp"

namespace reconlaw::fuzz {
namespace {

using namespace gpu;

/// Up to the next zero byte, which is left out.
std::string_view next(std::string_view& rest) {
    const std::string_view part = rest.substr(0, rest.find('\0'));
    rest.remove_prefix(std::min(rest.size(), part.size() + 1));
    return part;
}

/// The metadata entry of that name, or, with # before it, the values of the tensor.
void change(SafeTensors& file, std::string_view name, std::string_view value) {
    if (!name.starts_with('#')) {
        file.metadata[std::string(name)] = value;
        return;
    }
    for (SafeTensor& t : file.tensors) {
        if (t.name != name.substr(1)) continue;
        t.values.resize(value.size() / 4);
        if (!t.values.empty()) std::memcpy(t.values.data(), value.data(), 4 * t.values.size());
        if (t.name.starts_with("training.")) t.shape = {static_cast<std::int64_t>(t.values.size())};
    }
}

}  // namespace

void read(data::ByteView bytes) {
    if (bytes.size() < 2) return;
    const TrainingIdentity training = gpu::testing::tiny_training(static_cast<ScheduleKind>(bytes[0] % 4));
    static std::map<std::pair<int, int>, SafeTensors> valid;
    SafeTensors& before = valid[{bytes[0] % 4, bytes[1] % 26}];
    if (before.tensors.empty())
        before = to_safetensors(training, {{"task", "denoise"}},
                                gpu::testing::state_after(training, bytes[1] % 26));
    SafeTensors file = before;
    file.checksum = Checksum::fits;
    for (std::string_view rest = text_of(bytes.subspan(2)); !rest.empty();) {
        const std::string_view name = next(rest);
        change(file, name, next(rest));
    }
    try {
        const TrainingState s = training_state_from(file, "c", training);
        // safe to go on from
        const auto parameters = static_cast<std::size_t>(parameter_count(training.architecture));
        expect(s.parameters.size() == parameters && s.averages.size() == 2 * parameters);
        expect(s.step >= 0 && s.step <= training.steps);
        expect((s.history.empty() ? 0 : s.history.back().steps) + s.loss_count == s.step);
        expect(s.best_epoch <= std::ssize(s.history) && (s.best_epoch >= 1) == !s.history.empty());
        expect(s.best.size() == (s.best_epoch > 0 ? parameters : 0));
        expect((s.step < training.steps && !s.stopped) || !s.history.empty());
    } catch (const data::FileError&) {
    } catch (const OtherTraining&) {
    }
}

std::vector<data::Bytes> seeds() {
    using namespace std::string_literals;
    std::vector<data::Bytes> files;
    for (int kind = 0; kind < 4; ++kind)
        for (const int steps : {0, 10, 25}) {
            const TrainingIdentity t = gpu::testing::tiny_training(static_cast<ScheduleKind>(kind));
            const SafeTensors file = to_safetensors(t, {}, gpu::testing::state_after(t, steps));
            const std::string head{static_cast<char>(kind), static_cast<char>(steps)};
            std::string all = head;
            for (const auto& [key, value] : file.metadata) {
                files.push_back(bytes_of(head + key + '\0' + value));
                all += key + '\0' + value + '\0';
            }
            files.push_back(bytes_of(all));
        }
    files.push_back(bytes_of("\3\12#training.best\0\1\2\3\4"s));
    files.push_back(bytes_of("\3\12#training.averages\0\1\2\3\4"s));
    files.push_back(bytes_of("\3\12#conv.layers.0.weight\0\1\2\3\4"s));
    return files;
}

}  // namespace reconlaw::fuzz
