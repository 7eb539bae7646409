#pragma once
/// SIGINT and SIGTERM as a request to stop; signals about output as errors of the write.

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

/// For the start of a program. SIGXFSZ (a limit of the file size, ulimit -f) and SIGPIPE (a pipe that nobody
/// reads any more) no longer end it: the write fails instead, which is reported with the name of the file,
/// and other files are still written. Programs that this one starts get the signals' default back. A standard
/// stream that was closed becomes one that cannot be written or read, so that no file gets its number, and
/// results are not written into that file.
void prepare_output();

/// Since prepare_output, something was written to a pipe that nobody reads any more.
bool pipe_was_closed();

/// The exit status where results went to such a pipe: what a shell reports of a program that SIGPIPE ended.
constexpr int closed_pipe_status = 141;

}  // namespace reconlaw::cli
