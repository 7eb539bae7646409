/// Single precision and BF16 by oneDNN, whose calls differ between versions 2 and 3; double precision by
/// im2col.

#include <array>
#include <dnnl.hpp>
#include <optional>
#include <stdexcept>

#include "im2col.hpp"
#include "widened.hpp"

namespace reconlaw::gpu {
namespace {

const dnnl::engine& engine() {
    static const dnnl::engine cpu(dnnl::engine::kind::cpu, 0);
    return cpu;
}

/// One a thread: lanes call the library at the same time.
dnnl::stream& stream() {
    thread_local dnnl::stream in_order(engine());
    return in_order;
}

using Tag = dnnl::memory::format_tag;
using Description = dnnl::memory::desc;
using DataType = dnnl::memory::data_type;

dnnl::memory empty_memory(const Description& d) {
    return dnnl::memory(d, engine(), nullptr);
}

/// What is passed to a primitive: the C interface takes a plain array, the C++ one would build a vector every
/// time.
template <std::size_t N>
void execute(const dnnl::primitive& primitive, const std::array<dnnl_exec_arg_t, N>& arguments) {
    const dnnl_status_t status =
        dnnl_primitive_execute(primitive.get(), stream().get(), static_cast<int>(N), arguments.data());
    if (status != dnnl_success)
        throw std::runtime_error("oneDNN: a convolution failed with status " + std::to_string(status));
}

dnnl::primitive_attr scratchpad_from_user() {
    dnnl::primitive_attr attributes;
    attributes.set_scratchpad_mode(dnnl::scratchpad_mode::user);
    return attributes;
}

struct Primitives {
#if DNNL_VERSION_MAJOR >= 3
    static auto forward(const Description& x, const Description& w, const Description& y,
                        const dnnl::memory::dims& stride, const dnnl::memory::dims& padding) {
        return dnnl::convolution_forward::primitive_desc(engine(), dnnl::prop_kind::forward_training,
                                                         dnnl::algorithm::convolution_direct, x, w, y, stride,
                                                         padding, padding, scratchpad_from_user());
    }
    template <class Backward, class Hint>
    static auto backward(const Description& x, const Description& w, const Description& y,
                         const dnnl::memory::dims& stride, const dnnl::memory::dims& padding,
                         const Hint& hint) {
        return typename Backward::primitive_desc(engine(), dnnl::algorithm::convolution_direct, x, w, y,
                                                 stride, padding, padding, hint, scratchpad_from_user());
    }
#else
    static auto forward(const Description& x, const Description& w, const Description& y,
                        const dnnl::memory::dims& stride, const dnnl::memory::dims& padding) {
        return dnnl::convolution_forward::primitive_desc(
            {dnnl::prop_kind::forward_training, dnnl::algorithm::convolution_direct, x, w, y, stride, padding,
             padding},
            scratchpad_from_user(), engine());
    }
    template <class Backward, class Hint>
    static auto backward(const Description& x, const Description& w, const Description& y,
                         const dnnl::memory::dims& stride, const dnnl::memory::dims& padding,
                         const Hint& hint) {
        return typename Backward::primitive_desc(
            {dnnl::algorithm::convolution_direct, x, w, y, stride, padding, padding}, scratchpad_from_user(),
            engine(), hint);
    }
#endif
};

/// The channels-last layout is asked for (it is the fastest for few channels, and ours); the layout of the
/// weights is oneDNN's choice in each direction, so they are reordered after every update (and rounded, for
/// T = BFloat16).
template <class T>
class OneDnnConvolution final : public Convolution<T> {
    static constexpr DataType type = sizeof(T) == sizeof(float) ? DataType::f32 : DataType::bf16;

