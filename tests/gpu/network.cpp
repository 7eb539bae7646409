#include "reconlaw/gpu/network.hpp"

#include <Eigen/Core>

#include "device_support.hpp"
#include "rounding.hpp"
#include "support/check_close.hpp"

using namespace reconlaw::gpu;
using namespace reconlaw::gpu::testing;

namespace {

struct Case {
    std::string name;
    Architecture architecture;
    BatchShape shape;
    Loss loss = Loss::mse;
};

/// Every loss, no, one and several poolings, odd sizes at several levels, and channels that are no multiple
/// of a vector's length, or are.
const std::vector<Case> unets{
    {"no pooling", UNet{.channels = 3, .poolings = 0}, {2, 5, 7}},
    {"no pooling, 8 channels", UNet{.channels = 8, .poolings = 0, .residual = true}, {1, 4, 3}, Loss::l1},
    {"one pooling", UNet{.in_channels = 2, .out_channels = 3, .channels = 3, .poolings = 1}, {2, 5, 6}},
    {"two poolings", UNet{.channels = 3, .poolings = 2}, {2, 13, 11}, Loss::ssim},
    {"8 channels", UNet{.channels = 8, .poolings = 2}, {1, 13, 11}},
    {"residual", UNet{.channels = 8, .poolings = 2, .residual = true}, {2, 11, 12}, Loss::l1},
    {"two images, residual",
     UNet{.in_channels = 2, .out_channels = 2, .channels = 3, .poolings = 1, .residual = true},
     {2, 7, 4}},
    {"three poolings", UNet{.channels = 3, .poolings = 3}, {1, 23, 17}},
    {"smallest image", UNet{.channels = 4, .poolings = 2}, {1, 4, 8}}};

const std::vector<Case> others{
    {"residual CNN", ResidualCnn{.channels = 4, .blocks = 2, .block_scale = 0.5}, {2, 6, 5}},
    {"residual CNN, residual",
     ResidualCnn{.channels = 3, .blocks = 1, .residual = true},
     {1, 7, 8},
     Loss::ssim},
    {"no block",
     ResidualCnn{.in_channels = 3, .out_channels = 2, .channels = 8, .blocks = 0},
     {1, 5, 4},
     Loss::l1},
    {"upscale 2", ResidualCnn{.channels = 3, .blocks = 1, .upscale = 2}, {2, 4, 3}},
    {"upscale 3",
     ResidualCnn{.in_channels = 2, .out_channels = 2, .channels = 3, .blocks = 1, .upscale = 3},
     {1, 3, 4}},
    {"upscale 4", ResidualCnn{.channels = 4, .blocks = 1, .upscale = 4}, {1, 3, 2}},
    {"linear", LinearNetwork{.inputs = 5, .outputs = 3}, {4, 1, 1}},
    {"linear, L1", LinearNetwork{.inputs = 1, .outputs = 2}, {3, 1, 1}, Loss::l1}};

int in_channels(const Architecture& a) {
    if (const auto* u = std::get_if<UNet>(&a)) return u->in_channels;
    if (const auto* r = std::get_if<ResidualCnn>(&a)) return r->in_channels;
    return std::get<LinearNetwork>(a).inputs;
}
int out_channels(const Architecture& a) {
    if (const auto* u = std::get_if<UNet>(&a)) return u->out_channels;
    if (const auto* r = std::get_if<ResidualCnn>(&a)) return r->out_channels;
    return std::get<LinearNetwork>(a).outputs;
}
int upscale(const Architecture& a) {
    const auto* r = std::get_if<ResidualCnn>(&a);
    return r ? r->upscale : 1;
}

/// A network with random parameters, input and target.
template <class T>
struct Setup {
    Network<T> network;
    std::vector<T> input, target;

