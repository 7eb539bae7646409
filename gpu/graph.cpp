#include "graph.hpp"

#include <algorithm>
#include <stdexcept>

#include "operations.hpp"

namespace reconlaw::gpu {

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

/// Libraries and conversions want a tensor of their own, not a slice of another's channels.
template <class T>
void require_whole(const Graph<T>& g, const Value& x) {
    if (x.first != 0 || x.channels != g.shape(x).channels)
        throw std::logic_error("Graph: a slice where a whole tensor is wanted");
}

template <class T>
template <class From, class To>
Value Graph<T>::converted(const Value& x) {
    require_whole(*this, x);
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

template <class T>
Value Graph<T>::convolution(const Value& x, int out_channels, int kernel, std::ptrdiff_t weights) {
    require_whole(*this, x);
    const auto [height, width] = std::pair(shape(x).height, shape(x).width);
    const bool back = shape(x).needs_gradient;
    const Value z = tensor(height, width, out_channels);
    Convolution<T>& c =
        add_convolution({images_, height, width, x.channels, out_channels, kernel, 1, kernel / 2},
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
