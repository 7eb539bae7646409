#include "train/checkpoint.hpp"

#include <doctest/doctest.h>
#include <sys/stat.h>

#include <random>

#include "reconlaw/data/file_error.hpp"
#include "support/temporary_directory.hpp"
#include "training_states.hpp"

using namespace reconlaw::gpu;
using reconlaw::data::ByteView;
using reconlaw::data::FileError;
using reconlaw::data::testing::read_text;
using reconlaw::data::testing::TemporaryDirectory;
using reconlaw::data::testing::write_text;
namespace fs = std::filesystem;
using testing::state_after;
using testing::tiny_training;

namespace {

SafeTensors decode(const std::string& bytes) {
    return decode_safetensors({reinterpret_cast<const std::uint8_t*>(bytes.data()), bytes.size()}, "c");
}

/// With the checksum of what the file says now: what is found wrong is not found by the checksum.
SafeTensors as_written(const SafeTensors& file) {
    return decode(encode_safetensors(file));
}

SafeTensors file_after(const TrainingIdentity& t, std::int64_t steps) {
    return to_safetensors(t, {{"task", "denoise"}}, state_after(t, steps));
}

std::string refusal(const SafeTensors& file, const TrainingIdentity& t) {
    try {
        static_cast<void>(training_state_from(as_written(file), "c", t));
    } catch (const FileError& e) {
        return e.what();
    }
    return "accepted";
}

std::string with_metadata(std::int64_t steps, const std::string& key, const std::string& value,
                          ScheduleKind kind = ScheduleKind::annealed) {
    const TrainingIdentity t = tiny_training(kind);
    SafeTensors file = file_after(t, steps);
    REQUIRE(file.metadata.contains(key));
    REQUIRE(file.metadata.at(key) != value);
    file.metadata[key] = value;
    return refusal(file, t);
}

bool contains(const std::string& text, const std::string& part) {
    return text.find(part) != std::string::npos;
}

SafeTensor& tensor_named(SafeTensors& file, const std::string& name) {
    return *std::find_if(file.tensors.begin(), file.tensors.end(),
                         [&](const SafeTensor& t) { return t.name == name; });
}

}  // namespace

TEST_CASE("every state that a training passes through is read as it was written") {
    for (const ScheduleKind kind :
         {ScheduleKind::constant, ScheduleKind::one_cycle, ScheduleKind::plateau, ScheduleKind::annealed})
        for (const OptimiserKind optimiser :
             {OptimiserKind::adam, OptimiserKind::rmsprop, OptimiserKind::sgd})
            for (std::int64_t steps = 0; steps <= 25; ++steps) {
                TrainingIdentity t = tiny_training(kind);
                t.optimiser.kind = optimiser;
                CAPTURE(to_string(kind));
                CAPTURE(steps);
                const TrainingState s = state_after(t, steps);
                const TrainingState r = training_state_from(as_written(to_safetensors(t, {}, s)), "c", t);
                CHECK(r.step == s.step);
                CHECK(r.parameters == s.parameters);
                CHECK(r.averages == s.averages);
                CHECK(r.best == s.best);
                CHECK(r.history.size() == s.history.size());
                CHECK(r.schedule.best == s.schedule.best);
                CHECK(r.stopped == s.stopped);
                CHECK(r.device == s.device);
            }
    // the plateau ends the training before its last step, so that state was among them
    CHECK(state_after(tiny_training(ScheduleKind::plateau), 25).history.size() > 3);
}

