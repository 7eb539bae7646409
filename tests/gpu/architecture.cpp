#include "reconlaw/gpu/architecture.hpp"

#include <doctest/doctest.h>

#include <cmath>
#include <set>
#include <stdexcept>

using namespace reconlaw::gpu;

namespace {

std::string refusal(const Architecture& a) {
    try {
        check(a);
    } catch (const std::invalid_argument& e) {
        return e.what();
    }
    return "accepted";
}

std::string size_refusal(const Architecture& a, int height, int width) {
    try {
        check_image_size(a, height, width);
    } catch (const std::invalid_argument& e) {
        return e.what();
    }
    return "accepted";
}

/// "name out x in x ..." of every parameter
std::vector<std::string> listed(const Architecture& a) {
    std::vector<std::string> lines;
    for (const Parameter& p : parameters(a)) {
        std::string line = p.name;
        for (std::size_t i = 0; i < p.shape.size(); ++i)
            line += (i ? " x " : " ") + std::to_string(p.shape[i]);
        lines.push_back(line);
    }
    return lines;
}

}  // namespace

TEST_CASE("parameters have the names, shapes and order of PyTorch's modules") {
    CHECK(listed(UNet{.in_channels = 2, .channels = 5, .poolings = 1}) ==
          std::vector<std::string>{
              "down_sample_layers.0.layers.0.weight 5 x 2 x 3 x 3",
              "down_sample_layers.0.layers.4.weight 5 x 5 x 3 x 3", "conv.layers.0.weight 10 x 5 x 3 x 3",
              "conv.layers.4.weight 10 x 10 x 3 x 3", "up_conv.0.0.layers.0.weight 5 x 10 x 3 x 3",
              "up_conv.0.0.layers.4.weight 5 x 5 x 3 x 3", "up_conv.0.1.weight 1 x 5 x 1 x 1",
              "up_conv.0.1.bias 1", "up_transpose_conv.0.layers.0.weight 10 x 5 x 2 x 2"});
    CHECK(listed(ResidualCnn{.channels = 4, .blocks = 1, .upscale = 3}) ==
          std::vector<std::string>{
              "head.0.weight 4 x 1 x 3 x 3", "head.0.bias 4", "body.0.body.0.weight 4 x 4 x 3 x 3",
              "body.0.body.0.bias 4", "body.0.body.2.weight 4 x 4 x 3 x 3", "body.0.body.2.bias 4",
              "body.1.weight 4 x 4 x 3 x 3", "body.1.bias 4", "tail.0.0.weight 36 x 4 x 3 x 3",
              "tail.0.0.bias 36", "tail.1.weight 1 x 4 x 3 x 3", "tail.1.bias 1"});
    CHECK(listed(LinearNetwork{3, 2}) == std::vector<std::string>{"weight 2 x 3"});
}

TEST_CASE("parameters lie one after another, with PyTorch's initial bounds") {
    for (const Architecture& a :
         {Architecture{UNet{.channels = 6, .poolings = 3}}, Architecture{UNet{.channels = 6, .poolings = 0}},
          Architecture{ResidualCnn{.channels = 7, .blocks = 3, .upscale = 4}},
          Architecture{LinearNetwork{4, 9}}}) {
        std::ptrdiff_t next = 0;
        std::set<std::string> names;
        for (const Parameter& p : parameters(a)) {
            CHECK(p.offset == next);
            CHECK(p.bound > 0);
            next += p.size();
            names.insert(p.name);
        }
        CHECK(next == parameter_count(a));
        CHECK(names.size() == parameters(a).size());
    }
    for (const Parameter& p : parameters(UNet{.channels = 6, .poolings = 1})) {
        // 1/sqrt(fan in); PyTorch takes a transposed convolution's outputs for its inputs
        const double expected = p.name == "up_transpose_conv.0.layers.0.weight" ? 1 / std::sqrt(4 * 6)
                                : p.name == "up_conv.0.1.bias"
                                    ? 1 / std::sqrt(6)
                                    : 1 / std::sqrt(p.shape[1] * p.shape[2] * p.shape[3]);
        INFO(p.name);
        CHECK(std::abs(p.bound - expected) < 1e-15);
    }
}

TEST_CASE("a U-Net has as many parameters as PyTorch counts in fastMRI's") {
    // printed by scripts/reference/training.py
    CHECK(parameter_count(UNet{.channels = 32, .poolings = 4}) == 7756097);
}

