/// Instance norm, activations and biases: two passes over the rows, one that sums and one that writes.

#include <cmath>

#include "kernels.hpp"
#include "row_loop.cuh"

namespace reconlaw::gpu::kernels {
namespace {

// Sums over pixels go by way of the rows: every row leaves its own sums in row_sums[(i h + y) 2 c ...], and
// one item an image adds them from top to bottom. The order is always the same.

/// Mean and sum of squared deviations of a row.
template <class T>
struct RowMoments {
    View<const T> z;
    T* row_sums;

    template <int W>
    RECONLAW_HD void run(int i, int y, int c) const {
        const T* RECONLAW_RESTRICT p = z.at(i, y, c);
        T mean[W] = {}, m2[W] = {};
        for (int x = 0; x < z.w; ++x) {
#pragma omp simd
            for (int k = 0; k < W; ++k) mean[k] += p[x * z.pixel + k];
        }
        for (int k = 0; k < W; ++k) mean[k] /= static_cast<T>(z.w);
        for (int x = 0; x < z.w; ++x) {
#pragma omp simd
            for (int k = 0; k < W; ++k) {
                const T d = p[x * z.pixel + k] - mean[k];
                m2[k] += d * d;
            }
        }
        T* RECONLAW_RESTRICT out = row_sums + (std::ptrdiff_t{i} * z.h + y) * 2 * z.c + c;
        for (int k = 0; k < W; ++k) out[k] = mean[k], out[z.c + k] = m2[k];
    }
};

/// The rows' moments joined (Chan, Golub & LeVeque 1983, for rows of equal length).
template <class T>
struct JoinMoments {
    const T* row_sums;
    int h, w, channels;
    T epsilon;
    T* statistics;

    template <int W>
    RECONLAW_HD void run(int i, int, int c) const {
        const T* RECONLAW_RESTRICT p = row_sums + std::ptrdiff_t{i} * h * 2 * channels + c;
        T mean[W] = {}, m2[W] = {};
        for (int y = 0; y < h; ++y) {
            const T share = T(1) / static_cast<T>(y + 1);
#pragma omp simd
            for (int k = 0; k < W; ++k) {
                const T d = p[std::ptrdiff_t{2} * y * channels + k] - mean[k];
                m2[k] += p[(std::ptrdiff_t{2} * y + 1) * channels + k] +
                         d * d * (static_cast<T>(w) * static_cast<T>(y) * share);
                mean[k] += d * share;
            }
        }
        T* RECONLAW_RESTRICT out = statistics + std::ptrdiff_t{2} * i * channels + c;
        for (int k = 0; k < W; ++k) {
            out[k] = mean[k];
            out[channels + k] = T(1) / std::sqrt(m2[k] / (static_cast<T>(h) * static_cast<T>(w)) + epsilon);
        }
    }
};

template <class T>
struct Normalise {
    View<const T> z;
    const T* statistics;
    T slope;
    View<T> y;

    template <int W>
    RECONLAW_HD void run(int i, int row, int c) const {
        const T* RECONLAW_RESTRICT from = z.at(i, row, c);
        T* RECONLAW_RESTRICT to = y.at(i, row, c);
        const T* mean = statistics + std::ptrdiff_t{2} * i * z.c + c;
        T m[W], s[W];
        for (int k = 0; k < W; ++k) m[k] = mean[k], s[k] = mean[z.c + k];
        for (int x = 0; x < z.w; ++x) {
#pragma omp simd
            for (int k = 0; k < W; ++k) {
                const T v = (from[x * z.pixel + k] - m[k]) * s[k], low = slope * v;
                to[x * y.pixel + k] = v > low ? v : low;
            }
        }
    }
};

/// Row sums of d and d v, where v is the normalised value and d the gradient with respect to it.
template <class T>
struct RowGradientSums {
    View<const T> y, dy;
    T slope;
    T* row_sums;

