#pragma once
/// BF16 as a way to store numbers: all arithmetic is done in float. C++17, no Thrust.

#include <cstdint>
#include <cstring>

#include "view.hpp"

namespace reconlaw::gpu {

/// The upper half of a float: its sign, its 8 bits of exponent, and 7 of its 23 bits of mantissa.
struct BFloat16 {
    std::uint16_t bits;

    BFloat16() = default;
    RECONLAW_HD BFloat16(float value) : bits(rounded(value)) {}
    /// Writes the member and copies no object, so that loops over arrays vectorise.
    RECONLAW_HD BFloat16& operator=(float value) {
        bits = rounded(value);
        return *this;
    }
    RECONLAW_HD operator float() const {
        const std::uint32_t u = std::uint32_t{bits} << 16;
        float value;
        std::memcpy(&value, &u, sizeof value);
        return value;
    }

    /// The upper half of the nearest BF16 number, ties to even; NaN stays NaN.
    RECONLAW_HD static std::uint16_t rounded(float value) {
        std::uint32_t u;
        std::memcpy(&u, &value, sizeof u);
        const std::uint32_t nearest = u + 0x7fffU + (u >> 16 & 1U);
        const bool nan = (u & 0x7fffffffU) > 0x7f800000U;
        return static_cast<std::uint16_t>((nan ? u | 0x400000U : nearest) >> 16);
    }
};

/// What the elements of a tensor are computed in, and what parameters, statistics and sums are kept in.
template <class T>
struct RealOf {
    using type = T;
};
template <>
struct RealOf<BFloat16> {
    using type = float;
};
template <class T>
using Real = typename RealOf<T>::type;

}  // namespace reconlaw::gpu
