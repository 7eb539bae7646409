#include "convolution/convolution.hpp"

#include "convolution/im2col.hpp"
#include "convolution/plain.hpp"
#include "convolution/widened.hpp"
#include "device_support.hpp"
#include "rounding.hpp"

using namespace reconlaw::gpu;
using namespace reconlaw::gpu::testing;

namespace {

Extent input_extent(const ConvolutionShape& s) {
    return {s.images, s.height, s.width, s.in_channels};
}
Extent output_extent(const ConvolutionShape& s) {
    return {s.images, s.out_height(), s.out_width(), s.out_channels};
}

/// The definition: visits every product of an output element, a weight and an input element.
template <class F>
void for_each_product(const ConvolutionShape& s, const F& f) {
    const Extent in = input_extent(s), out = output_extent(s);
    for (int i = 0; i < s.images; ++i)
        for (int r = 0; r < out.h; ++r)
            for (int q = 0; q < out.w; ++q)
                for (int u = 0; u < s.kernel; ++u)
                    for (int v = 0; v < s.kernel; ++v) {
                        const int y = s.stride * r + u - s.padding, x = s.stride * q + v - s.padding;
                        if (y < 0 || y >= in.h || x < 0 || x >= in.w) continue;
                        for (int o = 0; o < out.c; ++o)
                            for (int k = 0; k < in.c; ++k)
                                f(out.at(i, r, q, o),
                                  static_cast<std::size_t>(((o * in.c + k) * s.kernel + u) * s.kernel + v),
                                  in.at(i, y, x, k));
                    }
}

/// Sums of products, and what rounding may do to them.
struct Sums {
    std::vector<double> value, squares, count;

    explicit Sums(std::size_t size) : value(size), squares(size), count(size) {}
    void add(std::size_t at, double product) {
        value[at] += product, squares[at] += product * product, count[at] += 1;
    }
    /// Of results in T, summed with a rounding unit of `summed`, and of these sums, in double. A GPU's
    /// library may transform the images first: its errors are shares of the largest result.
    template <class T>
    std::vector<double> errors(double summed) const {
        const double transformed = device().system == "cuda" ? 2e-6 * largest(value) : 0;
        std::vector<double> e(value.size());
        for (std::size_t i = 0; i < e.size(); ++i) {
            const double sum = sum_error(count[i], squares[i], value[i], summed + unit<double>) + transformed;
            e[i] = sum + unit<T> * (std::abs(value[i]) + sum);
        }
        return e;
    }
};

/// Random data of one shape, and what the three directions make of it by plain loops.
template <class T>
struct Reference {
    std::vector<double> x, w, dy;
    Sums y, dx, dw;

    Reference(const ConvolutionShape& s, std::uint64_t seed)
        : x(rounded<T>(random_values(input_extent(s).size(), seed))),
          w(rounded<T>(random_values(s.weights(), seed + 1))),
          dy(rounded<T>(random_values(output_extent(s).size(), seed + 2))),
          y(dy.size()),
          dx(x.size()),
          dw(w.size()) {
        for_each_product(s, [&](std::size_t out, std::size_t weight, std::size_t in) {
            y.add(out, w[weight] * x[in]);
            dx.add(in, w[weight] * dy[out]);
            dw.add(weight, x[in] * dy[out]);
        });
    }
};

/// 3 x 3 and 1 x 1 as in blocks and at the end, 2 x 2 with stride 2 (transposed on the way up), with channels
/// below, between and at multiples of a vector's length, odd images, and images smaller than the kernel.
std::vector<ConvolutionShape> shapes() {
    std::vector<ConvolutionShape> all;
    const auto add = [&](int images, int h, int w, int in, int out, int kernel) {
        all.push_back(kernel == 2 ? ConvolutionShape{images, 2 * h, 2 * w, in, out, 2, 2, 0}
                                  : ConvolutionShape{images, h, w, in, out, kernel, 1, kernel / 2});
    };
    for (const int kernel : {3, 1, 2}) {
        for (const auto& [in, out] : {std::pair{1, 1},
                                      {1, 8},
                                      {8, 1},
                                      {1, 16},
                                      {16, 1},
                                      {8, 8},
                                      {8, 16},
                                      {12, 12},
                                      {24, 12},
                                      {16, 16}})
            add(2, 7, 5, in, out, kernel);
        add(3, 13, 11, 3, 5, kernel);
        add(1, 8, 8, 24, 24, kernel);
        add(1, 4, 6, 32, 48, kernel);
        add(2, 1, 2, 12, 3, kernel);
    }
    add(1, 1, 1, 100, 30, 1);  // a linear network
    add(5, 1, 1, 7, 1, 1);
    return all;
}

std::string name(const ConvolutionShape& s) {
    return std::to_string(s.images) + " x " + std::to_string(s.height) + " x " + std::to_string(s.width) +
           ", " + std::to_string(s.in_channels) + " -> " + std::to_string(s.out_channels) + ", kernel " +
           std::to_string(s.kernel);
}

/// A convolution with memory of its own, filled with NaN: what it does not write must not reach a result.
template <class T>
struct Ready {
    std::unique_ptr<Convolution<T>> convolution;
    DeviceArray<T> weights, workspace;

