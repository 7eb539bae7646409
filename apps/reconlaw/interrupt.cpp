#include "interrupt.hpp"

#include <csignal>

namespace reconlaw::cli {
namespace {

volatile std::sig_atomic_t interrupted = 0;

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

}  // namespace reconlaw::cli
