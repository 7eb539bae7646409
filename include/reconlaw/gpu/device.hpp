#pragma once
/// The device that networks are trained on: chosen when the library is built (RECONLAW_GPU).

#include <cstddef>
#include <stdexcept>
#include <string>

namespace reconlaw::gpu {

/// No GPU, or none that this build can use; the message names both architectures.
struct DeviceError : std::runtime_error {
    using std::runtime_error::runtime_error;
};

struct Device {
    std::string system;            ///< Thrust's device system: cuda, omp, tbb or cpp
    std::string name;              ///< of the GPU; "processor"
    std::string architecture;      ///< of the GPU, "sm_90"; else empty
    std::string built_for;         ///< GPU architectures in this build, "sm_80 sm_90"; else empty
    std::string convolutions;      ///< "oneDNN 2.6.3", "cuDNN 9.13.0", "Eigen 3.4.0"
    bool bf16 = false;             ///< convolutions multiply BF16 numbers in hardware
    std::size_t memory_bytes = 0;  ///< of the GPU, or of the machine
    int threads = 1;               ///< processor threads, or multiprocessors of the GPU
    std::string problem;           ///< why it cannot be used; empty if it can

    /// One line for a log: "2 threads (omp), oneDNN 2.6.3".
    std::string summary() const;
};

/// Never throws for want of a GPU: see `problem`.
Device device();

/// @throws DeviceError  the device cannot be used
void require_device();

/// Which GPU this process uses from now on: number modulo those there are. Nothing where there is none.
/// @throws std::invalid_argument  number < 0
void set_gpu(int number);

/// Threads of the processor, for everything that follows in this process; networks divide their batches by
/// the number that is set when they are made. Results are bit-identical for equal numbers of threads; sums
/// over images may differ in the last digits between different numbers.
///
/// Threads that wait for each other spin for milliseconds, by the OpenMP runtime's default. In a process that
/// shares its cores with others, set GOMP_SPINCOUNT=3000 before the process starts (docs/engine.md).
/// @throws std::invalid_argument  threads < 1
void set_threads(int threads);

}  // namespace reconlaw::gpu
