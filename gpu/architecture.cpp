#include "reconlaw/gpu/architecture.hpp"

#include <cmath>

#include "reconlaw/detail/check.hpp"

namespace reconlaw::gpu {
namespace {

using detail::require;

void check_one(const UNet& u) {
    require(u.in_channels >= 1 && u.in_channels <= 4096, "UNet", "in_channels", u.in_channels,
            "from 1 to 4096");
    require(u.out_channels >= 1 && u.out_channels <= 4096, "UNet", "out_channels", u.out_channels,
            "from 1 to 4096");
    require(u.channels >= 1 && u.channels <= 4096, "UNet", "channels", u.channels, "from 1 to 4096");
    require(u.poolings >= 0 && u.poolings <= 8, "UNet", "poolings", u.poolings, "from 0 to 8");
    require(!u.residual || u.in_channels == u.out_channels, "UNet", "out_channels", u.out_channels,
            "in_channels = " + std::to_string(u.in_channels) + " where residual");
}

void check_one(const ResidualCnn& r) {
    require(r.in_channels >= 1 && r.in_channels <= 4096, "ResidualCnn", "in_channels", r.in_channels,
            "from 1 to 4096");
    require(r.out_channels >= 1 && r.out_channels <= 4096, "ResidualCnn", "out_channels", r.out_channels,
            "from 1 to 4096");
    require(r.channels >= 1 && r.channels <= 4096, "ResidualCnn", "channels", r.channels, "from 1 to 4096");
    require(r.blocks >= 0 && r.blocks <= 1000, "ResidualCnn", "blocks", r.blocks, "from 0 to 1000");
    require(r.upscale >= 1 && r.upscale <= 4, "ResidualCnn", "upscale", r.upscale, "1, 2, 3 or 4");
    detail::require_finite_positive(r.block_scale, "ResidualCnn", "block_scale");
    require(!r.residual || (r.in_channels == r.out_channels && r.upscale == 1), "ResidualCnn", "residual",
            "true", "false unless upscale = 1 and out_channels = in_channels");
}

void check_one(const LinearNetwork& l) {
    require(l.inputs >= 1 && l.inputs <= 1 << 20, "LinearNetwork", "inputs", l.inputs, "from 1 to 2^20");
    require(l.outputs >= 1 && l.outputs <= 1 << 20, "LinearNetwork", "outputs", l.outputs, "from 1 to 2^20");
}

/// Collects parameters in PyTorch's order and with its initial ranges.
class List {
  public:
    void convolution(const std::string& name, int out, int in, int kernel, bool bias) {
        const double bound = 1 / std::sqrt(double(in) * kernel * kernel);
        add(name + ".weight", {out, in, kernel, kernel}, bound);
        if (bias) add(name + ".bias", {out}, bound);
    }
    /// PyTorch takes the second dimension for the inputs, which here are the outputs.
    void transposed_convolution(const std::string& name, int in, int out) {
        add(name + ".weight", {in, out, 2, 2}, 1 / std::sqrt(4.0 * out));
    }
    void add(const std::string& name, std::vector<int> shape, double bound) {
        const std::ptrdiff_t offset = all_.empty() ? 0 : all_.back().offset + all_.back().size();
        all_.push_back({name, std::move(shape), bound, offset});
    }
    std::vector<Parameter> take() { return std::move(all_); }