    explicit Setup(const Case& c)
        : network(c.architecture, c.shape, {.loss = c.loss}),
          input(cast<T>(random_values(pixels(c) * in_channels(c.architecture), 21, 0, 1))),
          target(cast<T>(random_values(
              pixels(c) * out_channels(c.architecture) * upscale(c.architecture) * upscale(c.architecture),
              22, 0, 1))) {
        network.initialise(5);
    }
    static std::ptrdiff_t pixels(const Case& c) {
        return std::ptrdiff_t{c.shape.images} * c.shape.height * c.shape.width;
    }
    double loss() { return network.loss_and_gradient(input, target); }
    double loss_at(const std::vector<T>& parameters) {
        network.set_parameters(parameters);
        return loss();
    }
};

/// First, last and two further parameters of every tensor.
std::vector<std::size_t> sample(const std::vector<Parameter>& parameters) {
    std::vector<std::size_t> all;
    for (const Parameter& p : parameters)
        for (const std::ptrdiff_t i : {std::ptrdiff_t{0}, p.size() / 3, p.size() / 2 + 1, p.size() - 1})
            all.push_back(static_cast<std::size_t>(p.offset + std::min(i, p.size() - 1)));
    return all;
}

void check_gradient(const Case& c) {
    INFO(c.name);
    Setup<double> s(c);
    const std::vector<double> start = s.network.get_parameters();
    s.loss();
    const std::vector<double> gradient = s.network.get_gradient();
    REQUIRE(gradient.size() == start.size());
    const double typical = norm(gradient) / std::sqrt(static_cast<double>(gradient.size()));
    for (const std::size_t i : sample(s.network.parameters())) {
        std::vector<double> moved = start;
        constexpr double step = 1e-6;
        moved[i] = start[i] + step;
        const double above = s.loss_at(moved);
        moved[i] = start[i] - step;
        const double slope = (above - s.loss_at(moved)) / (2 * step);
        INFO("parameter ", i);
        // Rounding of the losses is about 1e-16/step = 1e-10, on top of the relative 1e-6.
        check_close(gradient[i], slope, 1e-6, 1e-6 * typical + 1e-10);
    }
}

/// Terms of the longest sums that the values of a network pass through: over a kernel and its channels or
/// over all pixels, and for the SSIM over the 49 pixels of a window and the 49 windows of a pixel.
double longest_sums(const Case& c) {
    std::ptrdiff_t most = Setup<double>::pixels(c) * upscale(c.architecture) * upscale(c.architecture);
    for (const Parameter& p : parameters(c.architecture)) most = std::max(most, p.size() / p.shape[0]);
    return static_cast<double>(most + (c.loss == Loss::ssim ? 2 * 49 : 0));
}

/// In single precision: gradient and loss against those in double, and differences of the loss along the
/// gradient against those in double.
///
/// A layer that rounds its weights and its input once, by relative errors up to u = 2^-24, would change what
/// it hands on by the same as one that rounds the n products and sums of each output, but for a factor of
/// sqrt(n/2) at most (rounding.hpp, sum_error). So the network in double tells, from moved parameters, input
/// and target, what single precision does to this network and this image: in particular where the instance
/// norm of a few pixels divides by a small deviation. Forward and backward pass make sqrt(n) of sqrt(n/2);
/// four standard deviations, since all of the error may lie in one direction.
void check_single_precision(const Case& c) {
    INFO(c.name);
    Setup<float> s(c);
    Setup<double> twice(c);
    const std::vector<float> start = s.network.get_parameters();
    std::vector<double> all(start.begin(), start.end());
    all.insert(all.end(), s.input.begin(), s.input.end());
    all.insert(all.end(), s.target.begin(), s.target.end());
    const auto run = [&](const std::vector<double>& at) {
        const auto input = at.begin() + std::ssize(start), target = input + std::ssize(s.input);
        twice.input.assign(input, target), twice.target.assign(target, at.end());
        return twice.loss_at({at.begin(), input});
    };
    const auto gradient_at = [&](const std::vector<double>& at) {
        run(at);
        return twice.network.get_gradient();
    };
    const auto loss_at = [&](const std::vector<double>& at) { return std::vector<double>{run(at)}; };
    const double factor = 4 * std::sqrt(longest_sums(c)), u = unit<float>,
                 loss_error = factor * sensitivity(all, u, loss_at) + u,
                 gradient_error = factor * sensitivity(all, u, gradient_at) + u;
    CHECK(gradient_error < 1e-3);  // or the comparison says little

    check_close(s.loss(), run(all), loss_error, 0);
    const std::vector<float> single = s.network.get_gradient();
    const std::vector<double> gradient(single.begin(), single.end()), exact = twice.network.get_gradient();
    std::vector<double> error = gradient;
    for (std::size_t i = 0; i < error.size(); ++i) error[i] -= exact[i];
    check_close(norm(error) / norm(exact), 0, 0, gradient_error);

    const double length = norm(exact), step = 1e-4 / length;
    std::vector<float> above = start, below = start;
    for (std::size_t i = 0; i < start.size(); ++i) {
        above[i] += static_cast<float>(step * exact[i] / length);
        below[i] -= static_cast<float>(step * exact[i] / length);
    }
    const auto in_double = [&](const std::vector<float>& parameters) {
        return twice.loss_at({parameters.begin(), parameters.end()});
    };
    const double slope = (in_double(above) - in_double(below)) / (2 * step);
    check_close((s.loss_at(above) - s.loss_at(below)) / (2 * step), slope, 0,
                loss_error * in_double(start) / step);
    // the step crosses kinks of LeakyReLU and of L1: 1.5 % at most here, 0.1 % without them
    check_close(slope, length, 2e-2, 0);
}

}  // namespace

