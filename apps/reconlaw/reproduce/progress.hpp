#pragma once
/// Progress as plain lines, at most one every few seconds, and the wish to stop.

#include <chrono>
#include <exception>
#include <functional>
#include <ostream>
#include <string>
#include <utility>

#include "printed.hpp"

namespace reconlaw::report {

/// Ends a computation from inside: thrown by Progress, passed on by run_trials.
struct Stopped : std::exception {
    const char* what() const noexcept override { return "stopped"; }
};

/// Calls must not overlap; run_trials sees to that.
class Progress {
  public:
    /// @param stop  asked at every call; once it is true they throw Stopped
    explicit Progress(std::ostream* out, std::function<bool()> stop = {})
        : out_(out), stop_(std::move(stop)), start_(Clock::now()), last_(start_) {}

    void begin(const std::string& what) {
        check();
        what_ = what;
        print(what);
    }
    void update(std::size_t done, std::size_t all) {
        check();
        if (Clock::now() - last_ < std::chrono::seconds(5) || done == all) return;
        print(what_ + ": " + std::to_string(done) + " of " + std::to_string(all));
    }
    /// Since construction.
    double seconds() const { return std::chrono::duration<double>(Clock::now() - start_).count(); }

  private:
    using Clock = std::chrono::steady_clock;

    void check() const {
        if (stop_ && stop_()) throw Stopped();
    }
    void print(const std::string& text) {
        last_ = Clock::now();
        if (!out_) return;
        *out_ << cli::printed("[%6.1f s] ", seconds()) << text << std::endl;
    }

    std::ostream* out_;
    std::function<bool()> stop_;
    Clock::time_point start_, last_;
    std::string what_;
};

}  // namespace reconlaw::report
