#pragma once
/// Simulated learning curves: mean risks of estimators over independent training sets.

#include <cmath>
#include <cstdio>
#include <stdexcept>
#include <string>
#include <type_traits>
#include <variant>
#include <vector>

#include "reconlaw/problem/linear_problem.hpp"
#include "reconlaw/risk/companion.hpp"
#include "reconlaw/simulate/dense.hpp"
#include "reconlaw/simulate/reduced_direct.hpp"
#include "reconlaw/simulate/reduced_path.hpp"
#include "reconlaw/simulate/reduced_spectrum.hpp"
#include "reconlaw/simulate/simulated_estimators.hpp"

namespace reconlaw {

namespace simulate_detail {
template <class T>
inline constexpr bool always_false = false;

/// A residual given as a function, as a ResidualFilter (on real arguments; its complex overload is never
/// called).
struct FunctionFilter {
    const std::function<double(double)>* function;
    double residual(double s) const { return (*function)(s); }
    detail::Complex<double> residual(const detail::Complex<double>&) const {
        throw std::logic_error("FunctionFilter: defined on real arguments only");
    }
    FilterGeometry geometry() const { return {}; }
};

/// Calls `use` with the residual filter of an estimator that is one, for a training size.
template <class E, class Use>
SampleRisk with_filter(const E& estimator, Eigen::Index N, const Use& use) {
    using namespace simulated;
    if constexpr (std::is_same_v<E, GradientDescentAt>)
        return use(GradientDescent<>{estimator.step_size(N), static_cast<double>(estimator.steps)});
    else if constexpr (std::is_same_v<E, HeavyBallAt>)
        return use(HeavyBall<>{estimator.step_size(N), estimator.momentum, estimator.steps});
    else if constexpr (std::is_same_v<E, NesterovAt>)
        return use(Nesterov<>{estimator.step_size(N), estimator.steps});
    else if constexpr (std::is_same_v<E, RidgeAt>)
        return use(Ridge<>{estimator.lambda});
    else if constexpr (std::is_same_v<E, FlowAt>)
        return use(GradientFlow<>{estimator.time});
    else if constexpr (std::is_same_v<E, FilterAt>)
        return use(FunctionFilter{&estimator.residual});
    else
        static_assert(always_false<E>, "an estimator without a residual filter needs its own branch");
}

/// All estimators on one draw in reduced form.
inline std::vector<SampleRisk> reduced_risks(const SubspaceModel& model, Eigen::Index N, const DrawKey& key,
                                             const std::vector<SimulatedEstimator>& estimators,
                                             const SimulationOptions& options) {
    using namespace simulated;
    const ReducedSubspace draw(model, N, key, options.target_probes);
    ReducedSpectrum spectrum(draw);
    const auto checked = [](const LeadingResult& result) {
        if (!result.converged)
            throw std::runtime_error("simulate_risk: the leading " + std::to_string(result.columns) +
                                     " columns of a draw do not determine the estimator's risk to 1e-9");
        return result.risk;
    };
    std::vector<SampleRisk> risks;
    for (const SimulatedEstimator& estimator : estimators)
        risks.push_back(std::visit(
            [&](const auto& e) -> SampleRisk {
                using E = std::remove_cvref_t<decltype(e)>;
                if constexpr (std::is_same_v<E, EarlyStopped>) {
                    const double eta = e.step_size(N);
                    const LeadingResult result = spectrum.early_stopped(eta, options.max_steps);
                    if (result.converged) return result.risk;
                    return reduced_early_stopped(draw, {IterationRule::Method::gradient_descent, eta, 0.0},
                                                 options.max_steps);
                } else if constexpr (std::is_same_v<E, Converged>) {
                    return reduced_minimum_norm(draw);
                } else if constexpr (std::is_same_v<E, Pca>) {
                    return checked(spectrum.pca());
                } else if constexpr (std::is_same_v<E, OptimalRidge>) {
                    return reduced_optimal_ridge(draw);
                } else if constexpr (std::is_same_v<E, RidgeAt>) {
                    return ReducedRidge(draw)(e.lambda);
                } else {
                    return with_filter(
                        e, N, [&](const auto& filter) { return checked(spectrum.filtered(filter)); });
                }
            },
            estimator));
    return risks;
}

/// All estimators on one dense draw. `subspace` says that the model is a subspace model in its first
/// coordinates.
inline std::vector<SampleRisk> dense_risks(const MeasurementModel& model, bool subspace, Eigen::Index N,
                                           const DrawKey& key,
                                           const std::vector<SimulatedEstimator>& estimators,
                                           const SimulationOptions& options) {
    using namespace simulated;
    const SampleSpectrum spectrum = sample_spectrum(model, sample_dense(model, N, key));
    std::vector<SampleRisk> risks;
    for (const SimulatedEstimator& estimator : estimators)
        risks.push_back(std::visit(
            [&](const auto& e) -> SampleRisk {
                using E = std::remove_cvref_t<decltype(e)>;
                if constexpr (std::is_same_v<E, EarlyStopped>) {
                    return early_stopped_risk(spectrum, e.step_size(N), options.max_steps);
                } else if constexpr (std::is_same_v<E, Converged>) {
                    return filtered_risk(spectrum, MinimumNorm{});
                } else if constexpr (std::is_same_v<E, Pca>) {
                    detail::require(subspace, "simulate_risk", "estimator", "Pca",
                                    "used with a SubspaceModel: it projects on the signal's subspace");
                    return pca_risk(spectrum, static_cast<double>(model.signal_dimension()), N);
                } else if constexpr (std::is_same_v<E, OptimalRidge>) {
                    return optimal_ridge_risk(spectrum);
                } else {
                    return with_filter(e, N,
                                       [&](const auto& filter) { return filtered_risk(spectrum, filter); });
                }
            },
            estimator));
    return risks;
}

/// Checks an estimator's own parameters; step sizes against the largest sample eigenvalue expected for N
/// samples.
inline void validate(const SimulatedEstimator& estimator, const std::vector<Eigen::Index>& sizes,
                     const LinearGaussianProblem<double>& problem) {
    using namespace simulated;
    constexpr auto f = "simulate_risk";
    std::visit(
        [&](const auto& e) {
            using E = std::remove_cvref_t<decltype(e)>;
            if constexpr (requires { e.step_size; }) {
                double scale = 2.0;
                if constexpr (std::is_same_v<E, HeavyBallAt>) scale *= 1.0 + e.momentum;
                if constexpr (std::is_same_v<E, NesterovAt>) scale *= 2.0 / 3.0;
                for (const Eigen::Index N : sizes) {
                    const double bound = scale / Companion(problem, static_cast<double>(N)).right_edge();
                    const double eta = e.step_size(N);
                    char range[80];
                    std::snprintf(range, sizeof range, "in (0, %.6g): above, the iteration diverges", bound);
                    detail::require(eta > 0 && eta < bound, f, "step_size", eta, range);
                }
            }
            if constexpr (requires { e.steps; })
                detail::require(e.steps >= 0, f, "steps", e.steps, "at least 0");
            if constexpr (requires { e.momentum; })
                detail::require(e.momentum >= 0 && e.momentum < 1, f, "momentum", e.momentum, "in [0, 1)");
            if constexpr (requires { e.lambda; }) detail::require_finite_positive(e.lambda, f, "lambda");
            if constexpr (requires { e.time; }) detail::require_finite_nonnegative(e.time, f, "time");
            if constexpr (requires { e.residual; })
                detail::require(static_cast<bool>(e.residual), f, "residual", "empty", "a function");
        },
        estimator);
}

/// Shared part: `risks_of(N, key)` for every (training size, trial), in one pool of work.
template <class F>
SimulationResult simulate(const std::vector<Eigen::Index>& sizes,
                          const std::vector<SimulatedEstimator>& estimators, const SimulationOptions& options,
                          const LinearGaussianProblem<double>& problem, const F& risks_of) {
    constexpr auto f = "simulate_risk";
    const std::size_t trials = options.monte_carlo.trials;
    detail::require(trials >= 1, f, "trials", trials, "at least 1");
    detail::require(options.max_steps >= 0, f, "max_steps", options.max_steps, "at least 0");
    detail::require(options.target_probes >= 1, f, "target_probes", options.target_probes, "at least 1");
    for (const Eigen::Index N : sizes)
        detail::require(N >= 1 && N < (1LL << 32), f, "training size N", N, "between 1 and 2^32 - 1");
    for (const SimulatedEstimator& estimator : estimators) validate(estimator, sizes, problem);

    const std::size_t count = sizes.size() * trials;
    const TrialTable table = run_trials(count, options.monte_carlo, [&](std::size_t item) {
        const Eigen::Index N = sizes[item / trials];
        const DrawKey key{options.monte_carlo.seed, static_cast<std::uint32_t>(N),
                          static_cast<std::uint32_t>(item % trials)};
        TrialValues values;
        for (const SampleRisk& risk : risks_of(N, key))
            values.insert(values.end(), {risk.test_risk, risk.training_loss, risk.steps});
        return values;
    });
    const double normalization = problem.normalization;
    SimulationResult result{MonteCarloStatus::complete, {}};
    for (std::size_t i = 0; i < sizes.size(); ++i) {
        const MonteCarloResult mean = reduce_trials(table, i * trials, (i + 1) * trials);
        if (mean.status != MonteCarloStatus::complete) result.status = mean.status;
        if (mean.trials == 0) continue;
        for (std::size_t e = 0; e < estimators.size(); ++e) {
            const auto at = static_cast<Eigen::Index>(3 * e);
            result.risks.push_back({sizes[i], e, mean.mean[at] / normalization,
                                    mean.std_error[at] / normalization, mean.mean[at + 1] / normalization,
                                    mean.std_error[at + 1] / normalization, mean.mean[at + 2], mean.trials});
        }
    }
    return result;
}
}  // namespace simulate_detail

/// Simulates a subspace model at each training size: all estimators on the same draws, `trials` draws per
/// size, each a function of (seed, training size, trial) alone.
///
///     using namespace reconlaw;
///     const SubspaceModel model{.dimension = 100, .signal_dimension = 10, .noise_level = 0.05};
///     const auto curve = simulate_risk(model, {16, 256},
///         {simulated::EarlyStopped{paper_step_sizes(model)}, simulated::Converged{}, simulated::Pca{}}, {});
///
/// @return test risk and training loss per signal dimension
/// @throws std::invalid_argument  an invalid model, size, option or estimator; a step size for which the
/// iteration
///                                diverges on the sample spectrum expected for N samples (names the bound)
/// @throws std::runtime_error     a filter whose risk the leading 6000 columns of a draw do not determine
inline SimulationResult simulate_risk(const SubspaceModel& model,
                                      const std::vector<Eigen::Index>& training_sizes,
                                      const std::vector<SimulatedEstimator>& estimators,
                                      const SimulationOptions& options) {
    validate(model);
    const LinearGaussianProblem<double> problem = linear_problem(model);
    if (options.sampler == Sampler::reduced)
        return simulate_detail::simulate(
            training_sizes, estimators, options, problem, [&](Eigen::Index N, const DrawKey& key) {
                return simulate_detail::reduced_risks(model, N, key, estimators, options);
            });
    const MeasurementModel dense = subspace_model(model);
    return simulate_detail::simulate(
        training_sizes, estimators, options, problem, [&](Eigen::Index N, const DrawKey& key) {
            return simulate_detail::dense_risks(dense, true, N, key, estimators, options);
        });
}

/// Simulates any measurement model by dense sampling; Pca is not available.
/// @return test risk and training loss divided by model.normalization
/// @throws std::invalid_argument  as above, and for Sampler::reduced
inline SimulationResult simulate_risk(const MeasurementModel& model,
                                      const std::vector<Eigen::Index>& training_sizes,
                                      const std::vector<SimulatedEstimator>& estimators,
                                      const SimulationOptions& options) {
    detail::require(options.sampler == Sampler::dense, "simulate_risk", "sampler", "reduced",
                    "dense for a general MeasurementModel");
    for (const SimulatedEstimator& estimator : estimators)
        detail::require(!std::holds_alternative<simulated::Pca>(estimator), "simulate_risk", "estimator",
                        "Pca", "used with a SubspaceModel: it projects on the signal's subspace");
    const LinearGaussianProblem<double> problem = linear_problem(model);
    return simulate_detail::simulate(
        training_sizes, estimators, options, problem, [&](Eigen::Index N, const DrawKey& key) {
            return simulate_detail::dense_risks(model, false, N, key, estimators, options);
        });
}

}  // namespace reconlaw