TEST_CASE("a checkpoint with a valid checksum is believed in nothing") {
    const auto refused = [](const std::string& name, const std::vector<std::string>& values) {
        for (const std::string& value : values) {
            CAPTURE(value);
            const std::string message = with_metadata(10, "state." + name, value);
            CAPTURE(message);
            CHECK(contains(message, "'" + name));
        }
    };
    const std::vector<std::string> no_numbers{"", " 1", "1 ", "0x1", "nan", "1e400", "many", "1\n"};
    for (const char* name : {"step", "rate", "best", "best_rate", "bad_epochs", "loss_sum", "loss_count",
                             "optimiser_steps", "best_epoch", "seconds"})
        refused(name, no_numbers);
    refused("step", {"-1", "26", "1000000000000000000", "9223372036854775807", "9223372036854775808"});
    refused("rate", {"0", "-1", "1e300", "inf"});
    refused("best", {"inf", "-inf", "0"});
    refused("best_rate", {"0", "inf"});
    refused("bad_epochs", {"-1", "5", "2147483647", "2147483648"});
    refused("loss_sum", {"inf", "-inf"});
    refused("loss_count", {"-1", "0", "3", "9223372036854775807"});
    refused("optimiser_steps", {"-1", "1", "9223372036854775807"});
    refused("best_epoch", {"-1", "0", "1", "3", "1000000", "2147483647"});
    refused("seconds", {"-1", "0", "inf", "-inf"});
    for (const char* name : {"doubling", "stopped"}) refused(name, {"2", "-1", "", "true", "00"});
    refused("device", {std::string(501, 'x'), "a\nb", "\x1b[2J"});
    // a step number that belongs to another number of epochs
    CHECK(contains(with_metadata(10, "state.step", "3"), "'number of epochs' = 2, must be 0"));
    CHECK(contains(with_metadata(10, "state.step", "25"), "'number of epochs' = 2, must be 7"));
    CHECK(contains(with_metadata(10, "state.step", "11"), "'loss_count'"));
    CHECK(contains(with_metadata(10, "state.stopped", "1"), "'stopped' = 1, must be 0"));
    CHECK(contains(with_metadata(8, "state.loss_sum", "0.5"), "'loss_sum' = 0.5, must be 0"));
    CHECK(contains(with_metadata(0, "state.best_epoch", "1"), "'best_epoch' = 1, must be 0"));
}

TEST_CASE("no history is believed that the options and the scores do not give") {
    const TrainingIdentity t = tiny_training();
    const std::string good = file_after(t, 10).metadata.at("state.history");
    const auto refused = [&](const std::string& history, const std::string& message) {
        CAPTURE(history);
        const std::string found = with_metadata(10, "state.history", history);
        CAPTURE(found);
        CHECK(contains(found, message));
    };
    const auto lines = [&] {
        const std::size_t end = good.find('\n') + 1;
        return std::pair{good.substr(0, end), good.substr(end)};
    }();
    refused("", "'number of epochs' = 0, must be 2");
    refused(lines.first, "'number of epochs' = 1, must be 2");
    refused(good + lines.second, "'number of epochs' = 3, must be 2");
    refused(lines.second + lines.first, "'epoch in epoch 1' = 2, must be 1");
    refused("\n\n", "'history', line 1: must have 8 fields");
    refused(lines.first + "2 8 1", "'history', line 2: must have 8 fields");
    refused(lines.first.substr(0, lines.first.size() - 1) + " 1\n" + lines.second, "must have 8 fields");
    // one field after the other
    const std::vector<std::pair<int, std::vector<std::string>>> hostile{
        {0, {"0", "-1", "2", "1000000", "2147483648", "x"}},
        {1, {"-4", "0", "3", "9223372036854775807", "9223372036854775808"}},
        {2, {"-1", "0", "1", "inf", "nan"}},
        {3, {"inf", "nan", "-nan", "1e999"}},
        {4, {"inf", "nan", "-1"}},
        {5, {"inf", "-inf", "nan"}},
        {6, {"0", "2", "", "yes"}},
        {7, {"-1", "inf", "nan", "1e300"}}};
    for (const auto& [field, values] : hostile)
        for (const std::string& value : values) {
            std::size_t begin = 0;
            for (int i = 0; i < field; ++i) begin = lines.first.find(' ', begin) + 1;
            std::string first = lines.first;
            first.replace(begin, first.find_first_of(" \n", begin) - begin, value);
            CAPTURE(field);
            CAPTURE(first);
            CHECK(with_metadata(10, "state.history", first + lines.second) != "accepted");
        }
}

