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
    using R = Real<T>;
    View<const T> z;
    R* row_sums;

    template <int W>
    RECONLAW_HD void run(int i, int y, int c) const {
        const T* RECONLAW_RESTRICT p = z.at(i, y, c);
        R mean[W] = {}, m2[W] = {};
        for (int x = 0; x < z.w; ++x) {
#pragma omp simd
            for (int k = 0; k < W; ++k) mean[k] += p[x * z.pixel + k];
        }
        for (int k = 0; k < W; ++k) mean[k] /= static_cast<R>(z.w);
        for (int x = 0; x < z.w; ++x) {
#pragma omp simd
            for (int k = 0; k < W; ++k) {
                const R d = p[x * z.pixel + k] - mean[k];
                m2[k] += d * d;
            }
        }
        R* RECONLAW_RESTRICT out = row_sums + (std::ptrdiff_t{i} * z.h + y) * 2 * z.c + c;
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
    using R = Real<T>;
    View<const T> z;
    const R* statistics;
    R slope;
    View<T> y;

    template <int W>
    RECONLAW_HD void run(int i, int row, int c) const {
        const T* RECONLAW_RESTRICT from = z.at(i, row, c);
        T* RECONLAW_RESTRICT to = y.at(i, row, c);
        const R* mean = statistics + std::ptrdiff_t{2} * i * z.c + c;
        R m[W], s[W];
        for (int k = 0; k < W; ++k) m[k] = mean[k], s[k] = mean[z.c + k];
        for (int x = 0; x < z.w; ++x) {
#pragma omp simd
            for (int k = 0; k < W; ++k) {
                const R v = (from[x * z.pixel + k] - m[k]) * s[k], low = slope * v;
                to[x * y.pixel + k] = v > low ? v : low;
            }
        }
    }
};

/// Row sums of d and d v, where v is the normalised value and d the gradient with respect to it.
template <class T>
struct RowGradientSums {
    using R = Real<T>;
    View<const T> y, dy;
    R slope;
    R* row_sums;

    template <int W>
    RECONLAW_HD void run(int i, int row, int c) const {
        const T* RECONLAW_RESTRICT py = y.at(i, row, c);
        const T* RECONLAW_RESTRICT pd = dy.at(i, row, c);
        R sum[W] = {}, product[W] = {};
        for (int x = 0; x < y.w; ++x) {
#pragma omp simd
            for (int k = 0; k < W; ++k) {
                const R v = py[x * y.pixel + k], g = pd[x * dy.pixel + k];
                // slope g v/slope = g v: the product needs no case for the sign
                const R gentle = slope * g;
                sum[k] += v > 0 ? g : gentle;
                product[k] += g * v;
            }
        }
        R* RECONLAW_RESTRICT out = row_sums + (std::ptrdiff_t{i} * y.h + row) * 2 * y.c + c;
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
    using R = Real<T>;
    View<const T> y, dy;
    const R *statistics, *sums;
    R slope, inverse_slope;
    View<T> dz;

    template <int W>
    RECONLAW_HD void run(int i, int row, int c) const {
        const T* RECONLAW_RESTRICT py = y.at(i, row, c);
        const T* RECONLAW_RESTRICT pd = dy.at(i, row, c);
        T* RECONLAW_RESTRICT to = dz.at(i, row, c);
        const std::ptrdiff_t at = std::ptrdiff_t{2} * i * y.c + c;
        R s[W], a[W], b[W];
        for (int k = 0; k < W; ++k)
            s[k] = statistics[at + y.c + k], a[k] = sums[at + k], b[k] = sums[at + y.c + k];
        for (int x = 0; x < y.w; ++x) {
#pragma omp simd
            for (int k = 0; k < W; ++k) {
                const R v = py[x * y.pixel + k], g = pd[x * dy.pixel + k];
                const R gentle = slope * g, steep = inverse_slope * v;
                const R d = v > 0 ? g : gentle, u = v > 0 ? v : steep;
                to[x * dz.pixel + k] = s[k] * (d - a[k] - u * b[k]);
            }
        }
    }
};

template <class T, class U>
struct Activate {
    using R = Real<T>;
    View<const T> z;
    const R* bias;
    R slope;
    View<U> y;

