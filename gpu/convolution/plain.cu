/// Convolutions by plain loops: every result is one sum, taken by one thread in a fixed order.

#include "../kernels/row_loop.cuh"
#include "plain.hpp"

namespace reconlaw::gpu {
namespace {

/// Shape, and the arrays x, y and w of the definition; one of the three is written.
template <class T>
struct Arrays {
    ConvolutionShape s;
    int out_height, out_width;
    T *x, *y, *w;

    RECONLAW_HD std::ptrdiff_t input(std::ptrdiff_t i, int row, int column, int k) const {
        return ((i * s.height + row) * s.width + column) * s.in_channels + k;
    }
    RECONLAW_HD std::ptrdiff_t output(std::ptrdiff_t i, int row, int column, int o) const {
        return ((i * out_height + row) * out_width + column) * s.out_channels + o;
    }
    RECONLAW_HD std::ptrdiff_t weight(std::ptrdiff_t o, int k, int u, int v) const {
        return ((o * s.in_channels + k) * s.kernel + u) * s.kernel + v;
    }
    /// Row (or column) of the output that meets input row `at` by the kernel's row u; -1 if none does.
    RECONLAW_HD int output_row(int at, int u, int count) const {
        const int shifted = at + s.padding - u;
        return shifted >= 0 && shifted % s.stride == 0 && shifted / s.stride < count ? shifted / s.stride
                                                                                     : -1;
    }
};

template <class T>
struct Forward {
    Arrays<T> a;

    RECONLAW_HD void operator()(std::ptrdiff_t item) const {
        const ConvolutionShape& s = a.s;
        const int o = static_cast<int>(item % s.out_channels);
        const std::ptrdiff_t pixel = item / s.out_channels;
        const int q = static_cast<int>(pixel % a.out_width);
        const int r = static_cast<int>(pixel / a.out_width % a.out_height);
        const std::ptrdiff_t i = pixel / a.out_width / a.out_height;
        T sum = 0;
        for (int u = 0; u < s.kernel; ++u)
            for (int v = 0; v < s.kernel; ++v) {
                const int row = s.stride * r + u - s.padding, column = s.stride * q + v - s.padding;
                if (row < 0 || row >= s.height || column < 0 || column >= s.width) continue;
                for (int k = 0; k < s.in_channels; ++k)
                    sum += a.w[a.weight(o, k, u, v)] * a.x[a.input(i, row, column, k)];
            }
        a.y[item] = sum;
    }
};

template <class T>
struct BackwardData {
    Arrays<T> a;

    RECONLAW_HD void operator()(std::ptrdiff_t item) const {
        const ConvolutionShape& s = a.s;
        const int k = static_cast<int>(item % s.in_channels);
        const std::ptrdiff_t pixel = item / s.in_channels;
        const int column = static_cast<int>(pixel % s.width);
        const int row = static_cast<int>(pixel / s.width % s.height);
        const std::ptrdiff_t i = pixel / s.width / s.height;
        T sum = 0;
        for (int u = 0; u < s.kernel; ++u)
            for (int v = 0; v < s.kernel; ++v) {
                const int r = a.output_row(row, u, a.out_height), q = a.output_row(column, v, a.out_width);
                if (r < 0 || q < 0) continue;
                for (int o = 0; o < s.out_channels; ++o)
                    sum += a.w[a.weight(o, k, u, v)] * a.y[a.output(i, r, q, o)];
            }
        a.x[item] = sum;
    }
};

template <class T>
struct BackwardWeights {
    Arrays<T> a;

    RECONLAW_HD void operator()(std::ptrdiff_t item) const {
        const ConvolutionShape& s = a.s;
        const int v = static_cast<int>(item % s.kernel), u = static_cast<int>(item / s.kernel % s.kernel);
        const std::ptrdiff_t pair = item / s.kernel / s.kernel;
        const int k = static_cast<int>(pair % s.in_channels), o = static_cast<int>(pair / s.in_channels);
        T sum = 0;
        for (int i = 0; i < s.images; ++i)
            for (int r = 0; r < a.out_height; ++r) {
                const int row = s.stride * r + u - s.padding;
                if (row < 0 || row >= s.height) continue;
                for (int q = 0; q < a.out_width; ++q) {
                    const int column = s.stride * q + v - s.padding;
                    if (column >= 0 && column < s.width)
                        sum += a.x[a.input(i, row, column, k)] * a.y[a.output(i, r, q, o)];
                }
            }
        a.w[item] = sum;
    }
};

template <class T>
struct Copy {
    const T* from;
    T* to;

    RECONLAW_HD void operator()(std::ptrdiff_t i) const { to[i] = from[i]; }
};

template <class T>
class PlainConvolution final : public Convolution<T> {
  public:
    explicit PlainConvolution(const ConvolutionShape& shape) : s_(shape) {}

    std::size_t workspace_bytes() const override { return 0; }
    std::size_t weight_bytes() const override { return sizeof(T) * static_cast<std::size_t>(s_.weights()); }
    void use_memory(void* weights, void*) override { weights_ = static_cast<T*>(weights); }
    void set_weights(const T* weights) override {
        for_each_element(s_.weights(), Copy<T>{weights, weights_});
    }

    void forward(const T* x, T* y) override {
        for_each_element(pixels(s_.out_height(), s_.out_width()) * s_.out_channels,
                         Forward<T>{arrays(x, y, weights_)});
    }
    void backward_data(const T* dy, T* dx) override {
        for_each_element(pixels(s_.height, s_.width) * s_.in_channels,
                         BackwardData<T>{arrays(dx, dy, weights_)});
    }
    void backward_weights(const T* x, const T* dy, T* dweights) override {
        for_each_element(s_.weights(), BackwardWeights<T>{arrays(x, dy, dweights)});
    }

  private:
    std::ptrdiff_t pixels(int height, int width) const { return std::ptrdiff_t{s_.images} * height * width; }
    Arrays<T> arrays(const T* x, const T* y, const T* w) const {
        return {s_, s_.out_height(), s_.out_width(), const_cast<T*>(x), const_cast<T*>(y), const_cast<T*>(w)};
    }

    ConvolutionShape s_;
    T* weights_ = nullptr;
};

}  // namespace

template <class T>
std::unique_ptr<Convolution<T>> make_plain_convolution(const ConvolutionShape& shape) {
    return std::make_unique<PlainConvolution<T>>(shape);
}
template std::unique_ptr<Convolution<float>> make_plain_convolution(const ConvolutionShape&);
template std::unique_ptr<Convolution<double>> make_plain_convolution(const ConvolutionShape&);

}  // namespace reconlaw::gpu
