/// The networks of architecture.hpp as graphs of operations.

#include <stdexcept>

#include "graph.hpp"
#include "reconlaw/gpu/architecture.hpp"

namespace reconlaw::gpu {
namespace {

/// Offsets of parameters by name.
class Offsets {
  public:
    explicit Offsets(const Architecture& a) : all_(parameters(a)) {}
    std::ptrdiff_t operator()(const std::string& name) const {
        for (const Parameter& p : all_)
            if (p.name == name) return p.offset;
        throw std::logic_error("build_network: no parameter '" + name + "'");
    }

  private:
    std::vector<Parameter> all_;
};

template <class T>
class UNetBuilder {
    using R = Real<T>;
    static constexpr R slope = R(0.2);

  public:
    UNetBuilder(Graph<T>& graph, const UNet& u) : g_(graph), u_(u), weights_(u) {}

    void build(int height, int width) {
        const Value input = g_.wide_tensor(height, width, u_.in_channels, false);
        Value x = g_.narrow(input);
        // On the way down: each block writes straight into the second half of the tensor in which the way up
        // finds it.
        std::vector<Value> skips;
        int channels = u_.channels;
        for (int level = 0; level < u_.poolings; ++level, channels *= 2) {
            const auto [h, w] = std::pair(g_.shape(x).height, g_.shape(x).width);
            const Value both = g_.tensor(h, w, 2 * channels);
            const Value skip = g_.slice(both, channels, channels);
            block("down_sample_layers." + std::to_string(level), x, skip);
            skips.push_back(both);
            x = g_.tensor(h / 2, w / 2, channels);
            g_.average_pool(skip, x);
        }
        x = block("conv", x, channels);
        for (int level = 0; level < u_.poolings; ++level) {
            channels /= 2;
            const Value both = skips.back();
            skips.pop_back();
            const Value z = g_.transposed_convolution(
                x, channels, weights_("up_transpose_conv." + std::to_string(level) + ".layers.0.weight"));
            const Value up = g_.slice(both, 0, channels);
            g_.normalise(z, slope, up);
            const bool row = g_.shape(z).height < g_.shape(up).height;
            const bool column = g_.shape(z).width < g_.shape(up).width;
            if (row || column) g_.reflect_edge(up, row, column);
            x = block("up_conv." + std::to_string(level) + (level == u_.poolings - 1 ? ".0" : ""), both,
                      channels);
        }
        const std::string last =
            u_.poolings == 0 ? "final" : "up_conv." + std::to_string(u_.poolings - 1) + ".1";
        const Value z = g_.convolution(x, u_.out_channels, 1, weights_(last + ".weight"));
        const Value y = g_.wide_tensor(height, width, u_.out_channels);
        g_.activate(z, weights_(last + ".bias"), R(1), y);
        g_.set_ends(input, u_.residual ? g_.combine(R(1), input, R(-1), y) : y);
    }

  private:
    Value block(const std::string& name, const Value& x, int channels) {
        const Value y = g_.tensor(g_.shape(x).height, g_.shape(x).width, channels);
        block(name, x, y);
        return y;
    }
    void block(const std::string& name, const Value& x, const Value& y) {
        const Value first = g_.convolution(x, y.channels, 3, weights_(name + ".layers.0.weight"));
        const Value middle = g_.tensor(g_.shape(x).height, g_.shape(x).width, y.channels);
        g_.normalise(first, slope, middle);
        const Value second = g_.convolution(middle, y.channels, 3, weights_(name + ".layers.4.weight"));
        g_.normalise(second, slope, y);
    }

    Graph<T>& g_;
    const UNet& u_;
    Offsets weights_;
};

template <class T>
void build(Graph<T>& g, const UNet& u, int height, int width) {
    UNetBuilder<T>(g, u).build(height, width);
}

template <class T>
void build(Graph<T>& g, const ResidualCnn& r, int height, int width) {
    using R = Real<T>;
    constexpr R relu = 0, none = 1;
    const Offsets parameters(r);
    const auto convolve = [&](const std::string& name, const Value& x, int channels, R slope,
                              bool last = false) {
        const Value z = g.convolution(x, channels, 3, parameters(name + ".weight"));
        const auto [h, w] = std::pair(g.shape(z).height, g.shape(z).width);
        const Value y = last ? g.wide_tensor(h, w, channels) : g.tensor(h, w, channels);
        g.activate(z, parameters(name + ".bias"), slope, y);
        return y;
    };
    const Value input = g.wide_tensor(height, width, r.in_channels, false);
    const Value head = convolve("head.0", g.narrow(input), r.channels, none);
    Value x = head;
    for (int b = 0; b < r.blocks; ++b) {
        const std::string name = "body." + std::to_string(b) + ".body.";
        const Value inner = convolve(name + "0", x, r.channels, relu);
        x = g.combine(R(1), x, static_cast<R>(r.block_scale), convolve(name + "2", inner, r.channels, none));
    }
    x = g.combine(R(1), convolve("body." + std::to_string(r.blocks), x, r.channels, none), R(1), head);
    if (r.upscale == 2 || r.upscale == 3)
        x = g.pixel_shuffle(convolve("tail.0.0", x, r.upscale * r.upscale * r.channels, none), r.upscale);
    if (r.upscale == 4) {
        x = g.pixel_shuffle(convolve("tail.0.0", x, 4 * r.channels, none), 2);
        x = g.pixel_shuffle(convolve("tail.0.2", x, 4 * r.channels, none), 2);
    }
    const Value y = convolve(r.upscale == 1 ? "tail.0" : "tail.1", x, r.out_channels, none, true);
    g.set_ends(input, r.residual ? g.combine(R(1), input, R(-1), y) : y);
}

template <class T>
void build(Graph<T>& g, const LinearNetwork& l, int height, int width) {
    const Value input = g.wide_tensor(height, width, l.inputs, false);
    g.set_ends(input, g.widen(g.convolution(g.narrow(input), l.outputs, 1, 0)));
}

template <class T>
std::unique_ptr<Graph<T>> make_graph(const Architecture& architecture, const BatchShape& shape, bool training,
                                     Arithmetic arithmetic) {
    check_image_size(architecture, shape.height, shape.width);
    auto graph = std::make_unique<Graph<T>>(shape.images, training, arithmetic);
    std::visit([&](const auto& a) { build(*graph, a, shape.height, shape.width); }, architecture);
    graph->plan();
    return graph;
}

}  // namespace

template <>
std::unique_ptr<Program<float>> make_program(const Architecture& architecture, const BatchShape& shape,
                                             bool training, Precision precision) {
    if (precision == Precision::bf16)
        return make_graph<BFloat16>(architecture, shape, training, Arithmetic::exact);
    return make_graph<float>(architecture, shape, training,
                             precision == Precision::tf32 ? Arithmetic::tf32 : Arithmetic::exact);
}

template <>
std::unique_ptr<Program<double>> make_program(const Architecture& architecture, const BatchShape& shape,
                                              bool training, Precision precision) {
    if (precision != Precision::fp32)
        throw std::invalid_argument("Network<double>: precision = " + to_string(precision) +
                                    ", must be fp32");
    return make_graph<double>(architecture, shape, training, Arithmetic::exact);
}

}  // namespace reconlaw::gpu