    Ready(std::unique_ptr<Convolution<T>> made)
        : convolution(std::move(made)),
          weights(spoiled(convolution->weight_bytes())),
          workspace(spoiled(convolution->workspace_bytes())) {
        convolution->use_memory(weights.data(), workspace.data());
    }
    static DeviceArray<T> spoiled(std::size_t bytes) {
        return on_device<T>(
            std::vector<double>(bytes / sizeof(T) + 16, std::numeric_limits<double>::quiet_NaN()));
    }
};

/// @param Gradient  what the weights' gradient is rounded to
/// @param share     of the largest result, error allowed besides rounding
template <class Gradient, class T>
void check_directions(Convolution<T>& c, const ConvolutionShape& s, double share = 0) {
    const Reference<T> r(s, 7);
    const auto x = on_device<T>(r.x), dy = on_device<T>(r.dy);
    const auto w = on_device<Real<T>>(r.w);
    const std::vector<double> nan(std::max({r.x.size(), r.dy.size(), r.w.size()}),
                                  std::numeric_limits<double>::quiet_NaN());
    const auto first = [&](std::size_t size) {
        return std::vector<double>(nan.begin(), nan.begin() + static_cast<std::ptrdiff_t>(size));
    };
    const auto other = on_device<Real<T>>(random_values(s.weights(), 99));
    c.set_weights(other.data());  // forgotten by the next call
    c.set_weights(w.data());
    const auto y = on_device<T>(first(r.dy.size())), dx = on_device<T>(first(r.x.size()));
    const auto dw = on_device<Real<T>>(first(r.w.size()));
    const auto check = [&](const auto& found, const Sums& sums, std::vector<double> allowed) {
        for (double& e : allowed) e += share * largest(sums.value);
        check_each_close(on_host(found), sums.value, allowed);
    };
    constexpr double summed = unit<Real<T>>;
    INFO(name(s));
    c.forward(x.data(), y.data());
    check(y, r.y, r.y.template errors<T>(summed));
    c.backward_data(dy.data(), dx.data());
    check(dx, r.dx, r.dx.template errors<T>(summed));
    c.backward_weights(x.data(), dy.data(), dw.data());
    check(dw, r.dw, r.dw.template errors<Gradient>(summed));
    c.forward(x.data(), y.data());  // the other directions have left the weights alone
    check(y, r.y, r.y.template errors<T>(summed));
}

template <class T>
void check_against_loops(Convolution<T>& c, const ConvolutionShape& s, double share = 0) {
    check_directions<Real<T>>(c, s, share);
}

}  // namespace

TEST_CASE("the build's convolutions in single precision equal the sums that define them") {
    if (!have_device()) return;
    for (const ConvolutionShape& s : shapes()) {
        Ready<float> ready(make_convolution<float>(s, {}, Arithmetic::exact));
        check_against_loops(*ready.convolution, s);
    }
}

TEST_CASE("the build's convolutions in double precision equal the sums that define them") {
    if (!have_device()) return;
    for (const ConvolutionShape& s : shapes()) {
        Ready<double> ready(make_convolution<double>(s, {}, Arithmetic::exact));
        check_against_loops(*ready.convolution, s);
    }
}

TEST_CASE("im2col in single precision equals the sums that define convolutions") {
    if (!have_device()) return;
    if (device().system == "cuda") {
        MESSAGE("SKIPPED: im2col is for processors");
        return;
    }
    for (const ConvolutionShape& s : shapes()) {
        Ready<float> ready(std::make_unique<Im2colConvolution<float>>(s));
        check_against_loops(*ready.convolution, s);
    }
}

TEST_CASE_TEMPLATE("plain loops on the device equal the sums that define convolutions", T, float, double) {
    if (!have_device()) return;
    for (const ConvolutionShape& s : shapes()) {
        Ready<T> ready(make_plain_convolution<T>(s));
        check_against_loops(*ready.convolution, s);
    }
}

TEST_CASE("the build's convolutions in BF16 equal the sums that define them, rounded") {
    if (!have_device()) return;
    for (const ConvolutionShape& s : shapes()) {
        Ready<BFloat16> ready(make_convolution<BFloat16>(s, {}, Arithmetic::exact));
        if (device().system == "cuda")  // cuDNN rounds the gradient of the weights to BF16, too
            check_directions<BFloat16>(*ready.convolution, s);
        else
            check_against_loops(*ready.convolution, s);
    }
}

