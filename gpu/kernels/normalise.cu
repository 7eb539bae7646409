/// Instance norm, activations and biases: two passes over the rows, one that sums and one that writes.

#include <cmath>

#include "kernels.hpp"
#include "row_loop.cuh"

namespace reconlaw::gpu::kernels {
namespace {

// Sums over pixels go by way of the rows: every row leaves its own sums in row_sums[(i h + y) 2 c ...], which
// are added from top to bottom in groups, and then the groups. The order is always the same.

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

/// Rows that one item sums where there are more than twice as many; the groups' results are then summed by
/// another. A GPU would wait for a long loop in few threads.
constexpr int group_rows = 16;

inline int groups_of(int rows) {
    return rows > 2 * group_rows ? (rows + group_rows - 1) / group_rows : 1;
}

/// Lines of means and sums of squared deviations joined, in groups, to those of all their pixels: the lines'
/// own deviations and those of their means. A line stands for `stride` rows from its own on.
template <class T>
struct JoinMoments {
    T* row_sums;
    int h, w, channels;
    int lines, stride, group;
    T epsilon;
    T* statistics;  ///< null: a group's result takes the place of its first line

    template <int W>
    RECONLAW_HD void run(int i, int g, int c) const {
        const int first = g * group, last = first + group < lines ? first + group : lines;
        const std::ptrdiff_t line = std::ptrdiff_t{2} * channels * stride;
        T* p = row_sums + std::ptrdiff_t{2} * i * h * channels + c;
        T mean[W] = {}, m2[W] = {}, all = 0;
        for (int n = first; n < last; ++n) {
            const T count = pixels(n);
            all += count;
#pragma omp simd
            for (int k = 0; k < W; ++k) mean[k] += count * p[n * line + k];
        }
        for (int k = 0; k < W; ++k) mean[k] /= all;
        for (int n = first; n < last; ++n) {
            const T count = pixels(n);
#pragma omp simd
            for (int k = 0; k < W; ++k) {
                const T d = p[n * line + k] - mean[k];
                m2[k] += p[n * line + channels + k] + count * (d * d);
            }
        }
        T* to = statistics ? statistics + std::ptrdiff_t{2} * i * channels + c : p + first * line;
        for (int k = 0; k < W; ++k) {
            to[k] = mean[k];
            to[channels + k] = statistics ? T(1) / std::sqrt(m2[k] / all + epsilon) : m2[k];
        }
    }
    RECONLAW_HD T pixels(int n) const {
        const int rows = (n + 1) * stride < h ? stride : h - n * stride;
        return static_cast<T>(rows) * static_cast<T>(w);
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
        if constexpr (W == 1) {
            for_each_pixel(
                z.w, [&](int x) -> R { return from[x * z.pixel]; },
                [&](int x, R value) { to[x * y.pixel] = normalised(value, m[0], s[0]); });
        } else {
            for (int x = 0; x < z.w; ++x) {
#pragma omp simd
                for (int k = 0; k < W; ++k)
                    to[x * y.pixel + k] = normalised(from[x * z.pixel + k], m[k], s[k]);
            }
        }
    }
    RECONLAW_HD R normalised(R value, R mean, R scale) const {
        const R v = (value - mean) * scale, low = slope * v;
        return v > low ? v : low;
    }
};

template <class R>
struct ValueAndGradient {
    R v, g;
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

/// Lines summed in groups: out[(i out_h + g out_stride) channels + k] = factor times the sum over the lines n
/// of group g of in[(i h + n stride) channels + k]. A group's sum may take the place of its first line.
template <class T>
struct SumGroups {
    const T* in;
    int h, channels;
    int lines, stride, group;
    T factor;
    T* out;
    int out_h, out_stride;

