#pragma once
/// Learning curves of the closed forms as laws to fit: an effective dimension, or an exponent of the
/// spectrum, read off measured losses (docs/fitting-theory.md).

#include <optional>
#include <string_view>

#include "reconlaw/fit/fit_law.hpp"

namespace reconlaw::fit {

/// Which learned estimator's risk a theory law is.
enum class TheoryEstimator {
    early_stopped,  ///< gradient descent at its best step
    converged,      ///< minimum-norm least squares
    ridge,          ///< ridge regression at its best lambda
    flow            ///< gradient flow at its best time
};

/// "early-stopped", "converged", "ridge", "flow"
std::string_view to_string(TheoryEstimator estimator);

/// The inverse. @throws std::invalid_argument listing the names
TheoryEstimator theory_estimator_named(std::string_view name);

struct TheoryOptions {
    TheoryEstimator estimator = TheoryEstimator::early_stopped;
    std::optional<double> noise = {};   ///< sigma where it is known; empty: fitted
    std::optional<double> scale = 1.0;  ///< signal variance (see the laws) where it is known; empty: fitted
    /// Losses are squared errors per coordinate of R^n instead of per signal dimension. (Spectrum laws always
    /// are.)
    bool per_coordinate = false;
    long max_steps = 5000;  ///< largest step considered for early_stopped
};

/// Risk of the subspace model (problem/subspace.hpp) as a law in N:
///
///     L(N) = scale R(N; n, d, sigma/sqrt scale)/d        (per_coordinate: scale R/n)
///
/// with R the closed form at corrected order (docs/theory, (2)-(3)): signals of variance `scale` in each of d
/// dimensions of R^n, white noise of standard deviation sigma, N training pairs. Early-stopped gradient
/// descent takes the paper's step size. Parameters: d (1 <= d <= n, real), sigma and scale unless they are
/// fixed by the options. N has a meaning of its own, so law.rescale is empty; losses must be in the units of
/// `scale`, 1 being those of the risk per signal dimension of unit variance.
///
/// Gradients by automatic differentiation (ceres::Jet) at the stopping parameter, or ridge, that is best for
/// the parameters, found in double precision and held: where the risk is smallest its derivative with respect
/// to the stopping parameter is zero, so its motion does not contribute (envelope theorem). Steps are whole
/// numbers: between them the derivative is that of the best step, and jumps, by the small amount that the
/// best real step differs, where the best step changes. At the end of the allowed range it is the derivative
/// at that end. Relative numerical error of values about 1e-8; of gradients usually below 1e-4, at most 1e-3.
///
/// Values are NaN where there is no finite prediction: N < 1, parameters outside their range, a status that
/// is not `converged` (for `converged` least squares: N = n - 1, n, n + 1). A fit rejects such steps; a curve
/// with such N cannot be fitted.
///
/// The law keeps the last evaluations; copies share them, from any thread.
/// @param n  ambient dimension, 2 <= n <= 1e9
/// @throws std::invalid_argument  n outside its range; noise or scale not finite and > 0; max_steps < 1
Law subspace_law(double n, const TheoryOptions& options = {});

/// Risk of denoising with a power-law covariance spectrum (problem/spectrum.hpp) as a law in N:
///
///     L(N) = R(N; l_j = scale j^-exponent, j = 1..p, sigma)/p
///
/// Parameters: exponent (0 to 6), sigma and scale unless they are fixed by the options. Early-stopped
/// gradient descent takes the step size 1/(right edge of the limiting sample spectrum). Sums over j > 8 are
/// taken by Gauss rules for sums over blocks of integers: relative error of the risk about 1e-6 for exponents
/// up to 2, 1e-5 up to 3. Everything else as for subspace_law, but evaluations take about ten times as long.
/// @param p  dimension, 2 <= p <= 1e6
/// @throws std::invalid_argument  p outside its range; noise or scale not finite and > 0; max_steps < 1
Law spectrum_law(long p, const TheoryOptions& options = {});

/// A parameter read off a curve.
struct Reading {
    double value = 0;
    Interval interval;  ///< profile likelihood; open at an end that the data do not set
    /// A usable fit, and both ends of the interval closed.
    bool identified = false;
};

/// What a curve says of the problem behind it.
struct EffectiveDimension {
    LawFit fit;         ///< of subspace_law; a fit that is not usable leaves the readings NaN and open
    Reading dimension;  ///< d
    Reading noise;      ///< sigma; the fixed value where it is known
};

/// Fits subspace_law to a curve and profiles d and sigma.
///
/// The interval has its nominal coverage where the points scatter about the subspace model; for data of
/// another kind d is a summary, and fit.log_rmse() says of how good a description.
/// @throws std::invalid_argument  as subspace_law; an invalid curve; sizes below 1, or for `converged` within
/// 1 of n, where the theory has no value; level outside (0, 1)
EffectiveDimension effective_dimension(const LearningCurve& curve, double n,
                                       const TheoryOptions& options = {}, double level = 0.9,
                                       const FitOptions& fit_options = {});

/// Reading of one parameter of a fit, by its name in the law.
/// @throws std::invalid_argument  no such parameter (lists them); level outside (0, 1)
Reading read_parameter(const LawFit& fit, std::string_view name, double level = 0.9);

}  // namespace reconlaw::fit
