#include "graph.hpp"

#include <algorithm>
#include <stdexcept>

namespace reconlaw::gpu {
namespace {

constexpr int square_kernel_padding(int kernel) {
    return kernel / 2;
}

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

}  // namespace

template <class T>
Graph<T>::Graph(int images, bool training, Arithmetic arithmetic)
    : images_(images), training_(training), arithmetic_(arithmetic) {}
template <class T>
Graph<T>::~Graph() = default;

template <class T>
template <class U>
Value Graph<T>::add_tensor(int height, int width, int channels, bool needs_gradient) {
    const std::size_t bytes = sizeof(U) * static_cast<std::size_t>(images_) *
                              static_cast<std::size_t>(height) * static_cast<std::size_t>(width) *
                              static_cast<std::size_t>(channels);
    tensors_.push_back({height, width, channels, std::is_same_v<U, R>, needs_gradient && training_,
                        planner_.add(bytes), needs_gradient && training_ ? planner_.add(bytes) : -1,
                        std::vector<bool>(static_cast<std::size_t>(channels))});
    return {static_cast<int>(tensors_.size()) - 1, 0, channels};
}

template <class T>
Value Graph<T>::tensor(int height, int width, int channels) {
    return add_tensor<T>(height, width, channels, true);
}
template <class T>
Value Graph<T>::wide_tensor(int height, int width, int channels, bool needs_gradient) {
    return add_tensor<R>(height, width, channels, needs_gradient);
}

template <class T>
template <class From, class To>
Value Graph<T>::converted(const Value& x) {
    if constexpr (std::is_same_v<From, To>) {
        return x;
    } else {
        const Tensor s = shape(x);
        const Value y = add_tensor<To>(s.height, s.width, s.channels, s.needs_gradient);
        operations_.push_back(std::make_unique<ConvertOperation<T, From, To>>(x, y));
        return y;
    }
}
template <class T>
Value Graph<T>::narrow(const Value& x) {
    return converted<R, T>(x);
}
template <class T>
Value Graph<T>::widen(const Value& x) {
    return converted<T, R>(x);
}

template <class T>
Convolution<T>& Graph<T>::add_convolution(const ConvolutionShape& shape, const ConvolutionUse& use,
                                          std::ptrdiff_t weights) {
    convolutions_.push_back({make_convolution<T>(shape, use, arithmetic_), weights});
    return *convolutions_.back().convolution;
}

/// The libraries want a tensor of their own, not a slice of another's channels.
template <class T>
void require_whole(const Graph<T>& g, const Value& x) {
    if (x.first != 0 || x.channels != g.shape(x).channels)
        throw std::logic_error("a convolution's input must be a whole tensor");
}

template <class T>
Value Graph<T>::convolution(const Value& x, int out_channels, int kernel, std::ptrdiff_t weights) {
    require_whole(*this, x);
    const auto [height, width] = std::pair(shape(x).height, shape(x).width);
    const bool back = shape(x).needs_gradient;
    const Value z = tensor(height, width, out_channels);
    Convolution<T>& c = add_convolution(
        {images_, height, width, x.channels, out_channels, kernel, 1, square_kernel_padding(kernel)},
        {true, back, training_}, weights);
    operations_.push_back(std::make_unique<ConvolutionOperation<T>>(c, x, z, false, weights));
    return z;
}

template <class T>
Value Graph<T>::transposed_convolution(const Value& x, int out_channels, std::ptrdiff_t weights) {
    require_whole(*this, x);
    const auto [height, width] = std::pair(2 * shape(x).height, 2 * shape(x).width);
    const Value z = tensor(height, width, out_channels);
    Convolution<T>& c = add_convolution({images_, height, width, out_channels, x.channels, 2, 2, 0},
                                        {training_, true, training_}, weights);
    operations_.push_back(std::make_unique<ConvolutionOperation<T>>(c, x, z, true, weights));
    return z;
}

template <class T>
void Graph<T>::normalise(const Value& z, R slope, const Value& y) {
    operations_.push_back(std::make_unique<NormaliseOperation<T>>(z, slope, y));
}
template <class T>
void Graph<T>::activate(const Value& z, std::ptrdiff_t bias, R slope, const Value& y) {
    if (shape(y).wide)
        operations_.push_back(std::make_unique<ActivateOperation<T, R>>(z, bias, slope, y));
    else
        operations_.push_back(std::make_unique<ActivateOperation<T, T>>(z, bias, slope, y));
}
template <class T>
void Graph<T>::average_pool(const Value& x, const Value& y) {
    operations_.push_back(std::make_unique<PoolOperation<T>>(x, y));
}
template <class T>
void Graph<T>::reflect_edge(const Value& y, bool row, bool column) {
    operations_.push_back(std::make_unique<ReflectOperation<T>>(y, row, column));
}
template <class T>
Value Graph<T>::pixel_shuffle(const Value& x, int factor) {
    const Tensor& s = shape(x);
    const Value y = tensor(s.height * factor, s.width * factor, x.channels / (factor * factor));
    operations_.push_back(std::make_unique<ShuffleOperation<T>>(x, factor, y));
    return y;
}
template <class T>
Value Graph<T>::combine(R a, const Value& x, R b, const Value& z) {
    const Tensor s = shape(x);
    if (s.wide) {
        const Value y = wide_tensor(s.height, s.width, x.channels);
        operations_.push_back(std::make_unique<CombineOperation<T, R>>(a, x, b, z, y));
        return y;
    }
    const Value y = tensor(s.height, s.width, x.channels);
    operations_.push_back(std::make_unique<CombineOperation<T, T>>(a, x, b, z, y));
    return y;
}

template <class T>
void Graph<T>::plan() {
    const int count = static_cast<int>(operations_.size()), last = training_ ? 2 * count : count;
    for (int i = 0; i < count; ++i) operations_[static_cast<std::size_t>(i)]->plan_forward(*this, i);
    use(output_, last);
    if (training_) {
        write_gradient(output_, count - 1);
        for (int i = 0; i < count; ++i)
            operations_[static_cast<std::size_t>(count - 1 - i)]->plan_backward(*this, count + i);
        use_gradient(output_, last);
    }
    planner_.pack();
    for (const OwnedConvolution& c : convolutions_) {
        workspace_bytes_ = std::max(workspace_bytes_, c.convolution->workspace_bytes());
        weight_bytes_ += (c.convolution->weight_bytes() + 63) / 64 * 64;
    }
}

template <class T>
void Graph<T>::allocate() {
    arena_ = DeviceArray<std::byte>(static_cast<std::ptrdiff_t>(planner_.bytes()));
    workspace_ =
        DeviceArray<std::byte>(static_cast<std::ptrdiff_t>(std::max<std::size_t>(workspace_bytes_, 64)));
    weights_ = DeviceArray<std::byte>(static_cast<std::ptrdiff_t>(std::max<std::size_t>(weight_bytes_, 64)));
    std::byte* at = weights_.data();
    for (OwnedConvolution& c : convolutions_) {
        c.convolution->use_memory(at, workspace_.data());
        at += (c.convolution->weight_bytes() + 63) / 64 * 64;
    }
}

template <class T>
void Graph<T>::set_weights(const R* parameters) {
    for (OwnedConvolution& c : convolutions_) c.convolution->set_weights(parameters + c.weights);
}
template <class T>
void Graph<T>::forward(const R* parameters) {
    parameters_ = parameters;
    for (auto& operation : operations_) operation->forward(*this);
}
template <class T>
void Graph<T>::backward(const R* parameters, R* gradient) {
    parameters_ = parameters, parameter_gradient_ = gradient;
    for (auto i = operations_.rbegin(); i != operations_.rend(); ++i) (*i)->backward(*this);
}

template <class T>
void Graph<T>::use(const Value& v, int time) {
    planner_.use(shape(v).storage, time);
}
template <class T>
void Graph<T>::use_gradient(const Value& v, int time) {
    const Tensor& s = shape(v);
    for (int k = v.first; k < v.first + v.channels; ++k)
        if (!s.written[static_cast<std::size_t>(k)])
            throw std::logic_error("Graph: a value that nothing uses");
    planner_.use(s.gradient_storage, time);
}
template <class T>
bool Graph<T>::write_gradient(const Value& v, int time) {
    Tensor& s = tensors_[static_cast<std::size_t>(v.tensor)];
    planner_.use(s.gradient_storage, time);
    const auto begin = s.written.begin() + v.first, end = begin + v.channels;
    const auto count = std::count(begin, end, true);
    if (count != 0 && count != v.channels) throw std::logic_error("Graph: a slice that is partly used");
    std::fill(begin, end, true);
    return count != 0;
}
template class Graph<float>;
template class Graph<double>;
template class Graph<BFloat16>;

}  // namespace reconlaw::gpu