TEST_CASE("convolutions in TF32 round operands to 10 bits on a GPU and nothing on a processor") {
    if (!have_device()) return;
    const double share = device().system == "cuda" ? 0x1p-9 : 0;
    for (const ConvolutionShape& s : shapes()) {
        Ready<float> ready(make_convolution<float>(s, {}, Arithmetic::tf32));
        check_against_loops(*ready.convolution, s, share);
    }
}

TEST_CASE("BF16 convolutions by widening equal the sums that define them, rounded") {
    if (!have_device()) return;
    for (const ConvolutionShape& s : shapes()) {
        Ready<BFloat16> ready(
            std::make_unique<WidenedConvolution>(s, make_convolution<float>(s, {}, Arithmetic::exact)));
        check_against_loops(*ready.convolution, s);
    }
}

TEST_CASE("BF16 convolutions by widening keep no weights of their own") {
    if (!have_device()) return;
    for (const ConvolutionShape& s : shapes()) {
        const auto single = make_convolution<float>(s, {}, Arithmetic::exact);
        const std::size_t bytes = single->weight_bytes(), workspace = single->workspace_bytes();
        const WidenedConvolution widened(s, make_convolution<float>(s, {}, Arithmetic::exact));
        CHECK(widened.weight_bytes() == bytes);
        CHECK(widened.workspace_bytes() > workspace);
    }
}

TEST_CASE_TEMPLATE_DEFINE("weights are rounded to BF16", Make, rounded_weights) {
    if (!have_device()) return;
    const ConvolutionShape s{1, 4, 4, 1, 1, 1, 1, 0};
    Ready<BFloat16> ready(Make::make(s));
    const auto w = on_device<float>({1.003});  // between 1 and 1.0078125
    const auto x = on_device<BFloat16>(std::vector<double>(16, 1));
    const DeviceArray<BFloat16> y(16);
    ready.convolution->set_weights(w.data());
    ready.convolution->forward(x.data(), y.data());
    CHECK(distance(on_host(y), std::vector<double>(16, 1)) == 0);
    // its gradient is not: 16 products of 1 and 1.0078125 make 16.125
    const auto dy = on_device<BFloat16>(std::vector<double>(16, 1.0078125));
    const DeviceArray<float> dw(1);
    ready.convolution->backward_weights(x.data(), dy.data(), dw.data());
    CHECK(on_host(dw)[0] == 16.125);
}

namespace {
struct Library {
    static auto make(const ConvolutionShape& s) {
        return make_convolution<BFloat16>(s, {}, Arithmetic::exact);
    }
};
struct Widened {
    static auto make(const ConvolutionShape& s) {
        return std::make_unique<WidenedConvolution>(s, make_convolution<float>(s, {}, Arithmetic::exact));
    }
};
}  // namespace
TEST_CASE_TEMPLATE_INVOKE(rounded_weights, Library, Widened);

TEST_CASE("a convolution for the forward pass alone computes the same and needs no more memory") {
    if (!have_device()) return;
    const ConvolutionShape s{2, 9, 6, 8, 16, 3, 1, 1};
    const auto all = make_convolution<float>(s, {}, Arithmetic::exact);
    Ready<float> forward(make_convolution<float>(s, {true, false, false}, Arithmetic::exact));
    CHECK(forward.convolution->weight_bytes() <= all->weight_bytes());
    CHECK(forward.convolution->workspace_bytes() <= all->workspace_bytes());
    const Reference<float> r(s, 3);
    const auto x = on_device<float>(r.x), w = on_device<float>(r.w);
    const DeviceArray<float> y(static_cast<std::ptrdiff_t>(r.dy.size()));
    forward.convolution->set_weights(w.data());
    forward.convolution->forward(x.data(), y.data());
    check_each_close(on_host(y), r.y.value, r.y.errors<float>(unit<float>));
}

TEST_CASE("backward_data with stride 2 clears a last row and column that no output has seen") {
    if (!have_device()) return;
    const ConvolutionShape s{1, 5, 7, 3, 4, 2, 2, 0};
    CHECK(s.out_height() == 2);
    CHECK(s.out_width() == 3);
    Ready<float> single(make_convolution<float>(s, {}, Arithmetic::exact));
    check_against_loops(*single.convolution, s);
    Ready<double> twice(make_convolution<double>(s, {}, Arithmetic::exact));
    check_against_loops(*twice.convolution, s);
}

TEST_CASE("the library of convolutions says its name and version") {
    const std::string library = convolution_library();
    INFO(library);
    CHECK((library.starts_with("oneDNN ") || library.starts_with("cuDNN ") || library.starts_with("Eigen ")));
    CHECK(std::count(library.begin(), library.end(), '.') == 2);
    CHECK(device().convolutions == library);
}
