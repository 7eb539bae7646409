#pragma once
/// A network as a list of operations on tensors whose memory is planned before it is run.
///
/// Building: make tensors, add operations in the order of the forward pass. Then plan(): every operation says
/// what it touches on its way forward and back, so each tensor's life is known, and tensors whose lives do
/// not meet share memory. Running: forward(), backward(); neither allocates.

#include <memory>
#include <stdexcept>
#include <type_traits>
#include <vector>

#include "device_array.hpp"
#include "memory_planner.hpp"
#include "program.hpp"

namespace reconlaw::gpu {

/// Channels [first, first + channels) of a tensor.
struct Value {
    int tensor = -1, first = 0, channels = 0;
};

template <class T>
class Graph;

/// One operation. `time` counts operations: forward 0, 1, ..., K - 1, then backward K, ..., 2 K - 1.
template <class T>
struct Operation {
    virtual ~Operation() = default;
    /// Says by graph.use(...) what the pass reads and writes, and asks by graph.scratch(...) for what it
    /// needs.
    virtual void plan_forward(Graph<T>& graph, int time) = 0;
    virtual void plan_backward(Graph<T>& graph, int time) = 0;
    virtual void forward(Graph<T>& graph) = 0;
    virtual void backward(Graph<T>& graph) = 0;
};

/// Tensors hold T, but for those at the network's two ends, which hold Real<T> and are called wide: the
/// input, and the output from the last layer's bias on. For float and double there is no difference.
template <class T>
class Graph final : public Program<Real<T>> {
  public:
    using R = Real<T>;
    struct Tensor {
        int height, width, channels;
        bool wide, needs_gradient;
        int storage, gradient_storage;
        std::vector<bool> written;  ///< channels whose gradient an operation has written, while planning
    };

    Graph(int images, bool training, Arithmetic arithmetic);
    ~Graph() override;

    int images() const { return images_; }
    bool training() const { return training_; }

    // ---- building
    Value tensor(int height, int width, int channels);
    Value wide_tensor(int height, int width, int channels, bool needs_gradient = true);
    /// x, which is wide, as a tensor of T, and the other way: x itself where both are the same.
    Value narrow(const Value& x);
    Value widen(const Value& x);
    static Value slice(const Value& v, int first, int channels) {
        return {v.tensor, v.first + first, channels};
    }
    const Tensor& shape(const Value& v) const { return tensors_[static_cast<std::size_t>(v.tensor)]; }

    /// z = convolution of x, odd kernel, same size, with the weights at `weights` of the flat parameter
    /// array.
    Value convolution(const Value& x, int out_channels, int kernel, std::ptrdiff_t weights);
    /// z = 2 x 2 transposed convolution of stride 2.
    Value transposed_convolution(const Value& x, int out_channels, std::ptrdiff_t weights);
    /// y = LeakyReLU(instance norm(z)); y may be larger than z by a last row or column, left for reflection.
    void normalise(const Value& z, R slope, const Value& y);
    /// y = activation(z + bias), the bias at `bias` of the parameters (none if negative); y may be wide.
    void activate(const Value& z, std::ptrdiff_t bias, R slope, const Value& y);
    void average_pool(const Value& x, const Value& y);
    void reflect_edge(const Value& y, bool row, bool column);
    Value pixel_shuffle(const Value& x, int factor);
    /// y = a x + b z; both wide, or neither.
    Value combine(R a, const Value& x, R b, const Value& z);

    /// Wide ones. The output stays to the end, and the caller writes its gradient between forward and
    /// backward.
    void set_ends(const Value& input, const Value& output) { input_ = input, output_ = output; }

    // ---- planning
    /// Everything is known; nothing is allocated yet.
    void plan();
    std::size_t activation_bytes() const override { return planner_.bytes(); }
    std::size_t minimum_bytes() const override { return planner_.minimum(); }
    std::size_t workspace_bytes() const override { return workspace_bytes_; }
    std::size_t weight_bytes() const override { return weight_bytes_; }
    void allocate() override;

    // ---- running
    void set_weights(const R* parameters) override;
    void forward(const R* parameters) override;
    void backward(const R* parameters, R* gradient) override;
    View<R> input() const override { return view<R>(input_); }
    View<R> output() const override { return view<R>(output_); }
    View<R> output_gradient() const override { return gradient<R>(output_); }

    // ---- for operations
    /// U is R for wide tensors and else T.
    template <class U = T>
    View<U> view(const Value& v) const {
        return view_of<U>(v, shape(v).storage);
    }
    template <class U = T>
    View<U> gradient(const Value& v) const {
        return view_of<U>(v, shape(v).gradient_storage);
    }
    void use(const Value& v, int time);
    void use_gradient(const Value& v, int time);
    /// This operation writes the gradient of v. @return whether it must add to what others have written
    bool write_gradient(const Value& v, int time);
    /// `size` elements of U for one pass of one operation. @return handle for memory()
    template <class U>
    int scratch(std::ptrdiff_t size, int time) {
        const int block = planner_.add(sizeof(U) * static_cast<std::size_t>(size));
        planner_.use(block, time);
        return block;
    }
    void keep_scratch(int handle, int time) { planner_.use(handle, time); }
    template <class U>
    U* memory(int handle) const {
        return arena_.data() ? reinterpret_cast<U*>(arena_.data() + planner_.offset(handle)) : nullptr;
    }
    bool needs_gradient(const Value& v) const { return shape(v).needs_gradient; }
    const R* parameters() const { return parameters_; }
    R* parameter_gradient() const { return parameter_gradient_; }
    Convolution<T>& add_convolution(const ConvolutionShape& shape, const ConvolutionUse& use,
                                    std::ptrdiff_t weights);

  private:
    struct OwnedConvolution {
        std::unique_ptr<Convolution<T>> convolution;
        std::ptrdiff_t weights;
    };
    template <class U>
    Value add_tensor(int height, int width, int channels, bool needs_gradient);
    template <class From, class To>
    Value converted(const Value& x);
    template <class U>
    View<U> view_of(const Value& v, int storage) const {
        const Tensor& s = shape(v);
        if (!std::is_same_v<U, R> && s.wide) throw std::logic_error("Graph: a wide tensor");
        if (!std::is_same_v<U, T> && !s.wide) throw std::logic_error("Graph: a tensor that is not wide");
        View<U> view = dense_view(memory<U>(storage), images_, s.height, s.width, s.channels);
        view.data += v.first, view.c = v.channels;
        return view;
    }

    int images_;
    bool training_;
    Arithmetic arithmetic_;
    std::vector<Tensor> tensors_;
    std::vector<std::unique_ptr<Operation<T>>> operations_;
    std::vector<OwnedConvolution> convolutions_;
    Value input_, output_;
    MemoryPlanner planner_;
    std::size_t workspace_bytes_ = 0, weight_bytes_ = 0;
    DeviceArray<std::byte> arena_, workspace_, weights_;
    const R* parameters_ = nullptr;
    R* parameter_gradient_ = nullptr;
};

}  // namespace reconlaw::gpu
