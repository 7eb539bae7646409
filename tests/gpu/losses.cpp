#include <Eigen/Core>
#include <functional>

#include "device_support.hpp"
#include "reconlaw/data/metrics.hpp"
#include "rounding.hpp"

using namespace reconlaw::gpu;
using namespace reconlaw::gpu::testing;

namespace {

/// A loss on the device: estimate, target and gradient may lie in wider tensors.
template <class T>
struct LossOnDevice {
    Tensor<T> estimate, target, gradient;
    DeviceArray<double> row_sums;
    DeviceArray<T> range, maps;

    LossOnDevice(const Extent& e, const Margin& a, const Margin& b, const Margin& c)
        : estimate(e, a),
          target(e, b),
          gradient(e, c),
          row_sums(std::ptrdiff_t{e.n} * e.h),
          range(e.n),
          maps(e.h >= 7 && e.w >= 7 ? std::ptrdiff_t{3} * e.n * (e.h - 6) * (e.w - 6) : 1) {
        set_range(std::vector<double>(static_cast<std::size_t>(e.n), 1));
    }
    void set_range(const std::vector<double>& values) { range.upload(cast<T>(values).data()); }

    double mse(const std::vector<double>& x, const std::vector<double>& y) {
        set(x, y);
        return kernels::mse_loss<T>(estimate.input(), target.input(), row_sums.data(), gradient.view());
    }
    double l1(const std::vector<double>& x, const std::vector<double>& y) {
        set(x, y);
        return kernels::l1_loss<T>(estimate.input(), target.input(), row_sums.data(), gradient.view());
    }
    double ssim(const std::vector<double>& x, const std::vector<double>& y) {
        set(x, y);
        return kernels::ssim_loss<T>(estimate.input(), target.input(), range.data(), row_sums.data(),
                                     maps.data(), gradient.view());
    }
    bool margins_untouched() const {
        return estimate.margin_untouched() && target.margin_untouched() && gradient.margin_untouched();
    }

  private:
    void set(const std::vector<double>& x, const std::vector<double>& y) { estimate.set(x), target.set(y); }
};

struct Case {
    Extent extent;
    Margin estimate, target, gradient;
};

/// One channel is what images have; more, and margins, take the kernels' other paths.
const std::vector<Case> cases{{{2, 9, 13, 1}, {}, {}, {}},
                              {{3, 7, 8, 1}, {.before = 2, .columns = 1}, {}, {.after = 3, .rows = 1}},
                              {{1, 5, 3, 8}, {}, {}, {}},
                              {{2, 3, 5, 3}, {}, {.after = 2}, {}},
                              {{2, 1, 1, 21}, {}, {}, {}}};

using Plane = Eigen::Array<double, Eigen::Dynamic, Eigen::Dynamic, Eigen::RowMajor>;

Plane plane(const Extent& e, const std::vector<double>& values, int image) {
    return Eigen::Map<const Plane>(values.data() + std::ptrdiff_t{image} * e.h * e.w, e.h, e.w);
}

/// Images with structure in common, as an estimate and its target have.
struct Pair {
    std::vector<double> x, y;
};
Pair image_pair(const Extent& e, double range, std::uint64_t seed) {
    const auto noise = random_values(e.size(), seed, -0.2, 0.2),
               more = random_values(e.size(), seed + 1, -0.2, 0.2);
    Pair p{noise, more};
    for (std::size_t i = 0; i < p.x.size(); ++i) {
        const double wave =
            0.5 + 0.3 * std::sin(0.8 * static_cast<double>(i % static_cast<std::size_t>(e.w)));
        p.x[i] = range * (wave + noise[i]), p.y[i] = range * (wave + more[i]);
    }
    return p;
}

}  // namespace

TEST_CASE_TEMPLATE("mean squared and absolute error equal their formulas", T, float, double) {
    if (!have_device()) return;
    for (const Case& c : cases) {
        // the gradient: difference, factor and product are rounded; the loss: the difference counts twice,
        // its square once, and the sum, of terms of one sign and in double, once a term
        const double gradient_error = 3 * unit<T>,
                     loss_error = 3 * unit<T> + static_cast<double>(c.extent.size()) * unit<double>;
        INFO(c.extent.h, " x ", c.extent.w, " x ", c.extent.c);
        const auto x = rounded<T>(random_values(c.extent.size(), 1)),
                   y = rounded<T>(random_values(c.extent.size(), 2));
        const double count = static_cast<double>(x.size());
        double squares = 0, absolutes = 0;
        std::vector<double> by_square(x.size()), by_absolute(x.size());
        for (std::size_t i = 0; i < x.size(); ++i) {
            const double d = x[i] - y[i];
            squares += d * d / count, absolutes += std::abs(d) / count;
            by_square[i] = 2 * d / count, by_absolute[i] = (d > 0 ? 1 : -1) / count;
        }
        LossOnDevice<T> loss(c.extent, c.estimate, c.target, c.gradient);
        check_close(loss.mse(x, y), squares, loss_error, 0);
        check_all_close(loss.gradient.get(), by_square, gradient_error);
        check_close(loss.l1(x, y), absolutes, loss_error, 0);
        check_all_close(loss.gradient.get(), by_absolute, gradient_error);
        CHECK(loss.margins_untouched());
    }
}

