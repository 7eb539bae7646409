#include "interrupt.hpp"

#include <fcntl.h>
#include <unistd.h>

#include <cerrno>
#include <csignal>

namespace reconlaw::cli {
namespace {

volatile std::sig_atomic_t interrupted = 0, pipe_closed = 0;

/// A handler, not SIG_IGN, which programs started from here would inherit.
void on_signal(int signal, void (*handler)(int)) {
    struct sigaction action = {};
    action.sa_handler = handler;
    action.sa_flags = SA_RESTART;
    ::sigemptyset(&action.sa_mask);
    ::sigaction(signal, &action, nullptr);
}

}  // namespace

InterruptGuard::InterruptGuard() {
    interrupted = 0;
    const auto note = [](int signal) {
        interrupted = 1;
        std::signal(signal, SIG_DFL);
    };
    before_[0] = std::signal(SIGINT, note), before_[1] = std::signal(SIGTERM, note);
}

InterruptGuard::~InterruptGuard() {
    std::signal(SIGINT, before_[0]), std::signal(SIGTERM, before_[1]);
}

bool InterruptGuard::requested() {
    return interrupted != 0;
}

void prepare_output() {
    on_signal(SIGXFSZ, [](int) {});
    on_signal(SIGPIPE, [](int) { pipe_closed = 1; });
    for (int stream = 0; stream < 3; ++stream)
        if (::fcntl(stream, F_GETFD) < 0 && errno == EBADF) {
            // the lowest free number, which is this one; the wrong way round, so that using it fails
            if (::open("/dev/null", stream == 0 ? O_WRONLY : O_RDONLY) < 0) return;
        }
}

bool pipe_was_closed() {
    return pipe_closed != 0;
}

}  // namespace reconlaw::cli
