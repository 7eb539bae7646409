#pragma once
/// The companion Stieltjes transform m(z) of the sample covariance, and the support of its limiting spectrum.

#include <Eigen/Core>
#include <boost/math/tools/minima.hpp>
#include <boost/math/tools/toms748_solve.hpp>
#include <cmath>
#include <limits>
#include <vector>

#include "reconlaw/detail/complex.hpp"
#include "reconlaw/problem/linear_gaussian.hpp"

namespace reconlaw {

/// A closed interval of the support of the sample eigenvalues in the limit of large N and p.
struct SpectrumInterval {
    double lower;
    double upper;
};

/// Solves, for N samples of a measurement with population eigenvalues lambda_i (multiplicity c_i),
///
///     z(m) = -1/m + (1/N) sum_i c_i lambda_i/(1 + lambda_i m) = z,   Im m > 0 for Im z > 0 (docs/theory,
///     (1))
///
/// (Silverstein & Bai 1995). In the upper half plane the root is unique, so Im m > 0 and a small residual
/// certify a solution.
class Companion {
  public:
    using Complex = detail::Complex<double>;

    /// @param training_size N > 0 (real numbers allowed)
    template <class T>
    Companion(const LinearGaussianProblem<T>& problem, const T& training_size)
        : lambda_(problem.size()), share_(problem.size()) {
        detail::require_finite_positive(training_size, "Companion", "training_size N");
        validate(problem);
        const double n = detail::value_of(training_size);
        for (Eigen::Index i = 0; i < problem.size(); ++i) {
            lambda_[i] = detail::value_of(problem.eigenvalue[i]);
            share_[i] = detail::value_of(problem.multiplicity[i]) / n;
        }
    }

    const Eigen::ArrayXd& eigenvalue() const { return lambda_; }
    /// p/N
    double aspect_ratio() const { return share_.sum(); }

    /// z as a function of real m outside the poles -1/lambda_i.
    double z_of(double m) const { return -1.0 / m + (share_ * lambda_ / (1.0 + lambda_ * m)).sum(); }

    /// Root for Im z > 0, from a starting value. `converged` turns false if it could not be certified.
    Complex solve(const Complex& z, Complex guess, bool& converged) const {
        Complex m = guess;
        if (newton(z, m)) return m;
        // The fixed-point map sends the upper half plane to itself and contracts; slow but sure.
        m = guess.im > 0 ? guess : Complex(-1.0) / z;
        for (int attempt = 0; attempt < 40; ++attempt) {
            for (int k = 0; k < 50; ++k) m = (m + Complex(-1.0) / (z - pull(m))) * Complex(0.5);
            Complex polished = m;
            if (newton(z, polished)) return polished;
        }
        converged = false;
        return m;
    }

    /// Newton's method alone, on the real axis inside the support. False unless it converged to Im m > 0; an
    /// imaginary part of rounding size belongs to one of the real roots.
    bool refine(double z, Complex& m) const {
        return newton(Complex(z), m) && m.im > 1e-10 * detail::magnitude(m);
    }

    /// Root for real z below the support and below 0 (m > 0).
    double solve_negative(double z) const {
        // z(m) rises from -infinity on (0, ...) and z(m) <= -1/m + (aspect ratio)/m, z(m) >= -1/m.
        auto f = [&](double log_m) { return z_of(std::exp(log_m)) - z; };
        const double top = std::log(-1.0 / z);  // z(-1/z) > z
        double low = top - 1.0;
        while (f(low) > 0) low -= 2.0;
        std::uintmax_t steps = 200;
        const auto bracket = boost::math::tools::toms748_solve(
            f, low, top, boost::math::tools::eps_tolerance<double>(), steps);
        return std::exp(0.5 * (bracket.first + bracket.second));
    }

    /// Right edge of the support.
    double right_edge() const { return edge_between(-lambda_[0], std::numeric_limits<double>::lowest()); }

    /// Left edge of the positive support; 0 where N = p closes it.
    double left_edge() const {
        const double ratio = aspect_ratio();
        if (std::abs(ratio - 1.0) < 1e-12) return 0.0;
        // u = 1/m: above 0 for N < p, between the smallest pole and 0 for N > p.
        return ratio > 1 ? edge_between(0.0, std::numeric_limits<double>::max())
                         : edge_between(-lambda_[lambda_.size() - 1], 0.0);
    }

