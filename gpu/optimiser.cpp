#include "reconlaw/gpu/optimiser.hpp"

#include <algorithm>
#include <cmath>
#include <stdexcept>

#include "device_array.hpp"
#include "reconlaw/detail/check.hpp"

namespace reconlaw::gpu {
namespace {

using detail::require;

void check(const OptimiserOptions& o) {
    constexpr auto f = "Optimiser";
    detail::require_finite_nonnegative(o.rate, f, "rate");
    require(o.beta1 >= 0 && o.beta1 < 1, f, "beta1", o.beta1, ">= 0 and < 1");
    require(o.beta2 >= 0 && o.beta2 < 1, f, "beta2", o.beta2, ">= 0 and < 1");
    require(o.decay >= 0 && o.decay < 1, f, "decay", o.decay, ">= 0 and < 1");
    require(o.momentum >= 0 && o.momentum < 1, f, "momentum", o.momentum, ">= 0 and < 1");
    detail::require_finite_positive(o.epsilon, f, "epsilon");
    detail::require_finite_nonnegative(o.clip_norm, f, "clip_norm");
}

int averages(OptimiserKind kind) {
    return kind == OptimiserKind::adam ? 2 : 1;
}

}  // namespace

std::string to_string(OptimiserKind kind) {
    switch (kind) {
        case OptimiserKind::adam:
            return "adam";
        case OptimiserKind::rmsprop:
            return "rmsprop";
        case OptimiserKind::sgd:
            return "sgd";
    }
    return "unknown";
}

OptimiserKind optimiser_named(const std::string& name) {
    for (const OptimiserKind kind : {OptimiserKind::adam, OptimiserKind::rmsprop, OptimiserKind::sgd})
        if (name == to_string(kind)) return kind;
    throw std::invalid_argument("optimiser '" + name + "' is unknown: must be adam, rmsprop or sgd");
}

template <class T>
struct Optimiser<T>::State {
    OptimiserOptions options;
    std::ptrdiff_t count;
    std::int64_t steps = 0;
    DeviceArray<T> averages;
    DeviceArray<double> sums;
};

template <class T>
Optimiser<T>::Optimiser(std::ptrdiff_t parameters, const OptimiserOptions& options) {
    check(options);
    require(parameters >= 1, "Optimiser", "parameters", parameters, ">= 1");
    state_ = std::make_unique<State>(State{options, parameters, 0,
                                           DeviceArray<T>(parameters * averages(options.kind)),
                                           DeviceArray<double>(kernels::squared_norm_size(parameters))});
}
template <class T>
Optimiser<T>::~Optimiser() = default;
template <class T>
Optimiser<T>::Optimiser(Optimiser&&) noexcept = default;
template <class T>
Optimiser<T>& Optimiser<T>::operator=(Optimiser&&) noexcept = default;

template <class T>
const OptimiserOptions& Optimiser<T>::options() const {
    return state_->options;
}
template <class T>
std::ptrdiff_t Optimiser<T>::parameters() const {
    return state_->count;
}
template <class T>
void Optimiser<T>::set_rate(double rate) {
    detail::require_finite_nonnegative(rate, "Optimiser::set_rate", "rate");
    state_->options.rate = rate;
}
template <class T>
std::int64_t Optimiser<T>::steps() const {
    return state_->steps;
}
template <class T>
std::size_t Optimiser<T>::bytes(std::ptrdiff_t parameters, OptimiserKind kind) {
    return sizeof(T) * static_cast<std::size_t>(parameters * averages(kind));
}

template <class T>
std::vector<T> Optimiser<T>::state() const {
    std::vector<T> values(static_cast<std::size_t>(state_->averages.size()));
    state_->averages.download(values.data());
    return values;
}

template <class T>
void Optimiser<T>::set_state(const std::vector<T>& state, std::int64_t steps) {
    require(static_cast<std::ptrdiff_t>(state.size()) == state_->averages.size(), "Optimiser::set_state",
            "number of values", state.size(), std::to_string(state_->averages.size()));
    require(steps >= 0, "Optimiser::set_state", "steps", steps, ">= 0");
    state_->averages.upload(state.data());
    state_->steps = steps;
}

template <class T>
double Optimiser<T>::step(T* parameters, T* gradient) {
    State& s = *state_;
    const OptimiserOptions& o = s.options;
    const double norm = std::sqrt(kernels::squared_norm<T>(s.count, gradient, s.sums.data()));
    if (o.clip_norm > 0) {
        const double factor = o.clip_norm / (norm + 1e-6);
        if (factor < 1) kernels::scale<T>(s.count, static_cast<T>(factor), gradient);
    }
    ++s.steps;
    T* first = s.averages.data();
    const auto t = static_cast<double>(s.steps);
    switch (o.kind) {
        case OptimiserKind::adam:
            kernels::adam<T>(s.count, parameters, gradient, first, first + s.count,
                             o.rate / (1 - std::pow(o.beta1, t)), 1 / std::sqrt(1 - std::pow(o.beta2, t)),
                             o.beta1, o.beta2, o.epsilon);
            break;
        case OptimiserKind::rmsprop:
            kernels::rmsprop<T>(s.count, parameters, gradient, first, o.rate, o.decay, o.epsilon);
            break;
        case OptimiserKind::sgd:
            kernels::sgd<T>(s.count, parameters, gradient, first, o.rate, o.momentum);
            break;
    }
    return norm;
}

template class Optimiser<float>;
template class Optimiser<double>;

}  // namespace reconlaw::gpu
