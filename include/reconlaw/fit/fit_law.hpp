#pragma once
/// One law on one curve: every basin, parameters with intervals, and whether the data determine them.

#include <Eigen/Core>
#include <string>
#include <vector>

#include "reconlaw/fit/curve.hpp"
#include "reconlaw/fit/law.hpp"
#include "reconlaw/fit/least_squares.hpp"

namespace reconlaw::fit {

enum class Residual {
    log,      ///< log(law/loss): relative errors, right for losses over orders of magnitude
    absolute  ///< law - loss
};

struct FitOptions {
    Residual residual = Residual::log;
    /// none: plain squares. The others take over at the usual multiples of the residuals' standard deviation
    /// (Huber and soft L1 1.345, Cauchy 2.385, Tukey 4.685), which is 1.48 times their median size: of the
    /// fit by squares first, then twice of the robust fit.
    RobustLoss loss = RobustLoss::none;
    int starts =
        4;  ///< local minimisations, from the best of the law's grid that are apart; 0: from all of it
    int max_iterations = 200;
    double tolerance = 1e-10;
};

/// A local minimum.
struct Basin {
    Eigen::VectorXd parameters;
    double cost = 0;  ///< sum of squared residuals
    FitStatus status = FitStatus::failed;
    int starts = 0;  ///< how many ended here
};

/// A fitted law. With measured errors (curve.log_error) residuals are in units of these.
struct LawFit {
    Law law;
    LearningCurve curve;
    FitOptions options;
    Eigen::VectorXd parameters;  ///< of the best basin, in the units of the curve
    std::vector<Basin> basins;   ///< best first
    FitStatus status = FitStatus::failed;
    std::string message;       ///< why it is not `converged`; empty if it is
    double cost = 0;           ///< sum of squared residuals
    Eigen::Index freedom = 0;  ///< points - parameters
    /// Standard deviation of a residual: sqrt(cost/freedom), the cost with robust_weight. With measured
    /// errors, that and 1 pooled by their degrees of freedom, unless the residuals are too large for the
    /// errors (F test, 5 %). NaN without freedom.
    double noise = 0;
    double noise_freedom = 0;      ///< degrees of freedom of that estimate
    Eigen::ArrayXd robust_weight;  ///< of the squared residuals at the minimum of a robust loss; empty: all 1
    Eigen::Index rank = 0;       ///< of the Jacobian; below the number of parameters: not all are determined
    std::vector<bool> at_bound;  ///< parameters that ended on the edge of their range
    /// Of the parameters as they are fitted: logarithms of the logarithmic ones, in units of curve.size and
    /// curve.loss; zero for those at a bound. Directions that the data do not determine are left out (see
    /// rank).
    Eigen::MatrixXd covariance;

    bool usable() const { return status == FitStatus::converged || status == FitStatus::iteration_limit; }
    double operator()(double size) const { return law.evaluate(parameters.data(), size, nullptr); }
    /// Root mean square of log(law/loss).
    double log_rmse() const;
    /// Akaike's criterion with the small-sample correction, n log(cost/n) + 2k + 2k(k+1)/(n-k-1), k counting
    /// the noise; infinite where n <= k + 1. Comparable between fits of the same points.
    double aicc() const;
    /// n log(cost/n) + k log(n); infinite without freedom.
    double bic() const;
};

/// Least squares from several starts.
///
/// Sizes and losses are divided by their geometric means first, so units do not matter. Fewer points than
/// parameters, or no start with a finite cost, is an outcome (status `failed` and a message), not an
/// exception.
/// @throws std::invalid_argument  an invalid curve, starts < 0, max_iterations < 1, tolerance <= 0
LawFit fit_law(const Law& law, const LearningCurve& curve, const FitOptions& options = {});

/// [lower, upper]; an end is `open` where the data set no limit within the parameter's range.
struct Interval {
    double lower = 0, upper = 0;
    bool lower_open = false, upper_open = false;
};

/// Profile-likelihood interval of a parameter: where refitting the others raises the cost by less than
/// noise^2 t^2, t the two-sided quantile of Student's t with noise_freedom degrees: exact for laws that are
/// linear in the fitted coordinates, such as the power law. Weights of a robust loss are held. Where the
/// estimate is on a bound the interval covers more than `level`.
/// @param parameter  index into law.parameters
/// @param level      in (0, 1)
/// @throws std::invalid_argument  an unusable fit, an index or level outside its range
Interval profile_interval(const LawFit& fit, Eigen::Index parameter, double level = 0.9);

/// Standard error of log(law) at `size` from that of the parameters, by linear propagation; infinite without
/// freedom, zero along parameters at a bound.
/// @throws std::invalid_argument  an unusable fit, a size that is not > 0
double log_standard_error(const LawFit& fit, double size);

/// Profile-likelihood interval of the law's value at `size` (of the curve, not of a measurement): where the
/// curves through it cost at most noise^2 t^2 more than the fit. Without freedom: [0, infinity).
/// @throws std::invalid_argument  an unusable fit, a size or level outside its range
Interval curve_interval(const LawFit& fit, double size, double level = 0.9);

}  // namespace reconlaw::fit
