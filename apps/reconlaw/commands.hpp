#pragma once
/// The subcommands of `reconlaw`. Each registers its options and returns what to run.

#include <CLI/CLI.hpp>
#include <functional>
#include <iosfwd>
#include <stdexcept>
#include <string>

namespace reconlaw::cli {

/// Where a command writes: results to `out`, everything else to `err`.
struct Streams {
    std::ostream& out;
    std::ostream& err;
    bool interactive = false;  ///< err is a terminal: progress bars
};

/// The user stopped a long run (SIGINT, SIGTERM); the message says how to go on.
struct Interrupted : std::runtime_error {
    using std::runtime_error::runtime_error;
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

/// Parses and runs one command line. @return the exit status: 0, 2 for bad input, 1 for other failures, 130
/// when interrupted, 141 when the results went to a pipe that nobody reads (interrupt.hpp)
int run(int argc, const char* const* argv, const Streams& streams);

}  // namespace reconlaw::cli
