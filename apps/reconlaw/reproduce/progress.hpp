#pragma once
/// Progress: a line for every stage, the progress line of a terminal within one, and the wish to stop.

#include <chrono>
#include <exception>
#include <functional>
#include <optional>
#include <ostream>
#include <string>
#include <utility>

#include "console.hpp"
#include "printed.hpp"

namespace reconlaw::report {

/// Ends a computation from inside: thrown by Progress, passed on by run_trials.
struct Stopped : std::exception {
    const char* what() const noexcept override { return "stopped"; }
};

/// Calls must not overlap; run_trials sees to that.
class Progress {
  public:
    /// @param out  takes the stages; nullptr: nobody does
    /// @param console  draws the progress within a stage; nullptr: nobody does
    /// @param stop  asked at every call; once it is true they throw Stopped
    explicit Progress(std::ostream* out, cli::Console* console = nullptr, std::function<bool()> stop = {})
        : out_(out), console_(console), stop_(std::move(stop)), start_(Clock::now()) {}

    void begin(const std::string& what) {
        check();
        what_ = what;
        line_.emplace(console_);
        if (out_) *out_ << cli::printed("[%6.1f s] ", seconds()) << what << std::endl;
    }
    void update(std::size_t done, std::size_t all) {
        check();
        if (line_)
            line_->show(static_cast<double>(done) / static_cast<double>(all),
                        std::to_string(done) + "/" + std::to_string(all) + " " + what_);
    }
    /// Since construction.
    double seconds() const { return std::chrono::duration<double>(Clock::now() - start_).count(); }

  private:
    using Clock = std::chrono::steady_clock;

    void check() const {
        if (stop_ && stop_()) throw Stopped();
    }

    std::ostream* out_;
    cli::Console* console_;
    std::function<bool()> stop_;
    Clock::time_point start_;
    std::string what_;
    std::optional<cli::ProgressLine> line_;
};

}  // namespace reconlaw::report
