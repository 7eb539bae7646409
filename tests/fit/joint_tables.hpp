#pragma once
/// Tables of losses from a known law, with noise.

#include <cmath>
#include <cstdint>
#include <vector>

#include "reconlaw/fit/joint.hpp"
#include "reconlaw/simulate/random.hpp"

namespace joint_tables {

/// Every size with every network; independent noise of standard deviation `noise` on log(loss).
inline reconlaw::fit::JointCurve grid(const auto& law, const std::vector<double>& sizes,
                                      const std::vector<double>& networks, double noise,
                                      std::uint32_t trial) {
    std::vector<double> n, p, loss;
    for (const double network : networks)
        for (const double size : sizes) {
            const double z = reconlaw::normal_value({2023, 7, trial}, 0, n.size(), 0);
            n.push_back(size), p.push_back(network), loss.push_back(law(size, network) * std::exp(noise * z));
        }
    return reconlaw::fit::make_joint_curve(n, p, loss);
}

}  // namespace joint_tables
