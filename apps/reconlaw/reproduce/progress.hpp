#pragma once
/// Progress as plain lines, at most one every few seconds.

#include <chrono>
#include <ostream>
#include <string>

#include "printed.hpp"

namespace reconlaw::report {

/// Calls must not overlap; run_trials sees to that.
class Progress {
  public:
    explicit Progress(std::ostream* out) : out_(out), start_(Clock::now()), last_(start_) {}

    void begin(const std::string& what) {
        what_ = what;
        print(what);
    }
    void update(std::size_t done, std::size_t all) {
        if (Clock::now() - last_ < std::chrono::seconds(5) || done == all) return;
        print(what_ + ": " + std::to_string(done) + " of " + std::to_string(all));
    }
    /// Since construction.
    double seconds() const { return std::chrono::duration<double>(Clock::now() - start_).count(); }

  private:
    using Clock = std::chrono::steady_clock;

    void print(const std::string& text) {
        last_ = Clock::now();
        if (!out_) return;
        *out_ << cli::printed("[%6.1f s] ", seconds()) << text << std::endl;
    }

    std::ostream* out_;
    Clock::time_point start_, last_;
    std::string what_;
};

}  // namespace reconlaw::report
