#pragma once
/// Plain-text checkpoints of a Monte Carlo run, on streams the caller opens.

#include <cstdio>
#include <cstdlib>
#include <istream>
#include <ostream>
#include <sstream>
#include <stdexcept>
#include <string>

#include "reconlaw/simulate/monte_carlo.hpp"

namespace reconlaw {

/// Format: a first line `reconlaw-checkpoint 1 <fingerprint>`, then one line per finished trial,
///
///     <index> <number of values> <value> <value> ...
///
/// with values as C hexadecimal floating point (exact), inf or nan. A last line without its newline was torn
/// by an interruption and is ignored; to append to such a file, cut it to `intact_bytes` first, or write it
/// anew. `fingerprint` says what was simulated, on one line; a run is resumed only from a file with the same
/// one.
struct Checkpoint {
    TrialTable finished;
    std::size_t intact_bytes = 0;
};

inline void write_checkpoint_header(std::ostream& out, const std::string& fingerprint) {
    detail::require(fingerprint.find('\n') == std::string::npos, "write_checkpoint_header", "fingerprint",
                    fingerprint, "one line");
    out << "reconlaw-checkpoint 1 " << fingerprint << '\n';
}

/// Writes one trial as one line and flushes. The caller checks the stream's state.
inline void write_checkpoint_trial(std::ostream& out, std::size_t index, const TrialValues& values) {
    std::string line = std::to_string(index) + ' ' + std::to_string(values.size());
    char buffer[40];
    for (const double value : values) {
        std::snprintf(buffer, sizeof buffer, " %a", value);
        line += buffer;
    }
    out << line + '\n' << std::flush;
}

/// Reads a checkpoint of at most `count` trials.
/// @throws std::runtime_error  a header with another fingerprint or version, or a malformed line (names the
/// line)
inline Checkpoint read_checkpoint(std::istream& in, const std::string& fingerprint, std::size_t count) {
    Checkpoint checkpoint;
    checkpoint.finished.resize(count);
    std::string line;
    std::size_t number = 0;
    while (std::getline(in, line)) {
        ++number;
        if (in.eof()) break;  // no newline: torn
        const auto fail = [&](const std::string& what) {
            throw std::runtime_error("checkpoint, line " + std::to_string(number) + ": " + what);
        };
        if (number == 1) {
            if (line != "reconlaw-checkpoint 1 " + fingerprint)
                fail("belongs to another simulation: found \"" + line + "\", expected fingerprint \"" +
                     fingerprint + "\"");
        } else {
            std::istringstream fields(line);
            std::size_t index = 0, size = 0;
            if (!(fields >> index >> size) || index >= count || size > line.size())
                fail("not a trial of this simulation");
            TrialValues values;
            std::string field;
            while (fields >> field) {
                char* end = nullptr;
                values.push_back(std::strtod(field.c_str(), &end));
                if (*end != '\0') fail("not a number: " + field);
            }
            if (values.size() != size) fail("expected " + std::to_string(size) + " values");
            checkpoint.finished[index] = std::move(values);
        }
        checkpoint.intact_bytes += line.size() + 1;
    }
    return checkpoint;
}

}  // namespace reconlaw
