#pragma once
/// Route 1: the limiting measures on the real line. Independent of the contours, and the one for filters that
/// jump inside the support.

#include <Eigen/Core>
#include <cmath>
#include <numbers>
#include <vector>

#include "reconlaw/estimator/residual_filter.hpp"
#include "reconlaw/risk/companion.hpp"
#include "reconlaw/risk/result.hpp"

namespace reconlaw {

/// The limiting spectral measures mu_i of a problem (what direction i sees of the sample eigenvalues) as
/// quadrature rules: density -(1/pi) Im 1/(s (1 + lambda_i m(s + i0))) on the support, and for p > N the
/// point mass 1/(1 + lambda_i m(0)) at s = 0 (docs/theory, section 3). Limit only: the finite-size correction
/// is singular at the edges of the support.
///
/// Nodes log s = mid - half cos(theta) (s itself where the support touches zero): spectrally accurate for
/// square-root edges.
class RealLine {
  public:
    /// @param nodes  per interval of the support
    /// @param cut    additional break point for filters that jump there (0: none); pieces that end at it
    /// converge
    ///               algebraically, not spectrally
    RealLine(const LinearGaussianProblem<double>& problem, double training_size, int nodes = 200,
             double cut = 0.0)
        : problem_(problem),
          training_size_(training_size),
          companion_(problem, training_size),
          support_(companion_.support()) {
        detail::require(nodes >= 4, "RealLine", "nodes", nodes, "at least 4");
        inner_ = rule(pieces(cut), nodes, 0.5);
        outer_ = rule(pieces(cut), nodes, 1.0);
        atom_ = Eigen::ArrayXd::Zero(problem.size());
        if (companion_.aspect_ratio() > 1.0 + 1e-12) {
            const double m0 = companion_.solve_negative(-1e-300);
            atom_ = 1.0 / (1.0 + problem.eigenvalue * m0);
        }
    }

    const std::vector<SpectrumInterval>& support() const { return support_; }
    /// Mass of mu_i at zero.
    const Eigen::ArrayXd& atom() const { return atom_; }

    /// Integral of f over mu_i, its point mass at zero included.
    template <class F>
    double integrate(Eigen::Index i, F&& f) const {
        double sum = atom_[i] > 0 ? atom_[i] * f(0.0) : 0.0;
        for (Eigen::Index j = 0; j < inner_.s.size(); ++j) sum += inner_.mu(j, i) * f(inner_.s[j]);
        return sum;
    }

    /// Risk of a residual filter, (2)-(3) of docs/theory. Status `not_converged` where midpoint and
    /// trapezoidal rule differ by more than `tolerance`, relative: ask for more nodes.
    template <ResidualFilter F>
    Risk<double> risk(const F& filter, double tolerance = 1e-8) const {
        const Eigen::Index count = problem_.size();
        const Eigen::ArrayXd r = inner_.s.unaryExpr([&](double s) { return double(filter.residual(s)); });
        const Eigen::ArrayXd c = inner_.s.unaryExpr([&](double s) { return double(complement(filter, s)); });
        const Eigen::ArrayXd outer_r =
            outer_.s.unaryExpr([&](double s) { return double(filter.residual(s)); });
        const Eigen::ArrayXd share = problem_.multiplicity / training_size_;
        const Eigen::ArrayXd nu = (inner_.mu * (share * problem_.eigenvalue).matrix()).array();
        const Eigen::ArrayXd outer_nu = (outer_.mu * (share * problem_.eigenvalue).matrix()).array();

        Risk<double> out;
        out.floor = problem_.floor;
        out.variance = problem_.training_noise * (nu * c.square() / inner_.s).sum();
        // The inner and the outer rule are the midpoint and the trapezoidal rule: their difference is the
        // error.
        double difference = std::abs(
            out.variance - problem_.training_noise * (outer_nu * (1.0 - outer_r).square() / outer_.s).sum());
        double noise = 1.0 - problem_.dimension() / training_size_;
        double signal = 0;
        // r[s, t] for s on the outer nodes and t on the inner ones, and at t = 0
        Eigen::MatrixXd divided(outer_.s.size(), inner_.s.size());
        for (Eigen::Index k = 0; k < divided.cols(); ++k)
            divided.col(k) = ((outer_r - r[k]) / (outer_.s - inner_.s[k])).matrix();
        const Eigen::ArrayXd at_zero = (outer_r - 1.0) / outer_.s;
        for (Eigen::Index i = 0; i < count; ++i) {
            const Eigen::ArrayXd mu = inner_.mu.col(i).array();
            noise += share[i] * ((mu * r.square()).sum() + atom_[i]);
            if (problem_.weight[i] == 0) continue;
            const double strength = problem_.multiplicity[i] * problem_.weight[i];
            const double mean = (mu * r).sum() + atom_[i];
            const double other = (outer_.mu.col(i).array() * outer_r).sum() + atom_[i];
            difference += 2.0 * strength * problem_.eigenvalue[i] * std::abs(mean - other);
            const Eigen::ArrayXd spread = (divided * mu.matrix()).array() + atom_[i] * at_zero;
            out.bias += strength * problem_.eigenvalue[i] *
                        (mean * mean + (outer_.s * outer_nu * spread.square()).sum());
            signal += strength * (mu * inner_.s * r.square()).sum();
        }
        out.training_loss = signal + problem_.training_noise * noise;
        out.nodes = static_cast<int>(inner_.s.size() + outer_.s.size());
        out.error = difference / std::max(std::abs(out.total()), 1e-300);
        out.status =
            converged_ && out.error <= tolerance ? RiskStatus::limit_only : RiskStatus::not_converged;
        return out;
    }

