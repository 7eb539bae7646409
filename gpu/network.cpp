#include "reconlaw/gpu/network.hpp"

#include <Random123/philox.h>

#include <algorithm>
#include <cmath>
#include <limits>
#include <new>
#include <sstream>
#include <stdexcept>

#include "lanes.hpp"
#include "network_internals.hpp"
#include "reconlaw/detail/check.hpp"
#include "reconlaw/gpu/device.hpp"

namespace reconlaw::gpu {
namespace {

std::string megabytes(std::size_t bytes) {
    const double mb = static_cast<double>(bytes) / 1e6;
    std::string text = mb < 10 ? std::to_string(std::round(10 * mb) / 10) : std::to_string(std::round(mb));
    text.resize(text.find('.') + (mb < 10 ? 2 : 0));
    return text + " MB";
}

template <class T>
std::ptrdiff_t elements(const View<T>& v) {
    return std::ptrdiff_t{v.n} * v.h * v.w * v.c;
}

/// NCHW on the host to channels last on the device, and back. With one channel they are the same.
template <class T>
void upload(std::span<const T> from, const View<T>& to) {
    if (to.c == 1) return kernels::upload(to.data, from.data(), sizeof(T) * from.size());
    std::vector<T> last(from.size());
    std::size_t i = 0;
    for (int n = 0; n < to.n; ++n)
        for (int k = 0; k < to.c; ++k)
            for (int y = 0; y < to.h; ++y)
                for (int x = 0; x < to.w; ++x)
                    last[static_cast<std::size_t>(n * to.image + y * to.row + x * to.pixel + k)] = from[i++];
    kernels::upload(to.data, last.data(), sizeof(T) * last.size());
}

template <class T>
std::vector<T> download(const View<T>& from) {
    const auto size = static_cast<std::size_t>(elements(from));
    std::vector<T> last(size), first(size);
    kernels::download(last.data(), from.data, sizeof(T) * size);
    if (from.c == 1) return last;
    std::size_t i = 0;
    for (int n = 0; n < from.n; ++n)
        for (int k = 0; k < from.c; ++k)
            for (int y = 0; y < from.h; ++y)
                for (int x = 0; x < from.w; ++x)
                    first[i++] =
                        last[static_cast<std::size_t>(n * from.image + y * from.row + x * from.pixel + k)];
    return first;
}

/// Values in the network's largest tensor, be it activations or weights.
double largest_tensor(const Architecture& a, const BatchShape& s) {
    int channels = 1;
    if (const auto* u = std::get_if<UNet>(&a))
        channels = std::max({u->in_channels, u->out_channels, (u->poolings > 0 ? 2 : 1) * u->channels});
    else if (const auto* r = std::get_if<ResidualCnn>(&a))
        channels = std::max(r->in_channels, r->upscale * r->upscale * std::max(r->out_channels, r->channels));
    else if (const auto* l = std::get_if<LinearNetwork>(&a))
        channels = std::max(l->inputs, l->outputs);
    double most = double(s.images) * s.height * s.width * channels;
    for (const Parameter& p : parameters(a)) {
        double weights = 1;
        for (const int n : p.shape) weights *= n;
        most = std::max(most, weights);
    }
    return most;
}

void check_shape(const Architecture& a, const BatchShape& s, const NetworkOptions& o) {
    check(a);
    detail::require(s.images >= 1 && s.images <= 1 << 20, "Network", "images", s.images, "from 1 to 2^20");
    check_image_size(a, s.height, s.width);
    if (const double values = largest_tensor(a, s), most = most_values(); values > most) {
        std::ostringstream number;
        number << values;
        const std::size_t have = device().memory_bytes;
        if (have > 0 && 2 * values > static_cast<double>(have))
            throw DeviceError("not enough memory for " + describe(a) + ": one tensor of " + number.str() +
                              " values needs more than the device's " + megabytes(have));
        detail::require(
            false, "Network", "values in one tensor", values,
            "at most 2^" + std::to_string(std::lround(std::log2(most))) + " for " + convolution_library());
    }
    if (o.training && o.loss == Loss::ssim) {
        const auto* u = std::get_if<UNet>(&a);
        const auto* r = std::get_if<ResidualCnn>(&a);
        const int channels = u ? u->out_channels : r ? r->out_channels : 0;
        detail::require(channels == 1, "Network", "output channels", channels, "1 for the SSIM loss");
        detail::require(std::min(s.height, s.width) >= 7, "Network", "image size",
                        std::min(s.height, s.width), "at least 7 x 7 for the SSIM loss");
    }
}

}  // namespace

std::string to_string(Precision precision) {
    switch (precision) {
        case Precision::fp32:
            return "fp32";
        case Precision::tf32:
            return "tf32";
        case Precision::bf16:
            return "bf16";
    }
    return "unknown";
}

Precision precision_named(const std::string& name) {
    for (const Precision p : {Precision::fp32, Precision::tf32, Precision::bf16})
        if (name == to_string(p)) return p;
    throw std::invalid_argument("precision '" + name + "' is unknown: must be fp32, tf32 or bf16");
}

std::string MemoryPlan::summary() const {
    return "activations " + megabytes(activations) + " (minimum " + megabytes(minimum) + "), convolutions " +
           megabytes(workspace + weights) + (loss > 0 ? ", loss " + megabytes(loss) : "") + ", parameters " +
           megabytes(parameters) + (data > 0 ? ", patches " + megabytes(data) : "");
}

void require_memory(const MemoryPlan& plan, const std::string& what) {
    const std::size_t have = device().memory_bytes;
    if (have > 0 && plan.total() > have)
        throw DeviceError("not enough memory for " + what + ": needs " + megabytes(plan.total()) +
                          ", the device has " + megabytes(have));
}

template <class T>
Network<T>::Internals::Internals(const Architecture& a, const BatchShape& s, const NetworkOptions& o)
    : architecture(a),
      shape(s),
      options(o),
      list((check_shape(a, s, o), require_device(), gpu::parameters(a))),
      program(make_lanes<T>(a, s, o)) {}

template <class T>
MemoryPlan Network<T>::Internals::plan() const {
    MemoryPlan p;
    p.activations = program->activation_bytes();
    p.minimum = program->minimum_bytes();
    p.workspace = program->workspace_bytes();
    p.weights = program->weight_bytes();
    const auto count = static_cast<std::size_t>(list.back().offset + list.back().size());
    p.parameters = sizeof(T) * count * (options.training ? 2 : 1) + program->gradient_bytes();
    const LossSizes l = loss_sizes();
    p.loss = sizeof(T) * static_cast<std::size_t>(l.targets + l.range + l.maps) +
             sizeof(double) * static_cast<std::size_t>(l.row_sums);
    return p;
}

template <class T>
auto Network<T>::Internals::loss_sizes() const -> LossSizes {
    if (!options.training) return {};
    const View<T> out = program->output();
    const std::ptrdiff_t n = shape.images, h = out.h, w = out.w;
    LossSizes sizes{n * h * w * out.c, n * h};
    if (options.loss == Loss::ssim) sizes.range = n, sizes.maps = 3 * n * (h - 6) * (w - 6);
    return sizes;
}

template <class T>
void Network<T>::Internals::allocate() {
    require_memory(plan(), describe(architecture) + " and batches of " + std::to_string(shape.images) +
                               " x " + std::to_string(shape.height) + " x " + std::to_string(shape.width));
    try {
        program->allocate();
        parameters = DeviceArray<T>(list.back().offset + list.back().size());
        if (options.training) {
            const LossSizes sizes = loss_sizes();
            gradient = DeviceArray<T>(parameters.size());
            targets = DeviceArray<T>(sizes.targets);
            row_sums = DeviceArray<double>(sizes.row_sums);
            if (options.loss == Loss::ssim) {
                range = DeviceArray<T>(sizes.range);
                maps = DeviceArray<T>(sizes.maps);
                equal_range.resize(static_cast<std::size_t>(sizes.range));
            }
        }
    } catch (const std::bad_alloc&) {
        throw DeviceError("not enough memory for " + describe(architecture) + ": " +
                          megabytes(plan().total()) + " could not be allocated");
    }
    refresh();
}

template <class T>
View<T> Network<T>::Internals::target() const {
    const View<T> out = program->output();
    return dense_view(targets.data(), out.n, out.h, out.w, out.c);
}

template <class T>
double Network<T>::Internals::loss_and_gradient() {
    forward();
    const View<T> estimate = program->output(), gradient_out = program->output_gradient();
    const auto loss = [&] {
        switch (options.loss) {
            case Loss::mse:
                return kernels::mse_loss<T>(estimate, target(), row_sums.data(), gradient_out);
            case Loss::l1:
                return kernels::l1_loss<T>(estimate, target(), row_sums.data(), gradient_out);
            case Loss::ssim:
                return kernels::ssim_loss<T>(estimate, target(), range.data(), row_sums.data(), maps.data(),
                                             gradient_out);
        }
        return std::numeric_limits<double>::quiet_NaN();
    }();
    program->backward(parameters.data(), gradient.data());
    return loss;
}

template <class T>
Network<T>::Network(const Architecture& architecture, const BatchShape& shape, const NetworkOptions& options)
    : internals_(std::make_unique<Internals>(architecture, shape, options)) {
    internals_->allocate();
}
template <class T>
Network<T>::~Network() = default;
template <class T>
Network<T>::Network(Network&&) noexcept = default;
template <class T>
Network<T>& Network<T>::operator=(Network&&) noexcept = default;

template <class T>
const Architecture& Network<T>::architecture() const {
    return internals_->architecture;
}
template <class T>
const BatchShape& Network<T>::shape() const {
    return internals_->shape;
}
template <class T>
const std::vector<Parameter>& Network<T>::parameters() const {
    return internals_->list;
}
template <class T>
std::ptrdiff_t Network<T>::parameter_count() const {
    return internals_->parameters.size();
}
template <class T>
MemoryPlan Network<T>::memory() const {
    return internals_->plan();
}
template <class T>
MemoryPlan Network<T>::plan(const Architecture& architecture, const BatchShape& shape,
                            const NetworkOptions& options) {
    return Internals(architecture, shape, options).plan();
}

template <class T>
void Network<T>::initialise(std::uint64_t seed) {
    using Philox = r123::Philox4x32;
    const Philox::key_type key{{static_cast<std::uint32_t>(seed), static_cast<std::uint32_t>(seed >> 32)}};
    std::vector<T> values(static_cast<std::size_t>(parameter_count()));
    std::uint32_t tensor = 0;
    for (const Parameter& p : internals_->list) {
        for (std::ptrdiff_t i = 0; i < p.size(); ++i) {
            // counter {group of four values, tensor, 0, 3}
            const auto bits =
                Philox()(Philox::ctr_type{{static_cast<std::uint32_t>(i / 4), tensor, 0, 3}}, key);
            const double uniform = (bits[static_cast<std::size_t>(i % 4)] + 0.5) * 0x1p-32;
            values[static_cast<std::size_t>(p.offset + i)] = static_cast<T>(p.bound * (2 * uniform - 1));
        }
        ++tensor;
    }
    set_parameters(values);
}

template <class T>
void Network<T>::set_parameters(std::span<const T> values) {
    detail::require(static_cast<std::ptrdiff_t>(values.size()) == parameter_count(),
                    "Network::set_parameters", "number of values", values.size(),
                    std::to_string(parameter_count()));
    internals_->parameters.upload(values.data());
    internals_->refresh();
}

template <class T>
std::vector<T> Network<T>::get_parameters() const {
    std::vector<T> values(static_cast<std::size_t>(parameter_count()));
    internals_->parameters.download(values.data());
    return values;
}

template <class T>
std::vector<T> Network<T>::get_gradient() const {
    detail::require(internals_->options.training, "Network::get_gradient", "training", "false", "true");
    std::vector<T> values(static_cast<std::size_t>(internals_->gradient.size()));
    internals_->gradient.download(values.data());
    return values;
}

template <class T>
std::vector<T> Network<T>::forward(std::span<const T> input) {
    Internals& n = *internals_;
    const View<T> to = n.program->input();
    detail::require(static_cast<std::ptrdiff_t>(input.size()) == elements(to), "Network::forward",
                    "number of values", input.size(), std::to_string(elements(to)));
    upload(input, to);
    n.forward();
    return download(n.program->output());
}

template <class T>
double Network<T>::loss_and_gradient(std::span<const T> input, std::span<const T> target, T range) {
    Internals& n = *internals_;
    constexpr auto f = "Network::loss_and_gradient";
    detail::require(n.options.training, f, "training", "false", "true");
    const View<T> to = n.program->input();
    detail::require(static_cast<std::ptrdiff_t>(input.size()) == elements(to), f, "number of input values",
                    input.size(), std::to_string(elements(to)));
    detail::require(static_cast<std::ptrdiff_t>(target.size()) == n.targets.size(), f,
                    "number of target values", target.size(), std::to_string(n.targets.size()));
    if (n.options.loss == Loss::ssim) {
        detail::require_finite_positive(range, f, "range");
        std::fill(n.equal_range.begin(), n.equal_range.end(), range);
        n.range.upload(n.equal_range.data());
    }
    upload(input, to);
    upload(target, n.target());
    return n.loss_and_gradient();
}

template <class T>
std::vector<T> Network<T>::get_output_gradient() const {
    detail::require(internals_->options.training, "Network::get_output_gradient", "training", "false",
                    "true");
    return download(internals_->program->output_gradient());
}

template <class T>
double Network<T>::update(Optimiser<T>& optimiser) {
    detail::require(internals_->options.training, "Network::update", "training", "false", "true");
    detail::require(optimiser.parameters() == parameter_count(), "Network::update", "optimiser's parameters",
                    optimiser.parameters(), std::to_string(parameter_count()));
    const double norm = optimiser.step(internals_->parameters.data(), internals_->gradient.data());
    internals_->refresh();
    return norm;
}

template class Network<float>;
template class Network<double>;

}  // namespace reconlaw::gpu