    template <int W>
    RECONLAW_HD void run(int i, int row, int c) const {
        const T* RECONLAW_RESTRICT from = z.at(i, row, c);
        U* RECONLAW_RESTRICT to = y.at(i, row, c);
        R b[W];
        for (int k = 0; k < W; ++k) b[k] = bias ? bias[c + k] : R(0);
        for (int x = 0; x < z.w; ++x) {
#pragma omp simd
            for (int k = 0; k < W; ++k) {
                const R v = from[x * z.pixel + k] + b[k], low = slope * v;
                to[x * y.pixel + k] = v > low ? v : low;
            }
        }
    }
};

template <class T, class U>
struct ActivateBackward {
    using R = Real<T>;
    View<const U> y, dy;
    R slope;
    R* row_sums;  ///< or null
    View<T> dz;

    template <int W>
    RECONLAW_HD void run(int i, int row, int c) const {
        const U* py = y.at(i, row, c);
        const U* pd = dy.at(i, row, c);
        T* to = dz.at(i, row, c);
        R sum[W] = {};
        for (int x = 0; x < y.w; ++x) {
#pragma omp simd
            for (int k = 0; k < W; ++k) {
                const R v = py[x * y.pixel + k], g = pd[x * dy.pixel + k], gentle = slope * g;
                const R d = v > 0 ? g : gentle;
                sum[k] += d;
                to[x * dz.pixel + k] = d;
            }
        }
        if (!row_sums) return;
        R* RECONLAW_RESTRICT out = row_sums + (std::ptrdiff_t{i} * y.h + row) * y.c + c;
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
void instance_statistics(View<const T> z, Real<T> epsilon, Real<T>* row_sums, Real<T>* statistics) {
    for_each_row(z.n, z.h, z.c, RowMoments<T>{z, row_sums});
    for_each_row(z.n, 1, z.c, JoinMoments<Real<T>>{row_sums, z.h, z.w, z.c, epsilon, statistics});
}

template <class T>
void normalise(View<const T> z, const Real<T>* statistics, Real<T> slope, View<T> y) {
    for_each_row(z.n, z.h, z.c, Normalise<T>{z, statistics, slope, y});
}

template <class T>
void normalise_backward(View<const T> y, View<const T> dy, const Real<T>* statistics, Real<T> slope,
                        Real<T>* row_sums, Real<T>* sums, View<T> dz) {
    using R = Real<T>;
    for_each_row(y.n, y.h, y.c, RowGradientSums<T>{y, dy, slope, row_sums});
    const R factor = R(1) / (static_cast<R>(y.h) * static_cast<R>(y.w));
    for_each_row(y.n, 1, y.c, JoinSums<R>{row_sums, y.h, y.c, factor, sums});
    for_each_row(y.n, y.h, y.c, NormaliseBackward<T>{y, dy, statistics, sums, slope, R(1) / slope, dz});
}

template <class T, class U>
void activate(View<const T> z, const Real<T>* bias, Real<T> slope, View<U> y) {
    if (!bias && flattens(z, y)) z = flat_rows(z), y = flat_rows(y);
    for_each_row(z.n, z.h, z.c, Activate<T, U>{z, bias, slope, y});
}

template <class T, class U>
void activate_backward(View<const U> y, View<const U> dy, Real<T> slope, Real<T>* row_sums, Real<T>* dbias,
                       View<T> dz) {
    for_each_row(y.n, y.h, y.c, ActivateBackward<T, U>{y, dy, slope, dbias ? row_sums : nullptr, dz});
    if (dbias) for_each_row(1, 1, y.c, SumLines<Real<T>>{row_sums, y.n * y.h, y.c, dbias});
}

#define RECONLAW_INSTANTIATE(T)                                                                          \
    template void instance_statistics<T>(View<const T>, Real<T>, Real<T>*, Real<T>*);                    \
    template void normalise<T>(View<const T>, const Real<T>*, Real<T>, View<T>);                         \
    template void normalise_backward<T>(View<const T>, View<const T>, const Real<T>*, Real<T>, Real<T>*, \
                                        Real<T>*, View<T>);
#define RECONLAW_INSTANTIATE_ACTIVATION(T, U)                                      \
    template void activate<T, U>(View<const T>, const Real<T>*, Real<T>, View<U>); \
    template void activate_backward<T, U>(View<const U>, View<const U>, Real<T>, Real<T>*, Real<T>*, View<T>);
RECONLAW_INSTANTIATE(float)
RECONLAW_INSTANTIATE(double)
RECONLAW_INSTANTIATE(BFloat16)
RECONLAW_INSTANTIATE_ACTIVATION(float, float)
RECONLAW_INSTANTIATE_ACTIVATION(double, double)
RECONLAW_INSTANTIATE_ACTIVATION(BFloat16, BFloat16)
RECONLAW_INSTANTIATE_ACTIVATION(BFloat16, float)

}  // namespace reconlaw::gpu::kernels
