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

constexpr std::ptrdiff_t block = 4096;

template <class T>
struct BlockSquares {
    const T* g;
    std::ptrdiff_t count;
    double* sums;

    RECONLAW_HD void operator()(std::ptrdiff_t b) const {
        const std::ptrdiff_t end = (b + 1) * block < count ? (b + 1) * block : count;
        double sum = 0;
#pragma omp simd reduction(+ : sum)
        for (std::ptrdiff_t i = b * block; i < end; ++i)
            sum += static_cast<double>(g[i]) * static_cast<double>(g[i]);
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

template <class T>
double squared_norm(std::ptrdiff_t count, const T* g, double* sums) {
    const std::ptrdiff_t blocks = (count + block - 1) / block;
    for_each_item(blocks, BlockSquares<T>{g, count, sums});
    return sum_on_host(sums, blocks);
}

#define RECONLAW_INSTANTIATE(T)                                                                          \
    template void adam<T>(std::ptrdiff_t, T*, const T*, T*, T*, double, double, double, double, double); \
    template void rmsprop<T>(std::ptrdiff_t, T*, const T*, T*, double, double, double);                  \
    template void sgd<T>(std::ptrdiff_t, T*, const T*, T*, double, double);                              \
    template void scale<T>(std::ptrdiff_t, T, T*);                                                       \
    template double squared_norm<T>(std::ptrdiff_t, const T*, double*);
RECONLAW_INSTANTIATE(float)
RECONLAW_INSTANTIATE(double)

}  // namespace reconlaw::gpu::kernels
