#include "reconlaw/fit/least_squares.hpp"

#include <ceres/ceres.h>

#include <algorithm>
#include <cmath>
#include <memory>

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

/// Ceres prints what it thinks of a non-finite start to the standard error unless told not to; the status
/// says it.
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

LeastSquaresResult least_squares(const LeastSquaresProblem& problem, const Eigen::VectorXd& start,
                                 const LeastSquaresOptions& options) {
    constexpr auto f = "least_squares";
    const Eigen::Index k = start.size();
    detail::require(problem.residuals >= 1, f, "number of residuals", problem.residuals, "at least 1");
    detail::require(k >= 1, f, "number of parameters", k, "at least 1");
    detail::require_finite_positive(options.scale, f, "scale of the loss");
    LeastSquaresResult result;
    result.parameters = start;
    for (Eigen::Index j = 0; j < k; ++j) {
        detail::require(std::isfinite(start[j]), f, "start of parameter " + std::to_string(j), start[j],
                        "finite");
        const double low = problem.lower.size() == 0 ? -INFINITY : problem.lower[j];
        const double high = problem.upper.size() == 0 ? INFINITY : problem.upper[j];
        detail::require(low <= high, f, "lower bound of parameter " + std::to_string(j), low,
                        "at most the upper bound = " + std::to_string(high));
        result.parameters[j] = std::clamp(start[j], low, high);
    }

    ceres::Problem::Options ownership;
    ownership.cost_function_ownership = ceres::DO_NOT_TAKE_OWNERSHIP;
    ownership.loss_function_ownership = ceres::DO_NOT_TAKE_OWNERSHIP;
    ceres::Problem solver(ownership);
    double* x = result.parameters.data();
    const std::unique_ptr<ceres::LossFunction> loss = make_loss(options.loss, options.scale);
    std::vector<std::unique_ptr<Rows>> blocks;
    if (loss == nullptr) {  // one block: a fraction of the overhead of one block a residual
        blocks.push_back(std::make_unique<Rows>(problem, k, 0, problem.residuals));
    } else {
        for (Eigen::Index i = 0; i < problem.residuals; ++i)
            blocks.push_back(std::make_unique<Rows>(problem, k, i, 1));
    }
    for (const auto& block : blocks) solver.AddResidualBlock(block.get(), loss.get(), x);
    std::vector<int> held;
    for (std::size_t j = 0; j < problem.fixed.size(); ++j)
        if (problem.fixed[j]) held.push_back(static_cast<int>(j));
    for (Eigen::Index j = 0; j < k; ++j) {
        if (!problem.fixed.empty() && problem.fixed[static_cast<std::size_t>(j)]) continue;
        if (problem.lower.size() != 0 && std::isfinite(problem.lower[j]))
            solver.SetParameterLowerBound(x, static_cast<int>(j), problem.lower[j]);
        if (problem.upper.size() != 0 && std::isfinite(problem.upper[j]))
            solver.SetParameterUpperBound(x, static_cast<int>(j), problem.upper[j]);
    }
    if (static_cast<Eigen::Index>(held.size()) == k)
        solver.SetParameterBlockConstant(x);
    else if (!held.empty())
        solver.SetManifold(x, new ceres::SubsetManifold(static_cast<int>(k), held));

    ceres::Solver::Options settings;
    settings.linear_solver_type = ceres::DENSE_QR;
    settings.max_num_iterations = options.max_iterations;
    settings.function_tolerance = options.tolerance;
    settings.parameter_tolerance = options.tolerance;
    settings.gradient_tolerance = 1e-14;
    settings.logging_type = ceres::SILENT;
    settings.num_threads = 1;
    ceres::Solver::Summary summary;
    ceres::Solve(settings, &solver, &summary);
    result.status = status_of(summary.termination_type);
    result.iterations = static_cast<int>(summary.iterations.size());
    result.message = summary.message;
    if (result.status != FitStatus::failed || summary.IsSolutionUsable())
        result.cost = 2 * summary.final_cost;
    return result;
}

}  // namespace reconlaw::fit
