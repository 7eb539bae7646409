#pragma once
/// Strided views of tensors in device memory. C++17, no Thrust: included by device code and host code alike.

#include <cstddef>
#include <type_traits>

#if defined(__CUDACC__)
#define RECONLAW_HD __host__ __device__
#else
#define RECONLAW_HD
#endif
#define RECONLAW_RESTRICT __restrict__

namespace reconlaw::gpu {

/// n images of h x w pixels with c channels, channels last: element (i, y, x, k) is
/// data[i image + y row + x pixel + k]. A slice of the channels of a wider tensor has pixel > c.
template <class T>
struct View {
    T* data = nullptr;
    int n = 0, h = 0, w = 0, c = 0;
    std::ptrdiff_t image = 0, row = 0, pixel = 0;  ///< strides, in elements

    RECONLAW_HD T* at(int i, int y, int k) const { return data + i * image + y * row + k; }
    template <class U, class = std::enable_if_t<std::is_same_v<U, T>>>
    operator View<const U>() const {
        return {data, n, h, w, c, image, row, pixel};
    }
};

template <class T>
View<T> dense_view(T* data, int n, int h, int w, int c) {
    const std::ptrdiff_t pixel = c, row = pixel * w;
    return {data, n, h, w, c, row * h, row, pixel};
}

}  // namespace reconlaw::gpu
