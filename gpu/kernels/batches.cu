/// Noisy batches: shuffled by the caller's order, turned, and with noise that depends on its counter only.

#include <Random123/philox.h>

#include <Random123/boxmuller.hpp>

#include "kernels.hpp"
#include "row_loop.cuh"

namespace reconlaw::gpu::kernels {
namespace {

using Philox = r123::Philox4x32;

/// One row of one image. Philox 4x32-10 with key {seed} and counters
///
///     {patch, epoch, row 2^16 + group of four pixels, 1}   noise
///     {patch, epoch, 0, 2}                                 the patch's symmetry in this epoch
///
/// so that a patch's noise depends neither on the batch it comes in nor on anything drawn before.
template <class T>
struct NoisyRow {
    const float* patches;
    const int* order;
    BatchOrder batch;
    T sigma;
    View<T> clean, noisy;

    RECONLAW_HD void operator()(std::ptrdiff_t line) const {
        const int side = clean.h;
        const int i = static_cast<int>(line / side), row = static_cast<int>(line % side);
        const int patch = batch.shuffle ? order[batch.first + i] : batch.first + i;
        const float* from = patches + std::ptrdiff_t{patch} * side * side;
        const Philox::key_type key{
            {static_cast<std::uint32_t>(batch.seed), static_cast<std::uint32_t>(batch.seed >> 32)}};
        const auto number = static_cast<std::uint32_t>(patch);

        // pixel (row, x) of the turned patch is pixel origin + x step of the stored one
        std::ptrdiff_t origin = std::ptrdiff_t{row} * side, step = 1;
        if (batch.symmetries) {
            const unsigned turn = Philox()(Philox::ctr_type{{number, batch.epoch, 0, 2}}, key)[0] & 7u;
            const int r = turn & 1u ? side - 1 - row : row;      // upside down
            const std::ptrdiff_t across = turn & 4u ? side : 1;  // transposed: rows are columns
            const std::ptrdiff_t down = turn & 4u ? 1 : side;
            origin = r * down + (turn & 2u ? (side - 1) * across : 0), step = turn & 2u ? -across : across;
        }
        T* to_clean = clean.at(i, row, 0);
        T* to_noisy = noisy.at(i, row, 0);
        for (int x = 0; x < side; x += 4) {
            const auto group = static_cast<std::uint32_t>(row << 16 | x >> 2);
            const Philox::ctr_type bits = Philox()(Philox::ctr_type{{number, batch.epoch, group, 1}}, key);
            const r123::float2 a = r123::boxmuller(bits[0], bits[1]), b = r123::boxmuller(bits[2], bits[3]);
            const float normal[4] = {a.x, a.y, b.x, b.y};
            for (int k = 0; k < 4 && x + k < side; ++k) {
                const T value = static_cast<T>(from[origin + (x + k) * step]);
                to_clean[x + k] = value;
                to_noisy[x + k] = value + sigma * static_cast<T>(normal[k]);
            }
        }
    }
};

}  // namespace

template <class T>
void noisy_batch(const float* patches, const int* order, const BatchOrder& batch, double sigma, View<T> clean,
                 View<T> noisy) {
    for_each_item(std::ptrdiff_t{clean.n} * clean.h,
                  NoisyRow<T>{patches, order, batch, static_cast<T>(sigma), clean, noisy});
}

template void noisy_batch<float>(const float*, const int*, const BatchOrder&, double, View<float>,
                                 View<float>);
template void noisy_batch<double>(const float*, const int*, const BatchOrder&, double, View<double>,
                                  View<double>);

}  // namespace reconlaw::gpu::kernels
