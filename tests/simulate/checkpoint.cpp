#include "reconlaw/simulate/checkpoint.hpp"

#include <doctest/doctest.h>

#include <cmath>
#include <limits>
#include <sstream>
#include <string>
#include <vector>

using namespace reconlaw;

namespace {

constexpr std::size_t checkpoint_trials = 12;
const std::string checkpoint_mark = "two normals, seed=5";

/// Trials 0, 2, 4, ... of a checkpoint, and their text.
struct SmallCheckpoint {
    TrialTable table{checkpoint_trials};
    std::string text;
    std::vector<std::size_t> line_ends;  ///< after each newline
    SmallCheckpoint() {
        std::ostringstream out;
        CheckpointWriter writer(out, checkpoint_mark);
        line_ends.push_back(out.str().size());
        for (std::size_t i = 0; i < 10; i += 2) {
            table[i] = TrialValues{0.1 * static_cast<double>(i), -1.0 / 3};
            writer.write(i, *table[i]);
            line_ends.push_back(out.str().size());
        }
        text = out.str();
    }
};

Checkpoint read_checkpoint_text(const std::string& text) {
    std::istringstream in(text);
    return read_checkpoint(in, checkpoint_mark, checkpoint_trials);
}

/// A damaged text is refused, or else what was read is a whole number of the original's first lines.
/// @return refused
bool checkpoint_is_refused(const SmallCheckpoint& original, const std::string& damaged) {
    Checkpoint read;
    try {
        read = read_checkpoint_text(damaged);
    } catch (const CheckpointError& e) {
        CHECK(e.line() >= 1);
        CHECK(std::string(e.what()).find("line " + std::to_string(e.line())) != std::string::npos);
        return true;
    }
    CHECK(damaged.substr(0, read.intact_bytes) == original.text.substr(0, read.intact_bytes));
    CHECK(damaged.find('\n', read.intact_bytes) == std::string::npos);  // the rest is one torn line
    for (std::size_t i = 0; i < checkpoint_trials; ++i)
        if (read.finished[i]) CHECK(read.finished[i] == original.table[i]);
    return false;
}

}  // namespace

TEST_CASE("checkpoints keep every bit, and a resumed one goes on") {
    const TrialValues values{0.1, -0.0, 5e-324, 1.7976931348623157e308,
                             std::numeric_limits<double>::infinity()};
    std::stringstream file;
    CheckpointWriter(file, "a").write(3, values);
    const Checkpoint read = read_checkpoint(file, "a", 5);
    REQUIRE(read.finished[3].has_value());
    CHECK(*read.finished[3] == values);
    CHECK(std::signbit((*read.finished[3])[1]));
    CHECK_FALSE(read.finished[2].has_value());

    std::stringstream more;
    more << file.str();
    CheckpointWriter(more, read).write(1, {});
    const Checkpoint both = read_checkpoint(more, "a", 5);
    CHECK(both.finished[1].has_value());
    CHECK(both.finished[3] == read.finished[3]);
    CHECK_THROWS_AS(CheckpointWriter(more, Checkpoint{}), std::invalid_argument);
    CHECK_THROWS_AS(CheckpointWriter(more, "two\nlines"), std::invalid_argument);
}

TEST_CASE("a checkpoint with one byte changed, lost or added is refused, or only its last line is torn") {
    const SmallCheckpoint original;
    std::size_t accepted = 0;
    for (std::size_t at = 0; at < original.text.size(); ++at) {
        CAPTURE(at);
        std::vector<std::string> damaged;
        for (const char c : {'0', '1', 'a', 'A', ' ', '\n', '\0', '\xff'})
            if (original.text[at] != c) {
                damaged.push_back(original.text);
                damaged.back()[at] = c;
            }
        for (int bit = 0; bit < 8; ++bit) {
            damaged.push_back(original.text);
            damaged.back()[at] = static_cast<char>(damaged.back()[at] ^ (1 << bit));
        }
        for (const char c : {'0', ' ', '\n'}) {
            damaged.push_back(original.text);
            damaged.back().insert(at, 1, c);
        }
        damaged.push_back(original.text);
        damaged.back().erase(at, 1);
        if (at + 1 < original.text.size() && original.text[at] != original.text[at + 1]) {
            damaged.push_back(original.text);
            std::swap(damaged.back()[at], damaged.back()[at + 1]);
        }
        for (const std::string& text : damaged) {
            if (text == original.text) continue;  // a doubled letter, or a blank beside one
            if (checkpoint_is_refused(original, text)) continue;
            ++accepted;
            CHECK(at + 1 >= original.text.size() - 1);  // the last newline, or what is beside it
        }
    }
    CHECK(accepted > 0);
    CHECK(accepted < 30);
}

