#pragma once
/// A typical member of every law, and curves that follow it.

#include <algorithm>
#include <cmath>
#include <map>
#include <string>

#include "reconlaw/fit/fit_law.hpp"

namespace reconlaw::fit::examples {

/// Parameters with which each part of the law shows on sizes between 10 and 1e6.
inline Eigen::VectorXd typical(const Law& law) {
    static const std::map<std::string, std::vector<double>> known{
        {"power", {2, 0.4}},
        {"floor", {0.02, 2, 0.4}},
        {"shifted", {0.02, 5, 0.5, 100}},
        {"saturating", {0.02, 20, 0.6, 1, 0.5}},
        {"broken-1", {0.01, 1, 0.1, 0.4, 1e3, 0.5}},
        {"broken-2", {0.005, 1, 0.1, 0.5, 300, 0.3, -0.4, 3e4, 0.3}},
        {"broken-3", {0.005, 1, 0.1, 0.5, 200, 0.3, -0.5, 4e3, 0.3, 0.5, 1e5, 0.3}},
        {"piecewise-1", {1, 0.1, 0.4, 1.1e3}},
        {"piecewise-2", {1, 0.1, 0.5, 310, -0.4, 3.1e4}},
        {"exponential", {0.02, 1, 2e5}},
        {"logarithmic", {1, 0.06}}};
    const std::vector<double>& p = known.at(law.name);
    return Eigen::Map<const Eigen::VectorXd>(p.data(), static_cast<Eigen::Index>(p.size()));
}

inline Eigen::ArrayXd sizes(int count, double first = 10, double last = 1e6) {
    return first * (Eigen::ArrayXd::LinSpaced(count, 0, 1) * std::log(last / first)).exp();
}

inline LearningCurve exact_curve(const Law& law, const Eigen::VectorXd& p, int count) {
    const Eigen::ArrayXd size = sizes(count);
    return {size, law.values(p, size)};
}

/// Fixed numbers that look like noise: mean near zero, standard deviation near one.
inline Eigen::ArrayXd scatter(Eigen::Index count) {
    Eigen::ArrayXd z(count);
    for (Eigen::Index i = 0; i < count; ++i)
        z[i] = std::sqrt(2.0) * std::sin(2.4 * static_cast<double>(i * i) + 0.7);
    return z;
}

}  // namespace reconlaw::fit::examples
