#include "waiting.hpp"

#include <algorithm>
#include <array>
#include <cstdlib>
#include <string_view>

#if defined(__linux__)
#include <sys/auxv.h>
#include <unistd.h>
#endif

namespace reconlaw::cli {

bool computes_networks(int argc, const char* const* argv) {
    constexpr std::array<std::string_view, 4> commands{"train", "sweep", "evaluate", "denoise"};
    for (int i = 1; i < argc; ++i) {
        const std::string_view word = argv[i];
        if (word.empty() || word.front() == '-') continue;
        return std::find(commands.begin(), commands.end(), word) != commands.end();
    }
    return false;
}

void wait_briefly(char** argv) {
#if defined(__linux__)
    if (std::getenv("OMP_WAIT_POLICY") || std::getenv("GOMP_SPINCOUNT")) return;
    // Loaded by another program (ld.so called by name), /proc/self/exe is that one; it has no loader of its
    // own.
    if (getauxval(AT_BASE) == 0 || getauxval(AT_SECURE) != 0) return;
    if (setenv("GOMP_SPINCOUNT", "3000", 0) != 0) return;
    execv("/proc/self/exe", argv);
    unsetenv("GOMP_SPINCOUNT");  // it could not be started: go on as before
#else
    static_cast<void>(argv);
#endif
}

}  // namespace reconlaw::cli
