#include "reconlaw/fit/least_squares.hpp"

#include <ceres/ceres.h>

#include <algorithm>
#include <cmath>
#include <limits>
#include <memory>
#include <utility>

#include "constants.hpp"
#include "reconlaw/detail/check.hpp"

namespace reconlaw::fit {

namespace {

/// Rows [first, first + count) of the problem as one block.
class Rows final : public ceres::CostFunction {
  public:
    Rows(const LeastSquaresProblem& problem, Eigen::Index parameters, Eigen::Index first, Eigen::Index count)
        : problem_(problem), first_(first) {
        set_num_residuals(static_cast<int>(count));
        mutable_parameter_block_sizes()->push_back(static_cast<int>(parameters));
    }

    bool Evaluate(const double* const* parameters, double* residuals, double** jacobians) const override {
        const int k = parameter_block_sizes()[0];
        double* gradient = jacobians == nullptr ? nullptr : jacobians[0];
        for (int i = 0; i < num_residuals(); ++i) {
            double* row = gradient == nullptr ? nullptr : gradient + static_cast<std::ptrdiff_t>(i) * k;
            if (!problem_.residual(first_ + i, parameters[0], residuals + i, row)) return false;
            if (!std::isfinite(residuals[i])) return false;
            if (row != nullptr && !std::all_of(row, row + k, [](double g) { return std::isfinite(g); }))
                return false;
        }
        return true;
    }

  private:
    const LeastSquaresProblem& problem_;
    Eigen::Index first_;
};

std::unique_ptr<ceres::LossFunction> make_loss(RobustLoss loss, double scale) {
    switch (loss) {
        case RobustLoss::none:
            return nullptr;
        case RobustLoss::huber:
            return std::make_unique<ceres::HuberLoss>(scale);
        case RobustLoss::soft_l1:
            return std::make_unique<ceres::SoftLOneLoss>(scale);
        case RobustLoss::cauchy:
            return std::make_unique<ceres::CauchyLoss>(scale);
        case RobustLoss::tukey:
            return std::make_unique<ceres::TukeyLoss>(scale);
    }
    return nullptr;
}

/// The parameters that may move, inside the box. A step that would leave it is shortened as a whole to where
/// the first of them meets its bound: Ceres' own bounds cut the step of that one alone, after which the
/// others are off and convergence slows to a crawl.
class FreeInBox final : public ceres::Manifold {
  public:
    FreeInBox(const Eigen::VectorXd& lower, const Eigen::VectorXd& upper, const std::vector<bool>& held)
        : lower_(lower), upper_(upper) {
        for (std::size_t j = 0; j < held.size(); ++j)
            if (!held[j]) free_.push_back(static_cast<Eigen::Index>(j));
    }

    int AmbientSize() const override { return static_cast<int>(lower_.size()); }
    int TangentSize() const override { return static_cast<int>(free_.size()); }
    const std::vector<Eigen::Index>& free() const { return free_; }
    bool on_bound(const double* x, Eigen::Index j) const { return x[j] <= lower_[j] || x[j] >= upper_[j]; }

    bool Plus(const double* x, const double* delta, double* moved) const override {
        double part = 1;
        for (std::size_t a = 0; a < free_.size(); ++a) {
            const Eigen::Index j = free_[a];
            const double room = (delta[a] > 0 ? upper_[j] : lower_[j]) - x[j];
            if (room != 0 && std::abs(delta[a]) > std::abs(room)) part = std::min(part, room / delta[a]);
        }
        std::copy(x, x + lower_.size(), moved);
        for (std::size_t a = 0; a < free_.size(); ++a) {
            const Eigen::Index j = free_[a];
            const double bound = delta[a] > 0 ? upper_[j] : lower_[j], room = bound - x[j];
            // exactly the bound for the parameter that meets it
            const bool meets = std::abs(part * delta[a]) >= std::abs(room) * (1 - 1e-14);
            moved[j] = meets ? bound : x[j] + part * delta[a];
        }
        return true;
    }
    bool PlusJacobian(const double*, double* jacobian) const override { return select(jacobian, false); }
    bool Minus(const double* y, const double* x, double* difference) const override {
        for (std::size_t a = 0; a < free_.size(); ++a) difference[a] = y[free_[a]] - x[free_[a]];
        return true;
    }
    bool MinusJacobian(const double*, double* jacobian) const override { return select(jacobian, true); }

  private:
    bool select(double* jacobian, bool transposed) const {
        const std::size_t k = static_cast<std::size_t>(lower_.size()), m = free_.size();
        std::fill(jacobian, jacobian + k * m, 0.0);
        for (std::size_t a = 0; a < m; ++a) {
            const auto j = static_cast<std::size_t>(free_[a]);
            jacobian[transposed ? a * k + j : j * m + a] = 1;
        }
        return true;
    }

