#pragma once
/// Progress: a line for every stage, and the progress line of a terminal within one.

#include <chrono>
#include <optional>
#include <ostream>
#include <string>

#include "console.hpp"
#include "printed.hpp"

namespace reconlaw::report {

/// Calls must not overlap; run_trials sees to that.
class Progress {
  public:
    /// @param out  takes the stages; nullptr: nobody does
    /// @param console  draws the progress within a stage; nullptr: nobody does
    explicit Progress(std::ostream* out, cli::Console* console = nullptr)
        : out_(out), console_(console), start_(Clock::now()) {}

    void begin(const std::string& what) {
        what_ = what;
        line_.emplace(console_);
        if (out_) *out_ << cli::printed("[%6.1f s] ", seconds()) << what << std::endl;
    }
    void update(std::size_t done, std::size_t all) {
        if (line_)
            line_->show(static_cast<double>(done) / static_cast<double>(all),
                        std::to_string(done) + "/" + std::to_string(all) + " " + what_);
    }
    /// Since construction.
    double seconds() const { return std::chrono::duration<double>(Clock::now() - start_).count(); }

  private:
    using Clock = std::chrono::steady_clock;

    std::ostream* out_;
    cli::Console* console_;
    Clock::time_point start_;
    std::string what_;
    std::optional<cli::ProgressLine> line_;
};

}  // namespace reconlaw::report
