#pragma once
/// Nonlinear least squares with bounds: what the fits need of Ceres Solver, without its headers.

#include <Eigen/Core>
#include <functional>
#include <limits>
#include <string>
#include <vector>

namespace reconlaw::fit {

/// Residual `row` at `parameters`; `gradient` (one number a parameter) is filled unless null.
/// @return false where the residual has no finite value: the step that led there is rejected
using ResidualFunction =
    std::function<bool(Eigen::Index row, const double* parameters, double* residual, double* gradient)>;

struct LeastSquaresProblem {
    Eigen::Index residuals = 0;
    ResidualFunction residual;
    Eigen::VectorXd lower, upper;  ///< box; empty: none. Infinite entries are no bound
    std::vector<bool> fixed;       ///< parameters held at their start; empty: none
};

/// The loss rho(r^2) in place of r^2, r in units of LeastSquaresOptions::scale (Ceres' definitions).
enum class RobustLoss { none, huber, soft_l1, cauchy, tukey };

/// rho'(r^2): what a squared residual weighs at the minimum of the loss; 1 for none.
/// @throws std::invalid_argument  a scale that is not > 0
double robust_weight(RobustLoss loss, double scale, double residual);

struct LeastSquaresOptions {
    int max_iterations = 200;
    double tolerance = 1e-12;  ///< relative change of the cost and of the parameters that ends the iteration
    RobustLoss loss = RobustLoss::none;
    double scale = 1;
};

/// How an iteration ended. Running out of iterations is not convergence.
enum class FitStatus { converged, iteration_limit, failed };

/// "converged", "iteration limit", "failed"
std::string to_string(FitStatus status);

struct LeastSquaresResult {
    Eigen::VectorXd parameters;
    double cost = std::numeric_limits<double>::infinity();  ///< sum of rho(r^2), not halved
    FitStatus status = FitStatus::failed;
    int iterations = 0;
    std::string message;  ///< of the solver
};

/// Levenberg-Marquardt with QR factorisation (Ceres Solver) from `start`, moved into the box first;
/// parameters on a bound by an active-set method.
/// @throws std::invalid_argument  no residuals or parameters, a start that is not finite, lower > upper
LeastSquaresResult least_squares(const LeastSquaresProblem& problem, const Eigen::VectorXd& start,
                                 const LeastSquaresOptions& options = {});

}  // namespace reconlaw::fit
