#include "threads.hpp"

#include <latch>
#include <stdexcept>
#include <string>
#include <system_error>
#include <thread>
#include <vector>

namespace reconlaw::cli {

void require_threads(int count) {
    if (count <= static_cast<int>(std::thread::hardware_concurrency())) return;
    std::latch all_started(1);
    std::vector<std::thread> threads;
    bool refused = false;
    try {
        for (int i = 0; i < count; ++i) threads.emplace_back([&] { all_started.wait(); });
    } catch (const std::system_error&) {
        refused = true;
    }
    all_started.count_down();
    for (std::thread& thread : threads) thread.join();
    if (refused)
        throw std::invalid_argument("--threads: " + std::to_string(count) + " threads: the system started " +
                                    std::to_string(threads.size()) + ", then refused");
}

}  // namespace reconlaw::cli
