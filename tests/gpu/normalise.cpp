#include "device_support.hpp"
#include "rounding.hpp"

using namespace reconlaw::gpu;
using namespace reconlaw::gpu::testing;

namespace {

/// Channels below, at and between multiples of the vectors' lengths 8 and 16, dense and as slices of wider
/// tensors, odd images.
struct Case {
    Extent extent;
    Margin from, to;
};

std::vector<Case> cases() {
    std::vector<Case> all;
    for (const int channels : {1, 3, 8, 12, 16, 24, 35})
        all.push_back({{2, 5, 3, channels}, {}, {.before = 3, .after = 2, .rows = 1, .columns = 1}});
    all.push_back({{1, 1, 2, 8}, {.before = 1}, {}});
    all.push_back({{3, 4, 7, 17}, {.before = 16, .rows = 1}, {.after = 17}});
    all.push_back({{1, 13, 11, 2}, {.columns = 2}, {.columns = 1}});
    return all;
}

std::string name(const Extent& e) {
    return std::to_string(e.n) + " x " + std::to_string(e.h) + " x " + std::to_string(e.w) + " x " +
           std::to_string(e.c);
}

constexpr double epsilon = 1e-5;

/// Mean and 1/sqrt(variance + epsilon) of every channel of every image, in the order of the engine.
std::vector<double> statistics_of(const Extent& e, const std::vector<double>& z) {
    std::vector<double> s(static_cast<std::size_t>(2 * e.n * e.c));
    for (int i = 0; i < e.n; ++i)
        for (int k = 0; k < e.c; ++k) {
            double mean = 0, variance = 0;
            for (int y = 0; y < e.h; ++y)
                for (int x = 0; x < e.w; ++x) mean += z[e.at(i, y, x, k)] / (e.h * e.w);
            for (int y = 0; y < e.h; ++y)
                for (int x = 0; x < e.w; ++x)
                    variance += std::pow(z[e.at(i, y, x, k)] - mean, 2) / (e.h * e.w);
            s[static_cast<std::size_t>(2 * i * e.c + k)] = mean;
            s[static_cast<std::size_t>((2 * i + 1) * e.c + k)] = 1 / std::sqrt(variance + epsilon);
        }
    return s;
}

/// Bounds of the errors that rounding makes in T. A sum over an image is one of rows of w and then of h
/// numbers: none passes through more than w + h additions. A mean has that and a division; 1/sqrt of a mean
/// square half of that and of the difference's, square's and quotient's; its own root and division.
template <class T>
struct NormErrors {
    std::vector<double> statistics, y;

    NormErrors(const Extent& e, const std::vector<double>& z, const std::vector<double>& exact_statistics,
               const std::vector<double>& exact_y)
        : statistics(exact_statistics.size()), y(exact_y.size()) {
        const double chain = e.w + e.h, most = largest(z);
        const auto c = static_cast<std::size_t>(e.c), pixels = z.size() / static_cast<std::size_t>(e.n);
        for (std::size_t i = 0; i < statistics.size(); i += 2 * c)
            for (std::size_t k = i; k < i + c; ++k) {
                statistics[k] = (chain + 1) * unit<T> * most;
                statistics[k + c] = (chain / 2 + 5) * unit<T> * exact_statistics[k + c];
            }
        for (std::size_t at = 0; at < y.size(); ++at) {
            const std::size_t mean = 2 * c * (at / pixels) + at % c;
            // of the mean, scaled; of the scale; difference, product and slope
            y[at] = statistics[mean] * exact_statistics[mean + c] +
                    std::abs(exact_y[at]) * (statistics[mean + c] / exact_statistics[mean + c] + 3 * unit<T>);
        }
    }
};

double leaky(double x, double slope) {
    return x > 0 ? x : slope * x;
}

/// Instance norm and activation on the device.
template <class T>
struct Normaliser {
    Tensor<T> z, y;
    DeviceArray<T> row_sums, statistics, sums;

