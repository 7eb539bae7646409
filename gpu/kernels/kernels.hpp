#pragma once
/// Everything that runs on the device except convolutions. Implemented by the .cu files of this folder for
/// float and double, and what works on activations for BFloat16 too; no Thrust here, so host code includes it
/// freely. Nothing here allocates, and sums are taken in an order that does not depend on the number of
/// threads.

#include <cstdint>

#include "bfloat16.hpp"
#include "view.hpp"

namespace reconlaw::gpu::kernels {

// ---- instance norm and activation
// ------------------------------------------------------------------------------

/// Elements of the scratch array that the reductions over pixels want.
inline std::ptrdiff_t row_sums_size(int n, int h, int c) {
    return std::ptrdiff_t{n} * h * 2 * c;
}

/// statistics[2 i c + k] = mean over the pixels of channel k of image i; statistics[(2 i + 1) c + k] =
/// 1/sqrt(variance + epsilon), biased variance. @param row_sums  scratch, row_sums_size elements
template <class T>
void instance_statistics(View<const T> z, Real<T> epsilon, Real<T>* row_sums, Real<T>* statistics);

/// y = activation((z - mean)/std) with the activation x > 0 ? x : slope x, 0 < slope <= 1.
template <class T>
void normalise(View<const T> z, const Real<T>* statistics, Real<T> slope, View<T> y);

/// The gradient of z from that of y; z itself is not needed: y's sign and the statistics restore it.
/// @param sums  scratch, 2 n c elements
template <class T>
void normalise_backward(View<const T> y, View<const T> dy, const Real<T>* statistics, Real<T> slope,
                        Real<T>* row_sums, Real<T>* sums, View<T> dz);

/// y = activation(z + bias[channel]), bias may be null; 0 <= slope <= 1, 1 being no activation. The elements
/// U of y are T or Real<T>.
template <class T, class U>
void activate(View<const T> z, const Real<T>* bias, Real<T> slope, View<U> y);

/// dz = dy activation'(y), and dbias = its sum over pixels and images (dbias may be null). dz may be dy.
template <class T, class U>
void activate_backward(View<const U> y, View<const U> dy, Real<T> slope, Real<T>* row_sums, Real<T>* dbias,
                       View<T> dz);

// ---- resolution and combination
// --------------------------------------------------------------------------------

/// Means of 2 x 2 pixels; an odd last row or column is left out.
template <class T>
void average_pool(View<const T> x, View<T> y);
/// dx = or += (accumulate) the transpose; where x is odd, the pixels left out get 0.
template <class T>
void average_pool_backward(View<const T> dy, bool accumulate, View<T> dx);

/// The last row (if `row`) and column (if `column`) of y := what reflection about the last but one gives.
template <class T>
void reflect_edge(View<T> y, bool row, bool column);
/// Adds the gradients of such a row and column to the pixels they were taken from, in place.
template <class T>
void reflect_edge_backward(View<T> dy, bool row, bool column);

/// y(i, r a + p, r b + q, k) = x(i, a, b, k r^2 + p r + q): PyTorch's PixelShuffle.
template <class T>
void pixel_shuffle(View<const T> x, int factor, View<T> y);
template <class T>
void pixel_shuffle_backward(View<const T> dy, int factor, bool accumulate, View<T> dx);

/// y = a x + b z (z may have no data: y = a x).
template <class T>
void combine(Real<T> a, View<const T> x, Real<T> b, View<const T> z, View<T> y);
/// y += a x
template <class T>
void add_to(Real<T> a, View<const T> x, View<T> y);

/// to[i] = from[i], rounded where To is the narrower.
template <class From, class To>
void convert(std::ptrdiff_t count, const From* from, To* to);

// ---- losses: mean over all elements; the gradient with respect to `estimate` is written
// -------------------------

/// Each returns the loss. @param row_sums  scratch, n h doubles (n windows for SSIM)
template <class T>
double mse_loss(View<const T> estimate, View<const T> target, double* row_sums, View<T> gradient);
template <class T>
double l1_loss(View<const T> estimate, View<const T> target, double* row_sums, View<T> gradient);
/// 1 - SSIM: 7 x 7 uniform window, sample covariance, K1 = 0.01, K2 = 0.03; one channel.
/// @param range  data range of each image, n values in device memory
/// @param maps   scratch, 3 n (h - 6)(w - 6) elements
template <class T>
double ssim_loss(View<const T> estimate, View<const T> target, const T* range, double* row_sums, T* maps,
                 View<T> gradient);

// ---- optimisers, on flat arrays
// --------------------------------------------------------------------------------

/// m = b1 m + (1 - b1) g, v = b2 v + (1 - b2) g^2, p -= step m / (sqrt(v) root + epsilon), with
/// step = rate/(1 - b1^t) and root = 1/sqrt(1 - b2^t).
template <class T>
void adam(std::ptrdiff_t count, T* p, const T* g, T* m, T* v, double step, double root, double b1, double b2,
          double epsilon);
/// v = a v + (1 - a) g^2, p -= rate g / (sqrt(v) + epsilon)
template <class T>
void rmsprop(std::ptrdiff_t count, T* p, const T* g, T* v, double rate, double a, double epsilon);
/// m = momentum m + g, p -= rate m
template <class T>
void sgd(std::ptrdiff_t count, T* p, const T* g, T* m, double rate, double momentum);
std::ptrdiff_t squared_norm_size(std::ptrdiff_t count);
/// Square of the norm. @param sums  scratch, squared_norm_size doubles
template <class T>
double squared_norm(std::ptrdiff_t count, const T* g, double* sums);
template <class T>
void scale(std::ptrdiff_t count, T factor, T* g);

// ---- training batches
// ------------------------------------------------------------------------------------------

/// A shuffled, noisy batch from the patches in device memory. Patch number index(first + i) becomes image i:
/// the clean patch, and the patch plus `sigma` times standard normal noise.
struct BatchOrder {
    std::uint64_t seed = 0;
    std::uint32_t epoch = 0;
    int patches = 0;          ///< N
    int first = 0;            ///< position of the batch's first image in the epoch's order
    bool shuffle = true;      ///< else in order
    bool symmetries = false;  ///< each patch turned and mirrored at random, anew every epoch
};

/// @param order  device memory, the epoch's permutation (shuffle_order), unused without shuffle
/// @param patches  N x side x side, one channel
template <class T>
void noisy_batch(const float* patches, const int* order, const BatchOrder& batch, double sigma, View<T> clean,
                 View<T> noisy);

// ---- memory
// ----------------------------------------------------------------------------------------------------

/// Device memory, aligned to 64 bytes. @throws std::bad_alloc
void* allocate(std::size_t bytes);
void release(void* memory);
void upload(void* to_device, const void* from_host, std::size_t bytes);
void download(void* to_host, const void* from_device, std::size_t bytes);
void clear(void* memory, std::size_t bytes);
/// Waits for everything launched.
void synchronise();

}  // namespace reconlaw::gpu::kernels
