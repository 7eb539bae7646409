/// MSE, L1 and 1 - SSIM, and their gradients. The losses are summed in double.

#include <cmath>

#include "host_sum.hpp"
#include "kernels.hpp"
#include "row_loop.cuh"

namespace reconlaw::gpu::kernels {
namespace {

struct Square {
    template <class T>
    RECONLAW_HD static T value(T d) {
        return d * d;
    }
    template <class T>
    RECONLAW_HD static T slope(T d) {
        return 2 * d;
    }
};

struct Absolute {
    template <class T>
    RECONLAW_HD static T value(T d) {
        return d < 0 ? -d : d;
    }
    template <class T>
    RECONLAW_HD static T slope(T d) {
        return d > 0 ? T(1) : d < 0 ? T(-1) : T(0);
    }
};

/// A whole row at a time: every row's sum is one number.
template <class T, class Loss>
struct ElementLoss {
    View<const T> estimate, target;
    T factor;
    double* row_sums;
    View<T> gradient;

    RECONLAW_HD void operator()(std::ptrdiff_t line) const {
        const int i = static_cast<int>(line / estimate.h), row = static_cast<int>(line % estimate.h);
        const T* RECONLAW_RESTRICT pe = estimate.at(i, row, 0);
        const T* RECONLAW_RESTRICT pt = target.at(i, row, 0);
        T* RECONLAW_RESTRICT pg = gradient.at(i, row, 0);
        double sum = 0;
        for (int x = 0; x < estimate.w; ++x) {
#pragma omp simd reduction(+ : sum)
            for (int k = 0; k < estimate.c; ++k) {
                const T d = pe[x * estimate.pixel + k] - pt[x * target.pixel + k];
                sum += static_cast<double>(Loss::value(d));
                pg[x * gradient.pixel + k] = factor * Loss::slope(d);
            }
        }
        row_sums[line] = sum;
    }
};

template <class T, class Loss>
double element_loss(View<const T> estimate, View<const T> target, double* row_sums, View<T> gradient) {
    if (flattens(estimate, target) && gradient.pixel == gradient.c)
        estimate = flat_rows(estimate), target = flat_rows(target), gradient = flat_rows(gradient);
    const std::ptrdiff_t rows = std::ptrdiff_t{estimate.n} * estimate.h;
    const double count = static_cast<double>(rows) * estimate.w * estimate.c;
    for_each_item(rows,
                  ElementLoss<T, Loss>{estimate, target, static_cast<T>(1 / count), row_sums, gradient});
    return sum_on_host(row_sums, rows) / count;
}

constexpr int side = 7;  // of the SSIM window

/// SSIM of every window of one row, and what its gradient needs: d SSIM/d x = a + b x + c y for the pixels of
/// a window, x the estimate and y the target.
template <class T>
struct SsimWindows {
    View<const T> x, y;
    const T* range;
    double* row_sums;
    T* maps;

