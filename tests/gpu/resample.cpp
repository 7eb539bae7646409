#include "device_support.hpp"
#include "rounding.hpp"

using namespace reconlaw::gpu;
using namespace reconlaw::gpu::testing;

namespace {

/// Three sums, or a product, another and their sum. The factors of these tests are powers of two but for 1.5.
template <class T>
constexpr double tolerance = 3 * unit<T>;

const std::vector<int> channel_counts{1, 3, 8, 12, 16, 24, 35};
const Margin inside{.before = 3, .after = 2, .rows = 2, .columns = 1};

/// Checks the backward pass of a linear operation against central differences of its forward pass, in double.
/// forward(x, y) and backward(dy, accumulate, dx); then that `accumulate` adds.
template <class Forward, class Backward>
void check_linear_backward(const Extent& in, const Extent& out, const Forward& forward,
                           const Backward& backward) {
    const std::vector<double> x = random_values(in.size(), 1), dy = random_values(out.size(), 2);
    Tensor<double> from(in, inside), y(out, {.after = 1});
    const auto expected = differences(x, [&](const std::vector<double>& at) {
        from.set(at);
        forward(from.input(), y.view());
        return dot(y.get(), dy);
    });
    CHECK(from.margin_untouched());
    CHECK(y.margin_untouched());
    const Tensor<double> given(out, {.before = 2}, dy), dx(in, inside, x);
    backward(given.input(), false, dx.view());
    check_all_close(dx.get(), expected, 1e-6);
    backward(given.input(), true, dx.view());
    std::vector<double> twice = expected;
    for (double& v : twice) v *= 2;
    check_all_close(dx.get(), twice, 1e-6);
    CHECK(dx.margin_untouched());
}

}  // namespace

TEST_CASE_TEMPLATE("average pooling takes means of 2 x 2 pixels and leaves an odd edge out", T, float,
                   double) {
    if (!have_device()) return;
    for (const int c : channel_counts)
        for (const auto& [h, w] : {std::pair{4, 6}, {5, 6}, {4, 7}, {5, 3}, {2, 2}, {3, 3}}) {
            const Extent in{2, h, w, c}, out{2, h / 2, w / 2, c};
            const std::vector<double> x = rounded<T>(random_values(in.size(), 3));
            const Tensor<T> from(in, inside, x), to(out, {.before = 1, .after = 4});
            kernels::average_pool<T>(from.input(), to.view());
            std::vector<double> expected(static_cast<std::size_t>(out.size()));
            for (int i = 0; i < out.n; ++i)
                for (int r = 0; r < out.h; ++r)
                    for (int q = 0; q < out.w; ++q)
                        for (int k = 0; k < c; ++k)
                            for (const int dr : {0, 1})
                                for (const int dq : {0, 1})
                                    expected[out.at(i, r, q, k)] +=
                                        x[in.at(i, 2 * r + dr, 2 * q + dq, k)] / 4;
            INFO(h, " x ", w, " x ", c);
            check_all_close(to.get(), expected, tolerance<T>);
            CHECK(to.margin_untouched());
        }
}

TEST_CASE("the gradient of average pooling equals central differences") {
    if (!have_device()) return;
    for (const int c : channel_counts)
        for (const auto& [h, w] : {std::pair{4, 6}, {5, 4}, {4, 3}, {3, 5}}) {
            INFO(h, " x ", w, " x ", c);
            check_linear_backward(
                {2, h, w, c}, {2, h / 2, w / 2, c},
                [](View<const double> x, View<double> y) { kernels::average_pool<double>(x, y); },
                [](View<const double> dy, bool accumulate, View<double> dx) {
                    kernels::average_pool_backward<double>(dy, accumulate, dx);
                });
        }
}

TEST_CASE_TEMPLATE("a last row and column is filled by reflection", T, float, double) {
    if (!have_device()) return;
    for (const int c : channel_counts)
        for (const auto& [row, column] : {std::pair{true, false}, {false, true}, {true, true}}) {
            const Extent e{2, row ? 5 : 4, column ? 3 : 6, c};
            const std::vector<double> before = rounded<T>(random_values(e.size(), 4));
            const Tensor<T> y(e, inside, before);
            kernels::reflect_edge<T>(y.view(), row, column);
            std::vector<double> expected(before.size());
            for (int i = 0; i < e.n; ++i)
                for (int r = 0; r < e.h; ++r)
                    for (int q = 0; q < e.w; ++q)
                        for (int k = 0; k < c; ++k)  // pixel n - 1 of n is pixel n - 3, reflected about n - 2
                            expected[e.at(i, r, q, k)] = before[e.at(i, row && r == e.h - 1 ? r - 2 : r,
                                                                     column && q == e.w - 1 ? q - 2 : q, k)];
            INFO("row ", row, ", column ", column, ", ", c, " channels");
            CHECK(distance(y.get(), expected) == 0);
            CHECK(y.margin_untouched());
        }
}