    const Eigen::VectorXd &lower_, &upper_;
    std::vector<Eigen::Index> free_;
};

/// Stops the iteration where a step has met a bound.
class StopOnBound final : public ceres::IterationCallback {
  public:
    StopOnBound(const FreeInBox& box, const double* x) : box_(box), x_(x) {}
    ceres::CallbackReturnType operator()(const ceres::IterationSummary& summary) override {
        if (summary.iteration == 0 || !summary.step_is_successful) return ceres::SOLVER_CONTINUE;
        const bool met = std::any_of(box_.free().begin(), box_.free().end(),
                                     [&](Eigen::Index j) { return box_.on_bound(x_, j); });
        return met ? ceres::SOLVER_TERMINATE_SUCCESSFULLY : ceres::SOLVER_CONTINUE;
    }

  private:
    const FreeInBox& box_;
    const double* x_;
};

/// Gradient of half the cost, and the squared lengths of the Jacobian's columns, both with the loss.
struct Slope {
    Eigen::VectorXd gradient, curvature;
    bool finite = true;  ///< every residual and its gradient
};

Slope slope_at(const LeastSquaresProblem& problem, const ceres::LossFunction* loss,
               const Eigen::VectorXd& x) {
    Slope slope{Eigen::VectorXd::Zero(x.size()), Eigen::VectorXd::Zero(x.size())};
    Eigen::VectorXd row(x.size());
    for (Eigen::Index i = 0; i < problem.residuals; ++i) {
        double r = 0, rho[3] = {0, 1, 0};
        if (!problem.residual(i, x.data(), &r, row.data()) || !std::isfinite(r) || !row.allFinite()) {
            slope.finite = false;
            return slope;
        }
        if (loss != nullptr) loss->Evaluate(r * r, rho);
        slope.gradient += rho[1] * r * row;
        slope.curvature += rho[1] * row.cwiseAbs2();
    }
    return slope;
}

FitStatus status_of(ceres::TerminationType type) {
    switch (type) {
        case ceres::CONVERGENCE:
        case ceres::USER_SUCCESS:
            return FitStatus::converged;
        case ceres::NO_CONVERGENCE:
            return FitStatus::iteration_limit;
        default:
            return FitStatus::failed;
    }
}

/// From result.parameters, inside the box. Active-set method around Ceres: a parameter that meets a bound is
/// held there, and let go when all others have converged and the cost falls inwards.
void minimise(const LeastSquaresProblem& problem, const Eigen::VectorXd& lower, const Eigen::VectorXd& upper,
              const LeastSquaresOptions& options, LeastSquaresResult& result) {
    const Eigen::Index k = lower.size();
    double* x = result.parameters.data();
    const std::unique_ptr<ceres::LossFunction> loss = make_loss(options.loss, options.scale);
    std::vector<std::unique_ptr<Rows>> blocks;
    if (loss == nullptr) {  // one block: a fraction of the overhead of one block a residual
        blocks.push_back(std::make_unique<Rows>(problem, k, 0, problem.residuals));
    } else {
        for (Eigen::Index i = 0; i < problem.residuals; ++i)
            blocks.push_back(std::make_unique<Rows>(problem, k, i, 1));
    }
    const auto fixed = [&](Eigen::Index j) {
        return (!problem.fixed.empty() && problem.fixed[static_cast<std::size_t>(j)]) || lower[j] == upper[j];
    };
    const auto inwards = [&](Eigen::Index j, double gradient) {
        return (x[j] <= lower[j] && gradient < 0) || (x[j] >= upper[j] && gradient > 0);
    };
    std::vector<bool> held(static_cast<std::size_t>(k));
    const Slope first = slope_at(problem, loss.get(), result.parameters);
    if (!first.finite) {  // Ceres would print to the standard error
        result.message = "the start has a residual or a gradient that is not finite";
        return;
    }
    for (Eigen::Index j = 0; j < k; ++j) {
        const bool on_bound = x[j] <= lower[j] || x[j] >= upper[j];
        held[static_cast<std::size_t>(j)] = fixed(j) || (on_bound && !inwards(j, first.gradient[j]));
    }

    ceres::Solver::Options settings;
    settings.linear_solver_type = ceres::DENSE_QR;
    settings.function_tolerance = options.tolerance;
    settings.parameter_tolerance = options.tolerance;
    settings.gradient_tolerance = 1e-14;
    settings.min_relative_decrease = 1e-6;  // a step shortened by a bound gains less than its model promised
    settings.logging_type = ceres::SILENT;
    settings.num_threads = 1;
    settings.update_state_every_iteration = true;
    while (true) {
        const FreeInBox box(lower, upper, held);
        StopOnBound stop(box, x);
        ceres::Problem::Options ownership;
        ownership.cost_function_ownership = ceres::DO_NOT_TAKE_OWNERSHIP;
        ownership.loss_function_ownership = ceres::DO_NOT_TAKE_OWNERSHIP;
        ownership.manifold_ownership = ceres::DO_NOT_TAKE_OWNERSHIP;
        ceres::Problem solver(ownership);
        for (const auto& block : blocks) solver.AddResidualBlock(block.get(), loss.get(), x);
        if (box.TangentSize() == 0)
            solver.SetParameterBlockConstant(x);
        else
            solver.SetManifold(x, const_cast<FreeInBox*>(&box));
        settings.max_num_iterations = std::max(options.max_iterations - result.iterations, 0);
        settings.callbacks = {&stop};
        ceres::Solver::Summary summary;
        ceres::Solve(settings, &solver, &summary);
        result.iterations += std::max(static_cast<int>(summary.iterations.size()) - 1, 0);
        result.status = status_of(summary.termination_type);
        result.message = summary.message;
        if (result.status == FitStatus::failed && !summary.IsSolutionUsable()) return;
        result.cost = 2 * summary.final_cost;
        if (result.status != FitStatus::converged) return;
        if (summary.termination_type == ceres::USER_SUCCESS) {
            for (const Eigen::Index j : box.free())
                if (box.on_bound(x, j)) held[static_cast<std::size_t>(j)] = true;
            continue;
        }
        // of those held, the one that gains most if it moves inwards
        const Slope slope = slope_at(problem, loss.get(), result.parameters);
        Eigen::Index release = -1;
        double most = 1e-3 * options.tolerance * result.cost;
        for (Eigen::Index j = 0; j < k; ++j) {
            if (fixed(j) || !held[static_cast<std::size_t>(j)] || !inwards(j, slope.gradient[j])) continue;
            const double gain = slope.gradient[j] * slope.gradient[j] / slope.curvature[j];
            if (gain > most) release = j, most = gain;
        }
        if (release < 0) return;
        held[static_cast<std::size_t>(release)] = false;
    }
}

}  // namespace

std::string to_string(FitStatus status) {
    switch (status) {
        case FitStatus::converged:
            return "converged";
        case FitStatus::iteration_limit:
            return "iteration limit";
        case FitStatus::failed:
            return "failed";
    }
    return "failed";
}

double robust_weight(RobustLoss loss, double scale, double residual) {
    detail::require_finite_positive(scale, "robust_weight", "scale");
    double rho[3] = {0, 1, 0};
    if (const auto function = make_loss(loss, scale)) function->Evaluate(residual * residual, rho);
    return rho[1];
}

LeastSquaresResult least_squares(const LeastSquaresProblem& problem, const Eigen::VectorXd& start,
                                 const LeastSquaresOptions& options) {
    constexpr auto f = "least_squares";
    const Eigen::Index k = start.size();
    detail::require(problem.residuals >= 1, f, "number of residuals", problem.residuals, "at least 1");
    detail::require(k >= 1, f, "number of parameters", k, "at least 1");
    detail::require_finite_positive(options.scale, f, "scale of the loss");
    const auto sized = [&](Eigen::Index size, const char* what) {
        detail::require(size == 0 || size == k, f, what, size, "0 or " + std::to_string(k));
    };
    sized(problem.lower.size(), "number of lower bounds");
    sized(problem.upper.size(), "number of upper bounds");
    sized(static_cast<Eigen::Index>(problem.fixed.size()), "number of marks of fixed parameters");
    const Eigen::VectorXd lower =
        problem.lower.size() == 0 ? Eigen::VectorXd::Constant(k, -infinity) : problem.lower;
    const Eigen::VectorXd upper =
        problem.upper.size() == 0 ? Eigen::VectorXd::Constant(k, infinity) : problem.upper;
    LeastSquaresResult result;
    result.parameters = start;
    for (Eigen::Index j = 0; j < k; ++j) {
        detail::require(std::isfinite(start[j]), f, "start of parameter " + std::to_string(j), start[j],
                        "finite");
        detail::require(lower[j] <= upper[j], f, "lower bound of parameter " + std::to_string(j), lower[j],
                        "at most the upper bound = " + std::to_string(upper[j]));
        result.parameters[j] = std::clamp(start[j], lower[j], upper[j]);
    }

    minimise(problem, lower, upper, options, result);
    return result;
}

}  // namespace reconlaw::fit
