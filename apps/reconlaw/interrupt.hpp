#pragma once
/// SIGINT and SIGTERM as a request to stop.

#include <stdexcept>

namespace reconlaw::cli {

/// The user stopped a long run (SIGINT, SIGTERM); the message says how to go on.
struct Interrupted : std::runtime_error {
    using std::runtime_error::runtime_error;
};

/// While it lives, the first signal only sets `requested`; a second one ends the program at once.
class InterruptGuard {
  public:
    InterruptGuard();
    ~InterruptGuard();
    InterruptGuard(const InterruptGuard&) = delete;
    InterruptGuard& operator=(const InterruptGuard&) = delete;

    static bool requested();

  private:
    void (*before_[2])(int);
};

}  // namespace reconlaw::cli
