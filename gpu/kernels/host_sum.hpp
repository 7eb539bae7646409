#pragma once
/// Sums of partial sums that kernels have left in device memory.

#include "kernels.hpp"

namespace reconlaw::gpu::kernels {

/// values[0] + ... in this order, fetched in pieces.
inline double sum_on_host(const double* values, std::ptrdiff_t count) {
    double piece[512], sum = 0;
    for (std::ptrdiff_t at = 0; at < count; at += 512) {
        const std::ptrdiff_t size = count - at < 512 ? count - at : 512;
        download(piece, values + at, static_cast<std::size_t>(size) * sizeof(double));
        for (std::ptrdiff_t i = 0; i < size; ++i) sum += piece[i];
    }
    return sum;
}

}  // namespace reconlaw::gpu::kernels
