#pragma once
/// What a Graph is made of: every operation's forward and backward pass, and what it touches in each.

#include <stdexcept>

#include "graph.hpp"
#include "kernels/kernels.hpp"

namespace reconlaw::gpu {

/// A convolution, or with the roles of forward and backward_data exchanged, a transposed one.
template <class T>
class ConvolutionOperation final : public Operation<T> {
  public:
    ConvolutionOperation(Convolution<T>& convolution, const Value& x, const Value& z, bool transposed,
                         std::ptrdiff_t weights)
        : c_(convolution), x_(x), z_(z), transposed_(transposed), weights_(weights) {}

    void plan_forward(Graph<T>& g, int time) override { g.use(x_, time), g.use(z_, time); }
    void plan_backward(Graph<T>& g, int time) override {
        g.use(x_, time), g.use_gradient(z_, time);
        if (!g.needs_gradient(x_)) return;
        adds_ = g.write_gradient(x_, time);
        if (adds_) {
            const auto& s = g.shape(x_);
            sum_ = g.template scratch<T>(std::ptrdiff_t{g.images()} * s.height * s.width * s.channels, time);
        }
    }
    void forward(Graph<T>& g) override {
        const T* x = g.view(x_).data;
        T* z = g.view(z_).data;
        transposed_ ? c_.backward_data(x, z) : c_.forward(x, z);
    }
    void backward(Graph<T>& g) override {
        const T* x = g.view(x_).data;
        const T* dz = g.gradient(z_).data;
        Real<T>* dw = g.parameter_gradient() + weights_;
        transposed_ ? c_.backward_weights(dz, x, dw) : c_.backward_weights(x, dz, dw);
        if (!g.needs_gradient(x_)) return;
        const View<T> dx = g.gradient(x_);
        View<T> to = dx;
        if (adds_) to.data = g.template memory<T>(sum_);
        transposed_ ? c_.forward(dz, to.data) : c_.backward_data(dz, to.data);
        if (adds_) kernels::add_to<T>(1, to, dx);
    }

  private:
    Convolution<T>& c_;
    Value x_, z_;
    bool transposed_, adds_ = false;
    std::ptrdiff_t weights_;
    int sum_ = -1;
};

template <class T>
class NormaliseOperation final : public Operation<T> {
    using R = Real<T>;

  public:
    NormaliseOperation(const Value& z, R slope, const Value& y) : z_(z), y_(y), slope_(slope) {}

    void plan_forward(Graph<T>& g, int time) override {
        g.use(z_, time), g.use(y_, time);
        const auto& s = g.shape(z_);
        row_sums_ = g.template scratch<R>(kernels::row_sums_size(g.images(), s.height, s.channels), time);
        statistics_ = g.template scratch<R>(std::ptrdiff_t{2} * g.images() * s.channels, time);
    }
    void plan_backward(Graph<T>& g, int time) override {
        const auto& s = g.shape(z_);
        g.keep_scratch(statistics_, time);
        back_row_sums_ =
            g.template scratch<R>(kernels::row_sums_size(g.images(), s.height, s.channels), time);
        sums_ = g.template scratch<R>(std::ptrdiff_t{2} * g.images() * s.channels, time);
        g.use(y_, time), g.use_gradient(y_, time);
        g.write_gradient(z_, time);
    }
    void forward(Graph<T>& g) override {
        const View<T> z = g.view(z_);
        kernels::instance_statistics<T>(z, R(1e-5), g.template memory<R>(row_sums_),
                                        g.template memory<R>(statistics_));
        kernels::normalise<T>(z, g.template memory<R>(statistics_), slope_, inside(g.view(y_), z));
    }
    void backward(Graph<T>& g) override {
        const View<T> dz = g.gradient(z_);
        kernels::normalise_backward<T>(inside(g.view(y_), dz), inside(g.gradient(y_), dz),
                                       g.template memory<R>(statistics_), slope_,
                                       g.template memory<R>(back_row_sums_), g.template memory<R>(sums_), dz);
    }

  private:
    static View<T> inside(View<T> y, const View<T>& z) {
        y.h = z.h, y.w = z.w;
        return y;
    }
    Value z_, y_;
    R slope_;
    int row_sums_ = -1, statistics_ = -1, back_row_sums_ = -1, sums_ = -1;
};

/// From tensors of T to tensors of U, which is T or Real<T>.
template <class T, class U>
class ActivateOperation final : public Operation<T> {
    using R = Real<T>;

  public:
    ActivateOperation(const Value& z, std::ptrdiff_t bias, R slope, const Value& y)
        : z_(z), y_(y), bias_(bias), slope_(slope) {}

    void plan_forward(Graph<T>& g, int time) override { g.use(z_, time), g.use(y_, time); }
    void plan_backward(Graph<T>& g, int time) override {
        const auto& s = g.shape(z_);
        row_sums_ = g.template scratch<R>(kernels::row_sums_size(g.images(), s.height, s.channels), time);
        g.use(y_, time), g.use_gradient(y_, time);
        g.write_gradient(z_, time);
    }
    void forward(Graph<T>& g) override {
        kernels::activate<T, U>(g.view(z_), bias_ < 0 ? nullptr : g.parameters() + bias_, slope_,
                                g.template view<U>(y_));
    }
    void backward(Graph<T>& g) override {
        kernels::activate_backward<T, U>(
            g.template view<U>(y_), g.template gradient<U>(y_), slope_, g.template memory<R>(row_sums_),
            bias_ < 0 ? nullptr : g.parameter_gradient() + bias_, g.gradient(z_));
    }

