#pragma once
/// Two-dimensional convolutions, channels last, of one fixed shape: the one thing a library computes for us.

#include <cstddef>
#include <memory>
#include <string>

#include "../kernels/bfloat16.hpp"

namespace reconlaw::gpu {

/// y(i, r, q, o) = sum over u, v, k of W(o, k, u, v) x(i, stride r + u - padding, stride q + v - padding, k),
/// square kernels, zero outside the image. In PyTorch's terms: Conv2d(in, out, kernel, stride, padding,
/// bias=False), and, where forward and backward_data change places, ConvTranspose2d(out, in, kernel, stride,
/// padding, bias=False).
struct ConvolutionShape {
    int images = 1, height = 1, width = 1;  ///< of x
    int in_channels = 1, out_channels = 1;
    int kernel = 3, stride = 1, padding = 1;

    int out_height() const { return (height + 2 * padding - kernel) / stride + 1; }
    int out_width() const { return (width + 2 * padding - kernel) / stride + 1; }
    std::ptrdiff_t weights() const { return std::ptrdiff_t{out_channels} * in_channels * kernel * kernel; }
};

/// How products are formed on a GPU: in single precision, or rounded to 10 bits for the tensor cores.
enum class Arithmetic { exact, tf32 };

/// Images in T = float, double or BFloat16. Weights and their gradients are Real<T>: float for BFloat16,
/// whose products are of two BF16 numbers (the weights rounded too), and summed in single precision.
///
/// cuDNN hands out a BF16 convolution's gradient of the weights rounded to BF16.
///
/// All pointers are device memory. Calls do not allocate, but for Eigen's products, which copy blocks of
/// large matrices to room of their own.
template <class T>
class Convolution {
  public:
    virtual ~Convolution() = default;

    /// Scratch memory one call needs; it may be shared by all convolutions.
    virtual std::size_t workspace_bytes() const = 0;
    /// Memory for the weights in the library's own layout; given once to `use_memory`.
    virtual std::size_t weight_bytes() const = 0;
    virtual void use_memory(void* weights, void* workspace) = 0;

    /// Takes new weights, W(o, k, u, v) with v fastest.
    virtual void set_weights(const Real<T>* weights) = 0;
    virtual void forward(const T* x, T* y) = 0;
    virtual void backward_data(const T* dy, T* dx) = 0;
    virtual void backward_weights(const T* x, const T* dy, Real<T>* dweights) = 0;
};

/// What a convolution will be used for; unused directions need no memory.
struct ConvolutionUse {
    bool forward = true, backward_data = true, backward_weights = true;
};

/// The library of this build: oneDNN on a processor, cuDNN on a GPU. Without oneDNN, and for double on a
/// processor: im2col and Eigen. For double on a GPU: plain loops. For BFloat16 where the library has nothing
/// (oneDNN on a processor without AVX-512 BF16): the single-precision one on widened images.
template <class T>
std::unique_ptr<Convolution<T>> make_convolution(const ConvolutionShape& shape, const ConvolutionUse& use,
                                                 Arithmetic arithmetic);

/// Values in the largest tensor that the library takes.
double most_values();
/// Whether it has BF16 convolutions of its own on this machine.
bool multiplies_bf16();

/// "oneDNN 2.6.3", "cuDNN 9.13", "Eigen 3.4.0"
std::string convolution_library();

}  // namespace reconlaw::gpu