    template <int W>
    RECONLAW_HD void run(int i, int row, int c) const {
        const T* RECONLAW_RESTRICT py = y.at(i, row, c);
        const T* RECONLAW_RESTRICT pd = dy.at(i, row, c);
        T sum[W] = {}, product[W] = {};
        for (int x = 0; x < y.w; ++x) {
#pragma omp simd
            for (int k = 0; k < W; ++k) {
                const T v = py[x * y.pixel + k], g = pd[x * dy.pixel + k];
                // slope g v/slope = g v: the product needs no case for the sign
                const T gentle = slope * g;
                sum[k] += v > 0 ? g : gentle;
                product[k] += g * v;
            }
        }
        T* RECONLAW_RESTRICT out = row_sums + (std::ptrdiff_t{i} * y.h + row) * 2 * y.c + c;
        for (int k = 0; k < W; ++k) out[k] = sum[k], out[y.c + k] = product[k];
    }
};

/// sums[2 i c + k], sums[(2 i + 1) c + k] = the row sums added up, times `factor`.
template <class T>
struct JoinSums {
    const T* row_sums;
    int h, channels;
    T factor;
    T* sums;

    template <int W>
    RECONLAW_HD void run(int i, int, int c) const {
        const T* RECONLAW_RESTRICT p = row_sums + std::ptrdiff_t{i} * h * 2 * channels + c;
        T a[W] = {}, b[W] = {};
        for (int y = 0; y < h; ++y) {
#pragma omp simd
            for (int k = 0; k < W; ++k) {
                a[k] += p[std::ptrdiff_t{2} * y * channels + k];
                b[k] += p[(std::ptrdiff_t{2} * y + 1) * channels + k];
            }
        }
        T* RECONLAW_RESTRICT out = sums + std::ptrdiff_t{2} * i * channels + c;
        for (int k = 0; k < W; ++k) out[k] = a[k] * factor, out[channels + k] = b[k] * factor;
    }
};

/// dz = (d - mean(d) - v mean(d v))/std
template <class T>
struct NormaliseBackward {
    View<const T> y, dy;
    const T *statistics, *sums;
    T slope, inverse_slope;
    View<T> dz;

    template <int W>
    RECONLAW_HD void run(int i, int row, int c) const {
        const T* RECONLAW_RESTRICT py = y.at(i, row, c);
        const T* RECONLAW_RESTRICT pd = dy.at(i, row, c);
        T* RECONLAW_RESTRICT to = dz.at(i, row, c);
        const std::ptrdiff_t at = std::ptrdiff_t{2} * i * y.c + c;
        T s[W], a[W], b[W];
        for (int k = 0; k < W; ++k)
            s[k] = statistics[at + y.c + k], a[k] = sums[at + k], b[k] = sums[at + y.c + k];
        for (int x = 0; x < y.w; ++x) {
#pragma omp simd
            for (int k = 0; k < W; ++k) {
                const T v = py[x * y.pixel + k], g = pd[x * dy.pixel + k];
                const T gentle = slope * g, steep = inverse_slope * v;
                const T d = v > 0 ? g : gentle, u = v > 0 ? v : steep;
                to[x * dz.pixel + k] = s[k] * (d - a[k] - u * b[k]);
            }
        }
    }
};

template <class T>
struct Activate {
    View<const T> z;
    const T* bias;
    T slope;
    View<T> y;

    template <int W>
    RECONLAW_HD void run(int i, int row, int c) const {
        const T* RECONLAW_RESTRICT from = z.at(i, row, c);
        T* RECONLAW_RESTRICT to = y.at(i, row, c);
        T b[W];
        for (int k = 0; k < W; ++k) b[k] = bias ? bias[c + k] : T(0);
        for (int x = 0; x < z.w; ++x) {
#pragma omp simd
            for (int k = 0; k < W; ++k) {
                const T v = from[x * z.pixel + k] + b[k], low = slope * v;
                to[x * y.pixel + k] = v > low ? v : low;
            }
        }
    }
};

template <class T>
struct ActivateBackward {
    View<const T> y, dy;
    T slope;
    T* row_sums;  ///< or null
    View<T> dz;

