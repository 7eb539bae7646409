#pragma once
/// Expected risk of any residual filter, for every N: the main entry of the closed forms.

#include <algorithm>
#include <cmath>
#include <limits>
#include <memory>
#include <sstream>
#include <stdexcept>

#include "reconlaw/risk/contour_route.hpp"

namespace reconlaw {

/// Predicted risk of many filters of one problem and one training size at shared cost: m(z) and the bias
/// matrix are computed once, each filter then costs two matrix-vector products.
///
///     R = floor + V + Bias,   V = eps_train int_{s>0} (1 - r)^2/s dnu,
///     Bias = sum_i c_i w_i lambda_i {(int r dmu_i)^2 + int_{s>0} s (int r[s,t] dmu_i(t))^2 dnu}
///     (docs/theory, (2)-(3))
///
/// with the first finite-size correction (docs/theory, section 4) unless `order` is `limit`.
template <class T = double>
class RiskPath {
  public:
    /// @param training_size  N > 0 (real numbers allowed, for derivatives)
    /// @param geometry       of the most demanding filter that will be evaluated: the smallest reach
    /// @throws std::invalid_argument   an invalid problem or N; a step filter (use predict_risk)
    RiskPath(LinearGaussianProblem<T> problem, const T& training_size, const FilterGeometry& geometry,
             const RiskOptions& options = {})
        : problem_(std::move(problem)),
          training_size_(training_size),
          companion_(problem_, training_size_),
          right_edge_(companion_.right_edge()),
          geometry_(geometry),
          options_(options) {
        detail::require(geometry.kind != FilterGeometry::Kind::step, "RiskPath", "geometry.kind", "step",
                        "wedge or parabola; use predict_risk for filters that jump");
        detail::require_finite_positive(geometry.reach, "RiskPath", "geometry.reach");
        detail::require(options.tolerance >= 1e-13, "RiskPath", "tolerance", options.tolerance,
                        "at least 1e-13");
        require_stable(geometry);
        detail::require(options.max_nodes >= 12, "RiskPath", "max_nodes", options.max_nodes, "at least 12");
        detail::require(geometry.reach >= 1e-16 * right_edge_, "RiskPath", "geometry.reach", geometry.reach,
                        "at least 1e-16 times the largest sample eigenvalue; beyond, use MinimumNorm");
        // A filter that changes slowly over the whole spectrum needs no contour wider than the spectrum.
        geometry_.reach = std::min(geometry_.reach, 10.0 * right_edge_);
        build(initial_nodes());
    }

    /// A filter with a pole or cut that its geometry does not own up to gives status `not_converged`.
    /// @throws std::invalid_argument a filter that diverges on this spectrum (a step size of 2/(largest
    /// limiting
    ///         sample eigenvalue) or more) or whose reach is smaller than the path was built for
    template <ResidualFilter F>
    Risk<T> operator()(const F& filter) {
        validate(filter, "predict_risk");
        const FilterGeometry g = filter.geometry();
        detail::require(g.kind == geometry_.kind && g.reach >= 0.999 * geometry_.reach, "RiskPath",
                        "reach of the filter", g.reach,
                        "at least the reach the path was built for, " + std::to_string(geometry_.reach) +
                            ", and of its kind");
        require_stable(g);
        Risk<T> risk = evaluate(filter);
        double last = std::numeric_limits<double>::infinity();
        while (risk.error > options_.tolerance && nodes_ < options_.max_nodes) {
            if (risk.error < 1e-6 && risk.error > 0.5 * last) break;  // rounding: more nodes do not help
            last = risk.error;
            build(std::min(options_.max_nodes, nodes_ + nodes_ / 2));
            risk = evaluate(filter);
        }
        if (!std::isfinite(detail::value_of(risk.total())))
            risk.error = std::numeric_limits<double>::infinity();
        risk.status = risk.error <= options_.tolerance && table_->converged() ? RiskStatus::converged
                                                                              : RiskStatus::not_converged;
        return risk;
    }

    /// Right edge of the limiting sample spectrum: gradient descent converges for step sizes below
    /// 2/right_edge.
    double right_edge() const { return right_edge_; }

  private:
    template <class F>
    Risk<T> evaluate(const F& filter) const {
        const auto r = table_->sample(filter);
        const auto variance = table_->variance(r);
        const auto training = table_->training(r);
        const auto residual = table_->mean_residual(r);
        Risk<T> risk;
        risk.floor = problem_.floor;
        risk.variance = variance.value;
        risk.bias = table_->bias(r);
        risk.training_loss =
            training.value + problem_.training_noise * (T(1.0) - problem_.dimension() / training_size_);
        const double total = std::abs(detail::value_of(risk.total()));
        const double loss = std::abs(detail::value_of(risk.training_loss));
        const double numerical = variance.difference + 2.0 * residual.difference + table_->bias_rounding(r);
        risk.error = std::max(numerical / std::max(total, 1e-300),
                              training.difference / std::max(loss + 1e-3 * total, 1e-300));
        const detail::Complex<T> at_right = filter.residual(detail::Complex<T>(T(right_edge_)));
        risk.error =
            std::max(risk.error, table_->analyticity_error(r, right_edge_, detail::value_of(at_right.re)));
        risk.nodes = table_->nodes();
        return risk;
    }

    void require_stable(const FilterGeometry& g) const {
        if (right_edge_ < g.stable_up_to) return;
        std::ostringstream message;
        message << "predict_risk: the iteration diverges: sample eigenvalues reach " << right_edge_
                << ", the step size allows them below " << g.stable_up_to
                << "; it must be smaller by a factor of more than " << right_edge_ / g.stable_up_to
                << " (for gradient descent, below " << 2.0 / right_edge_ << ")";
        throw std::invalid_argument(message.str());
    }

    int initial_nodes() const {
        const auto pair = contours(2);
        const double wanted = std::log(10.0 / options_.tolerance) / pair.inner.rate;
        return std::clamp(static_cast<int>(std::ceil(wanted)), 12, options_.max_nodes);
    }

    detail::ContourPair contours(int nodes) const {
        if (geometry_.kind == FilterGeometry::Kind::parabola)
            return {detail::parabola_contour(right_edge_, geometry_.reach, 1.0, nodes),
                    detail::parabola_contour(right_edge_, geometry_.reach, 0.6, nodes)};
        return {detail::wedge_contour(right_edge_, geometry_, 1.0, nodes),
                detail::wedge_contour(right_edge_, geometry_, 0.7, nodes)};
    }

    void build(int nodes) {
        nodes_ = nodes;
        table_ = std::make_unique<detail::ContourTable<T>>(problem_, training_size_, companion_,
                                                           contours(nodes), options_.order);
    }

    LinearGaussianProblem<T> problem_;
    T training_size_;
    Companion companion_;
    double right_edge_;
    FilterGeometry geometry_;
    RiskOptions options_;
    int nodes_ = 0;
    std::unique_ptr<detail::ContourTable<T>> table_;
};

}  // namespace reconlaw
