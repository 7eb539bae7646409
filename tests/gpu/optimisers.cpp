#include <stdexcept>

#include "device_support.hpp"
#include "reconlaw/gpu/optimiser.hpp"
#include "support/check_close.hpp"

using namespace reconlaw::gpu;
using namespace reconlaw::gpu::testing;

namespace {

/// The formulas of optimiser.hpp, one parameter at a time.
struct Formula {
    OptimiserOptions o;
    std::vector<double> p, m, v;
    int steps = 0;

    Formula(const OptimiserOptions& options, const std::vector<double>& start)
        : o(options), p(start), m(start.size()), v(start.size()) {}

    void step(std::vector<double> g) {
        const double length = norm(g);
        if (o.clip_norm > 0)
            for (double& x : g) x *= std::min(1.0, o.clip_norm / (length + 1e-6));
        ++steps;
        for (std::size_t i = 0; i < p.size(); ++i) switch (o.kind) {
                case OptimiserKind::adam:
                    m[i] = o.beta1 * m[i] + (1 - o.beta1) * g[i];
                    v[i] = o.beta2 * v[i] + (1 - o.beta2) * g[i] * g[i];
                    p[i] -= o.rate * m[i] / (1 - std::pow(o.beta1, steps)) /
                            (std::sqrt(v[i] / (1 - std::pow(o.beta2, steps))) + o.epsilon);
                    break;
                case OptimiserKind::rmsprop:
                    v[i] = o.decay * v[i] + (1 - o.decay) * g[i] * g[i];
                    p[i] -= o.rate * g[i] / (std::sqrt(v[i]) + o.epsilon);
                    break;
                case OptimiserKind::sgd:
                    m[i] = o.momentum * m[i] + g[i];
                    p[i] -= o.rate * m[i];
                    break;
            }
    }
};

const std::vector<OptimiserOptions> variants{
    {.kind = OptimiserKind::adam},
    {.kind = OptimiserKind::adam,
     .rate = 0.02,
     .beta1 = 0.8,
     .beta2 = 0.95,
     .epsilon = 1e-3,
     .clip_norm = 0.5},
    {.kind = OptimiserKind::adam, .beta1 = 0, .beta2 = 0, .clip_norm = 1e9},
    {.kind = OptimiserKind::rmsprop},
    {.kind = OptimiserKind::rmsprop, .rate = 0.02, .decay = 0.5, .epsilon = 1e-2, .clip_norm = 1},
    {.kind = OptimiserKind::sgd, .rate = 0.1},
    {.kind = OptimiserKind::sgd, .rate = 0.1, .momentum = 0.9, .clip_norm = 0.1}};

std::vector<double> gradient_of_step(std::size_t count, int step) {
    return random_values(static_cast<std::ptrdiff_t>(count), 100 + static_cast<std::uint64_t>(step), -0.3,
                         0.4);
}

std::string argument_error(const OptimiserOptions& options, std::ptrdiff_t parameters = 3) {
    try {
        Optimiser<float>(parameters, options);
    } catch (const std::invalid_argument& e) {
        return e.what();
    }
    return "accepted";
}

}  // namespace

TEST_CASE_TEMPLATE("optimisers follow their formulas", T, float, double) {
    if (!have_device()) return;
    for (const std::size_t count : {1, 17, 9001})  // the last is more than two blocks of the kernels
        for (const OptimiserOptions& o : variants) {
            INFO(to_string(o.kind), ", clip ", o.clip_norm, ", ", count, " parameters");
            const auto start = rounded<T>(random_values(static_cast<std::ptrdiff_t>(count), 1));
            Formula formula(o, start);
            Optimiser<T> optimiser(static_cast<std::ptrdiff_t>(count), o);
            const DeviceArray<T> p = on_device<T>(start);
            for (int t = 0; t < 10; ++t) {
                const auto g = rounded<T>(gradient_of_step(count, t));
                formula.step(g);
                const DeviceArray<T> gradient = on_device<T>(g);
                check_close(optimiser.step(p.data(), gradient.data()), norm(g), 1e-12, 0);
            }
            // ten roundings of parameters near 1, and of averages from which the parameters follow
            check_all_close(on_host(p), formula.p, (sizeof(T) == 4 ? 2e-6 : 1e-13));
            CHECK(optimiser.steps() == 10);
        }
}

