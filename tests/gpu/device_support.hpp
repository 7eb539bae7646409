#pragma once
/// Tensors in device memory, random values and finite differences for the tests of the training engine.

#include <doctest/doctest.h>

#include <algorithm>
#include <cmath>
#include <cstdint>
#include <limits>
#include <random>
#include <string>
#include <vector>

#include "device_array.hpp"
#include "reconlaw/gpu/device.hpp"
#include "support/check_close.hpp"

namespace reconlaw::gpu::testing {

/// Whether there is a device to test on; where there is none, the test case counts as skipped. Every case
/// that uses the device begins with this, and with one thread: tests run side by side, and threads that wait
/// for a core make tiny kernels a thousand times slower.
inline bool have_device() {
    const std::string problem = device().problem;
    if (!problem.empty()) MESSAGE("SKIPPED: ", problem);
    set_threads(1);
    return problem.empty();
}

/// Uniform in [low, high), the same on every machine.
inline std::vector<double> random_values(std::ptrdiff_t size, std::uint64_t seed, double low = -1,
                                         double high = 1) {
    std::mt19937_64 engine(seed);
    std::vector<double> values(static_cast<std::size_t>(size));
    for (double& v : values) v = low + (high - low) * static_cast<double>(engine() >> 11) * 0x1p-53;
    return values;
}

template <class T>
std::vector<T> cast(const std::vector<double>& values) {
    return std::vector<T>(values.begin(), values.end());
}

/// What the scalar makes of the values: a reference for float starts from rounded numbers.
template <class T>
std::vector<double> rounded(const std::vector<double>& values) {
    const std::vector<T> narrow = cast<T>(values);
    return std::vector<double>(narrow.begin(), narrow.end());
}

template <class T>
DeviceArray<T> on_device(const std::vector<double>& values) {
    DeviceArray<T> array(static_cast<std::ptrdiff_t>(values.size()));
    array.upload(cast<T>(values).data());
    return array;
}

template <class T>
std::vector<double> on_host(const DeviceArray<T>& array) {
    std::vector<T> values(static_cast<std::size_t>(array.size()));
    array.download(values.data());
    return std::vector<double>(values.begin(), values.end());
}

/// Extent of a tensor; its host copies are n x h x w x c, c fastest.
struct Extent {
    int n = 1, h = 1, w = 1, c = 1;
    std::ptrdiff_t size() const { return std::ptrdiff_t{n} * h * w * c; }
    std::size_t at(int i, int y, int x, int k) const {
        return static_cast<std::size_t>(((std::ptrdiff_t{i} * h + y) * w + x) * c + k);
    }
};

/// How a tensor lies within a larger one: so many more channels before and after, rows and columns at the
/// end.
struct Margin {
    int before = 0, after = 0, rows = 0, columns = 0;
};

/// A tensor in device memory with a margin around it that no kernel may touch.
template <class T>
class Tensor {
  public:
    explicit Tensor(const Extent& extent, const Margin& margin = {}) : e_(extent), margin_(margin) {
        memory_ = on_device<T>(std::vector<double>(whole_size(), outside));
        set(std::vector<double>(static_cast<std::size_t>(e_.size())));
    }
    Tensor(const Extent& extent, const Margin& margin, const std::vector<double>& values)
        : Tensor(extent, margin) {
        set(values);
    }

    const Extent& extent() const { return e_; }
    View<T> view() const {
        const std::ptrdiff_t pixel = margin_.before + e_.c + margin_.after,
                             row = pixel * (e_.w + margin_.columns);
        return {memory_.data() + margin_.before, e_.n, e_.h, e_.w, e_.c,
                row * (e_.h + margin_.rows),     row,  pixel};
    }
    View<const T> input() const { return view(); }

    void set(const std::vector<double>& values) {
        std::vector<double> whole = on_host(memory_);
        for_each([&](std::size_t inner, std::size_t outer) { whole[outer] = values[inner]; });
        memory_.upload(cast<T>(whole).data());
    }
    std::vector<double> get() const {
        const std::vector<double> whole = on_host(memory_);
        std::vector<double> values(static_cast<std::size_t>(e_.size()));
        for_each([&](std::size_t inner, std::size_t outer) { values[inner] = whole[outer]; });
        return values;
    }
    /// The margin holds what it held.
    bool margin_untouched() const {
        std::vector<double> whole = on_host(memory_);
        for_each([&](std::size_t, std::size_t outer) { whole[outer] = outside; });
        return std::all_of(whole.begin(), whole.end(), [](double v) { return v == outside; });
    }