    explicit Normaliser(const Case& c)
        : z(c.extent, c.from),
          y(c.extent, c.to),
          row_sums(kernels::row_sums_size(c.extent.n, c.extent.h, c.extent.c)),
          statistics(std::ptrdiff_t{2} * c.extent.n * c.extent.c),
          sums(std::ptrdiff_t{2} * c.extent.n * c.extent.c) {}

    std::vector<double> forward(const std::vector<double>& values, double slope) {
        z.set(values);
        kernels::instance_statistics<T>(z.input(), T(epsilon), row_sums.data(), statistics.data());
        kernels::normalise<T>(z.input(), statistics.data(), T(slope), y.view());
        return y.get();
    }
};

}  // namespace

TEST_CASE_TEMPLATE("instance norm and LeakyReLU equal their formulas", T, float, double) {
    if (!have_device()) return;
    for (const Case& c : cases())
        for (const double slope : {0.2, 1.0}) {
            INFO(name(c.extent), ", slope ", slope);
            const std::vector<double> z = rounded<T>(random_values(c.extent.size(), 1, -1, 2));
            Normaliser<T> n(c);
            const std::vector<double> y = n.forward(z, slope), s = statistics_of(c.extent, z);
            std::vector<double> expected(z.size());
            for (std::size_t at = 0; at < z.size(); ++at) {
                const std::size_t k = at % static_cast<std::size_t>(c.extent.c),
                                  i = at / static_cast<std::size_t>(c.extent.size() / c.extent.n),
                                  row = 2 * i * static_cast<std::size_t>(c.extent.c) + k;
                expected[at] = leaky((z[at] - s[row]) * s[row + static_cast<std::size_t>(c.extent.c)], slope);
            }
            const NormErrors<T> errors(c.extent, z, s, expected);
            check_each_close(on_host(n.statistics), s, errors.statistics);
            check_each_close(y, expected, errors.y);
            CHECK(n.z.margin_untouched());
            CHECK(n.y.margin_untouched());
        }
}

TEST_CASE("instance norm in single precision survives a mean of a thousand standard deviations") {
    if (!have_device()) return;
    const Case c{{1, 64, 64, 16}, {}, {}};
    const std::vector<double> z = rounded<float>(random_values(c.extent.size(), 2, 1000, 1003));
    Normaliser<float> n(c);
    n.forward(z, 1);
    // The rounded mean is off by up to 3e-5 standard deviations; sums of squares without the mean subtracted
    // would be off by 6e-2 of the variance.
    check_all_close(on_host(n.statistics), statistics_of(c.extent, z), 1e-6);
}

TEST_CASE("the gradient of instance norm and LeakyReLU equals central differences") {
    if (!have_device()) return;
    for (const Case& c : cases())
        for (const double slope : {0.2, 1.0}) {
            INFO(name(c.extent), ", slope ", slope);
            const std::vector<double> z = random_values(c.extent.size(), 3),
                                      dy = random_values(c.extent.size(), 4);
            Normaliser<double> n(c);
            const auto expected =
                differences(z, [&](const std::vector<double>& at) { return dot(n.forward(at, slope), dy); });
            n.forward(z, slope);
            const Tensor<double> from(c.extent, c.from, dy), to(c.extent, c.to);
            kernels::normalise_backward<double>(n.y.input(), from.input(), n.statistics.data(), slope,
                                                n.row_sums.data(), n.sums.data(), to.view());
            check_all_close(to.get(), expected, 1e-6);
            CHECK(to.margin_untouched());
        }
}

