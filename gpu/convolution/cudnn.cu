/// Convolutions by cuDNN's version-9 descriptors, channels last.

#include <cudnn.h>

#include <algorithm>
#include <stdexcept>
#include <vector>

#include "../kernels/kernels.hpp"
#include "../kernels/row_loop.cuh"
#include "convolution.hpp"
#include "plain.hpp"

namespace reconlaw::gpu {
namespace {

void check(cudnnStatus_t status, const char* what) {
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
struct ReorderWeights {
    const float* from;
    float* to;
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

/// The fastest algorithm that gives the same bits every time, by cuDNN's own estimate.
template <class Performance>
Performance choose(const std::vector<Performance>& found, int count, const char* direction) {
    for (int i = 0; i < count; ++i)
        if (found[i].status == CUDNN_STATUS_SUCCESS && found[i].determinism == CUDNN_DETERMINISTIC)
            return found[i];
    throw std::runtime_error(std::string("cuDNN: no deterministic algorithm for the ") + direction);
}

class CudnnConvolution final : public Convolution<float> {
  public:
    CudnnConvolution(const ConvolutionShape& s, const ConvolutionUse& use, Arithmetic arithmetic) : s_(s) {
        check(cudnnCreateTensorDescriptor(&x_), "tensor descriptor");
        check(cudnnCreateTensorDescriptor(&y_), "tensor descriptor");
        check(cudnnCreateFilterDescriptor(&w_), "filter descriptor");
        check(cudnnCreateConvolutionDescriptor(&c_), "convolution descriptor");
        check(cudnnSetTensor4dDescriptor(x_, CUDNN_TENSOR_NHWC, CUDNN_DATA_FLOAT, s.images, s.in_channels,
                                         s.height, s.width),
              "input shape");
        check(cudnnSetTensor4dDescriptor(y_, CUDNN_TENSOR_NHWC, CUDNN_DATA_FLOAT, s.images, s.out_channels,
                                         s.out_height(), s.out_width()),
              "output shape");
        check(cudnnSetFilter4dDescriptor(w_, CUDNN_DATA_FLOAT, CUDNN_TENSOR_NHWC, s.out_channels,
                                         s.in_channels, s.kernel, s.kernel),
              "weights' shape");
        check(cudnnSetConvolution2dDescriptor(c_, s.padding, s.padding, s.stride, s.stride, 1, 1,
                                              CUDNN_CROSS_CORRELATION, CUDNN_DATA_FLOAT),
              "convolution");
        check(cudnnSetConvolutionMathType(
                  c_, arithmetic == Arithmetic::tf32 ? CUDNN_DEFAULT_MATH : CUDNN_FMA_MATH),
              "arithmetic");
        int count = 0;
        if (use.forward) {
            std::vector<cudnnConvolutionFwdAlgoPerf_t> found(CUDNN_CONVOLUTION_FWD_ALGO_COUNT);
            check(cudnnGetConvolutionForwardAlgorithm_v7(
                      handle(), x_, w_, c_, y_, static_cast<int>(found.size()), &count, found.data()),
                  "choosing an algorithm");
            const auto best = choose(found, count, "forward pass");
            forward_ = best.algo, workspace_ = std::max(workspace_, best.memory);
        }
        if (use.backward_data) {
            std::vector<cudnnConvolutionBwdDataAlgoPerf_t> found(CUDNN_CONVOLUTION_BWD_DATA_ALGO_COUNT);
            check(cudnnGetConvolutionBackwardDataAlgorithm_v7(
                      handle(), w_, y_, c_, x_, static_cast<int>(found.size()), &count, found.data()),
                  "choosing an algorithm");
            const auto best = choose(found, count, "gradient of the data");
            data_ = best.algo, workspace_ = std::max(workspace_, best.memory);
        }
        if (use.backward_weights) {
            std::vector<cudnnConvolutionBwdFilterAlgoPerf_t> found(CUDNN_CONVOLUTION_BWD_FILTER_ALGO_COUNT);
            check(cudnnGetConvolutionBackwardFilterAlgorithm_v7(
                      handle(), x_, y_, c_, w_, static_cast<int>(found.size()), &count, found.data()),
                  "choosing an algorithm");
            const auto best = choose(found, count, "gradient of the weights");
            filter_ = best.algo, workspace_ = std::max(workspace_, best.memory);
        }
    }

    ~CudnnConvolution() override {
        cudnnDestroyConvolutionDescriptor(c_);
        cudnnDestroyFilterDescriptor(w_);
        cudnnDestroyTensorDescriptor(y_);
        cudnnDestroyTensorDescriptor(x_);
    }
    CudnnConvolution(const CudnnConvolution&) = delete;
    CudnnConvolution& operator=(const CudnnConvolution&) = delete;

    std::size_t workspace_bytes() const override { return workspace_; }
    std::size_t weight_bytes() const override {
        return 2 * sizeof(float) * static_cast<std::size_t>(s_.weights());
    }
    void use_memory(void* weights, void* workspace) override {
        weights_ = static_cast<float*>(weights);
        gradient_ = weights_ + s_.weights();
        memory_ = workspace;
    }

    void set_weights(const float* weights) override { reorder(weights, weights_, false); }

    void forward(const float* x, float* y) override {
        check(cudnnConvolutionForward(handle(), &one_, x_, x, w_, weights_, c_, forward_, memory_, workspace_,
                                      &zero_, y_, y),
              "forward pass");
    }
    void backward_data(const float* dy, float* dx) override {
        check(cudnnConvolutionBackwardData(handle(), &one_, w_, weights_, y_, dy, c_, data_, memory_,
                                           workspace_, &zero_, x_, dx),
              "gradient of the data");
    }
    void backward_weights(const float* x, const float* dy, float* dweights) override {
        check(cudnnConvolutionBackwardFilter(handle(), &one_, x_, x, y_, dy, c_, filter_, memory_, workspace_,
                                             &zero_, w_, gradient_),
              "gradient of the weights");
        reorder(gradient_, dweights, true);
    }

  private:
    void reorder(const float* from, float* to, bool back) const {
        for_each_element(s_.weights(), ReorderWeights{from, to, s_.in_channels,
                                                      std::ptrdiff_t{s_.kernel} * s_.kernel, back});
    }

    ConvolutionShape s_;
    cudnnTensorDescriptor_t x_ = nullptr, y_ = nullptr;
    cudnnFilterDescriptor_t w_ = nullptr;
    cudnnConvolutionDescriptor_t c_ = nullptr;
    cudnnConvolutionFwdAlgo_t forward_{};
    cudnnConvolutionBwdDataAlgo_t data_{};
    cudnnConvolutionBwdFilterAlgo_t filter_{};
    std::size_t workspace_ = 0;
    float one_ = 1, zero_ = 0;
    float *weights_ = nullptr, *gradient_ = nullptr;
    void* memory_ = nullptr;
};

}  // namespace

template <>
std::unique_ptr<Convolution<float>> make_convolution(const ConvolutionShape& shape, const ConvolutionUse& use,
                                                     Arithmetic arithmetic) {
    return std::make_unique<CudnnConvolution>(shape, use, arithmetic);
}

template <>
std::unique_ptr<Convolution<double>> make_convolution(const ConvolutionShape& shape, const ConvolutionUse&,
                                                      Arithmetic) {
    return make_plain_convolution<double>(shape);
}

std::string convolution_library() {
    const std::size_t v = cudnnGetVersion();
    return "cuDNN " + std::to_string(v / 10000) + "." + std::to_string(v / 100 % 100) + "." +
           std::to_string(v % 100);
}

}  // namespace reconlaw::gpu
