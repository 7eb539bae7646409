#pragma once
/// BF16 convolutions by a library's single-precision ones, for where it has no others.

#include <algorithm>
#include <utility>

#include "../kernels/kernels.hpp"
#include "convolution.hpp"

namespace reconlaw::gpu {

/// Images are widened to float before, and rounded to BF16 after; weights are rounded to BF16. A product of
/// two BF16 numbers is exact in float, so this computes what BF16 hardware does, but for the order of sums.
class WidenedConvolution final : public Convolution<BFloat16> {
  public:
    WidenedConvolution(const ConvolutionShape& s, std::unique_ptr<Convolution<float>> single)
        : single_(std::move(single)),
          x_size_(std::ptrdiff_t{s.images} * s.height * s.width * s.in_channels),
          y_size_(std::ptrdiff_t{s.images} * s.out_height() * s.out_width() * s.out_channels),
          weights_(s.weights()) {}

    /// Room for both images in float; before, for the weights on their way to the library.
    std::size_t workspace_bytes() const override {
        return own_workspace() +
               std::max(floats(x_size_) + floats(y_size_), floats(weights_) + halves(weights_));
    }
    std::size_t weight_bytes() const override { return single_->weight_bytes(); }
    void use_memory(void* weights, void* workspace) override {
        single_->use_memory(weights, workspace);
        auto* at = static_cast<std::byte*>(workspace) + own_workspace();
        x_ = wide_weights_ = reinterpret_cast<float*>(at);
        y_ = reinterpret_cast<float*>(at + floats(x_size_));
        narrow_weights_ = reinterpret_cast<BFloat16*>(at + floats(weights_));
    }

    void set_weights(const float* weights) override {
        kernels::convert(weights_, weights, narrow_weights_);
        kernels::convert(weights_, narrow_weights_, wide_weights_);
        single_->set_weights(wide_weights_);
    }
    void forward(const BFloat16* x, BFloat16* y) override {
        kernels::convert(x_size_, x, x_);
        single_->forward(x_, y_);
        kernels::convert(y_size_, y_, y);
    }
    void backward_data(const BFloat16* dy, BFloat16* dx) override {
        kernels::convert(y_size_, dy, y_);
        single_->backward_data(y_, x_);
        kernels::convert(x_size_, x_, dx);
    }
    void backward_weights(const BFloat16* x, const BFloat16* dy, float* dweights) override {
        kernels::convert(x_size_, x, x_);
        kernels::convert(y_size_, dy, y_);
        single_->backward_weights(x_, y_, dweights);
    }

  private:
    static std::size_t rounded(std::size_t bytes) { return (bytes + 63) / 64 * 64; }
    static std::size_t floats(std::ptrdiff_t size) {
        return rounded(sizeof(float) * static_cast<std::size_t>(size));
    }
    static std::size_t halves(std::ptrdiff_t size) {
        return rounded(sizeof(BFloat16) * static_cast<std::size_t>(size));
    }
    std::size_t own_workspace() const { return rounded(single_->workspace_bytes()); }

    std::unique_ptr<Convolution<float>> single_;
    std::ptrdiff_t x_size_, y_size_, weights_;
    float *x_ = nullptr, *y_ = nullptr, *wide_weights_ = nullptr;
    BFloat16* narrow_weights_ = nullptr;
};

}  // namespace reconlaw::gpu
