#pragma once
/// The subcommands of `reconlaw`. Each registers its options and returns what to run.

#include <CLI/CLI.hpp>
#include <functional>
#include <iosfwd>
#include <string>

#include "console.hpp"
#include "interrupt.hpp"

namespace reconlaw::cli {

/// Where a command writes: results to `out`, everything else to `err`, which `run` replaces by the notes of a
/// Console before a command sees it.
struct Streams {
    std::ostream& out;
    std::ostream& err;
    bool interactive = false;    ///< err is a terminal that moves its cursor: progress lines
    int columns = 80;            ///< of that terminal
    Console* console = nullptr;  ///< behind err, for ProgressLine
};

using Run = std::function<void(const Streams&)>;

Run add_risk_command(CLI::App& app);
Run add_simulate_command(CLI::App& app);
Run add_fit_command(CLI::App& app);
Run add_advise_command(CLI::App& app);
Run add_reproduce_command(CLI::App& app);
// With reconlaw::gpu (RECONLAW_TRAIN):
Run add_train_command(CLI::App& app);
Run add_evaluate_command(CLI::App& app);
Run add_denoise_command(CLI::App& app);
Run add_sweep_command(CLI::App& app);
// What is made from the definitions of the others:
Run add_completion_command(CLI::App& app);
Run add_man_pages_command(CLI::App& app);

/// Parses and runs one command line. Never throws; an error is one line on `err`.
/// @return the exit status: 0, 2 for a wrong command line, bad input or a file that cannot be read or
/// written, 1 for other failures, 130 when interrupted, 141 when the results went to a pipe that nobody reads
/// (interrupt.hpp)
int run(int argc, const char* const* argv, const Streams& streams);

/// The same without doing what was asked: whether the command line is understood.
int check(int argc, const char* const* argv, const Streams& streams);

}  // namespace reconlaw::cli
