#pragma once
/// A batch divided among the threads of the processor: each computes the whole network for its own images.
///
/// The networks' operations are small: a step of a U-Net on 32 pixels is 300 of them, of 20 microseconds
/// each. Threads that divide every operation wait for each other 300 times a step, and wherever one of them
/// has to share its core with another process, each of these waits can last a time slice of the scheduler.
/// Threads that divide the batch wait for each other three times a step.

#include <memory>

#include "program.hpp"

namespace reconlaw::gpu {

/// Into how many lanes a batch is divided by so many threads: as many as there are threads, or 1, where
/// threads divide the operations. 1 unless every thread has an image and, of their time, at least three
/// quarters are used: 3 images on 2 threads take as long as 4.
int lanes_of(int images, int threads);

/// The program of make_program, or one of several lanes for the number of threads that is set now, with the
/// OpenMP device system and options.divide_batch. The estimate has the same bits whatever the number of lanes
/// but for what the convolution library makes of another batch size; gradients of parameters are summed over
/// the lanes in their order.
/// @throws std::invalid_argument  BF16 in double precision
template <class T>
std::unique_ptr<Program<T>> make_lanes(const Architecture& architecture, const BatchShape& shape,
                                       const NetworkOptions& options);

}  // namespace reconlaw::gpu
