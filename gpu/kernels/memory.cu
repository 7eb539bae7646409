/// Device memory and the device itself.

#include <thrust/detail/config.h>
#include <thrust/version.h>

#include <cstdlib>
#include <cstring>
#include <new>
#include <stdexcept>
#include <string>

#include "../device_query.hpp"
#include "kernels.hpp"

#if THRUST_DEVICE_SYSTEM == THRUST_DEVICE_SYSTEM_CUDA
#include <cuda_runtime.h>
#elif defined(_OPENMP)
#include <omp.h>
#endif
#if THRUST_DEVICE_SYSTEM == THRUST_DEVICE_SYSTEM_TBB
#include <tbb/global_control.h>

#include <memory>
#endif

namespace reconlaw::gpu {

namespace {
std::string thrust_version() {
    return std::to_string(THRUST_MAJOR_VERSION) + "." + std::to_string(THRUST_MINOR_VERSION) + "." +
           std::to_string(THRUST_SUBMINOR_VERSION);
}
}  // namespace

#if THRUST_DEVICE_SYSTEM == THRUST_DEVICE_SYSTEM_CUDA

namespace {
void check(cudaError_t status, const char* what) {
    if (status == cudaErrorMemoryAllocation) throw std::bad_alloc();
    if (status != cudaSuccess)
        throw std::runtime_error(std::string(what) + ": " + cudaGetErrorString(status));
}
}  // namespace

namespace kernels {
void* allocate(std::size_t bytes) {
    void* memory = nullptr;
    check(cudaMalloc(&memory, bytes), "allocating GPU memory");
    return memory;
}
void release(void* memory) {
    cudaFree(memory);
}
void upload(void* to, const void* from, std::size_t bytes) {
    check(cudaMemcpy(to, from, bytes, cudaMemcpyHostToDevice), "copying to the GPU");
}
void download(void* to, const void* from, std::size_t bytes) {
    check(cudaMemcpy(to, from, bytes, cudaMemcpyDeviceToHost), "copying from the GPU");
}
void clear(void* memory, std::size_t bytes) {
    check(cudaMemset(memory, 0, bytes), "clearing GPU memory");
}
void synchronise() {
    check(cudaDeviceSynchronize(), "GPU kernel");
}
}  // namespace kernels

namespace {
__global__ void probe() {}
}  // namespace

DeviceQuery query_device() {
    DeviceQuery q;
    q.system = "cuda";
    q.thrust = thrust_version();
    int count = 0;
    const cudaError_t status = cudaGetDeviceCount(&count);
    if (status != cudaSuccess || count == 0) {
        cudaGetLastError();
        q.problem = status == cudaSuccess ? "there is no GPU" : cudaGetErrorString(status);
        return q;
    }
    int number = 0;
    cudaDeviceProp properties{};
    check(cudaGetDevice(&number), "choosing a GPU");
    check(cudaGetDeviceProperties(&properties, number), "asking the GPU");
    q.name = properties.name;
    q.architecture = "sm_" + std::to_string(properties.major) + std::to_string(properties.minor);
    q.memory_bytes = properties.totalGlobalMem;
    q.threads = properties.multiProcessorCount;
    // does the binary hold code for this architecture?
    cudaFuncAttributes attributes{};
    const cudaError_t code = cudaFuncGetAttributes(&attributes, probe);
    if (code != cudaSuccess) {
        q.problem = cudaGetErrorString(code);
        cudaGetLastError();
    }
    return q;
}

void choose_threads(int) {}

void choose_gpu(int number) {
    int count = 0;
    if (cudaGetDeviceCount(&count) == cudaSuccess && count > 0)
        check(cudaSetDevice(number % count), "choosing a GPU");
    else
        cudaGetLastError();  // query_device says what is wrong
}

#else

namespace kernels {
void* allocate(std::size_t bytes) {
    const std::size_t rounded = (bytes + 63) / 64 * 64;
    void* memory = std::aligned_alloc(64, rounded == 0 ? 64 : rounded);
    if (!memory) throw std::bad_alloc();
    return memory;
}
void release(void* memory) {
    std::free(memory);
}
void upload(void* to, const void* from, std::size_t bytes) {
    std::memcpy(to, from, bytes);
}
void download(void* to, const void* from, std::size_t bytes) {
    std::memcpy(to, from, bytes);
}
void clear(void* memory, std::size_t bytes) {
    std::memset(memory, 0, bytes);
}
void synchronise() {}
}  // namespace kernels

#if THRUST_DEVICE_SYSTEM == THRUST_DEVICE_SYSTEM_TBB
namespace {
std::unique_ptr<tbb::global_control>& thread_limit() {
    static std::unique_ptr<tbb::global_control> limit;
    return limit;
}
}  // namespace
#endif

void choose_gpu(int) {}

void choose_threads(int threads) {
#if THRUST_DEVICE_SYSTEM == THRUST_DEVICE_SYSTEM_TBB
    thread_limit() = std::make_unique<tbb::global_control>(tbb::global_control::max_allowed_parallelism,
                                                           static_cast<std::size_t>(threads));
#endif
#if defined(_OPENMP)
    omp_set_num_threads(threads);
#endif
    static_cast<void>(threads);
}

DeviceQuery query_device() {
    DeviceQuery q;
    q.thrust = thrust_version();
#if THRUST_DEVICE_SYSTEM == THRUST_DEVICE_SYSTEM_OMP
    q.system = "omp";
#elif THRUST_DEVICE_SYSTEM == THRUST_DEVICE_SYSTEM_TBB
    q.system = "tbb";
#else
    q.system = "cpp";
#endif
#if THRUST_DEVICE_SYSTEM == THRUST_DEVICE_SYSTEM_TBB
    q.threads =
        static_cast<int>(tbb::global_control::active_value(tbb::global_control::max_allowed_parallelism));
#elif defined(_OPENMP)
    q.threads = omp_get_max_threads();
#else
    q.threads = 1;
#endif
    return q;
}

#endif

}  // namespace reconlaw::gpu
