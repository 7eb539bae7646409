#pragma once
/// What rounding may do to a result, from the data of each test. Tolerances that were read off one processor
/// fail on the next one: its convolutions add in another order.

#include <cmath>
#include <cstdint>
#include <random>
#include <vector>

namespace reconlaw::gpu::testing {

/// Largest relative error of rounding to nearest: half the distance from 1 to the next number.
template <class T>
constexpr double unit = sizeof(T) == 8   ? 0x1p-53
                        : sizeof(T) == 4 ? 0x1p-24
                                         : 0x1p-8;

/// Error of a sum of `count` terms of random signs, whose squares sum to `squares`, added in whatever order.
/// The worst order is one by one. The k-th addition rounds a partial sum by a relative error of variance
/// unit^2/3; partial sums are k/count of the whole, and vary about that by at most k squares/count. So the
/// error has at most the variance unit^2 count (squares/6 + sum^2/9). Six standard deviations: among a
/// million sums none is expected outside.
inline double sum_error(double count, double squares, double sum, double rounding_unit) {
    return 6 * rounding_unit * std::sqrt(count * (squares / 6 + sum * sum / 9));
}

/// Root mean square, over four draws, of |f(x') - f(x)|/|f(x)|, where x' is x with every element off by a
/// relative error drawn from [-rounding_unit, rounding_unit]: a measured condition number times the rounding
/// unit. f returns a vector; it is to be computed more exactly than to the rounding unit.
template <class F>
double sensitivity(const std::vector<double>& x, double rounding_unit, const F& f) {
    std::mt19937_64 engine(31);
    const std::vector<double> exact = f(x);
    double squares = 0, size = 0;
    for (const double v : exact) size += v * v;
    constexpr int draws = 4;
    for (int draw = 0; draw < draws; ++draw) {
        std::vector<double> moved = x;
        for (double& v : moved) v *= 1 + rounding_unit * (static_cast<double>(engine() >> 11) * 0x1p-52 - 1);
        const std::vector<double> there = f(moved);
        for (std::size_t i = 0; i < exact.size(); ++i)
            squares += (there[i] - exact[i]) * (there[i] - exact[i]) / draws;
    }
    return std::sqrt(squares / size);
}

}  // namespace reconlaw::gpu::testing