    template <int W>
    RECONLAW_HD void run(int i, int g, int c) const {
        const int first = g * group, last = first + group < lines ? first + group : lines;
        const T* p = in + std::ptrdiff_t{i} * h * channels + c;
        T a[W] = {};
        for (int n = first; n < last; ++n) {
#pragma omp simd
            for (int k = 0; k < W; ++k) a[k] += p[std::ptrdiff_t{n} * stride * channels + k];
        }
        T* to = out + (std::ptrdiff_t{i} * out_h + std::ptrdiff_t{g} * out_stride) * channels + c;
        for (int k = 0; k < W; ++k) to[k] = a[k] * factor;
    }
};

/// out[i channels + k] = factor times the sum over rows of row_sums[(i h + row) channels + k]; row_sums is
/// overwritten.
template <class T>
void sum_rows(T* row_sums, int images, int h, int channels, T factor, T* out) {
    const int groups = groups_of(h);
    if (groups > 1)
        for_each_row(images, groups, channels,
                     SumGroups<T>{row_sums, h, channels, h, 1, group_rows, T(1), row_sums, h, group_rows});
    const int lines = groups > 1 ? groups : h, stride = groups > 1 ? group_rows : 1;
    for_each_row(images, 1, channels,
                 SumGroups<T>{row_sums, h, channels, lines, stride, lines, factor, out, 1, 0});
}

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
        const std::ptrdiff_t first = std::ptrdiff_t{2} * i * y.c + c;
        R s[W], a[W], b[W];
        for (int k = 0; k < W; ++k)
            s[k] = statistics[first + y.c + k], a[k] = sums[first + k], b[k] = sums[first + y.c + k];
        if constexpr (W == 1) {
            for_each_pixel(
                y.w,
                [&](int x) {
                    return ValueAndGradient<R>{py[x * y.pixel], pd[x * dy.pixel]};
                },
                [&](int x, const ValueAndGradient<R>& at) {
                    to[x * dz.pixel] = back(at.v, at.g, s[0], a[0], b[0]);
                });
        } else {
            for (int x = 0; x < y.w; ++x) {
#pragma omp simd
                for (int k = 0; k < W; ++k)
                    to[x * dz.pixel + k] = back(py[x * y.pixel + k], pd[x * dy.pixel + k], s[k], a[k], b[k]);
            }
        }
    }
    RECONLAW_HD R back(R v, R g, R scale, R mean, R product) const {
        const R gentle = slope * g, steep = inverse_slope * v;
        const R d = v > 0 ? g : gentle, u = v > 0 ? v : steep;
        return scale * (d - mean - u * product);
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
        if constexpr (W == 1) {
            for_each_pixel(
                z.w, [&](int x) -> R { return from[x * z.pixel]; },
                [&](int x, R value) { to[x * y.pixel] = activated(value + b[0]); });
        } else {
            for (int x = 0; x < z.w; ++x) {
#pragma omp simd
                for (int k = 0; k < W; ++k) to[x * y.pixel + k] = activated(from[x * z.pixel + k] + b[k]);
            }
        }
    }
    RECONLAW_HD R activated(R v) const {
        const R low = slope * v;
        return v > low ? v : low;
    }
};

template <class T, class U>
struct ActivateBackward {
    using R = Real<T>;
    View<const U> y, dy;
    R slope;
    R* row_sums;  ///< or null
    View<T> dz;

    RECONLAW_HD R through(R v, R g) const {
        const R gentle = slope * g;
        return v > 0 ? g : gentle;
    }
    template <int W>
    RECONLAW_HD void run(int i, int row, int c) const {
        const U* py = y.at(i, row, c);
        const U* pd = dy.at(i, row, c);
        T* to = dz.at(i, row, c);
        R sum[W] = {};
        if constexpr (W == 1) {
            for_each_pixel(
                y.w,
                [&](int x) {
                    return ValueAndGradient<R>{py[x * y.pixel], pd[x * dy.pixel]};
                },
                [&](int x, const ValueAndGradient<R>& at) {
                    const R d = through(at.v, at.g);
                    sum[0] += d;
                    to[x * dz.pixel] = d;
                });
        } else {
            for (int x = 0; x < y.w; ++x) {
#pragma omp simd
                for (int k = 0; k < W; ++k) {
                    const R d = through(py[x * y.pixel + k], pd[x * dy.pixel + k]);
                    sum[k] += d;
                    to[x * dz.pixel + k] = d;
                }
            }
        }
        if (!row_sums) return;
        R* RECONLAW_RESTRICT out = row_sums + (std::ptrdiff_t{i} * y.h + row) * y.c + c;
        for (int k = 0; k < W; ++k) out[k] = sum[k];
    }
};

}  // namespace

template <class T>
void instance_statistics(View<const T> z, Real<T> epsilon, Real<T>* row_sums, Real<T>* statistics) {
    for_each_row(z.n, z.h, z.c, RowMoments<T>{z, row_sums});
    using R = Real<T>;
    const int groups = groups_of(z.h);
    if (groups > 1)
        for_each_row(z.n, groups, z.c,
                     JoinMoments<R>{row_sums, z.h, z.w, z.c, z.h, 1, group_rows, epsilon, nullptr});
    const int lines = groups > 1 ? groups : z.h, stride = groups > 1 ? group_rows : 1;
    for_each_row(z.n, 1, z.c,
                 JoinMoments<R>{row_sums, z.h, z.w, z.c, lines, stride, lines, epsilon, statistics});
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
    sum_rows<R>(row_sums, y.n, y.h, 2 * y.c, factor, sums);
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
    if (dbias) sum_rows<Real<T>>(row_sums, 1, y.n * y.h, y.c, 1, dbias);
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