  private:
    Value z_, y_;
    std::ptrdiff_t bias_;
    R slope_;
    int row_sums_ = -1;
};

template <class T>
class PoolOperation final : public Operation<T> {
  public:
    PoolOperation(const Value& x, const Value& y) : x_(x), y_(y) {}
    void plan_forward(Graph<T>& g, int time) override { g.use(x_, time), g.use(y_, time); }
    void plan_backward(Graph<T>& g, int time) override {
        g.use_gradient(y_, time);
        adds_ = g.write_gradient(x_, time);
    }
    void forward(Graph<T>& g) override { kernels::average_pool<T>(g.view(x_), g.view(y_)); }
    void backward(Graph<T>& g) override {
        kernels::average_pool_backward<T>(g.gradient(y_), adds_, g.gradient(x_));
    }

  private:
    Value x_, y_;
    bool adds_ = false;
};

template <class T>
class ReflectOperation final : public Operation<T> {
  public:
    ReflectOperation(const Value& y, bool row, bool column) : y_(y), row_(row), column_(column) {}
    void plan_forward(Graph<T>& g, int time) override { g.use(y_, time); }
    void plan_backward(Graph<T>& g, int time) override { g.use_gradient(y_, time); }
    void forward(Graph<T>& g) override { kernels::reflect_edge<T>(g.view(y_), row_, column_); }
    void backward(Graph<T>& g) override { kernels::reflect_edge_backward<T>(g.gradient(y_), row_, column_); }

  private:
    Value y_;
    bool row_, column_;
};

template <class T>
class ShuffleOperation final : public Operation<T> {
  public:
    ShuffleOperation(const Value& x, int factor, const Value& y) : x_(x), y_(y), factor_(factor) {}
    void plan_forward(Graph<T>& g, int time) override { g.use(x_, time), g.use(y_, time); }
    void plan_backward(Graph<T>& g, int time) override {
        g.use_gradient(y_, time);
        adds_ = g.write_gradient(x_, time);
    }
    void forward(Graph<T>& g) override { kernels::pixel_shuffle<T>(g.view(x_), factor_, g.view(y_)); }
    void backward(Graph<T>& g) override {
        kernels::pixel_shuffle_backward<T>(g.gradient(y_), factor_, adds_, g.gradient(x_));
    }

  private:
    Value x_, y_;
    int factor_;
    bool adds_ = false;
};

/// Of tensors of U, which is T or Real<T>.
template <class T, class U>
class CombineOperation final : public Operation<T> {
    using R = Real<T>;

  public:
    CombineOperation(R a, const Value& x, R b, const Value& z, const Value& y)
        : x_(x), z_(z), y_(y), a_(a), b_(b) {}
    void plan_forward(Graph<T>& g, int time) override { g.use(x_, time), g.use(z_, time), g.use(y_, time); }
    void plan_backward(Graph<T>& g, int time) override {
        g.use_gradient(y_, time);
        if (g.needs_gradient(x_)) adds_x_ = g.write_gradient(x_, time);
        if (g.needs_gradient(z_)) adds_z_ = g.write_gradient(z_, time);
    }
    void forward(Graph<T>& g) override {
        kernels::combine<U>(a_, g.template view<U>(x_), b_, g.template view<U>(z_), g.template view<U>(y_));
    }
    void backward(Graph<T>& g) override {
        pass(g, a_, x_, adds_x_);
        pass(g, b_, z_, adds_z_);
    }

  private:
    void pass(Graph<T>& g, R factor, const Value& to, bool adds) {
        if (!g.needs_gradient(to)) return;
        const View<U> dy = g.template gradient<U>(y_), dx = g.template gradient<U>(to);
        if (adds)
            kernels::add_to<U>(factor, dy, dx);
        else
            kernels::combine<U>(factor, dy, 0, {}, dx);
    }
    Value x_, z_, y_;
    R a_, b_;
    bool adds_x_ = false, adds_z_ = false;
};

/// A tensor of From as one of To. Nothing else uses x if it has a gradient.
template <class T, class From, class To>
class ConvertOperation final : public Operation<T> {
  public:
    ConvertOperation(const Value& x, const Value& y) : x_(x), y_(y) {}
    void plan_forward(Graph<T>& g, int time) override { g.use(x_, time), g.use(y_, time); }
    void plan_backward(Graph<T>& g, int time) override {
        if (!g.needs_gradient(x_)) return;
        g.use_gradient(y_, time);
        if (g.write_gradient(x_, time)) throw std::logic_error("Graph: a converted tensor that others use");
    }
    void forward(Graph<T>& g) override {
        kernels::convert(size(g), g.template view<From>(x_).data, g.template view<To>(y_).data);
    }
    void backward(Graph<T>& g) override {
        if (!g.needs_gradient(x_)) return;
        kernels::convert(size(g), g.template gradient<To>(y_).data, g.template gradient<From>(x_).data);
    }

  private:
    std::ptrdiff_t size(const Graph<T>& g) const {
        const auto& s = g.shape(x_);
        return std::ptrdiff_t{g.images()} * s.height * s.width * s.channels;
    }
    Value x_, y_;
};

}  // namespace reconlaw::gpu
