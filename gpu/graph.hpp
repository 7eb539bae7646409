#pragma once
/// A network as a list of operations on tensors whose memory is planned before it is run.
///
/// Building: make tensors, add operations in the order of the forward pass. Then plan(): every operation says
/// what it touches on its way forward and back, so each tensor's life is known, and tensors whose lives do
/// not meet share memory. Running: forward(), backward(); neither allocates.

#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "convolution/convolution.hpp"
#include "device_array.hpp"
#include "memory_planner.hpp"

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

template <class T>
class Graph {
  public:
    struct Tensor {
        int height, width, channels;
        bool needs_gradient;
        int storage, gradient_storage;
        std::vector<bool> written;  ///< channels whose gradient an operation has written, while planning
    };

    Graph(int images, bool training, Arithmetic arithmetic);
    ~Graph();

    int images() const { return images_; }
    bool training() const { return training_; }

    // ---- building
    Value tensor(int height, int width, int channels, bool needs_gradient = true);
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
    void normalise(const Value& z, T slope, const Value& y);
    /// y = activation(z + bias), the bias at `bias` of the parameters (none if negative).
    void activate(const Value& z, std::ptrdiff_t bias, T slope, const Value& y);
    void average_pool(const Value& x, const Value& y);
    void reflect_edge(const Value& y, bool row, bool column);
    Value pixel_shuffle(const Value& x, int factor);
    /// y = a x + b z
    Value combine(T a, const Value& x, T b, const Value& z);

    /// The output: it stays to the end, and the caller writes its gradient between forward and backward.
    void set_output(const Value& v);

    // ---- planning
    /// Everything is known; nothing is allocated yet.
    void plan();
    const MemoryPlanner& planner() const { return planner_; }
    std::size_t workspace_bytes() const { return workspace_bytes_; }
    std::size_t weight_bytes() const { return weight_bytes_; }
    void allocate();

    // ---- running
    void set_weights(const T* parameters);
    void forward(const T* parameters);
    void backward(const T* parameters, T* gradient);
    View<T> view(const Value& v) const;
    View<T> gradient(const Value& v) const;

    // ---- for operations
    void use(const Value& v, int time);
    void use_gradient(const Value& v, int time);
    /// This operation writes the gradient of v. @return whether it must add to what others have written
    bool write_gradient(const Value& v, int time);
    /// `size` elements for one pass of one operation. @return handle for memory()
    int scratch(std::ptrdiff_t size, int time);
    void keep_scratch(int handle, int time) { planner_.use(handle, time); }
    T* memory(int handle) const;
    bool needs_gradient(const Value& v) const { return shape(v).needs_gradient; }
    const T* parameters() const { return parameters_; }
    T* parameter_gradient() const { return parameter_gradient_; }
    Convolution<T>& add_convolution(const ConvolutionShape& shape, const ConvolutionUse& use,
                                    std::ptrdiff_t weights);

  private:
    struct OwnedConvolution {
        std::unique_ptr<Convolution<T>> convolution;
        std::ptrdiff_t weights;
    };
    View<T> view_of(const Value& v, int storage) const;

    int images_;
    bool training_;
    Arithmetic arithmetic_;
    std::vector<Tensor> tensors_;
    std::vector<std::unique_ptr<Operation<T>>> operations_;
    std::vector<OwnedConvolution> convolutions_;
    Value output_;
    MemoryPlanner planner_;
    std::size_t workspace_bytes_ = 0, weight_bytes_ = 0;
    DeviceArray<std::byte> arena_, workspace_, weights_;
    const T* parameters_ = nullptr;
    T* parameter_gradient_ = nullptr;
};

}  // namespace reconlaw::gpu
