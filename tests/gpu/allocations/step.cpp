// A training step allocates nothing: every call of the C library's allocators is counted. A program of its
// own, because it replaces malloc; not built with sanitizers, which do so too.
#include <doctest/doctest.h>

#include <algorithm>
#include <atomic>
#include <cerrno>
#include <cstdint>
#include <cstdlib>
#include <new>
#include <utility>
#include <vector>

#include "reconlaw/gpu/device.hpp"
#include "reconlaw/gpu/network.hpp"

extern "C" {
// glibc's own, which the names below stand in front of
void* __libc_malloc(std::size_t bytes);
void* __libc_calloc(std::size_t count, std::size_t bytes);
void* __libc_realloc(void* memory, std::size_t bytes);
void* __libc_memalign(std::size_t alignment, std::size_t bytes);
// the program's code, between the linker's marks: its calls are ours, all others those of shared libraries
extern const char __executable_start, etext;
}

namespace {

/// Calls of allocators since the last reset.
struct Count {
    std::atomic<long> ours{0}, large{0};
    std::atomic<std::size_t> largest{0}, device_bytes{0};
    void reset() { ours = 0, large = 0, largest = 0, device_bytes = 0; }
} counted;

constexpr std::size_t large_bytes = 4096;

void count(std::size_t bytes, const void* caller) {
    const auto* at = static_cast<const char*>(caller);
    if (at >= &__executable_start && at < &etext) ++counted.ours;
    if (bytes >= large_bytes) ++counted.large;
    if (bytes > counted.largest) counted.largest = bytes;
}

}  // namespace

extern "C" {
void* malloc(std::size_t bytes) {
    count(bytes, __builtin_return_address(0));
    return __libc_malloc(bytes);
}
void* calloc(std::size_t number, std::size_t bytes) {
    count(number * bytes, __builtin_return_address(0));
    return __libc_calloc(number, bytes);
}
void* realloc(void* memory, std::size_t bytes) {
    count(bytes, __builtin_return_address(0));
    return __libc_realloc(memory, bytes);
}
void* memalign(std::size_t alignment, std::size_t bytes) {
    count(bytes, __builtin_return_address(0));
    return __libc_memalign(alignment, bytes);
}
void* aligned_alloc(std::size_t alignment, std::size_t bytes) {
    count(bytes, __builtin_return_address(0));
    counted.device_bytes += bytes;  // on a processor, device memory comes from here
    return __libc_memalign(alignment, bytes);
}
int posix_memalign(void** memory, std::size_t alignment, std::size_t bytes) {
    count(bytes, __builtin_return_address(0));
    *memory = __libc_memalign(alignment, bytes);
    return *memory ? 0 : ENOMEM;
}
}

// The standard library's operator new would call malloc in our place.
void* operator new(std::size_t bytes) {
    count(bytes, __builtin_return_address(0));
    if (void* memory = __libc_malloc(bytes)) return memory;
    throw std::bad_alloc();
}
void operator delete(void* memory) noexcept {
    std::free(memory);
}
void operator delete(void* memory, std::size_t) noexcept {
    std::free(memory);
}

using namespace reconlaw::gpu;

namespace {

bool have_device() {
    const std::string problem = device().problem;
    if (!problem.empty()) MESSAGE("SKIPPED: ", problem);
    set_threads(1);
    return problem.empty();
}

std::vector<float> pixels(std::size_t size, float start) {
    std::vector<float> values(size);
    float v = start;
    for (float& x : values) x = v, v = v < 1 ? v + 0.173F : v - 0.961F;
    return values;
}

}  // namespace

TEST_CASE("the counters see what is allocated, and by whom") {
    counted.reset();
    std::vector<char> some(large_bytes);
    void* volatile other = std::aligned_alloc(64, 128);
    const long ours = counted.ours, large = counted.large;
    const std::size_t largest = counted.largest, device_bytes = counted.device_bytes;
    CHECK(some.data() != other);
    std::free(other);
    CHECK(ours == 2);
    CHECK(large == 1);
    CHECK(largest == large_bytes);
    CHECK(device_bytes == 128);
}

TEST_CASE("a training step of a network with one channel allocates nothing") {
    if (!have_device()) return;
    if (device().convolutions.starts_with("Eigen")) {
        MESSAGE("SKIPPED: Eigen's products allocate room for the blocks they copy; install libdnnl-dev");
        return;
    }
    const std::size_t size = 4 * 40 * 36;
    const std::vector<float> x = pixels(size, 0.1F), y = pixels(size, 0.2F);
    for (const Architecture& a : {Architecture{UNet{.channels = 16, .poolings = 2, .residual = true}},
                                  Architecture{ResidualCnn{.channels = 16, .blocks = 2}}})
        for (const auto& [loss, precision] : {std::pair{Loss::mse, Precision::fp32},
                                              {Loss::l1, Precision::fp32},
                                              {Loss::ssim, Precision::fp32},
                                              {Loss::mse, Precision::bf16}})
            for (const OptimiserKind kind :
                 {OptimiserKind::adam, OptimiserKind::rmsprop, OptimiserKind::sgd}) {
                set_threads(kind == OptimiserKind::rmsprop ? 2 : 1);
                Network<float> network(a, {4, 40, 36}, {.loss = loss, .precision = precision});
                network.initialise(1);
                Optimiser<float> optimiser(network.parameter_count(), {.kind = kind, .clip_norm = 0.1});
                const auto step = [&] {
                    network.loss_and_gradient(x, y);
                    network.update(optimiser);
                };
                for (int warm = 0; warm < 2; ++warm) step();
                counted.reset();
                for (int i = 0; i < 3; ++i) step();
                // None by us. The convolution library wraps each call's arguments in small tables of its own:
                // at most 1568 bytes by oneDNN 2.6, whatever the images and the network.
                const long ours = counted.ours, large = counted.large;
                const std::size_t largest = counted.largest;
                INFO(describe(a), ": largest ", largest, " bytes");
                CHECK(ours == 0);
                CHECK(large == 0);
            }
}

TEST_CASE("a network takes the device memory that its plan says") {
    if (!have_device()) return;
    if (device().system == "cuda") {
        MESSAGE("SKIPPED: counts memory of the processor");
        return;
    }
    for (const auto& [loss, precision] :
         {std::pair{Loss::mse, Precision::fp32}, {Loss::ssim, Precision::fp32}, {Loss::mse, Precision::bf16}})
        for (const bool training : {true, false}) {
            const UNet u{.channels = 8, .poolings = 2};
            const BatchShape shape{3, 29, 34};
            const NetworkOptions options{.training = training, .loss = loss, .precision = precision};
            const std::size_t planned = Network<float>::plan(u, shape, options).total();
            counted.reset();
            const Network<float> network(u, shape, options);
            const std::size_t taken = counted.device_bytes;
            INFO("planned ", planned, ", taken ", taken);
            CHECK(taken >= planned);
            CHECK(taken <= planned + 9 * 64);  // every array is rounded up to 64 bytes
            CHECK(network.memory().total() == planned);
        }
    const UNet u{.channels = 8, .poolings = 2};
    for (const OptimiserKind kind : {OptimiserKind::adam, OptimiserKind::rmsprop, OptimiserKind::sgd}) {
        counted.reset();
        const Optimiser<float> optimiser(parameter_count(u), {.kind = kind});
        const std::size_t taken = counted.device_bytes,
                          planned = Optimiser<float>::bytes(parameter_count(u), kind);
        CHECK(taken >= planned);
        CHECK(taken <=
              planned + 64 + 64 + sizeof(double) * static_cast<std::size_t>(parameter_count(u) / 4096 + 1));
    }
}
