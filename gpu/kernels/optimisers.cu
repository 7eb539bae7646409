/// Adam, RMSprop and SGD on flat arrays, and the norm for clipping.

#include <cmath>

#include "host_sum.hpp"
#include "kernels.hpp"
#include "row_loop.cuh"

namespace reconlaw::gpu::kernels {
namespace {

template <class T>
struct Adam {
    T *p, *m, *v;
    const T* g;
    T step, root, b1, b2, epsilon;

    RECONLAW_HD void operator()(std::ptrdiff_t i) const {
        const T mean = b1 * m[i] + (1 - b1) * g[i], square = b2 * v[i] + (1 - b2) * (g[i] * g[i]);
        m[i] = mean, v[i] = square;
        p[i] -= step * mean / (std::sqrt(square) * root + epsilon);
    }
};

template <class T>
struct RmsProp {
    T *p, *v;
    const T* g;
    T rate, a, epsilon;

    RECONLAW_HD void operator()(std::ptrdiff_t i) const {
        const T square = a * v[i] + (1 - a) * (g[i] * g[i]);
        v[i] = square;
        p[i] -= rate * g[i] / (std::sqrt(square) + epsilon);
    }
};

template <class T>
struct Sgd {
    T *p, *m;
    const T* g;
    T rate, momentum;

    RECONLAW_HD void operator()(std::ptrdiff_t i) const {
        const T velocity = momentum * m[i] + g[i];
        m[i] = velocity;
        p[i] -= rate * velocity;
    }
};

template <class T>
struct Scale {
    T* g;
    T factor;

    RECONLAW_HD void operator()(std::ptrdiff_t i) const { g[i] *= factor; }
};

#if THRUST_DEVICE_SYSTEM == THRUST_DEVICE_SYSTEM_CUDA
// Sum number b is of every lanes-th element from b on: threads side by side read elements side by side.
constexpr std::ptrdiff_t most_lanes = 1 << 16, last_lanes = 512;
#else
// Sum number b is of the 4096 elements from 4096 b on.
constexpr std::ptrdiff_t block = 4096;
#endif

template <class T>
struct Square {
    const T* g;
    RECONLAW_HD double operator()(std::ptrdiff_t i) const {
        return static_cast<double>(g[i]) * static_cast<double>(g[i]);
    }
};
struct Same {
    const double* g;
    RECONLAW_HD double operator()(std::ptrdiff_t i) const { return g[i]; }
};

/// sums[b] = the sum of term(i) for i = b step, b step + stride, ... below its end
template <class Term>
struct StridedSums {
    Term term;
    std::ptrdiff_t count, step, stride, length;  ///< at most `length` terms each
    double* sums;

    RECONLAW_HD void operator()(std::ptrdiff_t b) const {
        const std::ptrdiff_t begin = b * step, left = (count - begin + stride - 1) / stride,
                             terms = left < length ? left : length;
        double sum = 0;
#pragma omp simd reduction(+ : sum)
        for (std::ptrdiff_t n = 0; n < terms; ++n) sum += term(begin + n * stride);
        sums[b] = sum;
    }
};

}  // namespace

template <class T>
void adam(std::ptrdiff_t count, T* p, const T* g, T* m, T* v, double step, double root, double b1, double b2,
          double epsilon) {
    for_each_element(count, Adam<T>{p, m, v, g, static_cast<T>(step), static_cast<T>(root),
                                    static_cast<T>(b1), static_cast<T>(b2), static_cast<T>(epsilon)});
}

template <class T>
void rmsprop(std::ptrdiff_t count, T* p, const T* g, T* v, double rate, double a, double epsilon) {
    for_each_element(count,
                     RmsProp<T>{p, v, g, static_cast<T>(rate), static_cast<T>(a), static_cast<T>(epsilon)});
}

template <class T>
void sgd(std::ptrdiff_t count, T* p, const T* g, T* m, double rate, double momentum) {
    for_each_element(count, Sgd<T>{p, m, g, static_cast<T>(rate), static_cast<T>(momentum)});
}

template <class T>
void scale(std::ptrdiff_t count, T factor, T* g) {
    for_each_element(count, Scale<T>{g, factor});
}

#if THRUST_DEVICE_SYSTEM == THRUST_DEVICE_SYSTEM_CUDA
std::ptrdiff_t squared_norm_size(std::ptrdiff_t count) {
    return (count < most_lanes ? count : most_lanes) + last_lanes;
}
template <class T>
double squared_norm(std::ptrdiff_t count, const T* g, double* sums) {
    const std::ptrdiff_t lanes = count < most_lanes ? count : most_lanes,
                         last = lanes < last_lanes ? lanes : last_lanes;
    for_each_item(lanes, StridedSums<Square<T>>{{g}, count, 1, lanes, count, sums + last_lanes});
    for_each_item(last, StridedSums<Same>{{sums + last_lanes}, lanes, 1, last, lanes, sums});
    return sum_on_host(sums, last);
}
#else
std::ptrdiff_t squared_norm_size(std::ptrdiff_t count) {
    return (count + block - 1) / block;
}
template <class T>
double squared_norm(std::ptrdiff_t count, const T* g, double* sums) {
    const std::ptrdiff_t blocks = squared_norm_size(count);
    for_each_item(blocks, StridedSums<Square<T>>{{g}, count, block, 1, block, sums});
    return sum_on_host(sums, blocks);
}
#endif

#define RECONLAW_INSTANTIATE(T)                                                                          \
    template void adam<T>(std::ptrdiff_t, T*, const T*, T*, T*, double, double, double, double, double); \
    template void rmsprop<T>(std::ptrdiff_t, T*, const T*, T*, double, double, double);                  \
    template void sgd<T>(std::ptrdiff_t, T*, const T*, T*, double, double);                              \
    template void scale<T>(std::ptrdiff_t, T, T*);                                                       \
    template double squared_norm<T>(std::ptrdiff_t, const T*, double*);
RECONLAW_INSTANTIATE(float)
RECONLAW_INSTANTIATE(double)

}  // namespace reconlaw::gpu::kernels