    RECONLAW_HD void operator()(std::ptrdiff_t line) const {
        const int rows = x.h - side + 1, columns = x.w - side + 1;
        const int i = static_cast<int>(line / rows), row = static_cast<int>(line % rows);
        const std::ptrdiff_t plane = std::ptrdiff_t{x.n} * rows * columns;
        constexpr T pixels = side * side, sample = pixels / (pixels - 1);
        const T c1 = T(0.01) * range[i] * (T(0.01) * range[i]),
                c2 = T(0.03) * range[i] * (T(0.03) * range[i]);
        double sum = 0;
        for (int column = 0; column < columns; ++column) {
            T mx = 0, my = 0;
            for (int r = 0; r < side; ++r)
                for (int c = 0; c < side; ++c) {
                    mx += x.at(i, row + r, 0)[(column + c) * x.pixel];
                    my += y.at(i, row + r, 0)[(column + c) * y.pixel];
                }
            mx /= pixels, my /= pixels;
            T xx = 0, yy = 0, xy = 0;  // about the means: no cancellation
            for (int r = 0; r < side; ++r)
                for (int c = 0; c < side; ++c) {
                    const T dx = x.at(i, row + r, 0)[(column + c) * x.pixel] - mx;
                    const T dy = y.at(i, row + r, 0)[(column + c) * y.pixel] - my;
                    xx += dx * dx, yy += dy * dy, xy += dx * dy;
                }
            const T a1 = 2 * mx * my + c1, a2 = 2 * sample * xy / pixels + c2;
            const T b1 = mx * mx + my * my + c1, b2 = sample * (xx + yy) / pixels + c2;
            const T s = a1 * a2 / (b1 * b2);
            // s depends on a pixel of x by the mean (dm = 1/pixels), by the variance (2 (x - mx)/(pixels -
            // 1)) and by the covariance ((y - my)/(pixels - 1))
            const T by_mean = (2 * my * a2 / (b1 * b2) - s * 2 * mx / b1) / pixels;
            const T by_x = -2 * s / b2 / (pixels - 1), by_y = 2 * a1 / (b1 * b2) / (pixels - 1);
            const std::ptrdiff_t at = line * columns + column;
            maps[at] = by_mean - by_x * mx - by_y * my;
            maps[plane + at] = by_x;
            maps[2 * plane + at] = by_y;
            sum += static_cast<double>(s);
        }
        row_sums[line] = sum;
    }
};

/// Each pixel collects from the windows that hold it.
template <class T>
struct SsimGradient {
    View<const T> x, y;
    const T* maps;
    T factor;
    View<T> gradient;

    RECONLAW_HD void operator()(std::ptrdiff_t line) const {
        const int rows = x.h - side + 1, columns = x.w - side + 1;
        const int i = static_cast<int>(line / x.h), row = static_cast<int>(line % x.h);
        const std::ptrdiff_t plane = std::ptrdiff_t{x.n} * rows * columns;
        const int top = row - side + 1 > 0 ? row - side + 1 : 0, bottom = row < rows ? row : rows - 1;
        for (int p = 0; p < x.w; ++p) {
            const int left = p - side + 1 > 0 ? p - side + 1 : 0, right = p < columns ? p : columns - 1;
            T a = 0, b = 0, c = 0;
            for (int r = top; r <= bottom; ++r)
                for (int q = left; q <= right; ++q) {
                    const std::ptrdiff_t at = (std::ptrdiff_t{i} * rows + r) * columns + q;
                    a += maps[at], b += maps[plane + at], c += maps[2 * plane + at];
                }
            gradient.at(i, row, 0)[p * gradient.pixel] =
                factor * (a + b * x.at(i, row, 0)[p * x.pixel] + c * y.at(i, row, 0)[p * y.pixel]);
        }
    }
};

}  // namespace

template <class T>
double mse_loss(View<const T> estimate, View<const T> target, double* row_sums, View<T> gradient) {
    return element_loss<T, Square>(estimate, target, row_sums, gradient);
}

template <class T>
double l1_loss(View<const T> estimate, View<const T> target, double* row_sums, View<T> gradient) {
    return element_loss<T, Absolute>(estimate, target, row_sums, gradient);
}

template <class T>
double ssim_loss(View<const T> estimate, View<const T> target, const T* range, double* row_sums, T* maps,
                 View<T> gradient) {
    const std::ptrdiff_t lines = std::ptrdiff_t{estimate.n} * (estimate.h - side + 1);
    const double windows = static_cast<double>(lines) * (estimate.w - side + 1);
    for_each_item(lines, SsimWindows<T>{estimate, target, range, row_sums, maps});
    for_each_item(std::ptrdiff_t{estimate.n} * estimate.h,
                  SsimGradient<T>{estimate, target, maps, static_cast<T>(-1 / windows), gradient});
    return 1 - sum_on_host(row_sums, lines) / windows;
}

#define RECONLAW_INSTANTIATE(T)                                                  \
    template double mse_loss<T>(View<const T>, View<const T>, double*, View<T>); \
    template double l1_loss<T>(View<const T>, View<const T>, double*, View<T>);  \
    template double ssim_loss<T>(View<const T>, View<const T>, const T*, double*, T*, View<T>);
RECONLAW_INSTANTIATE(float)
RECONLAW_INSTANTIATE(double)

}  // namespace reconlaw::gpu::kernels
