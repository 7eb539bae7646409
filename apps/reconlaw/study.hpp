#pragma once
/// What `risk` and `simulate` share: the problem, the estimators and the training sizes of a command line.

#include <CLI/CLI.hpp>
#include <optional>
#include <string>
#include <vector>

#include "reconlaw/problem/linear_gaussian.hpp"
#include "reconlaw/problem/measurement_model.hpp"
#include "reconlaw/simulate/subspace_model.hpp"
#include "table.hpp"

namespace reconlaw::cli {

enum class ProblemKind { subspace, spectrum, power_law, compressive };
enum class EstimatorKind { early_stopped, converged, pca, floor, gd, ridge, flow, heavy_ball, nesterov };

/// One requested estimator; `parameter` is k (gd, heavy-ball, nesterov), lambda (ridge) or t (flow), empty
/// for the optimum.
struct EstimatorChoice {
    EstimatorKind kind;
    std::string name;
    std::optional<double> parameter;

    /// "gd:10", "ridge:0.1", "pca": unique within a study
    std::string label() const;
};

/// Option values, each within its range.
struct StudyOptions {
    ProblemKind problem = ProblemKind::subspace;
    long n = 0, d = 0, m = 0;
    double sigma = 0, target_noise = 0, scale = 1;
    std::optional<double> exponent;
    unsigned long problem_seed = 1;
    std::string spectrum;
    std::vector<long> samples, steps;
    std::vector<double> lambda, time;
    std::vector<std::string> estimators;  ///< none: all that the problem has without parameters
    std::optional<double> step_size;
    double momentum = 0.9;
    long max_steps = 5000;
    bool train_loss = false;
    Format format = Format::csv;
    std::string output;
};

/// A checked study.
struct Study {
    LinearGaussianProblem<double> problem;
    std::optional<SubspaceModel> subspace;
    std::optional<MeasurementModel> model;  ///< for all but subspace problems
    std::vector<long> samples;
    std::vector<EstimatorChoice> estimators;
    StudyOptions options;

    /// eta for N samples: --step-size, the paper's rule for subspace problems, otherwise the inverse of the
    /// largest limiting sample eigenvalue.
    double step_size(long training_size) const;
};

/// @param problem_seed  names of the option that seeds the problem's random matrices
void add_study_options(CLI::App& app, StudyOptions& options, const std::string& problem_seed);
/// @throws std::invalid_argument, data::FileError
Study make_study(const StudyOptions& options, const CLI::App& app);

}  // namespace reconlaw::cli