  private:
    std::vector<Parameter> all_;
};

/// A block's module is a Sequential of convolution, norm, LeakyReLU, dropout, and the same again: its
/// convolutions are numbers 0 and 4.
void block(List& list, const std::string& name, int in, int out) {
    list.convolution(name + ".layers.0", out, in, 3, false);
    list.convolution(name + ".layers.4", out, out, 3, false);
}

std::vector<Parameter> list_parameters(const UNet& u) {
    List list;
    int c = u.channels;
    block(list, u.poolings == 0 ? "conv" : "down_sample_layers.0", u.in_channels, c);
    for (int l = 1; l < u.poolings; ++l, c *= 2)
        block(list, "down_sample_layers." + std::to_string(l), c, 2 * c);
    if (u.poolings > 0) block(list, "conv", c, 2 * c), c *= 2;
    const int deepest = c;
    for (int l = 0; l < u.poolings; ++l, c /= 2) {
        const std::string name = "up_conv." + std::to_string(l);
        block(list, l == u.poolings - 1 ? name + ".0" : name, c, c / 2);
    }
    const std::string last = u.poolings == 0 ? "final" : "up_conv." + std::to_string(u.poolings - 1) + ".1";
    list.convolution(last, u.out_channels, c, 1, true);
    c = deepest;
    for (int l = 0; l < u.poolings; ++l, c /= 2)
        list.transposed_convolution("up_transpose_conv." + std::to_string(l) + ".layers.0", c, c / 2);
    return list.take();
}

std::vector<Parameter> list_parameters(const ResidualCnn& r) {
    List list;
    list.convolution("head.0", r.channels, r.in_channels, 3, true);
    for (int b = 0; b < r.blocks; ++b) {
        list.convolution("body." + std::to_string(b) + ".body.0", r.channels, r.channels, 3, true);
        list.convolution("body." + std::to_string(b) + ".body.2", r.channels, r.channels, 3, true);
    }
    list.convolution("body." + std::to_string(r.blocks), r.channels, r.channels, 3, true);
    if (r.upscale == 2 || r.upscale == 3)
        list.convolution("tail.0.0", r.upscale * r.upscale * r.channels, r.channels, 3, true);
    if (r.upscale == 4) {
        list.convolution("tail.0.0", 4 * r.channels, r.channels, 3, true);
        list.convolution("tail.0.2", 4 * r.channels, r.channels, 3, true);
    }
    list.convolution(r.upscale == 1 ? "tail.0" : "tail.1", r.out_channels, r.channels, 3, true);
    return list.take();
}

std::vector<Parameter> list_parameters(const LinearNetwork& l) {
    List list;
    list.add("weight", {l.outputs, l.inputs}, 1 / std::sqrt(double(l.inputs)));
    return list.take();
}

std::string describe_one(const UNet& u) {
    return "U-Net, " + std::to_string(u.channels) + " channels, " + std::to_string(u.poolings) + " poolings" +
           (u.residual ? ", residual" : "");
}
std::string describe_one(const ResidualCnn& r) {
    return "residual CNN, " + std::to_string(r.channels) + " channels, " + std::to_string(r.blocks) +
           " blocks" + (r.upscale > 1 ? ", upscale " + std::to_string(r.upscale) : "") +
           (r.residual ? ", residual" : "");
}
std::string describe_one(const LinearNetwork& l) {
    return "linear, " + std::to_string(l.outputs) + " x " + std::to_string(l.inputs);
}

}  // namespace

void check(const Architecture& architecture) {
    std::visit([](const auto& a) { check_one(a); }, architecture);
}

std::string describe(const Architecture& architecture) {
    return std::visit([](const auto& a) { return describe_one(a); }, architecture);
}

std::ptrdiff_t Parameter::size() const {
    std::ptrdiff_t n = 1;
    for (const int s : shape) n *= s;
    return n;
}

std::vector<Parameter> parameters(const Architecture& architecture) {
    check(architecture);
    return std::visit([](const auto& a) { return list_parameters(a); }, architecture);
}

std::ptrdiff_t parameter_count(const Architecture& architecture) {
    const std::vector<Parameter> all = parameters(architecture);
    return all.back().offset + all.back().size();
}

void check_image_size(const Architecture& architecture, int height, int width) {
    const std::string size = std::to_string(height) + " x " + std::to_string(width);
    if (const auto* u = std::get_if<UNet>(&architecture)) {
        // instance norm needs two pixels in the deepest block
        const int least = 1 << u->poolings;
        require(height >= least && width >= least && (height >> u->poolings) * (width >> u->poolings) > 1,
                "check_image_size", "image", size,
                "at least " + std::to_string(least) + " x " + std::to_string(2 * least) + " for " +
                    std::to_string(u->poolings) + " poolings");
    } else if (std::holds_alternative<LinearNetwork>(architecture)) {
        require(height == 1 && width == 1, "check_image_size", "image", size,
                "1 x 1 for a linear network, whose channels are the pixels");
    } else {
        require(height >= 1 && width >= 1, "check_image_size", "image", size, "at least 1 x 1");
    }
    require(height <= 1 << 15 && width <= 1 << 15, "check_image_size", "image", size,
            "at most 32768 x 32768");
}

}  // namespace reconlaw::gpu