TEST_CASE("the gradients of the losses equal central differences") {
    if (!have_device()) return;
    for (const Case& c : cases) {
        INFO(c.extent.h, " x ", c.extent.w, " x ", c.extent.c);
        const auto x = random_values(c.extent.size(), 3), y = random_values(c.extent.size(), 4);
        LossOnDevice<double> loss(c.extent, c.estimate, c.target, c.gradient);
        const auto squares = differences(x, [&](const auto& at) { return loss.mse(at, y); });
        loss.mse(x, y);
        check_all_close(loss.gradient.get(), squares, 1e-6);
        const auto absolutes = differences(x, [&](const auto& at) { return loss.l1(at, y); });
        loss.l1(x, y);
        check_all_close(loss.gradient.get(), absolutes, 1e-6);
        if (c.extent.c != 1) continue;
        const auto [a, b] = image_pair(c.extent, 1, 5);
        const auto similarity = differences(a, [&](const auto& at) { return loss.ssim(at, b); });
        loss.ssim(a, b);
        check_all_close(loss.gradient.get(), similarity, 1e-6);
    }
}

TEST_CASE_TEMPLATE("the SSIM loss is 1 minus the metric's mean over the images, each with its range", T,
                   float, double) {
    if (!have_device()) return;
    for (const Extent& e :
         {Extent{1, 7, 7, 1}, Extent{2, 7, 20, 1}, Extent{3, 24, 17, 1}, Extent{2, 9, 7, 1}}) {
        LossOnDevice<T> loss(e, {.before = 1}, {.rows = 1}, {});
        for (const double range : {1.0, 255.0, 1e-3}) {
            const auto pair = image_pair(e, range, 6);
            const auto x = rounded<T>(pair.x), y = rounded<T>(pair.y);
            std::vector<double> ranges;
            double expected = 0;
            for (int i = 0; i < e.n; ++i) {
                ranges.push_back(range * (1 + i));
                expected +=
                    reconlaw::data::ssim(plane(e, x, i), plane(e, y, i), {.range = ranges.back()}) / e.n;
            }
            loss.set_range(ranges);
            INFO(e.n, " x ", e.h, " x ", e.w, ", range ", range);
            // Sums over windows of 49 pixels, about the means, and some ten operations. The metric sums in
            // double without subtracting the means first, which are some ten times the deviations.
            check_close(loss.ssim(x, y), 1 - expected, 0, 59 * unit<T> + 10 * 10 * 49 * unit<double>);
            CHECK(expected < 0.9);
            CHECK(loss.margins_untouched());
        }
    }
}

TEST_CASE("SSIM in single precision keeps its accuracy on flat and bright images") {
    if (!have_device()) return;
    // variances far below the squared mean: sums of squares minus squared sums would be all rounding error
    const Extent e{1, 20, 20, 1};
    const auto a = rounded<float>(random_values(e.size(), 8, 0.99, 1)),
               b = rounded<float>(random_values(e.size(), 9, 0.99, 1));
    LossOnDevice<float> single(e, {}, {}, {});
    LossOnDevice<double> twice(e, {}, {}, {});
    check_close(single.ssim(a, b), twice.ssim(a, b), 0, 1e-6);
    check_all_close(single.gradient.get(), twice.gradient.get(), 1e-3);
}

TEST_CASE("equal images have no loss and no gradient") {
    if (!have_device()) return;
    const Extent e{2, 8, 9, 1};
    const auto x = random_values(e.size(), 10, 0, 1);
    LossOnDevice<double> loss(e, {}, {}, {});
    CHECK(loss.mse(x, x) == 0);
    CHECK(largest(loss.gradient.get()) == 0);
    CHECK(loss.l1(x, x) == 0);
    CHECK(largest(loss.gradient.get()) == 0);
    check_close(loss.ssim(x, x), 0, 0, 1e-14);
    check_close(largest(loss.gradient.get()), 0, 0, 1e-14);
    const std::vector<double> flat(x.size(), 0.5);
    check_close(loss.ssim(flat, flat), 0, 0, 1e-14);
}

TEST_CASE("the loss of a large batch is the sum of all its rows, whatever the number of threads") {
    if (!have_device()) return;
    // 640 and 480 rows: more than one piece of the sum on the host
    const Extent e{40, 16, 12, 1};
    const auto [x, y] = image_pair(e, 1, 11);
    double expected = 0;
    for (int i = 0; i < e.n; ++i) expected += (plane(e, x, i) - plane(e, y, i)).square().mean() / e.n;
    LossOnDevice<double> loss(e, {}, {}, {});
    const double mse = loss.mse(x, y), ssim = loss.ssim(x, y);
    check_close(mse, expected, 1e-13, 0);
    set_threads(3);
    CHECK(loss.mse(x, y) == mse);
    CHECK(loss.ssim(x, y) == ssim);
}

TEST_CASE("a pixel that is not a number makes the loss not a number") {
    if (!have_device()) return;
    const Extent e{1, 8, 8, 1};
    auto [x, y] = image_pair(e, 1, 12);
    x[20] = std::numeric_limits<double>::quiet_NaN();
    LossOnDevice<float> loss(e, {}, {}, {});
    CHECK(std::isnan(loss.mse(x, y)));
    CHECK(std::isnan(loss.l1(x, y)));
    CHECK(std::isnan(loss.ssim(x, y)));
}
