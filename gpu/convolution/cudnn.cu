/// Convolutions by cuDNN's version-9 descriptors, channels last, in single precision and BF16.

#include <cudnn.h>

#include <algorithm>
#include <stdexcept>
#include <tuple>
#include <utility>
#include <vector>

#include "../kernels/kernels.hpp"
#include "../kernels/row_loop.cuh"
#include "convolution.hpp"
#include "instructions.hpp"
#include "plain.hpp"
#include "widened.hpp"

namespace reconlaw::gpu {
namespace {

/// cuDNN has no algorithm for a convolution.
struct Unsupported : std::runtime_error {
    using std::runtime_error::runtime_error;
};

void check(cudnnStatus_t status, const char* what) {
    // version 9 has a number for every reason
    if (CUDNN_STATUS_CATEGORY(status) == CUDNN_STATUS_NOT_SUPPORTED)
        throw Unsupported(std::string("cuDNN: ") + what + ": " + cudnnGetErrorString(status));
    if (status != CUDNN_STATUS_SUCCESS)
        throw std::runtime_error(std::string("cuDNN: ") + what + ": " + cudnnGetErrorString(status));
}

cudnnHandle_t handle() {
    static const cudnnHandle_t h = [] {
        cudnnHandle_t made = nullptr;
        check(cudnnCreate(&made), "cannot start");
        return made;
    }();
    return h;
}

/// (o, k, area) <-> (o, area, k): PyTorch's order and the channels-last one.
template <class From, class To>
struct ReorderWeights {
    const From* from;
    To* to;
    std::ptrdiff_t in_channels, area;
    bool back;

    RECONLAW_HD void operator()(std::ptrdiff_t i) const {
        const std::ptrdiff_t a = i % area, k = i / area % in_channels, o = i / (area * in_channels);
        const std::ptrdiff_t last = (o * area + a) * in_channels + k;
        if (back)
            to[i] = from[last];
        else
            to[last] = from[i];
    }
};

/// The fastest algorithm by cuDNN's own estimate among those that give the same bits every time and that it
/// can run with this arithmetic. The convolution's descriptor is set up for it.
/// @param size  size(algorithm, &bytes): the workspace, or a status that says no
/// @return algorithm and bytes
template <class Performance, class Size>
auto choose(const std::vector<Performance>& found, int count, cudnnConvolutionDescriptor_t convolution,
            Arithmetic arithmetic, const char* direction, const Size& size) {
    for (int i = 0; i < count; ++i) {
        const Performance& p = found[i];
        if (p.status != CUDNN_STATUS_SUCCESS || p.determinism != CUDNN_DETERMINISTIC) continue;
        const bool exact = arithmetic == Arithmetic::exact;
        std::size_t bytes = 0;
        if (cudnnSetConvolutionMathType(convolution, exact ? CUDNN_FMA_MATH : p.mathType) ==
                CUDNN_STATUS_SUCCESS &&
            size(p.algo, &bytes) == CUDNN_STATUS_SUCCESS)
            return std::pair(p.algo, bytes);
    }
    throw Unsupported(std::string("cuDNN: no deterministic algorithm for the ") + direction);
}

struct Descriptors {
    cudnnTensorDescriptor_t x = nullptr, y = nullptr;
    cudnnFilterDescriptor_t w = nullptr;
    cudnnConvolutionDescriptor_t forward = nullptr, data = nullptr, filter = nullptr;

    Descriptors() {
        check(cudnnCreateTensorDescriptor(&x), "tensor descriptor");
        check(cudnnCreateTensorDescriptor(&y), "tensor descriptor");
        check(cudnnCreateFilterDescriptor(&w), "filter descriptor");
        for (auto* c : {&forward, &data, &filter})
            check(cudnnCreateConvolutionDescriptor(c), "convolution descriptor");
    }
    ~Descriptors() {
        for (auto c : {forward, data, filter}) cudnnDestroyConvolutionDescriptor(c);
        cudnnDestroyFilterDescriptor(w);
        cudnnDestroyTensorDescriptor(y);
        cudnnDestroyTensorDescriptor(x);
    }
    Descriptors(const Descriptors&) = delete;
    Descriptors& operator=(const Descriptors&) = delete;
};

/// In BF16 the gradient of the weights comes out of cuDNN rounded to BF16, and is widened.
template <class T>
class CudnnConvolution final : public Convolution<T> {
    static constexpr cudnnDataType_t type =
        sizeof(T) == sizeof(float) ? CUDNN_DATA_FLOAT : CUDNN_DATA_BFLOAT16;

