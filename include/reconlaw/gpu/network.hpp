#pragma once
/// A network for batches of one fixed shape, with its gradient: memory is planned once, nothing is allocated
/// after.

#include <cstddef>
#include <cstdint>
#include <memory>
#include <span>
#include <string>
#include <vector>

#include "reconlaw/gpu/architecture.hpp"
#include "reconlaw/gpu/optimiser.hpp"

namespace reconlaw::gpu {

/// Shape of a batch of images, n x c x h x w; arrays hold the values in this order, w fastest (NCHW).
struct BatchShape {
    int images = 1, height = 1, width = 1;
};

enum class Loss {
    mse,   ///< mean of squares over all elements
    l1,    ///< mean of absolute values
    ssim,  ///< 1 - SSIM, 7 x 7 uniform window, K1 = 0.01, K2 = 0.03, sample covariance; one output channel
};

/// Parameters, their gradients, the optimiser's state, the input and the estimate are in single precision
/// always; sums are too. (In BF16 cuDNN hands out the weights' gradients rounded to BF16.)
enum class Precision {
    fp32,
    tf32,  ///< convolutions round their operands to 10 bits of mantissa, on a GPU; a processor computes as
           ///< fp32
    /// Activations and their gradients are kept in BF16 (7 bits of mantissa), in half the memory, and
    /// convolutions multiply BF16 numbers, as in PyTorch's autocast; the last layer's bias and the loss are
    /// in single precision. On a processor without AVX-512 BF16 convolutions compute in single precision on
    /// widened copies.
    bf16,
};
std::string to_string(Precision precision);
/// @throws std::invalid_argument  none of fp32, tf32, bf16
Precision precision_named(const std::string& name);

struct NetworkOptions {
    bool training = true;  ///< false: no gradients, and memory for the forward pass alone
    Loss loss = Loss::mse;
    Precision precision = Precision::fp32;
    /// The processor's threads divide the batch, each computing the whole network for its own images, where
    /// every thread has one; false: they divide every operation, and wait for each other a hundred times as
    /// often.
    bool divide_batch = true;
};

/// Bytes of device memory, known before anything is allocated.
struct MemoryPlan {
    std::size_t activations =
        0;  ///< activations and their gradients, packed by the times at which they are needed
    std::size_t minimum = 0;     ///< the most that is alive at any one time: no packing can be smaller
    std::size_t workspace = 0;   ///< of the convolutions
    std::size_t weights = 0;     ///< copies of the weights in the convolution library's layout
    std::size_t parameters = 0;  ///< parameters and gradients; in a training also the optimiser's state
    std::size_t loss = 0;        ///< the target, and what the loss function needs besides
    std::size_t data = 0;        ///< of a training: its patches
    std::size_t total() const { return activations + workspace + weights + parameters + loss + data; }
    /// One line for a log: "activations 96 MB (minimum 94 MB), convolutions 3 MB, loss 1 MB, parameters 1 MB"
    std::string summary() const;
};

/// @param what  the network, for the message
/// @throws DeviceError  the device has less memory than the plan needs: both numbers
void require_memory(const MemoryPlan& plan, const std::string& what);

/// Scalar float or double; double is for checks of gradients.
template <class T>
class Network {
  public:
    /// All parameters are zero until initialise or set_parameters.
    /// @throws std::invalid_argument  an option outside its range, images too small, BF16 for T = double
    /// @throws DeviceError            no usable device, or not enough memory (with the number)
    Network(const Architecture& architecture, const BatchShape& shape, const NetworkOptions& options = {});
    ~Network();
    Network(Network&&) noexcept;
    Network& operator=(Network&&) noexcept;

    const Architecture& architecture() const;
    const BatchShape& shape() const;
    const std::vector<Parameter>& parameters() const;
    std::ptrdiff_t parameter_count() const;
    MemoryPlan memory() const;

    /// What the constructor would need. @throws as the constructor, but for the memory
    static MemoryPlan plan(const Architecture& architecture, const BatchShape& shape,
                           const NetworkOptions& options = {});

    /// Uniform values in [-bound, bound] of each parameter, as PyTorch initialises convolutions; Philox keyed
    /// by the seed.
    void initialise(std::uint64_t seed);

    /// All parameters, in the order of parameters(). @throws std::invalid_argument  another size
    void set_parameters(std::span<const T> values);
    std::vector<T> get_parameters() const;
    /// Of the last call of loss_and_gradient. @throws std::invalid_argument  a network made without training
    std::vector<T> get_gradient() const;

    /// Estimate for a batch: images x out_channels x h' x w', the input's size but for ResidualCnn::upscale.
    /// @throws std::invalid_argument  another size than the shape's
    std::vector<T> forward(std::span<const T> input);

    /// Loss of a batch and its gradient with respect to the parameters.
    /// @param range  SSIM: largest minus smallest possible value, 1 for images in [0, 1]
    /// @throws std::invalid_argument  sizes; a network made without training
    double loss_and_gradient(std::span<const T> input, std::span<const T> target, T range = T(1));

    /// The gradient of the last loss with respect to the network's output, images x out_channels x h' x w'.
    /// @throws std::invalid_argument  a network made without training
    std::vector<T> get_output_gradient() const;

    /// One step of an optimiser along the last gradient.
    /// @return norm of the gradient, before clipping
    /// @throws std::invalid_argument  an optimiser of another size, a network made without training
    double update(Optimiser<T>& optimiser);

    struct Internals;
    /// For the trainer: the same objects in device memory.
    Internals& internals() { return *internals_; }

  private:
    std::unique_ptr<Internals> internals_;
};

}  // namespace reconlaw::gpu
