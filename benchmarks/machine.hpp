#pragma once
/// Timing and the hardware line of the benchmarks.

#include <sys/resource.h>

#include <algorithm>
#include <chrono>
#include <cstdio>
#include <fstream>
#include <string>
#include <thread>
#include <vector>

namespace reconlaw::benchmarks {

/// Processor model, number of threads, compiler.
inline std::string machine() {
    std::string line, model = "unknown processor";
    for (std::ifstream in("/proc/cpuinfo"); std::getline(in, line);)
        if (line.rfind("model name", 0) == 0) {
            model = line.substr(line.find(':') + 2);
            break;
        }
    return model + ", " + std::to_string(std::thread::hardware_concurrency()) + " threads, compiler " +
           __VERSION__;
}

template <class F>
double seconds(F&& f) {
    const auto start = std::chrono::steady_clock::now();
    f();
    return std::chrono::duration<double>(std::chrono::steady_clock::now() - start).count();
}

/// Processor seconds of the process, all threads: what a busy machine does not stretch.
inline double processor_seconds() {
    rusage usage{};
    getrusage(RUSAGE_SELF, &usage);
    const auto of = [](const timeval& t) {
        return static_cast<double>(t.tv_sec) + 1e-6 * static_cast<double>(t.tv_usec);
    };
    return of(usage.ru_utime) + of(usage.ru_stime);
}

/// Largest resident memory of the process so far.
inline double peak_gigabytes() {
    rusage usage{};
    getrusage(RUSAGE_SELF, &usage);
    return static_cast<double>(usage.ru_maxrss) * 1024e-9;
}

struct Timing {
    double wall, processor;  ///< medians
};

template <class F>
Timing median_of(int repeats, F&& f) {
    std::vector<double> wall, processor;
    for (int i = 0; i < repeats; ++i) {
        const double before = processor_seconds();
        wall.push_back(seconds(f));
        processor.push_back(processor_seconds() - before);
    }
    const auto median = [](std::vector<double> v) {
        std::sort(v.begin(), v.end());
        return v[v.size() / 2];
    };
    return {median(wall), median(processor)};
}

/// One line: what, times, target. True where the target is met: by the processor time of a one-thread program
/// (what it takes on an idle core), by the wall time otherwise.
inline bool report(const char* what, const Timing& t, double target_seconds, bool one_thread) {
    const bool met = (one_thread ? t.processor : t.wall) <= target_seconds;
    std::printf("%s: %.3f s wall, %.3f s processor; target %g s: %s\n", what, t.wall, t.processor,
                target_seconds, met ? "met" : "MISSED");
    std::fflush(stdout);
    return met;
}

}  // namespace reconlaw::benchmarks