  public:
    CudnnConvolution(const ConvolutionShape& s, const ConvolutionUse& use, Arithmetic arithmetic) : s_(s) {
        check(cudnnSetTensor4dDescriptor(d_.x, CUDNN_TENSOR_NHWC, type, s.images, s.in_channels, s.height,
                                         s.width),
              "input shape");
        check(cudnnSetTensor4dDescriptor(d_.y, CUDNN_TENSOR_NHWC, type, s.images, s.out_channels,
                                         s.out_height(), s.out_width()),
              "output shape");
        check(cudnnSetFilter4dDescriptor(d_.w, type, CUDNN_TENSOR_NHWC, s.out_channels, s.in_channels,
                                         s.kernel, s.kernel),
              "weights' shape");
        for (auto c : {d_.forward, d_.data, d_.filter}) {
            check(cudnnSetConvolution2dDescriptor(c, s.padding, s.padding, s.stride, s.stride, 1, 1,
                                                  CUDNN_CROSS_CORRELATION, CUDNN_DATA_FLOAT),
                  "convolution");
            check(cudnnSetConvolutionMathType(c, type == CUDNN_DATA_BFLOAT16       ? CUDNN_TENSOR_OP_MATH
                                                 : arithmetic == Arithmetic::exact ? CUDNN_FMA_MATH
                                                                                   : CUDNN_DEFAULT_MATH),
                  "arithmetic");
        }
        int count = 0;
        std::size_t bytes = 0;
        if (use.forward) {
            std::vector<cudnnConvolutionFwdAlgoPerf_t> found(CUDNN_CONVOLUTION_FWD_ALGO_COUNT);
            check(
                cudnnGetConvolutionForwardAlgorithm_v7(handle(), d_.x, d_.w, d_.forward, d_.y,
                                                       static_cast<int>(found.size()), &count, found.data()),
                "choosing an algorithm");
            std::tie(forward_, bytes) = choose(
                found, count, d_.forward, arithmetic, "forward pass", [&](auto algorithm, std::size_t* size) {
                    return cudnnGetConvolutionForwardWorkspaceSize(handle(), d_.x, d_.w, d_.forward, d_.y,
                                                                   algorithm, size);
                });
            workspace_ = std::max(workspace_, bytes);
        }
        if (use.backward_data) {
            std::vector<cudnnConvolutionBwdDataAlgoPerf_t> found(CUDNN_CONVOLUTION_BWD_DATA_ALGO_COUNT);
            check(cudnnGetConvolutionBackwardDataAlgorithm_v7(handle(), d_.w, d_.y, d_.data, d_.x,
                                                              static_cast<int>(found.size()), &count,
                                                              found.data()),
                  "choosing an algorithm");
            std::tie(data_, bytes) = choose(found, count, d_.data, arithmetic, "gradient of the data",
                                            [&](auto algorithm, std::size_t* size) {
                                                return cudnnGetConvolutionBackwardDataWorkspaceSize(
                                                    handle(), d_.w, d_.y, d_.data, d_.x, algorithm, size);
                                            });
            workspace_ = std::max(workspace_, bytes);
        }
        if (use.backward_weights) {
            std::vector<cudnnConvolutionBwdFilterAlgoPerf_t> found(CUDNN_CONVOLUTION_BWD_FILTER_ALGO_COUNT);
            check(cudnnGetConvolutionBackwardFilterAlgorithm_v7(handle(), d_.x, d_.y, d_.filter, d_.w,
                                                                static_cast<int>(found.size()), &count,
                                                                found.data()),
                  "choosing an algorithm");
            std::tie(filter_, bytes) = choose(found, count, d_.filter, arithmetic, "gradient of the weights",
                                              [&](auto algorithm, std::size_t* size) {
                                                  return cudnnGetConvolutionBackwardFilterWorkspaceSize(
                                                      handle(), d_.x, d_.y, d_.filter, d_.w, algorithm, size);
                                              });
            workspace_ = std::max(workspace_, bytes);
        }
    }