TEST_CASE("the gradient of the U-Net equals central differences in every parameter tensor") {
    if (!have_device()) return;
    for (const Case& c : unets) check_gradient(c);
}

TEST_CASE("the gradients of the residual CNN and the linear network equal central differences") {
    if (!have_device()) return;
    for (const Case& c : others) check_gradient(c);
}

TEST_CASE("gradients in single precision equal those in double and directional differences") {
    if (!have_device()) return;
    for (const Case& c : unets) check_single_precision(c);
    for (const Case& c : others) check_single_precision(c);
}

TEST_CASE("a residual network subtracts the output of the plain one from its input") {
    if (!have_device()) return;
    const auto check_pair = [](const Architecture& plain, const Architecture& residual,
                               const BatchShape& shape) {
        Network<double> a(plain, shape), b(residual, shape);
        a.initialise(3), b.initialise(3);
        const auto x =
            random_values(std::ptrdiff_t{shape.images} * shape.height * shape.width * in_channels(plain), 4);
        std::vector<double> expected = a.forward(x);
        for (std::size_t i = 0; i < x.size(); ++i) expected[i] = x[i] - expected[i];
        check_all_close(b.forward(x), expected, 1e-15);
    };
    check_pair(UNet{.in_channels = 2, .out_channels = 2, .channels = 3, .poolings = 2},
               UNet{.in_channels = 2, .out_channels = 2, .channels = 3, .poolings = 2, .residual = true},
               {2, 9, 8});
    check_pair(ResidualCnn{.channels = 3, .blocks = 1},
               ResidualCnn{.channels = 3, .blocks = 1, .residual = true}, {2, 5, 6});
}

TEST_CASE("the gradient at the output is that of the loss alone") {
    if (!have_device()) return;
    const Case c{"",
                 UNet{.in_channels = 2, .out_channels = 3, .channels = 4, .poolings = 1, .residual = false},
                 {2, 5, 4}};
    Setup<double> s(c);
    s.loss();
    const std::vector<double> y = s.network.forward(s.input), dy = s.network.get_output_gradient();
    std::vector<double> expected(y.size());
    for (std::size_t i = 0; i < y.size(); ++i)
        expected[i] = 2 * (y[i] - s.target[i]) / static_cast<double>(y.size());
    check_all_close(dy, expected, 1e-14);
}

TEST_CASE("a batch's images are independent, and the order of the axes is images, channels, rows, columns") {
    if (!have_device()) return;
    const UNet u{.in_channels = 2, .out_channels = 3, .channels = 4, .poolings = 1};
    Network<double> three(u, {3, 6, 5}), one(u, {1, 6, 5});
    three.initialise(1), one.initialise(1);
    const auto x = random_values(3 * 2 * 30, 5);
    const auto y = three.forward(x);
    REQUIRE(y.size() == 3 * 3 * 30);
    for (int i = 0; i < 3; ++i) {
        const std::vector<double> alone = one.forward(
            std::vector<double>(x.begin() + std::ptrdiff_t{i} * 60, x.begin() + std::ptrdiff_t{i + 1} * 60));
        check_all_close(
            alone,
            std::vector<double>(y.begin() + std::ptrdiff_t{i} * 90, y.begin() + std::ptrdiff_t{i + 1} * 90),
            1e-13);
    }
}

