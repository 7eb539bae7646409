#pragma once
/// A network laid out for batches of one shape: what the rest of the engine sees of a Graph.

#include <cstddef>
#include <memory>

#include "convolution/convolution.hpp"
#include "reconlaw/gpu/network.hpp"

namespace reconlaw::gpu {

/// Input, output, parameters and gradients are in T = float or double. What lies between may be stored in
/// less: a Graph<BFloat16> is a Program<float>.
template <class T>
class Program {
  public:
    virtual ~Program() = default;

    /// Of activations and their gradients, and the most of it that is in use at any one time.
    virtual std::size_t activation_bytes() const = 0;
    virtual std::size_t minimum_bytes() const = 0;
    virtual std::size_t workspace_bytes() const = 0;
    virtual std::size_t weight_bytes() const = 0;
    /// Of parameter gradients that it keeps besides the caller's.
    virtual std::size_t gradient_bytes() const { return 0; }
    virtual void allocate() = 0;

    virtual View<T> input() const = 0;
    /// Its data are null before allocate.
    virtual View<T> output() const = 0;
    /// To be written between forward and backward.
    virtual View<T> output_gradient() const = 0;

    /// To be called when the parameters have changed; they stay as they are until the next call.
    virtual void set_weights(const T* parameters) = 0;
    virtual void forward(const T* parameters) = 0;
    virtual void backward(const T* parameters, T* gradient) = 0;
};

/// @throws std::invalid_argument  BF16 in double precision
template <class T>
std::unique_ptr<Program<T>> make_program(const Architecture& architecture, const BatchShape& shape,
                                         bool training, Precision precision);

}  // namespace reconlaw::gpu
