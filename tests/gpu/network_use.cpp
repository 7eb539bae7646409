#include <functional>
#include <stdexcept>

#include "device_support.hpp"
#include "reconlaw/gpu/network.hpp"

using namespace reconlaw::gpu;
using namespace reconlaw::gpu::testing;

namespace {

/// What a short training leaves: losses, norms of gradients, parameters, an estimate.
struct Outcome {
    std::vector<double> numbers;
    std::vector<float> parameters, estimate;
    bool operator==(const Outcome&) const = default;
};

Outcome train(const Architecture& a, Loss loss, OptimiserKind kind, int threads) {
    set_threads(threads);
    const BatchShape shape{3, 21, 26};
    Network<float> network(a, shape, {.loss = loss});
    network.initialise(11);
    Optimiser<float> optimiser(network.parameter_count(), {.kind = kind, .clip_norm = 1});
    Outcome out;
    for (std::uint64_t step = 0; step < 3; ++step) {
        const auto x = cast<float>(random_values(3 * 21 * 26, 50 + step, 0, 1)),
                   y = cast<float>(random_values(3 * 21 * 26, 60 + step, 0, 1));
        out.numbers.push_back(network.loss_and_gradient(x, y));
        out.numbers.push_back(network.update(optimiser));
    }
    out.parameters = network.get_parameters();
    out.estimate = network.forward(cast<float>(random_values(3 * 21 * 26, 70, 0, 1)));
    set_threads(1);
    return out;
}

std::string refusal(const std::function<void()>& call) {
    try {
        call();
    } catch (const std::invalid_argument& e) {
        return e.what();
    }
    return "accepted";
}

}  // namespace

TEST_CASE("the same seed and number of threads give the same bits") {
    if (!have_device()) return;
    const Architecture unet = UNet{.channels = 8, .poolings = 2, .residual = true},
                       cnn = ResidualCnn{.channels = 16, .blocks = 2};
    for (const int threads : {1, 2}) {
        INFO(threads, " threads");
        CHECK(train(unet, Loss::mse, OptimiserKind::adam, threads) ==
              train(unet, Loss::mse, OptimiserKind::adam, threads));
        CHECK(train(cnn, Loss::ssim, OptimiserKind::rmsprop, threads) ==
              train(cnn, Loss::ssim, OptimiserKind::rmsprop, threads));
    }
    // more threads change the last digits at most, and what they do to ten thousand weights
    const Outcome one = train(unet, Loss::l1, OptimiserKind::sgd, 1),
                  two = train(unet, Loss::l1, OptimiserKind::sgd, 2);
    check_close(distance({one.parameters.begin(), one.parameters.end()},
                         {two.parameters.begin(), two.parameters.end()}),
                0, 0, 1e-5);
}

TEST_CASE("a step does not depend on what the network computed before") {
    if (!have_device()) return;
    const UNet u{.channels = 8, .poolings = 2};
    const auto x = cast<float>(random_values(16 * 12, 1, 0, 1)),
               y = cast<float>(random_values(16 * 12, 2, 0, 1)),
               other = cast<float>(random_values(16 * 12, 3, -50, 50));
    Network<float> fresh(u, {1, 16, 12}), used(u, {1, 16, 12});
    fresh.initialise(1), used.initialise(2);
    used.loss_and_gradient(other, x);
    used.forward(other);
    used.set_parameters(fresh.get_parameters());
    CHECK(used.loss_and_gradient(x, y) == fresh.loss_and_gradient(x, y));
    CHECK(used.get_gradient() == fresh.get_gradient());
    CHECK(used.get_output_gradient() == fresh.get_output_gradient());
    CHECK(used.forward(x) == fresh.forward(x));
    CHECK(used.get_gradient() == fresh.get_gradient());  // an estimate leaves the gradient alone
}

TEST_CASE("a network moves with its parameters and their gradient") {
    if (!have_device()) return;
    const auto x = cast<float>(random_values(64, 4)), y = cast<float>(random_values(64, 5));
    Network<float> a(UNet{.channels = 2, .poolings = 1}, {1, 8, 8});
    a.initialise(3);
    const double loss = a.loss_and_gradient(x, y);
    const std::vector<float> gradient = a.get_gradient();
    Network<float> b(std::move(a));
    CHECK(b.get_gradient() == gradient);
    Network<float> c(ResidualCnn{.channels = 1, .blocks = 0}, {1, 2, 2});
    c = std::move(b);
    CHECK(c.loss_and_gradient(x, y) == loss);
    CHECK(c.shape().height == 8);
    CHECK(describe(c.architecture()) == "U-Net, 2 channels, 1 poolings");
}