TEST_CASE("the gradient of instance norm is orthogonal to constants and to the values themselves") {
    if (!have_device()) return;
    // the layer does not see shifts at all, and scalings only by way of epsilon
    const Case c{{2, 9, 7, 16}, {}, {}};
    const std::vector<double> z = random_values(c.extent.size(), 5, -100, 100),
                              dy = random_values(c.extent.size(), 6);
    Normaliser<float> n(c);
    n.forward(z, 0.2);
    const Tensor<float> from(c.extent, {}, dy), to(c.extent);
    kernels::normalise_backward<float>(n.y.input(), from.input(), n.statistics.data(), 0.2F,
                                       n.row_sums.data(), n.sums.data(), to.view());
    const std::vector<double> dz = to.get();
    CHECK(largest(dz) > 0.01);
    for (int i = 0; i < 2; ++i)
        for (int k = 0; k < 16; ++k) {
            double sum = 0, product = 0;
            for (int y = 0; y < 9; ++y)
                for (int x = 0; x < 7; ++x) {
                    const std::size_t at = c.extent.at(i, y, x, k);
                    sum += dz[at], product += dz[at] * z[at] / 100;
                }
            check_close(sum, 0, 0, 2e-7);
            check_close(product, 0, 0, 2e-7);
        }
}

TEST_CASE_TEMPLATE("bias and activation equal their formulas", T, float, double) {
    if (!have_device()) return;
    for (const Case& c : cases())
        for (const double slope : {0.0, 0.2, 1.0})
            for (const bool with_bias : {true, false}) {
                INFO(name(c.extent), ", slope ", slope, ", bias ", with_bias);
                const std::vector<double> z = rounded<T>(random_values(c.extent.size(), 7)),
                                          b = rounded<T>(random_values(c.extent.c, 8));
                const Tensor<T> from(c.extent, c.from, z), to(c.extent, c.to);
                const auto bias = on_device<T>(b);
                kernels::activate<T>(from.input(), with_bias ? bias.data() : nullptr, T(slope), to.view());
                std::vector<double> expected(z.size());
                for (std::size_t at = 0; at < z.size(); ++at)
                    expected[at] =
                        leaky(z[at] + (with_bias ? b[at % static_cast<std::size_t>(c.extent.c)] : 0), slope);
                check_all_close(to.get(), expected, 2 * unit<T>);  // a sum and a product
                CHECK(to.margin_untouched());
            }
}

TEST_CASE("the gradients of bias and activation equal central differences") {
    if (!have_device()) return;
    for (const Case& c : cases())
        for (const double slope : {0.0, 0.2, 1.0}) {
            INFO(name(c.extent), ", slope ", slope);
            const std::vector<double> z = random_values(c.extent.size(), 9),
                                      b = random_values(c.extent.c, 10),
                                      dy = random_values(c.extent.size(), 11);
            Tensor<double> from(c.extent, c.from), y(c.extent, c.to);
            const auto value = [&](const std::vector<double>& at, const std::vector<double>& bias) {
                from.set(at);
                kernels::activate<double>(from.input(), on_device<double>(bias).data(), slope, y.view());
                return dot(y.get(), dy);
            };
            const auto by_z = differences(z, [&](const std::vector<double>& at) { return value(at, b); });
            const auto by_b = differences(b, [&](const std::vector<double>& at) { return value(z, at); });
            value(z, b);
            const Tensor<double> given(c.extent, c.from, dy), dz(c.extent, c.to);
            DeviceArray<double> row_sums(kernels::row_sums_size(c.extent.n, c.extent.h, c.extent.c)),
                dbias(c.extent.c);
            kernels::activate_backward<double>(y.input(), given.input(), slope, row_sums.data(), dbias.data(),
                                               dz.view());
            check_all_close(dz.get(), by_z, 1e-6);
            check_all_close(on_host(dbias), by_b, 1e-6);
            CHECK(dz.margin_untouched());

            kernels::activate_backward<double>(y.input(), given.input(), slope, row_sums.data(), nullptr,
                                               given.view());
            CHECK(distance(given.get(), dz.get()) == 0);  // in place, and without a bias
        }
}

TEST_CASE("sums over pixels give the same bits whatever the number of threads") {
    if (!have_device()) return;
    const Case c{{3, 33, 21, 24}, {}, {}};
    const std::vector<double> z = random_values(c.extent.size(), 12);
    Normaliser<float> n(c);
    const std::vector<double> one = n.forward(z, 0.2);
    set_threads(3);
    const std::vector<double> three = n.forward(z, 0.2);
    CHECK(distance(one, three) == 0);
    CHECK(largest(one) > 1);
}
