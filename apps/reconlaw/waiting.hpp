#pragma once
/// How the threads of a training wait for each other.

namespace reconlaw::cli {

/// Whether these are the arguments of a command that computes networks: train, sweep, evaluate, denoise.
bool computes_networks(int argc, const char* const* argv);

/// Lets OpenMP's threads wait awake for some 50 microseconds (GOMP_SPINCOUNT=3000) and then asleep.
///
/// By itself GCC's runtime keeps them awake for milliseconds, on the assumption that every thread has a core
/// of its own. Where another process is at work, a thread that waits awake takes the core that the thread it
/// waits for needs, and a training runs at a hundredth of its speed. The runtime reads its environment when
/// it is loaded, before main; so the program starts itself again, once, with the same arguments, process
/// number, files and environment but for this variable.
///
/// Returns where OMP_WAIT_POLICY or GOMP_SPINCOUNT is set: by the user, whose choice it is, or by this
/// function. Returns as well where the program cannot be started again: not on Linux, or not started by the
/// kernel itself.
void wait_briefly(char** argv);

}  // namespace reconlaw::cli
