#include "lanes.hpp"

#include <functional>
#include <stdexcept>

#include "device_support.hpp"
#include "reconlaw/gpu/network.hpp"
#include "rounding.hpp"

using namespace reconlaw::gpu;
using namespace reconlaw::gpu::testing;

namespace {

/// Whether batches are divided: only OpenMP's threads do so.
bool divides() {
    if (!have_device()) return false;
    if (device().system == "omp") return true;
    MESSAGE("SKIPPED: the device system ", device().system, " divides operations");
    return false;
}

/// Everything that a step leaves, computed by so many threads.
struct Step {
    double loss;
    std::vector<double> estimate, output_gradient, gradient;

    Step(const Architecture& a, const BatchShape& shape, const NetworkOptions& options, int threads) {
        set_threads(threads);
        Network<double> network(a, shape, options);
        network.initialise(1);  // after the lanes have copied the zeros
        const auto* l = std::get_if<LinearNetwork>(&a);
        const auto* u = std::get_if<UNet>(&a);
        const std::ptrdiff_t pixels = std::ptrdiff_t{shape.images} * shape.height * shape.width;
        const int in = l ? l->inputs : u ? u->in_channels : 1, out = l ? l->outputs : u ? u->out_channels : 1;
        const auto x = random_values(pixels * in, 2, 0, 1), y = random_values(pixels * out, 3, 0, 1);
        estimate = network.forward(x);
        loss = network.loss_and_gradient(x, y);
        output_gradient = network.get_output_gradient();
        gradient = network.get_gradient();
        set_threads(1);
    }
};

}  // namespace

TEST_CASE("a batch is divided where every thread has an image and three quarters of their time are used") {
    CHECK(lanes_of(16, 1) == 1);
    CHECK(lanes_of(16, 2) == 2);
    CHECK(lanes_of(1, 2) == 1);
    CHECK(lanes_of(2, 2) == 2);
    CHECK(lanes_of(3, 2) == 2);    // 2 + 1: three quarters
    CHECK(lanes_of(4, 3) == 1);    // 2 + 1 + 1: two thirds
    CHECK(lanes_of(5, 3) == 3);    // 2 + 2 + 1
    CHECK(lanes_of(16, 6) == 6);   // 3, 3, 3, 3, 2, 2
    CHECK(lanes_of(16, 12) == 1);  // four of twelve have two
    CHECK(lanes_of(15, 16) == 1);
}

TEST_CASE("threads that divide the batch compute what one thread does") {
    if (!divides()) return;
    struct Case {
        Architecture architecture;
        BatchShape shape;
        Loss loss;
    };
    const std::vector<Case> cases{
        {UNet{.in_channels = 2, .out_channels = 3, .channels = 3, .poolings = 1}, {5, 7, 6}, Loss::mse},
        {UNet{.channels = 4, .poolings = 2, .residual = true}, {5, 13, 11}, Loss::ssim},
        {ResidualCnn{.channels = 4, .blocks = 2}, {2, 6, 5}, Loss::l1},
        {LinearNetwork{6, 4}, {23, 1, 1}, Loss::mse}};
    for (const Case& c : cases) {
        const NetworkOptions options{.loss = c.loss};
        const Step one(c.architecture, c.shape, options, 1);
        for (const int threads : {2, 3}) {
            INFO(describe(c.architecture), ", ", threads, " threads");
            const Step more(c.architecture, c.shape, options, threads);
            // images are computed alike; gradients are sums over images in another order
            check_all_close(more.estimate, one.estimate, 1e-14);
            check_close(more.loss, one.loss, 1e-14, 0);
            check_all_close(more.output_gradient, one.output_gradient, 1e-13);
            check_all_close(more.gradient, one.gradient, 1e-13);
        }
    }
}

TEST_CASE(
    "a divided network estimates without training, follows new parameters and is refused as a whole one") {
    if (!divides()) return;
    const UNet u{.channels = 3, .poolings = 1};
    const BatchShape shape{4, 8, 6};
    const auto x = cast<float>(random_values(4 * 8 * 6, 4));
    Network<float> whole(u, shape, {.training = false});
    whole.initialise(1);
    const std::vector<float> first = whole.forward(x);
    whole.initialise(2);
    const std::vector<float> second = whole.forward(x);
    set_threads(2);
    Network<float> divided(u, shape, {.training = false});
    divided.initialise(1);
    const auto as_double = [](const std::vector<float>& v) {
        return std::vector<double>(v.begin(), v.end());
    };
    check_all_close(as_double(divided.forward(x)), as_double(first), 1e-5);
    divided.initialise(2);
    check_all_close(as_double(divided.forward(x)), as_double(second), 1e-5);
    // thrown by a lane's thread, caught by the caller
    CHECK_THROWS_WITH_AS(Network<double>(u, shape, {.precision = Precision::bf16}),
                         "Network<double>: precision = bf16, must be fp32", std::invalid_argument);
}

TEST_CASE("the plan of a divided network counts all its lanes") {
    if (!divides()) return;
    const UNet u{.channels = 8, .poolings = 2};
    const BatchShape shape{6, 20, 24};
    const MemoryPlan one = Network<float>::plan(u, shape);
    set_threads(3);
    const MemoryPlan three = Network<float>::plan(u, shape), made = Network<float>(u, shape).memory(),
                     undivided = Network<float>::plan(u, shape, {.divide_batch = false});
    const std::size_t gradient = sizeof(float) * static_cast<std::size_t>(parameter_count(u)),
                      image = sizeof(float) * 6 * 20 * 24;
    CHECK(three.total() == made.total());
    CHECK(three.parameters == one.parameters + 3 * gradient);
    // the input, the output and its gradient are kept for the whole batch as well
    CHECK(static_cast<double>(three.activations) >= static_cast<double>(one.activations));
    CHECK(static_cast<double>(three.activations) <= 1.01 * static_cast<double>(one.activations + 3 * image));
    CHECK(undivided.activations == one.activations);
    CHECK(undivided.parameters == one.parameters);
}
