#pragma once
/// Adam, RMSprop and SGD with momentum, as PyTorch defines them.

#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>
#include <vector>

namespace reconlaw::gpu {

enum class OptimiserKind { adam, rmsprop, sgd };

/// g is the gradient, clipped to norm clip_norm if that is positive: g *= min(1, clip_norm/(|g| + 1e-6)).
///
/// adam     m = b1 m + (1 - b1) g,  v = b2 v + (1 - b2) g^2,
///          p -= rate m/(1 - b1^t) / (sqrt(v/(1 - b2^t)) + epsilon)        (Kingma & Ba 2015)
/// rmsprop  v = decay v + (1 - decay) g^2,  p -= rate g/(sqrt(v) + epsilon)
/// sgd      m = momentum m + g,  p -= rate m
///
/// These are torch.optim.Adam, RMSprop and SGD with PyTorch's defaults.
struct OptimiserOptions {
    OptimiserKind kind = OptimiserKind::adam;
    double rate = 1e-3;
    double beta1 = 0.9, beta2 = 0.999;  ///< adam
    double decay = 0.99;                ///< rmsprop
    double momentum = 0;                ///< sgd
    double epsilon = 1e-8;
    double clip_norm = 0;  ///< 0: no clipping
};

std::string to_string(OptimiserKind kind);
/// @throws std::invalid_argument  none of adam, rmsprop, sgd
OptimiserKind optimiser_named(const std::string& name);

/// An optimiser for a fixed number of parameters, its state in device memory.
template <class T>
class Optimiser {
  public:
    /// @throws std::invalid_argument  an option outside its range, naming it
    Optimiser(std::ptrdiff_t parameters, const OptimiserOptions& options);
    ~Optimiser();
    Optimiser(Optimiser&&) noexcept;
    Optimiser& operator=(Optimiser&&) noexcept;

    const OptimiserOptions& options() const;
    std::ptrdiff_t parameters() const;  ///< their number
    /// @throws std::invalid_argument  negative or not finite
    void set_rate(double rate);
    std::int64_t steps() const;
    static std::size_t bytes(std::ptrdiff_t parameters, OptimiserKind kind);

    /// The running averages (m, then v where there are both) and the number of steps: what a checkpoint
    /// keeps.
    std::vector<T> state() const;
    /// @throws std::invalid_argument  another size, steps < 0
    void set_state(const std::vector<T>& state, std::int64_t steps);

    /// One step on device arrays. @return norm of the gradient before clipping
    double step(T* parameters, T* gradient);

  private:
    struct State;
    std::unique_ptr<State> state_;
};

}  // namespace reconlaw::gpu