  private:
    struct Piece {
        double lower, upper;
        bool smooth;  ///< both ends are edges of the support
    };
    struct Rule {
        Eigen::ArrayXd s;
        Eigen::MatrixXd mu;  ///< nodes x directions, weights included
    };

    std::vector<Piece> pieces(double cut) const {
        std::vector<Piece> all;
        for (const auto& [a, b] : support_) {
            if (cut > a && cut < b) {
                all.push_back({a, cut, false});
                all.push_back({cut, b, false});
            } else {
                all.push_back({a, b, true});
            }
        }
        return all;
    }

    Rule rule(const std::vector<Piece>& all, int nodes, double offset) {
        const int per_piece = offset == 1.0 ? nodes - 1 : nodes;
        const auto total = static_cast<Eigen::Index>(all.size()) * per_piece;
        Rule out{Eigen::ArrayXd(total), Eigen::MatrixXd(total, problem_.size())};
        Eigen::Index row = 0;
        for (const Piece& piece : all) {
            // In log s where the piece is bounded away from zero: structure near a small lower edge is
            // resolved.
            const bool logarithmic = piece.lower > 0;
            const double first = logarithmic ? std::log(piece.lower) : piece.lower;
            const double last = logarithmic ? std::log(piece.upper) : piece.upper;
            const double half = 0.5 * (last - first);
            detail::Complex<double> m;
            for (int j = 0; j < per_piece; ++j, ++row) {
                const double t = (j + offset) / nodes;
                double angle = std::numbers::pi * t, stretch = std::numbers::pi / nodes;
                if (!piece.smooth) {  // a density cut off at a non-zero value: cluster nodes to order five
                    angle = std::numbers::pi * t * t * t * (10.0 + t * (6.0 * t - 15.0));
                    stretch *= 30.0 * t * t * (1.0 - t) * (1.0 - t);
                }
                // half (1 - cos) without cancellation
                const double sine = std::sin(0.5 * angle), cosine = std::cos(0.5 * angle);
                const double u = angle < 0.5 * std::numbers::pi ? first + 2.0 * half * sine * sine
                                                                : last - 2.0 * half * cosine * cosine;
                const double s = logarithmic ? std::exp(u) : u;
                m = boundary_value(s, m, piece.upper - piece.lower);
                out.s[row] = s;
                // ds, over pi s
                const double w =
                    half * std::sin(angle) * stretch / (std::numbers::pi * (logarithmic ? 1.0 : s));
                for (Eigen::Index i = 0; i < problem_.size(); ++i) {
                    const detail::Complex<double> q =
                        detail::Complex<double>(-1.0) /
                        (detail::Complex<double>(1.0) + detail::Complex<double>(problem_.eigenvalue[i]) * m);
                    out.mu(row, i) = w * q.im;
                }
            }
        }
        return out;
    }

    /// m(s + i0) inside the support: from the neighbouring node where Newton's method holds, otherwise down
    /// from the upper half plane.
    detail::Complex<double> boundary_value(double s, const detail::Complex<double>& neighbour, double scale) {
        detail::Complex<double> m = neighbour;
        if (m.im > 0 && companion_.refine(s, m)) return m;
        m = detail::Complex<double>(-1.0) / detail::Complex<double>(s, scale);
        for (double height = scale; height > 1e-15 * scale; height *= 0.25) {
            bool ok = true;
            const detail::Complex<double> above = companion_.solve({s, height}, m, ok);
            if (!ok) {
                // Within rounding of an edge the last steps stall where the density has long vanished.
                converged_ = converged_ && height < 1e-9 * scale;
                return m;
            }
            m = above;
            detail::Complex<double> landed = m;
            if (companion_.refine(s, landed)) return landed;
        }
        return m;
    }

    LinearGaussianProblem<double> problem_;
    double training_size_;
    Companion companion_;
    std::vector<SpectrumInterval> support_;
    Rule inner_, outer_;
    Eigen::ArrayXd atom_;
    bool converged_ = true;
};

}  // namespace reconlaw
