#pragma once
/// Closed contours around parts of the spectrum, on which the trapezoidal rule converges exponentially.

#include <algorithm>
#include <cmath>
#include <limits>
#include <numbers>
#include <vector>

#include "reconlaw/detail/complex.hpp"
#include "reconlaw/estimator/residual_filter.hpp"

namespace reconlaw::detail {

/// Nodes of the upper half of a contour symmetric about the real axis. For F real on the real axis,
///     (1/2 pi i) closed integral of F = 2 Re sum_j weight_j F(node_j).
struct Contour {
    std::vector<Complex<double>> node;
    std::vector<Complex<double>> weight;
    double rate = 0;  ///< the error falls like exp(-rate * number of nodes)
};

/// Two nested contours around the same cut; double integrals take one variable on each, so that no divided
/// difference meets its diagonal.
struct ContourPair {
    Contour outer, inner;
};

/// Contour that is, in a coordinate u, the ellipse with foci at the ends of the cut [u1, u2] and semi-minor
/// axis `height`; `map(u)` gives {z, dz/du}.
template <class Map>
Contour confocal(double u1, double u2, double height, int nodes, Map map) {
    using C = Complex<double>;
    const double centre = 0.5 * (u1 + u2), focus = 0.5 * (u2 - u1);
    const double major = std::hypot(focus, height);
    Contour contour;
    contour.node.reserve(nodes), contour.weight.reserve(nodes);
    for (int j = 0; j < nodes; ++j) {
        const double angle = (j + 0.5) * std::numbers::pi / nodes;
        const C u(centre + major * std::cos(angle), height * std::sin(angle));
        const C du(-major * std::sin(angle), height * std::cos(angle));
        const auto [z, slope] = map(u);
        contour.node.push_back(z);
        // (1/2 pi i) dz, spacing pi/nodes
        contour.weight.push_back(slope * du * C(0.0, -0.5 / nodes));
    }
    contour.rate = 2.0 * std::asinh(height / std::max(focus, 1e-300));
    return contour;
}

struct Mapped {
    Complex<double> z, slope;
};

/// Around [0, right] for a filter bounded for |z| < reach and in a wedge (or a disc touching zero, for
/// gradient descent): elliptic in u = log(zeta + reach), zeta = z/(1 - z/stable_up_to). The number of nodes
/// needed grows like log(right/reach), not like its square root.
inline Contour wedge_contour(double right, const FilterGeometry& geometry, double height, int nodes) {
    using C = Complex<double>;
    const double inverse = std::isfinite(geometry.stable_up_to) ? 1.0 / geometry.stable_up_to : 0.0;
    const double reach = geometry.reach, far = right / (1.0 - right * inverse);
    return confocal(std::log(reach), std::log(far + reach), height, nodes, [&](const C& u) {
        const C e = exp(u), zeta = e - C(reach), q = C(1.0) / (C(1.0) + zeta * C(inverse));
        return Mapped{zeta * q, e * q * q};
    });
}

/// Around [0, right] for filters bounded where |Im sqrt(z)| < sqrt(reach): a quarter of an ellipse in x =
/// sqrt(z) with foci at +-sqrt(right) maps to the upper half of the contour.
inline Contour parabola_contour(double right, double reach, double height, int nodes) {
    using C = Complex<double>;
    const double focus = std::sqrt(right), minor = height * std::sqrt(reach),
                 major = std::hypot(focus, minor);
    Contour contour;
    contour.node.reserve(nodes), contour.weight.reserve(nodes);
    for (int j = 0; j < nodes; ++j) {
        const double angle = (j + 0.5) * 0.5 * std::numbers::pi / nodes;
        const C x(major * std::cos(angle), minor * std::sin(angle));
        const C dx(-major * std::sin(angle), minor * std::cos(angle));
        contour.node.push_back(x * x);
        contour.weight.push_back(C(2.0) * x * dx * C(0.0, -0.25 / nodes));
    }
    contour.rate = 4.0 * std::asinh(minor / focus);
    return contour;
}

/// Around [lower, upper], lower > 0, keeping a ratio at least exp(margin) to whatever lies below.
inline Contour interval_contour(double lower, double upper, double margin, double height, int nodes) {
    using C = Complex<double>;
    const double focus = 0.5 * std::log(upper / lower);
    // The ellipse extends `major - focus` beyond the cut.
    const double h = std::min(height, std::sqrt(margin * (margin + 2.0 * focus)));
    return confocal(std::log(lower), std::log(upper), h, nodes, [](const C& u) {
        const C e = exp(u);
        return Mapped{e, e};
    });
}

/// Around [0, upper] (upper may be 0), staying `margin` away from what lies above.
inline Contour origin_contour(double upper, double margin, int nodes) {
    using C = Complex<double>;
    const double focus = 0.5 * upper;
    const double h = std::sqrt(margin * (margin + 2.0 * focus));
    return confocal(0.0, upper, h, nodes, [](const C& z) { return Mapped{z, C(1.0)}; });
}

}  // namespace reconlaw::detail
