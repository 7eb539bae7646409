#include "reconlaw/gpu/device.hpp"

#include <unistd.h>

#include "convolution/convolution.hpp"
#include "device_query.hpp"
#include "reconlaw/detail/check.hpp"

namespace reconlaw::gpu {

std::string Device::summary() const {
    if (system == "cuda") return name + " (" + architecture + "), " + convolutions;
    return std::to_string(threads) + (threads == 1 ? " thread (" : " threads (") + system + "), " +
           convolutions;
}

Device device() {
    const DeviceQuery q = query_device();
    Device d;
    d.system = q.system;
    d.threads = q.threads;
    d.architecture = q.architecture;
    d.convolutions = convolution_library();
    d.bf16 = multiplies_bf16();
    if (q.system == "cuda") {
        d.name = q.name;
        d.built_for = RECONLAW_GPU_ARCHITECTURES;
        d.memory_bytes = q.memory_bytes;
        if (!q.problem.empty())
            d.problem = "no usable GPU: built for " + d.built_for + ", found " +
                        (q.architecture.empty() ? "none" : q.name + " (" + q.architecture + ")") + ": " +
                        q.problem + "; build with -DRECONLAW_GPU=omp to train on the processor";
    } else {
        d.name = "processor";
        d.memory_bytes = static_cast<std::size_t>(sysconf(_SC_PHYS_PAGES)) *
                         static_cast<std::size_t>(sysconf(_SC_PAGESIZE));
    }
    return d;
}

void require_device() {
    const Device d = device();
    if (!d.problem.empty()) throw DeviceError(d.problem);
}

void set_gpu(int number) {
    detail::require(number >= 0, "set_gpu", "number", number, ">= 0");
    choose_gpu(number);
}

void set_threads(int threads) {
    detail::require(threads >= 1, "set_threads", "threads", threads, ">= 1");
    choose_threads(threads);
}

}  // namespace reconlaw::gpu