TEST_CASE("an optimiser goes on from a stored state to the same bits") {
    if (!have_device()) return;
    for (const OptimiserOptions& o : variants) {
        constexpr std::size_t count = 5000;
        Optimiser<float> whole(count, o), first(count, o), second(count, o);
        const auto start = random_values(count, 2);
        const DeviceArray<float> a = on_device<float>(start), b = on_device<float>(start);
        const auto step = [&](Optimiser<float>& optimiser, const DeviceArray<float>& p, int t) {
            const DeviceArray<float> g = on_device<float>(gradient_of_step(count, t));
            optimiser.step(p.data(), g.data());
        };
        for (int t = 0; t < 6; ++t) step(whole, a, t);
        for (int t = 0; t < 3; ++t) step(first, b, t);
        second.set_state(first.state(), first.steps());
        for (int t = 3; t < 6; ++t) step(second, b, t);
        INFO(to_string(o.kind));
        CHECK(distance(on_host(a), on_host(b)) == 0);
        CHECK(whole.state() == second.state());
        CHECK(second.steps() == 6);
        CHECK(first.state().size() * sizeof(float) == Optimiser<float>::bytes(count, o.kind));
    }
}

TEST_CASE("a rate of 0 leaves the parameters, a new rate counts from the next step") {
    if (!have_device()) return;
    Optimiser<double> optimiser(2, {.kind = OptimiserKind::sgd, .rate = 0});
    const DeviceArray<double> p = on_device<double>({1, 2}), g = on_device<double>({0.5, -1});
    optimiser.step(p.data(), g.data());
    CHECK(distance(on_host(p), {1, 2}) == 0);
    optimiser.set_rate(0.5);
    CHECK(optimiser.options().rate == 0.5);
    optimiser.step(p.data(), g.data());
    CHECK(distance(on_host(p), {0.75, 2.5}) == 0);
}

TEST_CASE("the squared norm sums every element in an order of its own") {
    if (!have_device()) return;
    for (const std::ptrdiff_t count : {1, 4095, 4096, 4097, 3000000}) {  // 733 blocks: two pieces on the host
        const auto values = rounded<float>(random_values(count, 3));
        const DeviceArray<float> g = on_device<float>(values);
        const DeviceArray<double> sums(kernels::squared_norm_size(count));
        set_threads(1);
        const double one = kernels::squared_norm<float>(count, g.data(), sums.data());
        check_close(one, dot(values, values), 1e-12, 0);
        set_threads(3);
        CHECK(kernels::squared_norm<float>(count, g.data(), sums.data()) == one);
    }
}

TEST_CASE("scaling multiplies every element") {
    if (!have_device()) return;
    auto values = rounded<float>(random_values(5000, 4));
    const DeviceArray<float> g = on_device<float>(values);
    kernels::scale<float>(5000, 0.5F, g.data());
    for (double& v : values) v *= 0.5;
    CHECK(distance(on_host(g), values) == 0);
}

TEST_CASE("options outside their range are refused by name, value and bound") {
    using Kind = OptimiserKind;
    const double nan = std::numeric_limits<double>::quiet_NaN(),
                 infinity = std::numeric_limits<double>::infinity();
    CHECK(argument_error({.rate = -1}) == "Optimiser: rate = -1, must be finite and >= 0");
    CHECK(argument_error({.rate = nan}) == "Optimiser: rate = nan, must be finite and >= 0");
    CHECK(argument_error({.beta1 = 1}) == "Optimiser: beta1 = 1, must be >= 0 and < 1");
    CHECK(argument_error({.beta2 = -0.5}) == "Optimiser: beta2 = -0.5, must be >= 0 and < 1");
    CHECK(argument_error({.kind = Kind::rmsprop, .decay = 1}) ==
          "Optimiser: decay = 1, must be >= 0 and < 1");
    CHECK(argument_error({.kind = Kind::sgd, .momentum = nan}) ==
          "Optimiser: momentum = nan, must be >= 0 and < 1");
    CHECK(argument_error({.epsilon = 0}) == "Optimiser: epsilon = 0, must be finite and > 0");
    CHECK(argument_error({.clip_norm = infinity}) == "Optimiser: clip_norm = inf, must be finite and >= 0");
    CHECK(argument_error({}, 0) == "Optimiser: parameters = 0, must be >= 1");
    CHECK(to_string(Kind::adam) == "adam");
    for (const Kind kind : {Kind::adam, Kind::rmsprop, Kind::sgd})
        CHECK(optimiser_named(to_string(kind)) == kind);
    CHECK_THROWS_WITH_AS(optimiser_named("Adam"), "optimiser 'Adam' is unknown: must be adam, rmsprop or sgd",
                         std::invalid_argument);
}

TEST_CASE("states and rates that do not belong to an optimiser are refused") {
    if (!have_device()) return;
    Optimiser<float> adam(3, {});
    CHECK_THROWS_WITH_AS(adam.set_state(std::vector<float>(3), 0),
                         "Optimiser::set_state: number of values = 3, must be 6", std::invalid_argument);
    CHECK_THROWS_WITH_AS(adam.set_state(std::vector<float>(6), -1),
                         "Optimiser::set_state: steps = -1, must be >= 0", std::invalid_argument);
    CHECK_THROWS_WITH_AS(adam.set_rate(-0.1), "Optimiser::set_rate: rate = -0.1, must be finite and >= 0",
                         std::invalid_argument);
}
