#pragma once
/// SIGINT and SIGTERM as a request to stop.

namespace reconlaw::cli {

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
