#pragma once
/// Iterative learning on a reduced draw, step by step: exact, and only the blocks a step can reach are
/// generated.

#include <Eigen/Core>
#include <vector>

#include "reconlaw/simulate/reduced_subspace.hpp"
#include "reconlaw/simulate/sample_spectrum.hpp"

namespace reconlaw {

/// First-order methods from W = 0; filters GradientDescent, HeavyBall and Nesterov of
/// estimator/residual_filter.hpp.
struct IterationRule {
    enum class Method { gradient_descent, heavy_ball, nesterov };
    Method method = Method::gradient_descent;
    double step_size = 0.0;  ///< eta > 0, in the units of the loss (1/2N)|WY - X|^2
    double momentum = 0.0;   ///< beta of heavy ball, 0 <= beta < 1
};

/// @throws std::invalid_argument
inline void validate(const IterationRule& rule) {
    detail::require_finite_positive(rule.step_size, "IterationRule", "step_size");
    detail::require(rule.momentum >= 0 && rule.momentum < 1, "IterationRule", "momentum", rule.momentum,
                    "in [0, 1)");
}

/// The iterate W_k = M_k Y'/N of one reduced draw, held as M_k and the residual P_k = X - W_k Y. With G =
/// Y'Y/N a gradient step is M + eta P, P - eta P G; after k steps only the first k + 1 column blocks are not
/// zero, so step k costs O(k d^3) until all blocks are reached.
class ReducedIteration {
  public:
    /// `draw` must outlive the iteration.
    ReducedIteration(const ReducedSubspace& draw, const IterationRule& rule)
        : draw_(&draw),
          rule_(rule),
          gram_(draw),
          goal_(draw.goal()),
          now_{0.0 * draw.target(), draw.target()} {
        validate(rule);
        before_ = now_;
    }

    int step() const { return step_; }

    void advance() {
        using Method = IterationRule::Method;
        const double beta = rule_.method == Method::heavy_ball ? rule_.momentum
                            : rule_.method == Method::nesterov ? step_ / (step_ + 3.0)
                                                               : 0.0;
        if (beta != 0.0) {
            grow(before_, now_.residual.cols());
            State ahead{now_.coefficient + beta * (now_.coefficient - before_.coefficient),
                        now_.residual + beta * (now_.residual - before_.residual)};
            // The gradient is taken at the iterate itself (heavy ball) or at the point ahead (Nesterov).
            State next = gradient_step(ahead, rule_.method == Method::nesterov ? ahead : now_);
            before_ = std::move(now_), now_ = std::move(next);
        } else {
            if (rule_.method != Method::gradient_descent) before_ = now_;
            now_ = gradient_step(now_, now_);
        }
        ++step_;
    }

    /// |W U - I|^2 + sigma^2 |W|^2, with |W|^2 = tr M G M'/N and M G = X - P.
    double test_risk() const {
        const double scale = 1.0 / static_cast<double>(draw_->training_size());
        const Eigen::Index w = draw_->width(0);
        const Eigen::MatrixXd image = scale * (now_.coefficient.leftCols(w) * draw_->signal().transpose());
        const double norm = scale * (draw_->target().cwiseProduct(now_.coefficient.leftCols(w)).sum() -
                                     now_.residual.cwiseProduct(now_.coefficient).sum());
        const double sigma = draw_->model().noise_level;
        return (image - goal_).squaredNorm() + sigma * sigma * norm;
    }

    /// (1/N)|W Y - X|^2
    double training_loss() const {
        return now_.residual.squaredNorm() / static_cast<double>(draw_->training_size());
    }

  private:
    struct State {
        Eigen::MatrixXd coefficient, residual;  // M and P over the blocks reached
    };

    void grow(State& state, Eigen::Index columns) const {
        const Eigen::Index rows = state.residual.rows(), old = state.residual.cols();
        if (old >= columns) return;
        state.coefficient.conservativeResize(rows, columns), state.residual.conservativeResize(rows, columns);
        state.coefficient.rightCols(columns - old).setZero(),
            state.residual.rightCols(columns - old).setZero();
    }

    /// base + eta (gradient at `point`)
    State gradient_step(State base, const State& point) {
        const Eigen::MatrixXd P = point.residual;
        const Eigen::Index blocks = std::min(step_ + 2L, static_cast<long>(draw_->column_blocks()));
        const Eigen::Index old = std::min(step_ + 1L, static_cast<long>(draw_->column_blocks()));
        grow(base, draw_->column_offset(blocks));
        const double eta = rule_.step_size;
        base.coefficient.leftCols(P.cols()) += eta * P;
        const auto part = [&](Eigen::Index c) {
            return P.middleCols(draw_->column_offset(c), draw_->width(c));
        };
        for (Eigen::Index c = 0; c < blocks; ++c) {
            auto out = base.residual.middleCols(draw_->column_offset(c), draw_->width(c));
            if (c < old) out.noalias() -= eta * part(c) * gram_.diagonal(c);
            if (c > 0) out.noalias() -= eta * part(c - 1) * gram_.upper(c);
            if (c + 1 < old) out.noalias() -= eta * part(c + 1) * gram_.upper(c + 1).transpose();
        }
        return base;
    }

    const ReducedSubspace* draw_;
    IterationRule rule_;
    ReducedGram gram_;
    Eigen::MatrixXd goal_;
    State now_, before_;
    int step_ = 0;
};

/// Test risk and training loss at each of `steps`, given in ascending order (`SampleRisk::steps` repeats
/// them).
/// @throws std::invalid_argument  an invalid rule, a negative step, or steps out of order
inline std::vector<SampleRisk> reduced_path(const ReducedSubspace& draw, const IterationRule& rule,
                                            const std::vector<int>& steps) {
    ReducedIteration iteration(draw, rule);
    std::vector<SampleRisk> path;
    for (const int k : steps) {
        detail::require(k >= iteration.step(), "reduced_path", "step", k,
                        "at least 0 and in ascending order");
        while (iteration.step() < k) iteration.advance();
        path.push_back({iteration.test_risk(), iteration.training_loss(), static_cast<double>(k)});
    }
    return path;
}

/// The iterate of smallest test risk over 0 <= k <= max_steps, known to an oracle; the search ends early by
/// the rule of StepSearch.
inline SampleRisk reduced_early_stopped(const ReducedSubspace& draw, const IterationRule& rule,
                                        int max_steps = 5000) {
    detail::require(max_steps >= 0, "reduced_early_stopped", "max_steps", max_steps, "at least 0");
    ReducedIteration iteration(draw, rule);
    StepSearch search;
    SampleRisk best;
    while (true) {
        const double risk = iteration.test_risk();
        const bool go_on = search.offer(iteration.step(), risk);
        if (search.best_step == iteration.step())
            best = {risk, iteration.training_loss(), static_cast<double>(search.best_step)};
        if (!go_on || iteration.step() >= max_steps) return best;
        iteration.advance();
    }
}

}  // namespace reconlaw
