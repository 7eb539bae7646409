#pragma once
/// The one loop behind every kernel: over the rows of all images, and over their channels.

#include <thrust/execution_policy.h>
#include <thrust/for_each.h>
#include <thrust/iterator/counting_iterator.h>

#if THRUST_DEVICE_SYSTEM == THRUST_DEVICE_SYSTEM_CUDA
#include <thrust/system/cuda/execution_policy.h>
#endif

#include "view.hpp"

namespace reconlaw::gpu {

/// body(i) for i in [0, count), in any order. On a GPU the call returns at once: kernels, cuDNN and copies
/// follow each other on the default stream, and it is the copy of a result to the host that waits.
template <class F>
void for_each_item(std::ptrdiff_t count, const F& body) {
    const auto begin = thrust::make_counting_iterator(std::ptrdiff_t{0});
#if THRUST_DEVICE_SYSTEM == THRUST_DEVICE_SYSTEM_CUDA
    thrust::for_each(thrust::cuda::par_nosync, begin, begin + count, body);
#else
    thrust::for_each(thrust::device, begin, begin + count, body);
#endif
}

// A functor F has   template <int W> RECONLAW_HD void run(int image, int row, int channel) const
// and handles the W channels from `channel` on for every pixel of one row. Channels lie side by side in
// memory, so both machines get their favourite access from the same body: a processor core runs whole rows, W
// = 16 or 8 neighbouring channels in its vector registers; a GPU runs one thread a row and channel with W =
// 1, and threads next to each other read values next to each other.

/// store(x, load(x)) for the pixels x in [0, count) of a row. A compiler cannot know that a store leaves
/// later loads alone; so eight pixels are loaded before the first is stored, and a GPU's thread does not wait
/// for memory at each. For bodies with W = 1; with more channels a plain loop vectorises better.
template <class Load, class Store>
RECONLAW_HD void for_each_pixel(int count, const Load& load, const Store& store) {
    constexpr int ahead = 8;
    int x = 0;
    for (; x + ahead <= count; x += ahead) {
        decltype(load(0)) values[ahead];
        for (int u = 0; u < ahead; ++u) values[u] = load(x + u);
        for (int u = 0; u < ahead; ++u) store(x + u, values[u]);
    }
    for (; x < count; ++x) store(x, load(x));
}

template <class F>
struct RowOfChannels {
    F body;
    int rows, channels;

    RECONLAW_HD void operator()(std::ptrdiff_t item) const {
        const int image = static_cast<int>(item / rows), row = static_cast<int>(item % rows);
        int c = 0;
        for (; c + 16 <= channels; c += 16) body.template run<16>(image, row, c);
        for (; c + 8 <= channels; c += 8) body.template run<8>(image, row, c);
        for (; c < channels; ++c) body.template run<1>(image, row, c);
    }
};

template <class F>
struct RowAndChannel {
    F body;
    int rows, channels;

    RECONLAW_HD void operator()(std::ptrdiff_t item) const {
        const std::ptrdiff_t line = item / channels;
        body.template run<1>(static_cast<int>(line / rows), static_cast<int>(line % rows),
                             static_cast<int>(item % channels));
    }
};

template <class F>
void for_each_row(int images, int rows, int channels, const F& body) {
#if THRUST_DEVICE_SYSTEM == THRUST_DEVICE_SYSTEM_CUDA
    for_each_item(std::ptrdiff_t{images} * rows * channels, RowAndChannel<F>{body, rows, channels});
#else
    for_each_item(std::ptrdiff_t{images} * rows, RowOfChannels<F>{body, rows, channels});
#endif
}

/// For functors that treat all channels alike: a view without gaps between its pixels has one long row of
/// "channels", which vectorises however few channels there are.
template <class T>
View<T> flat_rows(View<T> v) {
    if (v.pixel != v.c) return v;
    return {v.data, v.n, v.h, 1, v.w * v.c, v.image, v.row, std::ptrdiff_t{v.w} * v.c};
}

template <class T, class U>
bool flattens(const View<T>& a, const View<U>& b) {
    return a.pixel == a.c && b.pixel == b.c;
}

/// One thread, or one vector lane, an element of a flat array: f(i) for i in [0, count).
template <class F>
struct BlockOfElements {
    F body;
    std::ptrdiff_t count;
    static constexpr std::ptrdiff_t length = 4096;

    RECONLAW_HD void operator()(std::ptrdiff_t block) const {
        const std::ptrdiff_t begin = block * length, end = begin + length < count ? begin + length : count;
#pragma omp simd
        for (std::ptrdiff_t i = begin; i < end; ++i) body(i);
    }
};

template <class F>
void for_each_element(std::ptrdiff_t count, const F& body) {
#if THRUST_DEVICE_SYSTEM == THRUST_DEVICE_SYSTEM_CUDA
    for_each_item(count, body);
#else
    using Block = BlockOfElements<F>;
    for_each_item((count + Block::length - 1) / Block::length, Block{body, count});
#endif
}

}  // namespace reconlaw::gpu