TEST_CASE("without training a network computes the same estimate in less memory") {
    if (!have_device()) return;
    for (const Architecture& a : {Architecture{UNet{.channels = 8, .poolings = 2}},
                                  Architecture{ResidualCnn{.channels = 8, .blocks = 3}}}) {
        Network<float> training(a, {2, 16, 12}), estimating(a, {2, 16, 12}, {.training = false});
        training.initialise(2), estimating.initialise(2);
        const auto x = cast<float>(random_values(2 * 16 * 12, 6));
        CHECK(training.forward(x) == estimating.forward(x));
        CHECK(estimating.memory().activations < 0.6 * static_cast<double>(training.memory().activations));
        CHECK(2 * estimating.memory().parameters == training.memory().parameters);
    }
}

TEST_CASE("a linear network is a matrix, and its gradient that of least squares") {
    if (!have_device()) return;
    using Matrix = Eigen::Matrix<double, Eigen::Dynamic, Eigen::Dynamic, Eigen::RowMajor>;
    constexpr int inputs = 30, outputs = 20, images = 25;
    Setup<double> s({"", LinearNetwork{inputs, outputs}, {images, 1, 1}});
    const std::vector<double> parameters = s.network.get_parameters();
    const Eigen::Map<const Matrix> w(parameters.data(), outputs, inputs), y(s.input.data(), images, inputs),
        x(s.target.data(), images, outputs);
    const Matrix estimate = y * w.transpose(), error = estimate - x;
    const Matrix gradient = 2.0 / (images * outputs) * error.transpose() * y;
    check_all_close(s.network.forward(s.input),
                    std::vector<double>(estimate.data(), estimate.data() + estimate.size()), 1e-13);
    check_close(s.loss(), error.squaredNorm() / (images * outputs), 1e-13, 0);
    check_all_close(s.network.get_gradient(),
                    std::vector<double>(gradient.data(), gradient.data() + gradient.size()), 1e-13);
}

TEST_CASE("initial values are uniform within PyTorch's bounds and depend on seed and tensor alone") {
    if (!have_device()) return;
    Network<double> network(UNet{.channels = 12, .poolings = 2}, {1, 8, 8});
    network.initialise(9);
    const std::vector<double> values = network.get_parameters();
    for (const Parameter& p : network.parameters()) {
        double mean = 0, square = 0, most = 0;
        const double size = static_cast<double>(p.size());
        for (std::ptrdiff_t i = 0; i < p.size(); ++i) {
            const double v = values[static_cast<std::size_t>(p.offset + i)] / p.bound;
            mean += v / size, square += v * v / size, most = std::max(most, std::abs(v));
        }
        INFO(p.name);
        CHECK(most <= 1);
        if (p.size() < 100) continue;
        CHECK(most > 0.9);
        check_close(mean, 0, 0, 5 / std::sqrt(3 * size));               // variance 1/3
        check_close(square, 1. / 3, 0, 5 * std::sqrt(4. / 45 / size));  // variance 1/5 - 1/9
    }
    const auto part = [&](const Parameter& p) {
        const auto begin = values.begin() + p.offset;
        return std::vector<double>(begin, begin + p.size());
    };
    const std::vector<Parameter>& list = network.parameters();
    for (std::size_t i = 0; i < list.size(); ++i)
        for (std::size_t j = 0; j < i; ++j)  // tensors of one shape do not start as copies
            if (list[i].shape == list[j].shape)
                CHECK(distance(part(list[i]), part(list[j])) > 0.1 * list[i].bound);
    Network<double> again(UNet{.channels = 12, .poolings = 2}, {2, 16, 12});
    again.initialise(9);
    CHECK(again.get_parameters() == values);
    for (const std::uint64_t other : {std::uint64_t{10}, std::uint64_t{9} + (std::uint64_t{1} << 32)}) {
        again.initialise(other);
        CHECK(distance(again.get_parameters(), values) > 0.1);
    }
}