TEST_CASE("no tensor of a checkpoint is believed to have its size or its range") {
    const TrainingIdentity t = tiny_training();
    const auto refused = [&](const std::string& name, const std::string& message, const auto& change) {
        SafeTensors file = file_after(t, 10);
        change(tensor_named(file, name));
        const std::string found = refusal(file, t);
        CAPTURE(found);
        CHECK(contains(found, message));
    };
    const auto to_size = [](std::size_t count) {
        return
            [count](SafeTensor& s) { s.values.resize(count), s.shape = {static_cast<std::int64_t>(count)}; };
    };
    const auto first_is = [](float value) { return [value](SafeTensor& s) { s.values.front() = value; }; };
    const auto last_is = [](float value) { return [value](SafeTensor& s) { s.values.back() = value; }; };
    for (const char* name : {"training.averages", "training.best"}) {
        for (const std::size_t count : {0, 1, 10000})
            refused(name, "'values of " + std::string(name) + "' = " + std::to_string(count), to_size(count));
        refused(name, "not finite", first_is(NAN));
        refused(name, "not finite", first_is(INFINITY));
        refused(name, std::string("no '") + name + "'", [](SafeTensor& s) { s.name = "training.other"; });
    }
    refused("training.averages", "negative", last_is(-1.f));
    refused("training.averages", "no numbers", last_is(NAN));
    refused("conv.layers.0.weight", "not finite", first_is(NAN));
    refused("conv.layers.0.weight", "missing", [](SafeTensor& s) { s.name = "x"; });
    SafeTensors file = file_after(t, 10);
    file.tensors.push_back({"training.more", {1}, {1}});
    CHECK(contains(refusal(file, t), "tensor 'training.more' does not belong to a checkpoint"));
    // another network, consistent in itself
    TrainingIdentity other = t;
    UNet u;
    u.channels = 2, u.poolings = 0;
    other.architecture = u;
    CHECK(contains(refusal(file_after(other, 10), t), "damaged: the parameters are of U-Net, 2 channels"));
}

TEST_CASE("a checkpoint needs its checksum, weights do not") {
    const TrainingIdentity t = tiny_training();
    SafeTensors file = as_written(file_after(t, 10));
    CHECK(file.checksum == Checksum::fits);
    const auto message = [&](Checksum checksum) -> std::string {
        file.checksum = checksum;
        try {
            static_cast<void>(training_state_from(file, "c", t));
        } catch (const FileError& e) {
            return e.what();
        }
        return "accepted";
    };
    CHECK(message(Checksum::fits) == "accepted");
    CHECK(message(Checksum::none) == "c: no training checkpoint, or a damaged one: it has no checksum");
    CHECK(message(Checksum::missing) == "c: no training checkpoint, or a damaged one: it has no checksum");
    CHECK(message(Checksum::differs) ==
          "c: the checksum does not fit: the file is damaged, or another program has changed it");
    for (const Checksum c : {Checksum::fits, Checksum::none, Checksum::missing, Checksum::differs}) {
        file.checksum = c;
        const Weights w = from_safetensors(file, "c");
        CHECK(w.values == state_after(t, 10).parameters);
        CHECK(w.note.empty() == (c == Checksum::fits || c == Checksum::none));
    }
}

TEST_CASE(
    "no changed byte of a checkpoint is accepted, and random changes with a valid checksum end no program") {
    const TrainingIdentity t = tiny_training();
    const SafeTensors good = file_after(t, 10);
    const std::string bytes = encode_safetensors(good);
    std::mt19937 random(5);
    int accepted = 0;
    for (int i = 0; i < 3000; ++i) {
        std::string bad = bytes;
        for (auto changes = 1 + random() % 3; changes-- > 0;)
            bad[random() % bad.size()] = static_cast<char>(random());
        try {
            const TrainingState s = training_state_from(decode(bad), "c", t);
            ++accepted;
            CHECK(encode_safetensors(to_safetensors(t, {{"task", "denoise"}}, s)) == bytes);
        } catch (const FileError&) {
        } catch (const OtherTraining&) {
            FAIL("believed with a changed byte: ", i);
        }
    }
    CHECK(accepted < 100);  // blanks behind the header, or a byte replaced by itself

    const std::string alphabet = "0123456789.-+e naif\n";
    for (int i = 0; i < 3000; ++i) {
        SafeTensors changed = good;
        auto entry = changed.metadata.begin();
        std::advance(entry, random() % changed.metadata.size());
        std::string& text = entry->second;
        for (auto changes = 1 + random() % 3; changes-- > 0;)
            if (const std::size_t at = random() % (text.size() + 1); at < text.size() && random() % 3 != 0)
                text[at] = alphabet[random() % alphabet.size()];
            else
                text.insert(at, 1, alphabet[random() % alphabet.size()]);
        try {
            const TrainingState s = training_state_from(as_written(changed), "c", t);
            // what is accepted is safe to go on from
            REQUIRE(s.history.size() == 2);
            REQUIRE((s.best_epoch >= 1 && s.best_epoch <= 2));
            REQUIRE(s.step == 10);
            REQUIRE(s.averages.size() == 2 * s.parameters.size());
        } catch (const FileError&) {
        } catch (const OtherTraining&) {
        }
    }
}

