#pragma once
/// Convolutions by im2col and Eigen's matrix product: any scalar, any processor.

#include <Eigen/Core>
#include <cstring>

#include "convolution.hpp"

namespace reconlaw::gpu {

/// Every image becomes a matrix with a row an output pixel and a column a weight (u, v, k with k fastest).
template <class T>
class Im2colConvolution final : public Convolution<T> {
    using Matrix = Eigen::Matrix<T, Eigen::Dynamic, Eigen::Dynamic, Eigen::RowMajor>;
    using Map = Eigen::Map<Matrix>;
    using ConstMap = Eigen::Map<const Matrix>;

  public:
    explicit Im2colConvolution(const ConvolutionShape& shape)
        : s_(shape),
          pixels_(std::ptrdiff_t{shape.out_height()} * shape.out_width()),
          columns_(std::ptrdiff_t{shape.kernel} * shape.kernel * shape.in_channels) {}

    std::size_t workspace_bytes() const override { return sizeof(T) * size(pixels_ * columns_); }
    std::size_t weight_bytes() const override { return sizeof(T) * size(2 * s_.weights()); }
    void use_memory(void* weights, void* workspace) override {
        weights_ = static_cast<T*>(weights);
        gradient_ = weights_ + s_.weights();
        matrix_ = static_cast<T*>(workspace);
    }

    void set_weights(const T* weights) override { reorder(weights, weights_, false); }

    void forward(const T* x, T* y) override {
        const ConstMap w(weights_, s_.out_channels, columns_);
        for (int i = 0; i < s_.images; ++i) {
            gather(x + image_size() * i);
            Map(y + pixels_ * s_.out_channels * i, pixels_, s_.out_channels).noalias() =
                ConstMap(matrix_, pixels_, columns_) * w.transpose();
        }
    }

    void backward_data(const T* dy, T* dx) override {
        const ConstMap w(weights_, s_.out_channels, columns_);
        for (int i = 0; i < s_.images; ++i) {
            Map(matrix_, pixels_, columns_).noalias() =
                ConstMap(dy + pixels_ * s_.out_channels * i, pixels_, s_.out_channels) * w;
            scatter(dx + image_size() * i);
        }
    }

    void backward_weights(const T* x, const T* dy, T* dweights) override {
        Map g(gradient_, s_.out_channels, columns_);
        g.setZero();
        for (int i = 0; i < s_.images; ++i) {
            gather(x + image_size() * i);
            g.noalias() +=
                ConstMap(dy + pixels_ * s_.out_channels * i, pixels_, s_.out_channels).transpose() *
                ConstMap(matrix_, pixels_, columns_);
        }
        reorder(gradient_, dweights, true);
    }

  private:
    static std::size_t size(std::ptrdiff_t n) { return static_cast<std::size_t>(n); }
    std::ptrdiff_t image_size() const { return std::ptrdiff_t{s_.height} * s_.width * s_.in_channels; }

    /// (o, k, u, v) <-> (o, u, v, k)
    void reorder(const T* from, T* to, bool back) const {
        const std::ptrdiff_t area = std::ptrdiff_t{s_.kernel} * s_.kernel;
        for (std::ptrdiff_t o = 0; o < s_.out_channels; ++o)
            for (std::ptrdiff_t k = 0; k < s_.in_channels; ++k)
                for (std::ptrdiff_t a = 0; a < area; ++a) {
                    const std::ptrdiff_t first = (o * s_.in_channels + k) * area + a;
                    const std::ptrdiff_t last = (o * area + a) * s_.in_channels + k;
                    back ? to[first] = from[last] : to[last] = from[first];
                }
    }

    /// visit(position in the matrix, position in the image) for every run of in_channels values inside the
    /// image; outside(position in the matrix) for those beyond its edge.
    template <class Visit, class Outside>
    void for_each_tap(const Visit& visit, const Outside& outside) const {
        std::ptrdiff_t at = 0;
        for (int r = 0; r < s_.out_height(); ++r)
            for (int q = 0; q < s_.out_width(); ++q)
                for (int u = 0; u < s_.kernel; ++u)
                    for (int v = 0; v < s_.kernel; ++v, at += s_.in_channels) {
                        const int row = s_.stride * r + u - s_.padding,
                                  column = s_.stride * q + v - s_.padding;
                        if (row >= 0 && row < s_.height && column >= 0 && column < s_.width)
                            visit(at, (std::ptrdiff_t{row} * s_.width + column) * s_.in_channels);
                        else
                            outside(at);
                    }
    }

    void gather(const T* x) const {
        const std::size_t bytes = sizeof(T) * size(s_.in_channels);
        for_each_tap(
            [&](std::ptrdiff_t to, std::ptrdiff_t from) { std::memcpy(matrix_ + to, x + from, bytes); },
            [&](std::ptrdiff_t to) { std::memset(matrix_ + to, 0, bytes); });
    }

    void scatter(T* dx) const {
        std::memset(dx, 0, sizeof(T) * size(image_size()));
        for_each_tap(
            [&](std::ptrdiff_t from, std::ptrdiff_t to) {
                for (int k = 0; k < s_.in_channels; ++k) dx[to + k] += matrix_[from + k];
            },
            [](std::ptrdiff_t) {});
    }

    ConvolutionShape s_;
    std::ptrdiff_t pixels_, columns_;
    T *weights_ = nullptr, *gradient_ = nullptr, *matrix_ = nullptr;
};

}  // namespace reconlaw::gpu
