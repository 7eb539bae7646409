#pragma once
/// A network whose estimate is known.

#include "reconlaw/gpu/weights.hpp"

namespace reconlaw::gpu::testing {

/// A U-Net whose weights are all zero estimates no noise: its estimate is its input.
inline Weights identity() {
    UNet u;
    u.channels = 2, u.poolings = 1, u.residual = true;
    return {u, std::vector<float>(static_cast<std::size_t>(parameter_count(u))), {}};
}

}  // namespace reconlaw::gpu::testing
