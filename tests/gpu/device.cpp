#include "reconlaw/gpu/device.hpp"

#include <regex>
#include <stdexcept>

#include "device_support.hpp"
#include "reconlaw/gpu/network.hpp"

using namespace reconlaw::gpu;
using namespace reconlaw::gpu::testing;

namespace {

/// "sm_80 sm_90", or what CMake was told to build for
bool names_architectures(const std::string& text) {
    return std::regex_match(text, std::regex("sm_[0-9]+[a-z]?( sm_[0-9]+[a-z]?)*|native|all|all-major"));
}

}  // namespace

TEST_CASE("the device says what it is") {
    const Device d = device();
    CHECK((d.system == "cuda" || d.system == "omp" || d.system == "tbb" || d.system == "cpp"));
    CHECK(d.convolutions.find('.') != std::string::npos);
    if (!have_device()) return;
    CHECK(d.memory_bytes > std::size_t{1} << 28);
    CHECK(d.threads >= 1);
    CHECK(d.name.empty() == false);
    CHECK(d.summary().find(d.convolutions) != std::string::npos);
    CHECK_NOTHROW(require_device());
    if (d.system == "cuda") {
        CHECK(d.architecture.starts_with("sm_"));
        CHECK(names_architectures(d.built_for));
    } else {
        CHECK(d.name == "processor");
        CHECK(d.architecture.empty());
        CHECK(d.built_for.empty());
    }
}

TEST_CASE("threads can be chosen where the device system has them") {
    CHECK_THROWS_WITH_AS(set_threads(0), "set_threads: threads = 0, must be >= 1", std::invalid_argument);
    if (!have_device()) return;
    const std::string system = device().system;
    if (system != "omp" && system != "tbb") {
        MESSAGE("SKIPPED: the threads of ", system, " are not ours to choose");
        return;
    }
    for (const int threads : {2, 1}) {
        set_threads(threads);
        CHECK(device().threads == threads);
        CHECK(device().summary().starts_with(threads == 1 ? "1 thread (" : "2 threads ("));
    }
}

TEST_CASE("a build for GPUs without a usable one says so and names both architectures") {
    const Device d = device();
    if (d.problem.empty()) {
        CHECK_NOTHROW(require_device());
        return;
    }
    INFO(d.problem);
    CHECK(d.system == "cuda");
    CHECK(names_architectures(d.built_for));
    CHECK(d.problem.starts_with("no usable GPU: built for " + d.built_for + ", found "));
    CHECK(d.problem.find(d.architecture.empty() ? "found none: " : "(" + d.architecture + "): ") !=
          std::string::npos);
    CHECK(d.problem.ends_with("; build with -DRECONLAW_GPU=omp to train on the processor"));
    CHECK_THROWS_WITH_AS(require_device(), d.problem.c_str(), DeviceError);
    CHECK_THROWS_AS(Network<float>(UNet{.channels = 2, .poolings = 1}, {1, 8, 8}), DeviceError);
}
