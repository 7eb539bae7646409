#pragma once
/// Plain-text checkpoints of a Monte Carlo run, on streams the caller opens.

#include <boost/crc.hpp>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <istream>
#include <ostream>
#include <sstream>
#include <stdexcept>
#include <string>
#include <string_view>

#include "reconlaw/simulate/monte_carlo.hpp"

namespace reconlaw {

/// Format, version 2: a first line `reconlaw-checkpoint 2 <fingerprint> <checksum>`, then one line per
/// finished trial,
///
///     <index> <number of values> <value> <value> ... <checksum>
///
/// with values as C hexadecimal floating point (exact), inf or nan. The checksum, eight hexadecimal digits,
/// is the CRC-32 of the checksum of the line before (none: nothing) followed by the line up to it, blank
/// included: a line that was changed, lost, added, doubled or moved does not fit the one before it. A last
/// line without its newline was torn by an interruption and is ignored; to append to such a file, cut it to
/// `intact_bytes` first. `fingerprint` says what was simulated, on one line; a run is resumed only from a
/// file with the same one.
struct Checkpoint {
    TrialTable finished;
    std::size_t intact_bytes = 0;  ///< 0: no whole first line yet
    std::string checksum;          ///< of the last whole line: CheckpointWriter goes on from it
};

/// What is wrong with a checkpoint, and in which line, counted from 1.
class CheckpointError : public std::runtime_error {
  public:
    CheckpointError(std::size_t line, const std::string& reason)
        : std::runtime_error("checkpoint, line " + std::to_string(line) + ": " + reason),
          line_(line),
          reason_(reason) {}
    std::size_t line() const { return line_; }
    const std::string& reason() const { return reason_; }

  private:
    std::size_t line_;
    std::string reason_;
};

namespace detail {

/// Of a line that begins with `text`, after a line with the checksum `before`.
inline std::string checkpoint_checksum(const std::string& before, std::string_view text) {
    boost::crc_32_type crc;
    crc.process_bytes(before.data(), before.size());
    crc.process_bytes(text.data(), text.size());
    char digits[9];
    std::snprintf(digits, sizeof digits, "%08x", static_cast<unsigned>(crc.checksum()));
    return digits;
}

inline std::string checkpoint_header(const std::string& fingerprint) {
    std::string text = "reconlaw-checkpoint 2 " + fingerprint + ' ';
    return text + checkpoint_checksum("", text);
}

}  // namespace detail

/// Writes the lines of one file. The caller checks the stream's state.
class CheckpointWriter {
  public:
    /// A new file: writes the first line.
    /// @throws std::invalid_argument  a fingerprint of several lines
    CheckpointWriter(std::ostream& out, const std::string& fingerprint) : out_(out) {
        detail::require(fingerprint.find('\n') == std::string::npos, "CheckpointWriter", "fingerprint",
                        fingerprint, "one line");
        const std::string header = detail::checkpoint_header(fingerprint);
        checksum_ = header.substr(header.size() - 8);
        out_ << header + '\n' << std::flush;
    }
    /// Goes on with a file that was read, and cut to intact_bytes > 0.
    CheckpointWriter(std::ostream& out, const Checkpoint& resumed) : out_(out), checksum_(resumed.checksum) {
        detail::require(!checksum_.empty(), "CheckpointWriter", "intact bytes", resumed.intact_bytes,
                        "above 0; otherwise begin a new file with its fingerprint");
    }

    /// Writes one trial as one line and flushes.
    void write(std::size_t index, const TrialValues& values) {
        std::string line = std::to_string(index) + ' ' + std::to_string(values.size()) + ' ';
        char buffer[40];
        for (const double value : values) {
            std::snprintf(buffer, sizeof buffer, "%a ", value);
            line += buffer;
        }
        checksum_ = detail::checkpoint_checksum(checksum_, line);
        out_ << line + checksum_ + '\n' << std::flush;
    }

  private:
    std::ostream& out_;
    std::string checksum_;
};

/// Reads a checkpoint of at most `count` trials.
/// @throws CheckpointError  a first line with another fingerprint or version, text that is no checkpoint, or
/// a line whose checksum does not fit it and the line before
inline Checkpoint read_checkpoint(std::istream& in, const std::string& fingerprint, std::size_t count) {
    constexpr std::string_view magic = "reconlaw-checkpoint ";
    Checkpoint checkpoint;
    checkpoint.finished.resize(count);
    const std::string header = detail::checkpoint_header(fingerprint);
    std::string line;
    for (std::size_t number = 1; std::getline(in, line); ++number) {
        const auto fail = [&](const std::string& what) { throw CheckpointError(number, what); };
        if (in.eof()) {  // no newline: torn
            if (number == 1 && !header.starts_with(line)) fail("is not a checkpoint of this simulation");
            break;
        }
        if (number == 1) {
            if (!line.starts_with(magic)) fail("is not a checkpoint of reconlaw");
            const std::string version =
                line.substr(magic.size(), line.find(' ', magic.size()) - magic.size());
            if (version == "1")
                fail(
                    "has the format of an earlier reconlaw, version 1, which had no checksums; this one "
                    "reads "
                    "version 2");
            if (version != "2")
                fail("has the format's version " + version.substr(0, 20) + "; this one reads version 2");
        }
        const std::size_t end = line.size() < 8 ? 0 : line.size() - 8;
        const std::string text = line.substr(0, end);
        if (end == 0 || detail::checkpoint_checksum(checkpoint.checksum, text) != line.substr(end))
            fail(number == 1 ? "is damaged: its checksum does not fit"
                             : "is damaged, or follows a line that is: its checksum does not fit");
        if (number == 1) {
            if (line != header)
                fail("belongs to another simulation: found \"" +
                     text.substr(magic.size() + 2, text.size() - magic.size() - 3) +
                     "\", expected fingerprint \"" + fingerprint + "\"");
        } else {
            std::istringstream fields(text);
            std::size_t index = 0, size = 0;
            if (!(fields >> index >> size) || index >= count || size > text.size())
                fail("is not a trial of this simulation");
            if (checkpoint.finished[index]) fail("has trial " + std::to_string(index) + " a second time");
            TrialValues values;
            for (std::string field; fields >> field;) {
                char* rest = nullptr;
                values.push_back(std::strtod(field.c_str(), &rest));
                if (*rest != '\0') fail("has something that is not a number: " + field);
            }
            if (values.size() != size) fail("must have " + std::to_string(size) + " values");
            checkpoint.finished[index] = std::move(values);
        }
        checkpoint.checksum = line.substr(end);
        checkpoint.intact_bytes += line.size() + 1;
    }
    return checkpoint;
}

}  // namespace reconlaw
