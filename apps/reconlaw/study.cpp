#include "study.hpp"

#include <algorithm>
#include <cmath>
#include <limits>
#include <map>
#include <sstream>

#include "memory.hpp"
#include "numbers.hpp"
#include "reconlaw/data/spectrum_file.hpp"
#include "reconlaw/problem/compressive_sensing.hpp"
#include "reconlaw/problem/spectrum.hpp"
#include "reconlaw/risk/companion.hpp"
#include "samples.hpp"

namespace reconlaw::cli {
namespace {

const std::vector<std::pair<std::string, ProblemKind>> problem_names{
    {"subspace", ProblemKind::subspace},
    {"spectrum", ProblemKind::spectrum},
    {"power-law", ProblemKind::power_law},
    {"compressive", ProblemKind::compressive}};
const std::map<std::string, EstimatorKind> estimator_names{{"early-stopped", EstimatorKind::early_stopped},
                                                           {"converged", EstimatorKind::converged},
                                                           {"pca", EstimatorKind::pca},
                                                           {"floor", EstimatorKind::floor},
                                                           {"gd", EstimatorKind::gd},
                                                           {"ridge", EstimatorKind::ridge},
                                                           {"flow", EstimatorKind::flow},
                                                           {"heavy-ball", EstimatorKind::heavy_ball},
                                                           {"nesterov", EstimatorKind::nesterov}};

constexpr long most = 1'000'000'000;

/// Which options a problem needs and which have no meaning for it.
void check_options(const StudyOptions& o, const CLI::App& app) {
    static const std::map<ProblemKind, std::vector<std::string>> needed{
        {ProblemKind::subspace, {"--n", "--d", "--sigma"}},
        {ProblemKind::spectrum, {"--spectrum", "--sigma"}},
        {ProblemKind::power_law, {"--n", "--exponent", "--sigma"}},
        {ProblemKind::compressive, {"--n", "--m", "--d", "--sigma"}}};
    static const std::vector<std::string> all{"--n",        "--d",     "--m",           "--spectrum",
                                              "--exponent", "--scale", "--problem-seed"};
    const auto at_most_n = [&](long value, const char* option) {
        if (app.count(option) && app.count("--n"))
            detail::require(value <= o.n, option, "value", value, "at most n = " + std::to_string(o.n));
    };
    at_most_n(o.d, "--d");
    at_most_n(o.m, "--m");

    const auto& own = needed.at(o.problem);
    for (const auto& option : own)
        if (app.count(option) == 0) throw std::invalid_argument(option + " is required for this problem");
    for (const auto& option : all) {
        const bool extra = (option == "--scale" && o.problem == ProblemKind::power_law) ||
                           (option == "--problem-seed" && o.problem == ProblemKind::compressive);
        if (app.count(option) > 0 && !extra && std::find(own.begin(), own.end(), option) == own.end())
            throw std::invalid_argument(option + " has no meaning for this problem");
    }
    if (app.count("--samples") == 0) throw std::invalid_argument("--samples is required");
    if (o.problem == ProblemKind::compressive || o.problem == ProblemKind::power_law)
        detail::require(o.n <= 20000, "--n", "value", o.n, "at most 20000 for this problem (dense matrices)");
}

/// Bytes of a matrix of doubles.
double matrix_bytes(long rows, long columns) {
    return 8.0 * static_cast<double>(rows) * static_cast<double>(columns);
}

std::vector<EstimatorChoice> make_estimators(const StudyOptions& o) {
    std::vector<EstimatorChoice> chosen;
    const std::vector<std::string> fallback =
        o.problem == ProblemKind::subspace
            ? std::vector<std::string>{"early-stopped", "converged", "pca", "floor"}
            : std::vector<std::string>{"early-stopped", "converged", "floor"};
    for (const auto& name : o.estimators.empty() ? fallback : o.estimators) {
        const EstimatorKind kind = estimator_names.at(name);
        const auto with = [&](const auto& values) {
            if (values.empty()) chosen.push_back({kind, name, {}});
            for (const double value : values) chosen.push_back({kind, name, value});
        };
        switch (kind) {
            case EstimatorKind::gd:
            case EstimatorKind::heavy_ball:
            case EstimatorKind::nesterov:
                if (o.steps.empty()) throw std::invalid_argument("--estimator " + name + " needs --steps");
                for (const long k : o.steps) {
                    if (kind != EstimatorKind::gd)
                        detail::require(k <= 100'000, "--steps", "k", k, "at most 100000 for " + name);
                    chosen.push_back({kind, name, static_cast<double>(k)});
                }
                break;
            case EstimatorKind::ridge:
                with(o.lambda);
                break;
            case EstimatorKind::flow:
                with(o.time);
                break;
            case EstimatorKind::pca:
                if (o.problem != ProblemKind::subspace)
                    throw std::invalid_argument("--estimator pca is for --problem subspace");
                chosen.push_back({kind, name, {}});
                break;
            default:
                chosen.push_back({kind, name, {}});
        }
    }
    for (std::size_t i = 0; i < chosen.size(); ++i)
        for (std::size_t j = 0; j < i; ++j)
            if (chosen[i].label() == chosen[j].label())
                throw std::invalid_argument("--estimator: '" + chosen[i].label() + "' is named twice");
    return chosen;
}

}  // namespace

std::string EstimatorChoice::label() const {
    if (!parameter) return name;
    std::ostringstream text;
    text.precision(10);
    text << name << ':' << *parameter;
    return text.str();
}

double Study::step_size(long training_size) const {
    if (options.step_size) return *options.step_size;
    if (subspace) return paper_step_size(*subspace, training_size);
    return 1.0 / Companion(problem, static_cast<double>(training_size)).right_edge();
}

void add_study_options(CLI::App& app, StudyOptions& o, const std::string& problem_seed) {
    std::vector<std::string> estimators;
    for (const auto& [name, kind] : estimator_names) estimators.push_back(name);
    add_choice(
        app, "--problem", o.problem, problem_names,
        "subspace: signals in a d-dimensional subspace of R^n; spectrum: covariance eigenvalues from "
        "--spectrum; power-law: eigenvalues scale j^-exponent; compressive: m random measurements of a "
        "subspace");
    add_whole(app, "--n", o.n, 1, most, "Signal dimension");
    add_whole(app, "--d", o.d, 1, most, "Dimension of the signals' subspace");
    add_whole(app, "--m", o.m, 1, most, "Number of compressive measurements");
    add_number(app, "--sigma", o.sigma, Interval::above(0), "Noise level (standard deviation)");
    add_number(app, "--target-noise", o.target_noise, Interval::from(0),
               "Noise level of the training targets");
    add_text(app, "--spectrum", o.spectrum, Text::file, "File of covariance eigenvalues, one a line");
    add_number(app, "--exponent", o.exponent, Interval::all(), "Exponent of the power-law spectrum");
    add_number(app, "--scale", o.scale, Interval::above(0), "Largest eigenvalue of the power-law spectrum");
    add_whole(app, problem_seed, o.problem_seed, 0UL, std::numeric_limits<unsigned long>::max(),
              "Seed of the random matrices of a compressive problem");
    add_samples(app, "--samples", o.samples,
                "Training sizes N: a list 1,2,4 and log-spaced ranges FIRST:LAST:COUNT");
    add_words(app, "--estimator", o.estimators, estimators, "What is trained");
    add_counts(app, "--steps", o.steps, 0, 100'000'000, "Steps k of gd, heavy-ball and nesterov");
    add_number(app, "--step-size", o.step_size, Interval::above(0),
               "eta; default: the paper's rule for subspace problems, otherwise "
               "1/(largest limiting sample eigenvalue)");
    add_number(app, "--momentum", o.momentum, {0, 1, false, true}, "Of heavy-ball");
    add_whole(app, "--max-steps", o.max_steps, 1, 100'000'000, "Largest k considered for early-stopped");
    add_numbers(app, "--lambda", o.lambda, Interval::above(0),
                "Ridge parameters; without it the optimal one");
    add_numbers(app, "--time", o.time, Interval::from(0),
                "Times of gradient flow; without it the optimal one (predictions only)");
    app.add_flag("--train-loss", o.train_loss, "Add the column train_loss");
    add_choice(app, "--format", o.format, {{"csv", Format::csv}, {"json", Format::json}}, "Of the table");
    add_text(app, "--output", o.output, Text::file, "Write to this file instead of standard output");
}

Study make_study(const StudyOptions& options, const CLI::App& app) {
    check_options(options, app);
    Study study;
    study.options = options;
    study.samples = options.samples;
    study.estimators = make_estimators(options);
    switch (options.problem) {
        case ProblemKind::subspace:
            study.subspace = SubspaceModel{options.n, options.d, options.sigma, options.target_noise};
            study.problem = linear_problem(*study.subspace);
            return study;
        case ProblemKind::spectrum:
        case ProblemKind::power_law: {
            const Eigen::VectorXd l =
                options.problem == ProblemKind::spectrum
                    ? data::read_spectrum_file(options.spectrum)
                    : Eigen::VectorXd(power_law_spectrum(options.n, *options.exponent, options.scale));
            require_memory((options.problem == ProblemKind::spectrum ? "--spectrum: " : "--n: ") +
                               std::to_string(l.size()) + " eigenvalues, as square matrices,",
                           3 * matrix_bytes(l.size(), l.size()));
            study.problem = spectrum_problem(l, options.sigma);
            study.model = spectrum_model(l, options.sigma);
            break;
        }
        case ProblemKind::compressive: {
            require_memory("--n: random measurements of " + std::to_string(options.n) + " dimensions",
                           4 * (matrix_bytes(options.m, options.n) + matrix_bytes(options.n, options.d)));
            const Eigen::MatrixXd A = random_row_orthonormal(options.m, options.n, options.problem_seed);
            const Eigen::MatrixXd U = random_subspace(options.n, options.d, options.problem_seed);
            study.problem = compressive_sensing_problem(A, U, options.sigma);
            study.model = compressive_sensing_model(A, U, options.sigma);
            break;
        }
    }
    const double n = static_cast<double>(study.model->signal_dimension());
    study.model->target_noise = options.target_noise;
    study.problem = with_noisy_targets(study.problem, options.target_noise, n);
    return study;
}

}  // namespace reconlaw::cli
