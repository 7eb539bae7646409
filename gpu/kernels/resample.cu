/// Pooling, pixel shuffle, reflection at the edge, and sums of tensors.

#include "kernels.hpp"
#include "row_loop.cuh"

namespace reconlaw::gpu::kernels {
namespace {

template <class T>
struct AveragePool {
    using R = Real<T>;
    View<const T> x;
    View<T> y;

    template <int W>
    RECONLAW_HD void run(int i, int row, int c) const {
        const T* RECONLAW_RESTRICT a = x.at(i, 2 * row, c);
        const T* RECONLAW_RESTRICT b = x.at(i, 2 * row + 1, c);
        T* RECONLAW_RESTRICT to = y.at(i, row, c);
        if constexpr (W == 1) {
            for_each_pixel(
                y.w,
                [&](int p) -> R {
                    const std::ptrdiff_t left = 2 * p * x.pixel, right = left + x.pixel;
                    return R(0.25) * ((R(a[left]) + R(a[right])) + (R(b[left]) + R(b[right])));
                },
                [&](int p, R value) { to[p * y.pixel] = value; });
        } else {
            for (int p = 0; p < y.w; ++p) {
                const std::ptrdiff_t left = 2 * p * x.pixel, right = left + x.pixel;
#pragma omp simd
                for (int k = 0; k < W; ++k)
                    to[p * y.pixel + k] =
                        R(0.25) * ((R(a[left + k]) + R(a[right + k])) + (R(b[left + k]) + R(b[right + k])));
            }
        }
    }
};

template <class T>
struct AveragePoolBackward {
    using R = Real<T>;
    View<const T> dy;
    bool accumulate;
    View<T> dx;

    template <int W>
    RECONLAW_HD void run(int i, int row, int c) const {
        T* RECONLAW_RESTRICT to = dx.at(i, row, c);
        const bool inside = row / 2 < dy.h;
        const T* RECONLAW_RESTRICT from = dy.at(i, inside ? row / 2 : 0, c);
        if constexpr (W == 1) {
            for_each_pixel(
                dx.w,
                [&](int p) -> R {
                    const bool counts = inside && p / 2 < dy.w;
                    const R g = (counts ? R(0.25) : R(0)) * from[(counts ? p / 2 : 0) * dy.pixel];
                    return accumulate ? R(to[p * dx.pixel]) + g : g;
                },
                [&](int p, R g) { to[p * dx.pixel] = g; });
        } else {
            for (int p = 0; p < dx.w; ++p) {
                const bool counts = inside && p / 2 < dy.w;
                const R weight = counts ? R(0.25) : R(0);
                const std::ptrdiff_t source = (counts ? p / 2 : 0) * dy.pixel;
#pragma omp simd
                for (int k = 0; k < W; ++k) {
                    const R g = weight * from[source + k];
                    to[p * dx.pixel + k] = accumulate ? R(to[p * dx.pixel + k]) + g : g;
                }
            }
        }
    }
};

template <class T>
struct ReflectEdge {
    View<T> y;
    bool row, column;

    template <int W>
    RECONLAW_HD void run(int i, int r, int c) const {
        const int from_row = row && r == y.h - 1 ? y.h - 3 : r;
        const int last =
            column ? y.w - 1 : y.w;  // pixels [0, last) of the row are there already, or in from_row
        T* to = y.at(i, r, c);
        const T* from = y.at(i, from_row, c);
        if (from_row != r)
            for (int p = 0; p < last; ++p)
                for (int k = 0; k < W; ++k) to[p * y.pixel + k] = from[p * y.pixel + k];
        if (column)
            for (int k = 0; k < W; ++k) to[last * y.pixel + k] = from[(y.w - 3) * y.pixel + k];
    }
};

template <class T>
struct ReflectEdgeBackward {
    View<T> dy;
    bool row, column;

    RECONLAW_HD static void add(T& to, Real<T> g) { to = Real<T>(to) + g; }

    // Only rows that receive something do work; each is written by its own item.
    template <int W>
    RECONLAW_HD void run(int i, int r, int c) const {
        T* to = dy.at(i, r, c);
        if (row && r == dy.h - 3) {
            const T* from = dy.at(i, dy.h - 1, c);
            for (int p = 0; p < dy.w; ++p)
                for (int k = 0; k < W; ++k) add(to[p * dy.pixel + k], from[p * dy.pixel + k]);
        }
        if (column)
            for (int k = 0; k < W; ++k) add(to[(dy.w - 3) * dy.pixel + k], to[(dy.w - 1) * dy.pixel + k]);
    }
};

template <class T>
struct PixelShuffle {
    View<const T> x;
    int factor;
    View<T> y;

    template <int W>
    RECONLAW_HD void run(int i, int row, int c) const {
        for (int k = 0; k < W; ++k) {
            const int first = (c + k) * factor * factor + row % factor * factor;
            const T* from = x.at(i, row / factor, first);
            T* to = y.at(i, row, c + k);
            for (int p = 0; p < y.w; ++p) to[p * y.pixel] = from[p / factor * x.pixel + p % factor];
        }
    }
};

template <class T>
struct PixelShuffleBackward {
    View<const T> dy;
    int factor;
    bool accumulate;
    View<T> dx;

