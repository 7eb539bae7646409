#pragma once
/// Sums of partial sums that kernels have left in device memory.

#include <vector>

#include "kernels.hpp"

namespace reconlaw::gpu::kernels {

/// values[0] + ... in this order. The room for the copy stays, so that only the first call of a size
/// allocates.
inline double sum_on_host(const double* values, std::ptrdiff_t count) {
    thread_local std::vector<double> copy;
    if (static_cast<std::ptrdiff_t>(copy.size()) < count) copy.resize(static_cast<std::size_t>(count));
    download(copy.data(), values, static_cast<std::size_t>(count) * sizeof(double));
    double sum = 0;
    for (std::ptrdiff_t i = 0; i < count; ++i) sum += copy[static_cast<std::size_t>(i)];
    return sum;
}

}  // namespace reconlaw::gpu::kernels