TEST_CASE("an estimate from parameters that are not numbers is not a number, and no crash") {
    if (!have_device()) return;
    Network<float> network(UNet{.channels = 3, .poolings = 1}, {1, 9, 8});
    network.set_parameters(std::vector<float>(static_cast<std::size_t>(network.parameter_count()),
                                              std::numeric_limits<float>::quiet_NaN()));
    const std::vector<float> x(72, 0.5F);
    CHECK(std::isnan(network.forward(x)[0]));
    CHECK(std::isnan(network.loss_and_gradient(x, x)));
    Optimiser<float> optimiser(network.parameter_count(), {});
    CHECK(std::isnan(network.update(optimiser)));
}

TEST_CASE("arrays of another size than the network's are refused") {
    if (!have_device()) return;
    Network<float> network(UNet{.channels = 2, .poolings = 1}, {2, 8, 7}, {.loss = Loss::ssim});
    const std::vector<float> right(112), wrong(95);
    const std::string n = std::to_string(network.parameter_count());
    CHECK(refusal([&] { network.forward(wrong); }) == "Network::forward: number of values = 95, must be 112");
    CHECK(refusal([&] { network.loss_and_gradient(wrong, right); }) ==
          "Network::loss_and_gradient: number of input values = 95, must be 112");
    CHECK(refusal([&] { network.loss_and_gradient(right, wrong); }) ==
          "Network::loss_and_gradient: number of target values = 95, must be 112");
    CHECK(refusal([&] { network.loss_and_gradient(right, right, 0); }) ==
          "Network::loss_and_gradient: range = 0, must be finite and > 0");
    CHECK(refusal([&] { network.set_parameters(wrong); }) ==
          "Network::set_parameters: number of values = 95, must be " + n);
    Optimiser<float> small(3, {});
    CHECK(refusal([&] { network.update(small); }) ==
          "Network::update: optimiser's parameters = 3, must be " + n);
    Network<float> bigger(ResidualCnn{.channels = 1, .blocks = 0, .upscale = 2}, {1, 3, 2});
    CHECK(refusal([&] { bigger.loss_and_gradient(std::vector<float>(6), std::vector<float>(6)); }) ==
          "Network::loss_and_gradient: number of target values = 6, must be 24");
}

TEST_CASE("a network made without training refuses to train") {
    if (!have_device()) return;
    Network<float> network(UNet{.channels = 2, .poolings = 1}, {1, 4, 4}, {.training = false});
    const std::vector<float> x(16);
    Optimiser<float> optimiser(network.parameter_count(), {});
    const auto message = [](const std::string& function) {
        return "Network::" + function + ": training = false, must be true";
    };
    CHECK(refusal([&] { network.loss_and_gradient(x, x); }) == message("loss_and_gradient"));
    CHECK(refusal([&] { network.get_gradient(); }) == message("get_gradient"));
    CHECK(refusal([&] { network.get_output_gradient(); }) == message("get_output_gradient"));
    CHECK(refusal([&] { network.update(optimiser); }) == message("update"));
}

TEST_CASE("networks and images outside their ranges are refused by name, value and bound") {
    if (!have_device()) return;
    const auto plan = [](const Architecture& a, const BatchShape& s, Loss loss = Loss::mse) {
        return refusal([&] { Network<double>::plan(a, s, {.loss = loss}); });
    };
    const UNet u{.channels = 2, .poolings = 1};
    CHECK(plan(u, {0, 8, 8}) == "Network: images = 0, must be from 1 to 2^20");
    CHECK(plan(u, {(1 << 20) + 1, 8, 8}) == "Network: images = 1048577, must be from 1 to 2^20");
    CHECK(plan(UNet{.channels = 0}, {1, 32, 32}) == "UNet: channels = 0, must be from 1 to 4096");
    CHECK(plan(u, {1, 8, -1}) == "check_image_size: image = 8 x -1, must be at least 2 x 4 for 1 poolings");
    CHECK(plan(u, {1, 6, 8}, Loss::ssim) ==
          "Network: image size = 6, must be at least 7 x 7 for the SSIM loss");
    CHECK(plan(u, {1, 7, 8}, Loss::ssim) == "accepted");
    CHECK(plan(UNet{.out_channels = 2, .channels = 2, .poolings = 1}, {1, 8, 8}, Loss::ssim) ==
          "Network: output channels = 2, must be 1 for the SSIM loss");
    CHECK(plan(LinearNetwork{4, 4}, {1, 1, 1}, Loss::ssim) ==
          "Network: output channels = 0, must be 1 for the SSIM loss");
}