    template <int W>
    RECONLAW_HD void run(int i, int row, int c) const {
        for (int k = 0; k < W; ++k) {
            const int channel = (c + k) / (factor * factor), place = (c + k) % (factor * factor);
            const T* from = dy.at(i, row * factor + place / factor, channel) + place % factor * dy.pixel;
            T* to = dx.at(i, row, c + k);
            for (int p = 0; p < dx.w; ++p) {
                const Real<T> g = from[p * factor * dy.pixel];
                to[p * dx.pixel] = accumulate ? Real<T>(to[p * dx.pixel]) + g : g;
            }
        }
    }
};

template <class T>
struct Combine {
    Real<T> a, b;
    View<const T> x, z;
    View<T> y;

    template <int W>
    RECONLAW_HD void run(int i, int row, int c) const {
        const T* px = x.at(i, row, c);
        T* to = y.at(i, row, c);
        if (!z.data) {
            for (int p = 0; p < y.w; ++p) {
#pragma omp simd
                for (int k = 0; k < W; ++k) to[p * y.pixel + k] = a * px[p * x.pixel + k];
            }
            return;
        }
        const T* pz = z.at(i, row, c);
        for (int p = 0; p < y.w; ++p) {
#pragma omp simd
            for (int k = 0; k < W; ++k)
                to[p * y.pixel + k] = a * px[p * x.pixel + k] + b * pz[p * z.pixel + k];
        }
    }
};

template <class T>
struct AddTo {
    Real<T> a;
    View<const T> x;
    View<T> y;

    template <int W>
    RECONLAW_HD void run(int i, int row, int c) const {
        const T* RECONLAW_RESTRICT px = x.at(i, row, c);
        T* RECONLAW_RESTRICT to = y.at(i, row, c);
        for (int p = 0; p < y.w; ++p) {
#pragma omp simd
            for (int k = 0; k < W; ++k)
                to[p * y.pixel + k] = Real<T>(to[p * y.pixel + k]) + a * px[p * x.pixel + k];
        }
    }
};

template <class From, class To>
struct Convert {
    const From* from;
    To* to;

    RECONLAW_HD void operator()(std::ptrdiff_t i) const { to[i] = from[i]; }
};

}  // namespace

template <class T>
void average_pool(View<const T> x, View<T> y) {
    for_each_row(y.n, y.h, y.c, AveragePool<T>{x, y});
}

template <class T>
void average_pool_backward(View<const T> dy, bool accumulate, View<T> dx) {
    for_each_row(dx.n, dx.h, dx.c, AveragePoolBackward<T>{dy, accumulate, dx});
}

template <class T>
void reflect_edge(View<T> y, bool row, bool column) {
    // the column first: the last row is then a copy of a row that is complete
    if (column) for_each_row(y.n, row ? y.h - 1 : y.h, y.c, ReflectEdge<T>{y, false, true});
    if (row) for_each_row(y.n, y.h, y.c, ReflectEdge<T>{y, true, false});
}

template <class T>
void reflect_edge_backward(View<T> dy, bool row, bool column) {
    if (row) for_each_row(dy.n, dy.h, dy.c, ReflectEdgeBackward<T>{dy, true, false});
    if (column) for_each_row(dy.n, row ? dy.h - 1 : dy.h, dy.c, ReflectEdgeBackward<T>{dy, false, true});
}

template <class T>
void pixel_shuffle(View<const T> x, int factor, View<T> y) {
    for_each_row(y.n, y.h, y.c, PixelShuffle<T>{x, factor, y});
}

template <class T>
void pixel_shuffle_backward(View<const T> dy, int factor, bool accumulate, View<T> dx) {
    for_each_row(dx.n, dx.h, dx.c, PixelShuffleBackward<T>{dy, factor, accumulate, dx});
}

template <class T>
void combine(Real<T> a, View<const T> x, Real<T> b, View<const T> z, View<T> y) {
    if (flattens(x, y) && (!z.data || z.pixel == z.c)) x = flat_rows(x), y = flat_rows(y), z = flat_rows(z);
    for_each_row(y.n, y.h, y.c, Combine<T>{a, b, x, z, y});
}

template <class T>
void add_to(Real<T> a, View<const T> x, View<T> y) {
    if (flattens(x, y)) x = flat_rows(x), y = flat_rows(y);
    for_each_row(y.n, y.h, y.c, AddTo<T>{a, x, y});
}

template <class From, class To>
void convert(std::ptrdiff_t count, const From* from, To* to) {
    for_each_element(count, Convert<From, To>{from, to});
}
template void convert(std::ptrdiff_t, const float*, BFloat16*);
template void convert(std::ptrdiff_t, const BFloat16*, float*);

#define RECONLAW_INSTANTIATE(T)                                                        \
    template void average_pool<T>(View<const T>, View<T>);                             \
    template void average_pool_backward<T>(View<const T>, bool, View<T>);              \
    template void reflect_edge<T>(View<T>, bool, bool);                                \
    template void reflect_edge_backward<T>(View<T>, bool, bool);                       \
    template void pixel_shuffle<T>(View<const T>, int, View<T>);                       \
    template void pixel_shuffle_backward<T>(View<const T>, int, bool, View<T>);        \
    template void combine<T>(Real<T>, View<const T>, Real<T>, View<const T>, View<T>); \
    template void add_to<T>(Real<T>, View<const T>, View<T>);
RECONLAW_INSTANTIATE(float)
RECONLAW_INSTANTIATE(double)
RECONLAW_INSTANTIATE(BFloat16)

}  // namespace reconlaw::gpu::kernels
