#pragma once
/// What the device code knows of its device. C++17: memory.cu implements it.

#include <cstddef>
#include <string>

namespace reconlaw::gpu {

struct DeviceQuery {
    std::string system;        ///< Thrust's: cuda, omp, tbb or cpp
    std::string name;          ///< of the GPU
    std::string architecture;  ///< sm_90
    std::string thrust;        ///< version
    std::size_t memory_bytes = 0;
    int threads = 1;      ///< processor threads, or multiprocessors
    std::string problem;  ///< why it cannot be used; empty: it can
};

DeviceQuery query_device();
/// The GPU `number` modulo their count; nothing on the processor systems.
void choose_gpu(int number);
/// Threads of the processor systems, convolutions included.
void choose_threads(int threads);

}  // namespace reconlaw::gpu