    template <int W>
    RECONLAW_HD void run(int i, int row, int c) const {
        const T* py = y.at(i, row, c);
        const T* pd = dy.at(i, row, c);
        T* to = dz.at(i, row, c);
        T sum[W] = {};
        for (int x = 0; x < y.w; ++x) {
#pragma omp simd
            for (int k = 0; k < W; ++k) {
                const T v = py[x * y.pixel + k], g = pd[x * dy.pixel + k], gentle = slope * g;
                const T d = v > 0 ? g : gentle;
                sum[k] += d;
                to[x * dz.pixel + k] = d;
            }
        }
        if (!row_sums) return;
        T* RECONLAW_RESTRICT out = row_sums + (std::ptrdiff_t{i} * y.h + row) * y.c + c;
        for (int k = 0; k < W; ++k) out[k] = sum[k];
    }
};

/// out[k] = sum over lines of lines[line c + k]
template <class T>
struct SumLines {
    const T* lines;
    int count, channels;
    T* out;

    template <int W>
    RECONLAW_HD void run(int, int, int c) const {
        T a[W] = {};
        for (int line = 0; line < count; ++line) {
#pragma omp simd
            for (int k = 0; k < W; ++k) a[k] += lines[std::ptrdiff_t{line} * channels + c + k];
        }
        for (int k = 0; k < W; ++k) out[c + k] = a[k];
    }
};

}  // namespace

template <class T>
void instance_statistics(View<const T> z, T epsilon, T* row_sums, T* statistics) {
    for_each_row(z.n, z.h, z.c, RowMoments<T>{z, row_sums});
    for_each_row(z.n, 1, z.c, JoinMoments<T>{row_sums, z.h, z.w, z.c, epsilon, statistics});
}

template <class T>
void normalise(View<const T> z, const T* statistics, T slope, View<T> y) {
    for_each_row(z.n, z.h, z.c, Normalise<T>{z, statistics, slope, y});
}

template <class T>
void normalise_backward(View<const T> y, View<const T> dy, const T* statistics, T slope, T* row_sums, T* sums,
                        View<T> dz) {
    for_each_row(y.n, y.h, y.c, RowGradientSums<T>{y, dy, slope, row_sums});
    const T factor = T(1) / (static_cast<T>(y.h) * static_cast<T>(y.w));
    for_each_row(y.n, 1, y.c, JoinSums<T>{row_sums, y.h, y.c, factor, sums});
    for_each_row(y.n, y.h, y.c, NormaliseBackward<T>{y, dy, statistics, sums, slope, T(1) / slope, dz});
}

template <class T>
void activate(View<const T> z, const T* bias, T slope, View<T> y) {
    if (!bias && flattens(z, y)) z = flat_rows(z), y = flat_rows(y);
    for_each_row(z.n, z.h, z.c, Activate<T>{z, bias, slope, y});
}

template <class T>
void activate_backward(View<const T> y, View<const T> dy, T slope, T* row_sums, T* dbias, View<T> dz) {
    for_each_row(y.n, y.h, y.c, ActivateBackward<T>{y, dy, slope, dbias ? row_sums : nullptr, dz});
    if (dbias) for_each_row(1, 1, y.c, SumLines<T>{row_sums, y.n * y.h, y.c, dbias});
}

#define RECONLAW_INSTANTIATE(T)                                                                      \
    template void instance_statistics<T>(View<const T>, T, T*, T*);                                  \
    template void normalise<T>(View<const T>, const T*, T, View<T>);                                 \
    template void normalise_backward<T>(View<const T>, View<const T>, const T*, T, T*, T*, View<T>); \
    template void activate<T>(View<const T>, const T*, T, View<T>);                                  \
    template void activate_backward<T>(View<const T>, View<const T>, T, T*, T*, View<T>);
RECONLAW_INSTANTIATE(float)
RECONLAW_INSTANTIATE(double)

}  // namespace reconlaw::gpu::kernels
