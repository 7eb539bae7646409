#pragma once
/// The PCA estimator of the paper: how well the top sample eigenvectors span the signal subspace.

#include <boost/math/quadrature/gauss.hpp>
#include <boost/math/tools/toms748_solve.hpp>
#include <cmath>
#include <limits>
#include <numbers>

#include "reconlaw/problem/subspace.hpp"
#include "reconlaw/risk/resolvent.hpp"

namespace reconlaw {

/// Expected overlap c^2 = (1/d) E|U_hat' U|_F^2 of the top d sample eigenvectors with the top d population
/// ones.
struct [[nodiscard]] PcaOverlap {
    double overlap = 0.0;
    RiskStatus status = RiskStatus::not_converged;
    double error = 0.0;      ///< estimated absolute numerical error
    bool separated = false;  ///< the top d sample eigenvalues form a cluster of their own in the limit
};

struct [[nodiscard]] PcaRisk {
    double total = 0.0;  ///< summed over coordinates; divide by d for the paper's normalisation
    double overlap = 0.0;
    RiskStatus status = RiskStatus::not_converged;
    double error = 0.0;  ///< estimated relative numerical error of the total
};

namespace detail {

/// Counts on (s0, infinity) by an open arc from s0 through the upper half plane to beyond the right edge: the
/// number of sample eigenvalues `count` and the share of the signal directions `signal`, limit and 1/N term
/// separately. The arc needs the resolvent at one point of the real axis only, so s0 may lie inside the
/// support.
struct PcaCounts {
    double signal = 0, count = 0, signal_correction = 0, count_correction = 0;
    bool converged = true;
};

template <unsigned Nodes>
PcaCounts pca_counts(const LinearGaussianProblem<double>& problem, double training_size,
                     const Companion& companion, const Eigen::ArrayXd& signal, double s0, double right,
                     double height) {
    using C = Complex<double>;
    using Rule = boost::math::quadrature::gauss<double, Nodes>;
    const double first = std::log(s0), last = std::log(right) + 0.5;
    const double centre = 0.5 * (first + last), major = 0.5 * (last - first), minor = std::min(height, major);
    Contour arc;
    // Angle from the right end (x = -1) to s0 (x = 1), nodes crowding towards s0, where an edge may be near.
    auto add = [&](double x, double w) {
        const double q = 0.5 * (1.0 - x);
        const double angle = std::numbers::pi * (1.0 - q * q * q), slope = 1.5 * std::numbers::pi * q * q;
        const C u(centre + major * std::cos(angle), minor * std::sin(angle));
        const C du(-major * std::sin(angle), minor * std::cos(angle));
        const C z = exp(u);
        arc.node.push_back(z);
        arc.weight.push_back(z * du * C(0.0, -0.5 / std::numbers::pi * slope * w));  // dz/(2 pi i)
    };
    const auto& x = Rule::abscissa();
    const auto& w = Rule::weights();
    static_assert(Nodes % 2 == 0);
    for (std::size_t i = x.size(); i-- > 0;) add(-x[i], w[i]);
    for (std::size_t i = 0; i < x.size(); ++i) add(x[i], w[i]);

    const Resolvent<double> g(problem, training_size, companion, arc);
    PcaCounts out;
    out.converged = g.converged;
    for (Eigen::Index j = 0; j < g.z.size(); ++j) {
        auto term = [&](const Eigen::ArrayXd& u, Order order) {
            return -2.0 * (g.weight[j] * g.expected(j, u, problem.eigenvalue, training_size, order)).re;
        };
        const double s = term(signal, Order::limit), c = term(problem.multiplicity, Order::limit);
        out.signal += s, out.count += c;
        out.signal_correction += term(signal, Order::corrected) - s;
        out.count_correction += term(problem.multiplicity, Order::corrected) - c;
    }
    return out;
}

}  // namespace detail

/// Overlap of the top d sample eigenvectors with the top d population eigenvectors.
///
/// N <= d: all sample eigenvectors count, plus d - N arbitrary orthonormal directions orthogonal to them; c^2
/// = 1 - A + A (d - N)/(p - N) with A the expected share of a signal direction in the null space of S. N > d:
/// the signal's share of the sample eigenvalues above the point s0 beyond which d of them are expected. Where
/// the top d form a separate cluster, s0 lies in the gap. Where they do not, with M(s) and K(s) the signal
/// share and the count above s and M0, K0, M1/N, K1/N their limits and corrections, K(s0) = d moves s0 and
///
///     d c^2 = M0(s0) + [M1(s0) - (M0'/K0') K1(s0)]/N,   K0(s0) = d                       (docs/theory,
///     section 5)
///
/// @param signal_directions  d: the multiplicities of the leading eigenvalues must add up to it
/// @throws std::invalid_argument
inline PcaOverlap pca_overlap(const LinearGaussianProblem<double>& problem, double signal_directions,
                              double training_size, const RiskOptions& options = {}) {
    constexpr auto f = "pca_overlap";
    const double p = problem.dimension(), d = signal_directions, n = training_size;
    detail::require(d >= 1 && d <= p, f, "signal_directions d", d, "between 1 and p = " + std::to_string(p));
    detail::require_finite_positive(n, f, "training_size N");
    Eigen::ArrayXd signal = Eigen::ArrayXd::Zero(problem.size());
    double counted = 0;
    for (Eigen::Index i = 0; i < problem.size() && counted < d - 1e-9; ++i)
        counted += signal[i] = problem.multiplicity[i];
    detail::require(std::abs(counted - d) <= 1e-9, f, "signal_directions d", d,
                    "a sum of leading multiplicities");

    PcaOverlap out;
    if (d == p) return {1.0, RiskStatus::converged, 0.0, true};
    const Companion companion(problem, n);
    const bool corrected = options.order == Order::corrected;
    if (n <= d) {
        auto atom = [&](double radius) {
            const detail::Resolvent<double> g(problem, n, companion, detail::origin_contour(0.0, radius, 64));
            double sum = 0;
            for (Eigen::Index j = 0; j < g.z.size(); ++j)
                sum -= 2.0 * (g.weight[j] * g.expected(j, signal, problem.eigenvalue, n, options.order)).re;
            return sum / d;
        };
        const double edge = companion.left_edge();
        const double a = atom(0.5 * edge), b = atom(0.3 * edge);
        out.overlap = 1.0 - a + a * (d - n) / (p - n);
        out.error = std::abs(a - b);
        out.status = out.error < 1e3 * options.tolerance ? RiskStatus::converged : RiskStatus::not_converged;
        return out;
    }

    const auto support = companion.support();
    const double right = support.back().upper;
    double s0 = 0, ratio = 0;
    // A gap with exactly d sample eigenvalues above it?
    for (std::size_t k = support.size(); k-- > 1 && !out.separated;) {
        const double middle = std::sqrt(support[k - 1].upper * support[k].lower);
        const auto c = detail::pca_counts<60>(problem, n, companion, signal, middle, right, 1.0);
        if (std::abs(c.count - d) < 1e-6 * d) s0 = middle, out.separated = true;
    }
    if (!out.separated) {
        auto excess = [&](double log_s) {
            return detail::pca_counts<30>(problem, n, companion, signal, std::exp(log_s), right, 1.0).count -
                   d;
        };
        const double low = std::log(std::max(support.front().lower, 1e-12 * right) * (1.0 + 1e-9)),
                     high = std::log(right * (1.0 - 1e-9));
        std::uintmax_t steps = 100;
        const auto root = boost::math::tools::toms748_solve(
            excess, low, high, boost::math::tools::eps_tolerance<double>(44), steps);
        s0 = std::exp(0.5 * (root.first + root.second));
        // M0'/K0' at s0: ratio of densities, from m(s0 + i0)
        detail::Complex<double> m = detail::Complex<double>(-1.0) / detail::Complex<double>(s0, s0);
        bool found = false;
        for (double height = s0; height > 1e-14 * s0 && !found; height *= 0.25) {
            bool ok = true;
            m = companion.solve({s0, height}, m, ok);
            detail::Complex<double> landed = m;
            if (ok && companion.refine(s0, landed)) m = landed, found = true;
        }
        if (!found) {
            out.overlap = std::numeric_limits<double>::quiet_NaN();
            out.error = std::numeric_limits<double>::infinity();
            return out;
        }
        double above = 0, below = 0;
        for (Eigen::Index i = 0; i < problem.size(); ++i) {
            const double density =
                -(detail::Complex<double>(1.0) /
                  (detail::Complex<double>(1.0) + detail::Complex<double>(problem.eigenvalue[i]) * m))
                     .im;
            above += signal[i] * density, below += problem.multiplicity[i] * density;
        }
        ratio = above / below;
    }
    auto value = [&](const detail::PcaCounts& c) {
        // Also holds M at d for the limit, whatever the root finder left.
        double sum = c.signal - ratio * (c.count - d);
        if (corrected) sum += c.signal_correction - ratio * c.count_correction;
        return sum / d;
    };
    auto coarse = detail::pca_counts<60>(problem, n, companion, signal, s0, right, 0.7);
    auto fine = detail::pca_counts<60>(problem, n, companion, signal, s0, right, 1.0);
    if (std::abs(value(coarse) - value(fine)) > options.tolerance) {
        coarse = fine;
        fine = detail::pca_counts<200>(problem, n, companion, signal, s0, right, 1.0);
    }
    out.overlap = value(fine);
    out.error = std::abs(value(fine) - value(coarse));
    out.status = fine.converged && out.error < 1e3 * options.tolerance ? RiskStatus::converged
                                                                       : RiskStatus::not_converged;
    return out;
}

/// Expected risk of the paper's PCA estimator W = U_hat U_hat'/(1 + sigma^2) for subspace denoising,
///
///     R/d = 1 - c^2 (1 + 2 sigma^2)/(1 + sigma^2)^2 + sigma^2/(1 + sigma^2)^2.
///
/// @throws std::invalid_argument as subspace_problem, and for N < 1
inline PcaRisk pca_risk(double dimension, double signal_dimension, double noise_level, double training_size,
                        const RiskOptions& options = {}) {
    detail::require_at_least_one(training_size, "pca_risk", "training_size N");
    const auto problem = subspace_problem(dimension, signal_dimension, noise_level);
    const PcaOverlap c = pca_overlap(problem, signal_dimension, training_size, options);
    const double s2 = noise_level * noise_level, q = (1.0 + s2) * (1.0 + s2);
    PcaRisk out;
    out.overlap = c.overlap;
    out.total = signal_dimension * (1.0 - c.overlap * (1.0 + 2.0 * s2) / q + s2 / q);
    out.status = c.status;
    out.error = signal_dimension * c.error / out.total;
    return out;
}

}  // namespace reconlaw