    /// All intervals of the support, ascending; the point mass at zero for p > N is not listed.
    /// Between two poles u = -lambda_i the function sum_i c_i/N lambda_i^2/(u + lambda_i)^2 of u = 1/m is
    /// convex, and the support has a gap there exactly where its minimum is below one.
    /// @throws std::invalid_argument  eigenvalues spread over more than 12 decades: rounding hides the gaps
    std::vector<SpectrumInterval> support() const {
        const double spread_of_eigenvalues = lambda_[lambda_.size() - 1] / lambda_[0];
        detail::require(spread_of_eigenvalues >= 1e-12, "Companion::support",
                        "smallest over largest eigenvalue", spread_of_eigenvalues,
                        "at least 1e-12, or the gaps of the spectrum are lost in rounding");
        std::vector<double> edges{right_edge()};
        for (Eigen::Index i = 0; i + 1 < lambda_.size(); ++i) {
            const double a = -lambda_[i], b = -lambda_[i + 1];
            if (b - a < 1e-12 * lambda_[0]) continue;
            const double width = b - a;
            const auto [u, lowest] = boost::math::tools::brent_find_minima(
                [&](double v) { return spread(v); }, a + 1e-9 * width, b - 1e-9 * width, 40);
            if (lowest >= 1.0) continue;
            edges.push_back(edge_at(root(a + 1e-15 * width, u)));
            edges.push_back(edge_at(root(u, b - 1e-15 * width)));
        }
        edges.push_back(left_edge());
        std::vector<SpectrumInterval> intervals;
        for (std::size_t k = edges.size(); k >= 2; k -= 2) intervals.push_back({edges[k - 1], edges[k - 2]});
        return intervals;
    }

    /// <lambda/(1 + lambda m)> = (1/N) sum_i c_i lambda_i/(1 + lambda_i m)
    Complex pull(const Complex& m) const {
        Complex sum;
        for (Eigen::Index i = 0; i < lambda_.size(); ++i)
            sum += Complex(share_[i] * lambda_[i]) / (Complex(1.0) + Complex(lambda_[i]) * m);
        return sum;
    }

  private:
    /// <lambda^2/(u + lambda)^2>, equal to one at the edges (u = 1/m).
    double spread(double u) const { return (share_ * (lambda_ / (u + lambda_)).square()).sum(); }

    double edge_at(double u) const { return -u + (share_ * lambda_ * u / (u + lambda_)).sum(); }

    double root(double a, double b) const {
        auto f = [&](double u) { return std::log(spread(u)); };
        std::uintmax_t steps = 300;
        const auto r =
            boost::math::tools::toms748_solve(f, a, b, boost::math::tools::eps_tolerance<double>(), steps);
        return 0.5 * (r.first + r.second);
    }

    /// Edge at the only root of spread(u) = 1 between a pole (or 0) and the far bound, on which spread is
    /// monotone.
    double edge_between(double start, double far) const {
        const double scale = lambda_[0];
        if (far == std::numeric_limits<double>::lowest() || far == std::numeric_limits<double>::max()) {
            const double sign = far > 0 ? 1.0 : -1.0;
            double reach = scale;
            while (spread(start + sign * reach) > 1.0) reach *= 2.0;
            double near = 1e-3 * reach;
            while (near > 1e-300 && spread(start + sign * near) < 1.0) near *= 0.5;
            const double a = start + sign * near, b = start + sign * reach;
            return edge_at(sign > 0 ? root(a, b) : root(b, a));
        }
        const double width = far - start;
        double near = 1e-3 * width, last = 1e-3 * width;
        while (near > 1e-300 && spread(start + near) < 1.0) near *= 0.5;
        while (last > 1e-300 && spread(far - last) > 1.0) last *= 0.5;
        return std::max(0.0, edge_at(root(start + near, far - last)));
    }

    bool newton(const Complex& z, Complex& m) const {
        for (int k = 0; k < 40; ++k) {
            Complex f = Complex(-1.0) / m - z, slope = Complex(1.0) / (m * m);
            for (Eigen::Index i = 0; i < lambda_.size(); ++i) {
                const Complex q = Complex(lambda_[i]) / (Complex(1.0) + Complex(lambda_[i]) * m);
                f += Complex(share_[i]) * q;
                slope -= Complex(share_[i]) * q * q;
            }
            const Complex step = f / slope;
            m -= step;
            const double size = detail::magnitude(step);
            if (!(size < 1e100)) return false;
            if (size <= 1e-14 * detail::magnitude(m) || (k > 12 && size <= 1e-12 * detail::magnitude(m)))
                return m.im > 0;
        }
        return false;
    }

    Eigen::ArrayXd lambda_, share_;
};

}  // namespace reconlaw