TEST_CASE("architectures describe themselves") {
    CHECK(describe(UNet{.channels = 16, .poolings = 2, .residual = true}) ==
          "U-Net, 16 channels, 2 poolings, residual");
    CHECK(describe(ResidualCnn{.channels = 64, .blocks = 8}) == "residual CNN, 64 channels, 8 blocks");
    CHECK(describe(ResidualCnn{.channels = 32, .blocks = 4, .upscale = 2}) ==
          "residual CNN, 32 channels, 4 blocks, upscale 2");
    CHECK(describe(LinearNetwork{100, 10}) == "linear, 10 x 100");
}

TEST_CASE("options outside their range are refused by name, value and bound") {
    CHECK(refusal(UNet{}) == "accepted");
    CHECK(refusal(UNet{.in_channels = 0}) == "UNet: in_channels = 0, must be from 1 to 4096");
    CHECK(refusal(UNet{.out_channels = 4097}) == "UNet: out_channels = 4097, must be from 1 to 4096");
    CHECK(refusal(UNet{.channels = -3}) == "UNet: channels = -3, must be from 1 to 4096");
    CHECK(refusal(UNet{.poolings = -1}) == "UNet: poolings = -1, must be from 0 to 8");
    CHECK(refusal(UNet{.poolings = 9}) == "UNet: poolings = 9, must be from 0 to 8");
    CHECK(refusal(UNet{.out_channels = 2, .residual = true}) ==
          "UNet: out_channels = 2, must be in_channels = 1 where residual");
    CHECK(refusal(ResidualCnn{}) == "accepted");
    CHECK(refusal(ResidualCnn{.in_channels = 0}) == "ResidualCnn: in_channels = 0, must be from 1 to 4096");
    CHECK(refusal(ResidualCnn{.out_channels = 0}) == "ResidualCnn: out_channels = 0, must be from 1 to 4096");
    CHECK(refusal(ResidualCnn{.channels = 0}) == "ResidualCnn: channels = 0, must be from 1 to 4096");
    CHECK(refusal(ResidualCnn{.blocks = -1}) == "ResidualCnn: blocks = -1, must be from 0 to 1000");
    CHECK(refusal(ResidualCnn{.upscale = 5}) == "ResidualCnn: upscale = 5, must be 1, 2, 3 or 4");
    CHECK(refusal(ResidualCnn{.block_scale = 0}) == "ResidualCnn: block_scale = 0, must be finite and > 0");
    CHECK(refusal(ResidualCnn{.upscale = 2, .residual = true}) ==
          "ResidualCnn: residual = true, must be false unless upscale = 1 and out_channels = in_channels");
    CHECK(refusal(LinearNetwork{0, 1}) == "LinearNetwork: inputs = 0, must be from 1 to 2^20");
    CHECK(refusal(LinearNetwork{1, (1 << 20) + 1}) ==
          "LinearNetwork: outputs = 1048577, must be from 1 to 2^20");
    CHECK_THROWS_AS(parameters(UNet{.channels = 0}), std::invalid_argument);
    CHECK_THROWS_AS(parameter_count(LinearNetwork{-1, 1}), std::invalid_argument);
}

TEST_CASE("images too small for a network are refused") {
    const UNet u{.poolings = 2};
    CHECK(size_refusal(u, 4, 8) == "accepted");
    CHECK(size_refusal(u, 7, 8) == "accepted");
    CHECK(size_refusal(u, 4, 7) == "check_image_size: image = 4 x 7, must be at least 4 x 8 for 2 poolings");
    CHECK(size_refusal(u, 3, 80) ==
          "check_image_size: image = 3 x 80, must be at least 4 x 8 for 2 poolings");
    CHECK(size_refusal(u, 0, 0) == "check_image_size: image = 0 x 0, must be at least 4 x 8 for 2 poolings");
    CHECK(size_refusal(UNet{.poolings = 0}, 1, 2) == "accepted");
    CHECK(size_refusal(UNet{.poolings = 0}, 1, 1) ==
          "check_image_size: image = 1 x 1, must be at least 1 x 2 for 0 poolings");
    CHECK(size_refusal(u, 40000, 8) == "check_image_size: image = 40000 x 8, must be at most 32768 x 32768");
    CHECK(size_refusal(ResidualCnn{}, 1, 1) == "accepted");
    CHECK(size_refusal(ResidualCnn{}, 0, 5) == "check_image_size: image = 0 x 5, must be at least 1 x 1");
    CHECK(
        size_refusal(LinearNetwork{2, 2}, 2, 1) ==
        "check_image_size: image = 2 x 1, must be 1 x 1 for a linear network, whose channels are the pixels");
}