TEST_CASE("the gradient of reflection equals central differences") {
    if (!have_device()) return;
    for (const int c : channel_counts)
        for (const auto& [row, column] : {std::pair{true, false}, {false, true}, {true, true}}) {
            const Extent e{2, row ? 5 : 4, column ? 3 : 6, c};
            const std::vector<double> dy = random_values(e.size(), 5);
            Tensor<double> y(e, inside);
            const auto expected = differences(random_values(e.size(), 6), [&](const std::vector<double>& at) {
                y.set(at);
                kernels::reflect_edge<double>(y.view(), row, column);
                return dot(y.get(), dy);
            });
            const Tensor<double> d(e, inside, dy);
            kernels::reflect_edge_backward<double>(d.view(), row, column);
            CHECK(d.margin_untouched());
            // The edge is not an input: its own gradient is 0 by differences, and what the kernel leaves
            // there is never read.
            std::vector<double> found = d.get();
            for (std::size_t at = 0; at < found.size(); ++at) {
                const int q = static_cast<int>(at) / c % e.w, r = static_cast<int>(at) / c / e.w % e.h;
                if ((row && r == e.h - 1) || (column && q == e.w - 1)) found[at] = 0;
            }
            INFO("row ", row, ", column ", column, ", ", c, " channels");
            check_all_close(found, expected, 1e-6);
        }
}

TEST_CASE_TEMPLATE("pixel shuffle turns channels into pixels", T, float, double) {
    if (!have_device()) return;
    for (const int c : {1, 2, 3, 8, 17})
        for (const int factor : {2, 3}) {
            const Extent in{2, 3, 5, c * factor * factor}, out{2, 3 * factor, 5 * factor, c};
            const std::vector<double> x = rounded<T>(random_values(in.size(), 7));
            const Tensor<T> from(in, inside, x), to(out, inside);
            kernels::pixel_shuffle<T>(from.input(), factor, to.view());
            std::vector<double> expected(x.size());
            for (int i = 0; i < 2; ++i)
                for (int r = 0; r < out.h; ++r)
                    for (int q = 0; q < out.w; ++q)
                        for (int k = 0; k < c; ++k)
                            expected[out.at(i, r, q, k)] = x[in.at(
                                i, r / factor, q / factor, (k * factor + r % factor) * factor + q % factor)];
            INFO(c, " channels, factor ", factor);
            CHECK(distance(to.get(), expected) == 0);
            CHECK(to.margin_untouched());
        }
}

TEST_CASE("the gradient of pixel shuffle equals central differences") {
    if (!have_device()) return;
    for (const int c : {1, 2, 5})
        for (const int factor : {2, 3}) {
            INFO(c, " channels, factor ", factor);
            check_linear_backward(
                {2, 2, 3, c * factor * factor}, {2, 2 * factor, 3 * factor, c},
                [&](View<const double> x, View<double> y) { kernels::pixel_shuffle<double>(x, factor, y); },
                [&](View<const double> dy, bool accumulate, View<double> dx) {
                    kernels::pixel_shuffle_backward<double>(dy, factor, accumulate, dx);
                });
        }
}

TEST_CASE_TEMPLATE("weighted sums of tensors equal their formulas", T, float, double) {
    if (!have_device()) return;
    const T a = T(1.5), b = T(-0.75);
    for (const int c : channel_counts)
        for (const Margin& margin : {Margin{}, inside}) {
            const Extent e{2, 3, 5, c};
            const std::vector<double> x = rounded<T>(random_values(e.size(), 8)),
                                      z = rounded<T>(random_values(e.size(), 9));
            const Tensor<T> from(e, margin, x), other(e, {.before = margin.after}, z), to(e, margin, z);
            INFO(c, " channels, margin ", margin.before);

            std::vector<double> expected(x.size());
            const auto check = [&](const auto& formula) {
                for (std::size_t i = 0; i < x.size(); ++i) expected[i] = formula(x[i], z[i]);
                check_all_close(to.get(), expected, tolerance<T>);
                CHECK(to.margin_untouched());
            };
            kernels::add_to<T>(a, from.input(), to.view());
            check([&](double p, double q) { return q + a * p; });
            kernels::combine<T>(a, from.input(), b, other.input(), to.view());
            check([&](double p, double q) { return a * p + b * q; });
            kernels::combine<T>(a, from.input(), b, {}, to.view());
            check([&](double p, double) { return a * p; });
        }
}