TEST_CASE("whatever a killed training leaves, the next one finds a whole checkpoint and removes the rest") {
    const TrainingIdentity t = tiny_training();
    const TemporaryDirectory folder;
    const fs::path path = folder / "last", before = folder / "last.previous", fresh = folder / "last.new";
    const auto read = [&](std::vector<std::string>* notes = nullptr) {
        return read_checkpoint(path, t, [&](const std::string& n) {
            if (notes) notes->push_back(n);
        });
    };
    CHECK(!read());
    write_text(fresh, "half a fi");  // killed while the first one was written
    CHECK(!read());
    CHECK(!fs::exists(fresh));
    write_checkpoint(path, t, {}, state_after(t, 5));
    write_checkpoint(path, t, {}, state_after(t, 6));
    CHECK(read()->step == 6);
    write_text(fresh, "half a fi");
    write_checkpoint(path, t, {}, state_after(t, 7));
    CHECK(!fs::exists(fresh));
    CHECK(read()->step == 7);
    // killed between the two renames
    fs::rename(path, before);
    write_safetensors(fresh, to_safetensors(t, {}, state_after(t, 8)));
    CHECK(read()->step == 7);
    CHECK(!fs::exists(fresh));
    write_checkpoint(path, t, {}, state_after(t, 8));
    CHECK(read()->step == 8);
    CHECK(reconlaw::data::testing::entries_in(folder.path()) == 2);
    // damaged ones do not pile up
    for (int i = 0; i < 4; ++i) {
        write_text(path, "damaged " + std::to_string(i));
        std::vector<std::string> notes;
        CHECK(read(&notes)->step == 7);
        REQUIRE(notes.size() == 1);
        CHECK(contains(notes[0], "checkpoint not used: " + path.string()));
        CHECK(!fs::exists(path));
        CHECK(read_text(folder / "last.damaged") == "damaged " + std::to_string(i));
    }
    CHECK(reconlaw::data::testing::entries_in(folder.path()) == 2);
    // where the damaged one cannot be moved away it would replace the good one: nothing goes on
    fs::remove(folder / "last.damaged");
    fs::create_directories(folder / "last.damaged/full");
    write_text(path, "damaged");
    CHECK_THROWS_AS(read(), FileError);
    CHECK(read_text(before).size() > 100);
}

TEST_CASE("links and folders in the place of a checkpoint's files are not followed") {
    const TrainingIdentity t = tiny_training();
    const TemporaryDirectory folder;
    const fs::path path = folder / "x/last", victim = folder / "victim";
    fs::create_directories(folder / "x");
    write_text(victim, "precious");
    for (const char* name : {"last", "last.new", "last.previous", "last.damaged"})
        fs::create_symlink(victim, folder / "x" / name);
    write_checkpoint(path, t, {}, state_after(t, 5));
    write_checkpoint(path, t, {}, state_after(t, 6));
    CHECK(read_text(victim) == "precious");
    CHECK(fs::is_regular_file(fs::symlink_status(path)));
    CHECK(fs::is_regular_file(fs::symlink_status(folder / "x/last.previous")));
    write_text(path, "damaged");
    CHECK(read_checkpoint(path, t, {})->step == 5);
    CHECK(read_text(victim) == "precious");
    CHECK(fs::is_regular_file(fs::symlink_status(folder / "x/last.damaged")));
    // what is no file is not opened: a pipe would wait for ever
    REQUIRE(::mkfifo(path.c_str(), 0600) == 0);
    CHECK(read_checkpoint(path, t, {})->step == 5);
    CHECK(fs::is_fifo(folder / "x/last.damaged"));
    fs::create_directory(path);
    CHECK(read_checkpoint(path, t, {})->step == 5);
}