  public:
    OneDnnConvolution(const ConvolutionShape& s, const ConvolutionUse& use) : use_(use) {
        const dnnl::memory::dims x{s.images, s.in_channels, s.height, s.width},
            w{s.out_channels, s.in_channels, s.kernel, s.kernel},
            y{s.images, s.out_channels, s.out_height(), s.out_width()}, stride{s.stride, s.stride},
            padding{s.padding, s.padding};
        const Description dx(x, type, Tag::nhwc), dy(y, type, Tag::nhwc), any(w, type, Tag::any),
            gradient(w, DataType::f32, Tag::any), plain(w, DataType::f32, Tag::oihw);
        const auto hint = Primitives::forward(dx, any, dy, stride, padding);
        plain_ = empty_memory(plain);
        x_ = empty_memory(dx), y_ = empty_memory(dy);
        const auto set_up = [&](Direction& d, const auto& primitive, const Description& weights,
                                bool to_plain) {
            d.weights = empty_memory(weights);
            d.scratch = empty_memory(primitive.scratchpad_desc());
            d.weight_bytes = weights.get_size();
            d.scratch_bytes = primitive.scratchpad_desc().get_size();
            const auto reorder = to_plain ? dnnl::reorder::primitive_desc(engine(), weights, engine(), plain,
                                                                          scratchpad_from_user())
                                          : dnnl::reorder::primitive_desc(engine(), plain, engine(), weights,
                                                                          scratchpad_from_user());
            d.reorder = dnnl::reorder(reorder);
            d.reorder_scratch = empty_memory(reorder.scratchpad_desc());
            d.scratch_bytes = std::max(d.scratch_bytes, reorder.scratchpad_desc().get_size());
        };
        if (use.forward) {
            forward_.primitive = dnnl::convolution_forward(hint);
            set_up(forward_, hint, hint.weights_desc(), false);
        }
        if (use.backward_data) {
            const auto p =
                Primitives::backward<dnnl::convolution_backward_data>(dx, any, dy, stride, padding, hint);
            backward_data_.primitive = dnnl::convolution_backward_data(p);
            set_up(backward_data_, p, p.weights_desc(), false);
        }
        if (use.backward_weights) {
            const auto p = Primitives::backward<dnnl::convolution_backward_weights>(dx, gradient, dy, stride,
                                                                                    padding, hint);
            backward_weights_.primitive = dnnl::convolution_backward_weights(p);
            set_up(backward_weights_, p, p.diff_weights_desc(), true);
        }
    }

    std::size_t workspace_bytes() const override {
        return std::max(
            {forward_.scratch_bytes, backward_data_.scratch_bytes, backward_weights_.scratch_bytes});
    }
    std::size_t weight_bytes() const override {
        return rounded(forward_) + rounded(backward_data_) + rounded(backward_weights_);
    }
    void use_memory(void* weights, void* workspace) override {
        auto* at = static_cast<std::byte*>(weights);
        for (Direction* d : {&forward_, &backward_data_, &backward_weights_}) {
            if (!d->primitive) continue;
            d->weights.set_data_handle(at);
            d->scratch.set_data_handle(workspace);
            d->reorder_scratch.set_data_handle(workspace);
            at += rounded(*d);
        }
    }

    void set_weights(const float* weights) override {
        plain_.set_data_handle(const_cast<float*>(weights));
        if (use_.forward) to_own_layout(forward_);
        if (use_.backward_data) to_own_layout(backward_data_);
    }

    void forward(const T* x, T* y) override {
        x_.set_data_handle(const_cast<T*>(x)), y_.set_data_handle(y);
        execute<4>(forward_.primitive, {{{DNNL_ARG_SRC, x_.get()},
                                         {DNNL_ARG_WEIGHTS, forward_.weights.get()},
                                         {DNNL_ARG_DST, y_.get()},
                                         {DNNL_ARG_SCRATCHPAD, forward_.scratch.get()}}});
    }

    void backward_data(const T* dy, T* dx) override {
        x_.set_data_handle(dx), y_.set_data_handle(const_cast<T*>(dy));
        execute<4>(backward_data_.primitive, {{{DNNL_ARG_DIFF_SRC, x_.get()},
                                               {DNNL_ARG_WEIGHTS, backward_data_.weights.get()},
                                               {DNNL_ARG_DIFF_DST, y_.get()},
                                               {DNNL_ARG_SCRATCHPAD, backward_data_.scratch.get()}}});
    }