  private:
    static constexpr double outside = 77;

    std::size_t whole_size() const {
        return static_cast<std::size_t>(std::ptrdiff_t{e_.n} * (e_.h + margin_.rows) *
                                        (e_.w + margin_.columns) * (margin_.before + e_.c + margin_.after));
    }
    template <class F>
    void for_each(const F& f) const {
        const View<T> v = view();
        for (int i = 0; i < e_.n; ++i)
            for (int y = 0; y < e_.h; ++y)
                for (int x = 0; x < e_.w; ++x)
                    for (int k = 0; k < e_.c; ++k)
                        f(e_.at(i, y, x, k), static_cast<std::size_t>(i * v.image + y * v.row + x * v.pixel +
                                                                      k + margin_.before));
    }

    Extent e_;
    Margin margin_;
    DeviceArray<T> memory_;
};

inline double largest(const std::vector<double>& values) {
    double most = 0;
    for (const double v : values) most = std::max(most, std::abs(v));
    return most;
}

/// Largest |a - b|; NaN counts as infinite.
inline double distance(const std::vector<double>& a, const std::vector<double>& b) {
    if (a.size() != b.size()) return std::numeric_limits<double>::infinity();
    double most = 0;
    for (std::size_t i = 0; i < a.size(); ++i) {
        const double d = std::abs(a[i] - b[i]);
        if (!(d <= most)) most = std::isnan(d) ? std::numeric_limits<double>::infinity() : d;
    }
    return most;
}

inline double dot(const std::vector<double>& a, const std::vector<double>& b) {
    double sum = 0;
    for (std::size_t i = 0; i < a.size(); ++i) sum += a[i] * b[i];
    return sum;
}

inline double norm(const std::vector<double>& a) {
    return std::sqrt(dot(a, a));
}

/// Central differences of a function of x, in every component.
template <class F>
std::vector<double> differences(std::vector<double> x, const F& f, double step = 1e-6) {
    std::vector<double> slope(x.size());
    for (std::size_t i = 0; i < x.size(); ++i) {
        const double at = x[i];
        x[i] = at + step;
        const double above = f(x);
        x[i] = at - step;
        slope[i] = (above - f(x)) / (2 * step);
        x[i] = at;
    }
    return slope;
}

}  // namespace reconlaw::gpu::testing

/// The largest difference of two arrays against a share of the second one's largest element.
#define check_all_close(values, expected, share)                                         \
    do {                                                                                 \
        const double distance_ = reconlaw::gpu::testing::distance((values), (expected)); \
        const double allowed_ = (share)*reconlaw::gpu::testing::largest(expected);       \
        INFO(#values, ": largest error ", distance_, ", allowed ", allowed_);            \
        reconlaw::testing::note_margin(__FILE__, __LINE__, distance_, allowed_);         \
        CHECK(distance_ <= allowed_);                                                    \
    } while (false)

/// Every difference of two arrays against an error of its own.
#define check_each_close(values, expected, errors)                                                          \
    do {                                                                                                    \
        const std::vector<double> values_ = (values), expected_ = (expected), errors_ = (errors);           \
        REQUIRE(values_.size() == expected_.size());                                                        \
        REQUIRE(values_.size() == errors_.size());                                                          \
        std::size_t worst_ = 0;                                                                             \
        double share_ = 0;                                                                                  \
        for (std::size_t i_ = 0; i_ < values_.size(); ++i_) {                                               \
            const double error_ = std::abs(values_[i_] - expected_[i_]);                                    \
            if (error_ == 0 || error_ / errors_[i_] <= share_) continue;                                    \
            worst_ = i_, share_ = error_ / errors_[i_];                                                     \
            if (!(share_ <= 1)) break;                                                                      \
        }                                                                                                   \
        INFO(#values, "[", worst_, "] = ", values_[worst_], ", expected ", expected_[worst_], ", allowed ", \
             errors_[worst_]);                                                                              \
        reconlaw::testing::note_margin(__FILE__, __LINE__, share_, 1);                                      \
        CHECK(share_ <= 1);                                                                                 \
    } while (false)