    std::size_t workspace_bytes() const override { return workspace_; }
    std::size_t weight_bytes() const override { return 2 * aligned_weights() * sizeof(T); }
    void use_memory(void* weights, void* workspace) override {
        weights_ = static_cast<T*>(weights);
        gradient_ = weights_ + aligned_weights();
        memory_ = workspace;
    }

    void set_weights(const float* weights) override { reorder(weights, weights_, false); }

    void forward(const T* x, T* y) override {
        check(cudnnConvolutionForward(handle(), &one_, d_.x, x, d_.w, weights_, d_.forward, forward_, memory_,
                                      workspace_, &zero_, d_.y, y),
              "forward pass");
    }
    void backward_data(const T* dy, T* dx) override {
        check(cudnnConvolutionBackwardData(handle(), &one_, d_.w, weights_, d_.y, dy, d_.data, data_, memory_,
                                           workspace_, &zero_, d_.x, dx),
              "gradient of the data");
    }
    void backward_weights(const T* x, const T* dy, float* dweights) override {
        check(cudnnConvolutionBackwardFilter(handle(), &one_, d_.x, x, d_.y, dy, d_.filter, filter_, memory_,
                                             workspace_, &zero_, d_.w, gradient_),
              "gradient of the weights");
        reorder(gradient_, dweights, true);
    }

  private:
    /// Tensor cores want their operands at multiples of 16 bytes.
    std::size_t aligned_weights() const { return (static_cast<std::size_t>(s_.weights()) + 31) / 32 * 32; }
    template <class From, class To>
    void reorder(const From* from, To* to, bool back) const {
        for_each_element(s_.weights(), ReorderWeights<From, To>{from, to, s_.in_channels,
                                                                std::ptrdiff_t{s_.kernel} * s_.kernel, back});
    }

    ConvolutionShape s_;
    Descriptors d_;
    cudnnConvolutionFwdAlgo_t forward_{};
    cudnnConvolutionBwdDataAlgo_t data_{};
    cudnnConvolutionBwdFilterAlgo_t filter_{};
    std::size_t workspace_ = 0;
    float one_ = 1, zero_ = 0;
    T *weights_ = nullptr, *gradient_ = nullptr;
    void* memory_ = nullptr;
};

}  // namespace

template <>
std::unique_ptr<Convolution<float>> make_convolution(const ConvolutionShape& shape, const ConvolutionUse& use,
                                                     Arithmetic arithmetic) {
    return std::make_unique<CudnnConvolution<float>>(shape, use, arithmetic);
}

template <>
std::unique_ptr<Convolution<BFloat16>> make_convolution(const ConvolutionShape& shape,
                                                        const ConvolutionUse& use, Arithmetic) {
    try {
        return std::make_unique<CudnnConvolution<BFloat16>>(shape, use, Arithmetic::tf32);
    } catch (const Unsupported&) {
        return std::make_unique<WidenedConvolution>(shape,
                                                    make_convolution<float>(shape, use, Arithmetic::tf32));
    }
}

template <>
std::unique_ptr<Convolution<double>> make_convolution(const ConvolutionShape& shape, const ConvolutionUse&,
                                                      Arithmetic) {
    return make_plain_convolution<double>(shape);
}

double most_values() {
    return 0x1p31 - 1;
}
bool multiplies_bf16() {
    return true;
}

std::string convolution_library() {
    const std::size_t v = cudnnGetVersion();
    return "cuDNN " + std::to_string(v / 10000) + "." + std::to_string(v / 100 % 100) + "." +
           std::to_string(v % 100);
}

std::string convolution_instructions() {
    return "";
}

}  // namespace reconlaw::gpu