    void backward_weights(const T* x, const T* dy, float* dweights) override {
        x_.set_data_handle(const_cast<T*>(x)), y_.set_data_handle(const_cast<T*>(dy));
        execute<4>(backward_weights_.primitive, {{{DNNL_ARG_SRC, x_.get()},
                                                  {DNNL_ARG_DIFF_DST, y_.get()},
                                                  {DNNL_ARG_DIFF_WEIGHTS, backward_weights_.weights.get()},
                                                  {DNNL_ARG_SCRATCHPAD, backward_weights_.scratch.get()}}});
        plain_.set_data_handle(dweights);
        execute<3>(backward_weights_.reorder,
                   {{{DNNL_ARG_FROM, backward_weights_.weights.get()},
                     {DNNL_ARG_TO, plain_.get()},
                     {DNNL_ARG_SCRATCHPAD, backward_weights_.reorder_scratch.get()}}});
    }

  private:
    struct Direction {
        dnnl::primitive primitive, reorder;
        dnnl::memory weights, scratch, reorder_scratch;
        std::size_t weight_bytes = 0, scratch_bytes = 0;
    };

    static std::size_t rounded(const Direction& d) { return (d.weight_bytes + 63) / 64 * 64; }

    void to_own_layout(Direction& d) {
        execute<3>(d.reorder, {{{DNNL_ARG_FROM, plain_.get()},
                                {DNNL_ARG_TO, d.weights.get()},
                                {DNNL_ARG_SCRATCHPAD, d.reorder_scratch.get()}}});
    }

    ConvolutionUse use_;
    Direction forward_, backward_data_, backward_weights_;
    dnnl::memory x_, y_, plain_;
};

}  // namespace

template <>
std::unique_ptr<Convolution<float>> make_convolution(const ConvolutionShape& shape, const ConvolutionUse& use,
                                                     Arithmetic) {
    try {
        return std::make_unique<OneDnnConvolution<float>>(shape, use);
    } catch (const dnnl::error& e) {
        throw std::runtime_error(std::string("oneDNN: cannot set up a convolution: ") + e.what());
    }
}

template <>
std::unique_ptr<Convolution<BFloat16>> make_convolution(const ConvolutionShape& shape,
                                                        const ConvolutionUse& use, Arithmetic arithmetic) {
    if (!multiplies_bf16())
        return std::make_unique<WidenedConvolution>(shape, make_convolution<float>(shape, use, arithmetic));
    try {
        return std::make_unique<OneDnnConvolution<BFloat16>>(shape, use);
    } catch (const dnnl::error& e) {
        throw std::runtime_error(std::string("oneDNN: cannot set up a BF16 convolution: ") + e.what());
    }
}

template <>
std::unique_ptr<Convolution<double>> make_convolution(const ConvolutionShape& shape, const ConvolutionUse&,
                                                      Arithmetic) {
    return std::make_unique<Im2colConvolution<double>>(shape);
}

double most_values() {
    return 0x1p36;  // beyond, oneDNN 2.6 divides by zero where it should say that it cannot
}

/// AVX-512 BF16 or AMX. With AVX-512 alone oneDNN imitates it, three times slower than single precision.
/// oneDNN's numbers for instruction sets are sets of bits.
bool multiplies_bf16() {
    constexpr auto wanted = static_cast<unsigned>(dnnl::cpu_isa::avx512_core_bf16);
    return (static_cast<unsigned>(dnnl::get_effective_cpu_isa()) & wanted) == wanted;
}

std::string convolution_library() {
    const dnnl_version_t* v = dnnl_version();
    return "oneDNN " + std::to_string(v->major) + "." + std::to_string(v->minor) + "." +
           std::to_string(v->patch);
}

}  // namespace reconlaw::gpu
