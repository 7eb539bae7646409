#pragma once
/// What a simulated learning curve is made of: estimators, options, results. simulate_risk.hpp computes it.

#include <Eigen/Core>
#include <concepts>
#include <functional>
#include <string>
#include <utility>
#include <variant>
#include <vector>

#include "reconlaw/simulate/monte_carlo.hpp"
#include "reconlaw/simulate/subspace_model.hpp"

namespace reconlaw {

/// Step size as a function of the training size: a constant, or a rule such as the paper's.
class StepSize {
  public:
    StepSize(double value) : rule_([value](Eigen::Index) { return value; }) {}  // NOLINT: implicit
    template <std::invocable<Eigen::Index> Rule>
    StepSize(Rule rule) : rule_(std::move(rule)) {}  // NOLINT: implicit
    double operator()(Eigen::Index training_size) const { return rule_(training_size); }

  private:
    std::function<double(Eigen::Index)> rule_;
};

/// The paper's step-size rule for a subspace model (problem/subspace.hpp).
inline StepSize paper_step_sizes(const SubspaceModel& model) {
    return StepSize([model](Eigen::Index training_size) { return paper_step_size(model, training_size); });
}

namespace simulated {
/// Gradient descent stopped at the smallest test risk of each draw over k <= SimulationOptions::max_steps.
struct EarlyStopped {
    StepSize step_size;
};
struct GradientDescentAt {
    StepSize step_size;
    int steps;
};
struct HeavyBallAt {
    StepSize step_size;
    double momentum;
    int steps;
};
struct NesterovAt {
    StepSize step_size;
    int steps;
};
/// Minimum-norm least squares.
struct Converged {};
/// The paper's PCA estimator; subspace models only.
struct Pca {};
/// Ridge with the lambda of smallest test risk of each draw.
struct OptimalRidge {};
struct RidgeAt {
    double lambda;
};
struct FlowAt {
    double time;
};
/// Any residual filter, given as r(s), s >= 0.
struct FilterAt {
    std::function<double(double)> residual;
    std::string name;  ///< identifies the filter in checkpoints
};
}  // namespace simulated

using SimulatedEstimator =
    std::variant<simulated::EarlyStopped, simulated::GradientDescentAt, simulated::HeavyBallAt,
                 simulated::NesterovAt, simulated::Converged, simulated::Pca, simulated::OptimalRidge,
                 simulated::RidgeAt, simulated::FlowAt, simulated::FilterAt>;

enum class Sampler {
    reduced,  ///< block-banded form (reduced_subspace.hpp); subspace models only
    dense     ///< X and Y as matrices
};

struct SimulationOptions {
    MonteCarloOptions monte_carlo = {};  ///< trials, seed, threads, progress, checkpoints
    Sampler sampler = Sampler::reduced;
    int max_steps = 5000;            ///< of early stopping
    Eigen::Index target_probes = 4;  ///< sampled coordinates of the target noise (reduced sampler)
};

/// Mean over trials, divided by the problem's normalization.
struct SimulatedRisk {
    Eigen::Index training_size = 0;
    std::size_t estimator = 0;  ///< index into the list of estimators
    double mean = 0.0;          ///< test risk
    double std_error = 0.0;
    double training_loss = 0.0;
    double training_loss_std_error = 0.0;
    double mean_step = 0.0;  ///< mean optimal step (EarlyStopped) or lambda (OptimalRidge); 0 otherwise
    std::size_t trials = 0;
};

struct [[nodiscard]] SimulationResult {
    MonteCarloStatus status = MonteCarloStatus::cancelled;
    std::vector<SimulatedRisk> risks;  ///< by training size, then estimator; only sizes with finished trials
};

}  // namespace reconlaw