TEST_CASE("a checkpoint with a line lost, doubled, moved or from another run is refused") {
    const SmallCheckpoint original;
    std::vector<std::string> lines;
    for (std::size_t i = 0, begin = 0; i < original.line_ends.size(); begin = original.line_ends[i++])
        lines.push_back(original.text.substr(begin, original.line_ends[i] - begin));
    const auto joined = [](const std::vector<std::string>& all) {
        std::string text;
        for (const std::string& line : all) text += line;
        return text;
    };
    for (std::size_t i = 0; i < lines.size(); ++i) {
        CAPTURE(i);
        std::vector<std::string> lost = lines, doubled = lines;
        lost.erase(lost.begin() + static_cast<std::ptrdiff_t>(i));
        doubled.insert(doubled.begin() + static_cast<std::ptrdiff_t>(i), lines[i]);
        // without its last line a checkpoint is one that was interrupted earlier
        CHECK(checkpoint_is_refused(original, joined(lost)) == (i + 1 < lines.size()));
        CHECK(checkpoint_is_refused(original, joined(doubled)));
        for (std::size_t j = 0; j < i; ++j) {
            std::vector<std::string> swapped = lines;
            std::swap(swapped[i], swapped[j]);
            CHECK(checkpoint_is_refused(original, joined(swapped)));
        }
    }
    std::ostringstream other;
    CheckpointWriter(other, "another").write(11, {7.0, 7.0});
    const std::string foreign = other.str().substr(other.str().find('\n') + 1);
    CHECK(checkpoint_is_refused(original, original.text + foreign));
    CHECK(checkpoint_is_refused(original, lines[0] + foreign));
}

TEST_CASE("a checkpoint that was torn anywhere goes on from its whole lines") {
    const SmallCheckpoint original;
    for (std::size_t length = 0; length <= original.text.size(); ++length) {
        CAPTURE(length);
        const Checkpoint read = read_checkpoint_text(original.text.substr(0, length));
        std::size_t whole = 0, lines = 0;
        for (const std::size_t end : original.line_ends)
            if (end <= length) whole = end, ++lines;
        CHECK(read.intact_bytes == whole);
        for (std::size_t i = 0; i < checkpoint_trials; ++i)
            CHECK(read.finished[i].has_value() == (i % 2 == 0 && i / 2 + 2 <= lines));
    }
}

TEST_CASE("what is no checkpoint, or one of another version or simulation, is told apart") {
    const auto reason = [](const std::string& text) -> std::string {
        try {
            (void)read_checkpoint_text(text);
        } catch (const CheckpointError& e) {
            return e.reason();
        }
        return "";
    };
    CHECK(reason("reconlaw-checkpoint 1 " + checkpoint_mark + "\n0 1 0x1p+0\n").find("version 1") !=
          std::string::npos);
    CHECK(reason("reconlaw-checkpoint 3 x\n").find("version 3") != std::string::npos);
    CHECK(reason("samples,loss\n1,2\n").find("not a checkpoint of reconlaw") != std::string::npos);
    CHECK(reason("my only copy, without a line end").find("not a checkpoint") != std::string::npos);
    std::ostringstream other;
    CheckpointWriter(other, "two normals, seed=6");
    CHECK(reason(other.str()) ==
          "belongs to another simulation: found \"two normals, seed=6\", expected fingerprint \"" +
              checkpoint_mark + "\"");
    CHECK(reason("").empty());
    CHECK(reason("reconlaw-check").empty());

    // lines with a right checksum that no run of this simulation wrote
    const auto with_line = [&](std::size_t index, const TrialValues& values, int times) {
        std::ostringstream out;
        CheckpointWriter writer(out, checkpoint_mark);
        for (int i = 0; i < times; ++i) writer.write(index, values);
        return reason(out.str());
    };
    CHECK(with_line(checkpoint_trials, {1.0}, 1) == "is not a trial of this simulation");
    CHECK(with_line(3, {1.0}, 2) == "has trial 3 a second time");
}
