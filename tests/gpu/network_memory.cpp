#include <map>

#include "device_support.hpp"
#include "reconlaw/gpu/network.hpp"

using namespace reconlaw::gpu;
using namespace reconlaw::gpu::testing;

namespace {

double overhead(const MemoryPlan& plan) {
    return static_cast<double>(plan.activations) / static_cast<double>(plan.minimum);
}

}  // namespace

TEST_CASE("the activations of U-Nets fit into 1.2 times the least memory that could hold them") {
    if (!have_device()) return;
    for (const int channels : {8, 16, 32})
        for (const int poolings : {2, 3, 4})
            for (const int size : {32, 48, 64, 96, 100, 128, 160, 256, 320})
                for (const bool residual : {false, true}) {
                    const UNet u{.channels = channels, .poolings = poolings, .residual = residual};
                    for (const bool training : {true, false}) {
                        // in double, whose convolutions are planned without generating code; the blocks are
                        // the same but twice as large
                        const double ratio =
                            overhead(Network<double>::plan(u, {4, size, size}, {.training = training}));
                        INFO(describe(u), ", ", size, " pixels, training ", training, ": ", ratio);
                        CHECK(ratio >= 1);
                        CHECK(ratio <= 1.2);  // 1.005 at most
                    }
                }
}

TEST_CASE("memory in single precision is half of that in double") {
    if (!have_device()) return;
    const UNet u{.channels = 16, .poolings = 3};
    for (const BatchShape shape : {BatchShape{1, 64, 64}, BatchShape{16, 33, 47}}) {
        const MemoryPlan single = Network<float>::plan(u, shape), twice = Network<double>::plan(u, shape);
        CHECK(overhead(single) <= 1.2);
        CHECK(std::abs(2 * static_cast<double>(single.activations) / static_cast<double>(twice.activations) -
                       1) < 0.02);
        CHECK(2 * single.parameters == twice.parameters);
    }
}

TEST_CASE("the memory of a network is what was planned, and grows with the batch") {
    if (!have_device()) return;
    const UNet u{.channels = 8, .poolings = 2};
    for (const Loss loss : {Loss::mse, Loss::ssim}) {
        const NetworkOptions options{.loss = loss};
        const MemoryPlan plan = Network<float>::plan(u, {3, 20, 24}, options),
                         made = Network<float>(u, {3, 20, 24}, options).memory();
        CHECK(made.activations == plan.activations);
        CHECK(made.minimum == plan.minimum);
        CHECK(made.workspace == plan.workspace);
        CHECK(made.weights == plan.weights);
        CHECK(made.parameters == plan.parameters);
        CHECK(made.total() == plan.total());
        CHECK(plan.parameters == 2 * sizeof(float) * static_cast<std::size_t>(parameter_count(u)));
        const MemoryPlan larger = Network<float>::plan(u, {6, 20, 24}, options);
        CHECK(larger.activations > 1.9 * static_cast<double>(plan.activations));
        CHECK(larger.parameters == plan.parameters);
    }
    // the target, and for SSIM three maps of its windows
    const MemoryPlan mse = Network<float>::plan(u, {3, 20, 24}, {.loss = Loss::mse}),
                     ssim = Network<float>::plan(u, {3, 20, 24}, {.loss = Loss::ssim});
    CHECK(mse.loss >= sizeof(float) * 3 * 20 * 24);
    CHECK(ssim.loss >= mse.loss + sizeof(float) * 3 * 3 * 14 * 18);
    CHECK(Network<float>::plan(u, {3, 20, 24}, {.training = false}).loss == 0);
}

TEST_CASE("the plan's summary says what takes how much") {
    MemoryPlan plan;
    plan.activations = 96'400'000, plan.minimum = 94'000'000, plan.workspace = 2'000'000,
    plan.weights = 1'340'000;
    plan.parameters = 4'000, plan.loss = 1'260'000;
    CHECK(plan.total() == 101'004'000);
    CHECK(plan.summary() ==
          "activations 96 MB (minimum 94 MB), convolutions 3.3 MB, loss 1.3 MB, parameters 0.0 MB");
    plan.data = 12'000'000;
    CHECK(plan.total() == 113'004'000);
    CHECK(plan.summary().ends_with(", patches 12 MB"));
}

TEST_CASE("a plan is held against the device's memory, with both numbers") {
    if (!have_device()) return;
    MemoryPlan plan;
    plan.data = device().memory_bytes;
    CHECK_NOTHROW(require_memory(plan, "it"));
    plan.parameters = 1;
    try {
        require_memory(plan, "it");
        FAIL("one byte too many was accepted");
    } catch (const DeviceError& e) {
        const std::string megabytes = std::to_string(std::lround(static_cast<double>(plan.data) / 1e6));
        CHECK(std::string(e.what()) ==
              "not enough memory for it: needs " + megabytes + " MB, the device has " + megabytes + " MB");
    }
}

TEST_CASE("a network that does not fit is refused with the number, before anything is allocated") {
    if (!have_device()) return;
    const double memory = static_cast<double>(device().memory_bytes);
    REQUIRE(memory > 0);
    const auto refusal = [](const Architecture& a, const BatchShape& shape,
                            const NetworkOptions& options = {}) {
        try {
            Network<float>(a, shape, options);
        } catch (const DeviceError& e) {
            return std::string(e.what());
        } catch (const std::invalid_argument& e) {
            return std::string(e.what());
        }
        return std::string("accepted");
    };
    // 80 blocks keep two activations each, every one a fortieth of the memory and small enough for cuDNN
    const int images = static_cast<int>(memory / (40. * 64 * 4 * 512 * 512)) + 1;
    const ResidualCnn r{.channels = 64, .blocks = 80};
    const UNet u{.channels = 64, .poolings = 2};
    const std::string message = refusal(r, {images, 512, 512});
    INFO(message);
    CHECK(message.starts_with("not enough memory for " + describe(r) + " and batches of " +
                              std::to_string(images) + " x 512 x 512: needs "));
    CHECK(message.find(" MB, the device has ") != std::string::npos);
    const std::string need = message.substr(message.find("needs ") + 6);
    const double planned = static_cast<double>(Network<float>::plan(r, {images, 512, 512}).total());
    CHECK(std::abs(std::stod(need) * 1e6 - planned) <= 1e6);
    CHECK(planned > memory);

    // far beyond: no size overflows into one that fits. On a GPU a tensor may fit the memory and still be
    // more than cuDNN takes.
    const auto too_large = [](const std::string& text) {
        return text.starts_with("not enough memory for ") ||
               (device().system == "cuda" && text.starts_with("Network: values in one tensor = "));
    };
    CHECK(too_large(refusal(u, {128, 2048, 2048})));  // 2^36 values in one tensor
    CHECK(too_large(refusal(UNet{.channels = 4096, .poolings = 4}, {1, 32, 32})));
    CHECK(too_large(refusal(ResidualCnn{.channels = 64, .upscale = 4}, {1 << 10, 1 << 8, 1 << 8})));
    CHECK(too_large(refusal(LinearNetwork{1 << 20, 1 << 20}, {1, 1, 1})));
    CHECK(too_large(refusal(u, {1, 1 << 15, 1 << 15})));
    CHECK(refusal(UNet{.channels = 4096, .poolings = 8}, {1 << 20, 1 << 15, 1 << 15})
              .find("one tensor of 9.22337e+18 values needs more than the device's ") != std::string::npos);
    CHECK(too_large(refusal(ResidualCnn{.channels = 64, .upscale = 4}, {1 << 10, 1 << 10, 1 << 8})));
}
