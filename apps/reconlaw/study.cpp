#include "study.hpp"

#include <algorithm>
#include <cmath>
#include <limits>
#include <map>
#include <sstream>

#include "reconlaw/data/spectrum_file.hpp"
#include "reconlaw/problem/compressive_sensing.hpp"
#include "reconlaw/problem/spectrum.hpp"
#include "reconlaw/risk/companion.hpp"
#include "samples.hpp"

namespace reconlaw::cli {
namespace {

const std::map<std::string, ProblemKind> problem_names{{"subspace", ProblemKind::subspace},
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
const std::map<std::string, Format> format_names{{"csv", Format::csv}, {"json", Format::json}};

template <class E>
std::string names_of(const std::map<std::string, E>& names) {
    std::string list;
    for (const auto& [name, kind] : names) list += (list.empty() ? "" : ", ") + name;
    return list;
}

/// Which options a problem needs and which have no meaning for it.
void check_options(const StudyOptions& o, const CLI::App& app) {
    static const std::map<ProblemKind, std::vector<std::string>> needed{
        {ProblemKind::subspace, {"--n", "--d", "--sigma"}},
        {ProblemKind::spectrum, {"--spectrum", "--sigma"}},
        {ProblemKind::power_law, {"--n", "--exponent", "--sigma"}},
        {ProblemKind::compressive, {"--n", "--m", "--d", "--sigma"}}};
    static const std::vector<std::string> all{"--n",        "--d",     "--m",           "--spectrum",
                                              "--exponent", "--scale", "--problem-seed"};
    // Values first: a wrong one deserves its own message even where more is missing.
    auto positive = [](long value, const char* option) {
        detail::require(value >= 1 && value <= 1'000'000'000, option, "value", value, "between 1 and 1e9");
    };
    if (app.count("--n")) positive(o.n, "--n");
    auto below_n = [&](long value, const char* option) {
        if (app.count(option) == 0) return;
        positive(value, option);
        if (app.count("--n"))
            detail::require(value <= o.n, option, "value", value, "at most n = " + std::to_string(o.n));
    };
    below_n(o.d, "--d");
    below_n(o.m, "--m");
    if (app.count("--sigma")) detail::require_finite_positive(o.sigma, "--sigma", "value");
    if (app.count("--exponent"))
        detail::require(std::isfinite(o.exponent), "--exponent", "value", o.exponent, "finite");
    detail::require_finite_positive(o.scale, "--scale", "value");
    detail::require_finite_nonnegative(o.target_noise, "--target-noise", "value");

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
    detail::require(o.max_steps >= 1 && o.max_steps <= 100'000'000, "--max-steps", "value", o.max_steps,
                    "between 1 and 1e8");
    if (o.step_size) detail::require_finite_positive(*o.step_size, "--step-size", "value");
    detail::require(o.momentum >= 0 && o.momentum < 1, "--momentum", "value", o.momentum, "in [0, 1)");
}

std::vector<EstimatorChoice> make_estimators(const StudyOptions& o) {
    constexpr double infinity = std::numeric_limits<double>::max();
    std::vector<EstimatorChoice> chosen;
    auto with = [&](EstimatorKind kind, const std::string& name, const std::string& list, const char* option,
                    double low) {
        for (const double value : parse_numbers(list, option, low, infinity))
            chosen.push_back({kind, name, value});
    };
    const std::string fallback = o.problem == ProblemKind::subspace ? "early-stopped,converged,pca,floor"
                                                                    : "early-stopped,converged,floor";
    for (const auto& name : parse_words(o.estimators.empty() ? fallback : o.estimators, "--estimator")) {
        const auto found = estimator_names.find(name);
        if (found == estimator_names.end())
            throw std::invalid_argument("--estimator: unknown '" + name + "', must be one of " +
                                        names_of(estimator_names));
        const EstimatorKind kind = found->second;
        switch (kind) {
            case EstimatorKind::gd:
            case EstimatorKind::heavy_ball:
            case EstimatorKind::nesterov:
                if (o.steps.empty()) throw std::invalid_argument("--estimator " + name + " needs --steps");
                for (const long k :
                     parse_counts(o.steps, "--steps", 0, kind == EstimatorKind::gd ? 100'000'000 : 100'000))
                    chosen.push_back({kind, name, static_cast<double>(k)});
                break;
            case EstimatorKind::ridge:
                if (o.lambda.empty())
                    chosen.push_back({kind, name, {}});
                else
                    with(kind, name, o.lambda, "--lambda", std::numeric_limits<double>::min());
                break;
            case EstimatorKind::flow:
                if (o.time.empty())
                    chosen.push_back({kind, name, {}});
                else
                    with(kind, name, o.time, "--time", 0.0);
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
    app.add_option(
           "--problem", o.problem,
           "subspace: signals in a d-dimensional subspace of R^n; spectrum: covariance eigenvalues from "
           "--spectrum; power-law: eigenvalues scale j^-exponent; compressive: m random measurements of a "
           "subspace")
        ->transform(CLI::CheckedTransformer(problem_names, CLI::ignore_case)
                        .description("{" + names_of(problem_names) + "}"))
        ->default_str("subspace");
    app.add_option("--n", o.n, "Signal dimension");
    app.add_option("--d", o.d, "Dimension of the signals' subspace");
    app.add_option("--m", o.m, "Number of compressive measurements");
    app.add_option("--sigma", o.sigma, "Noise level (standard deviation)");
    app.add_option("--target-noise", o.target_noise, "Noise level of the training targets")
        ->capture_default_str();
    app.add_option("--spectrum", o.spectrum, "File of covariance eigenvalues, one a line");
    app.add_option("--exponent", o.exponent, "Exponent of the power-law spectrum");
    app.add_option("--scale", o.scale, "Largest eigenvalue of the power-law spectrum")->capture_default_str();
    app.add_option(problem_seed, o.problem_seed, "Seed of the random matrices of a compressive problem")
        ->capture_default_str();
    app.add_option("--samples", o.samples,
                   "Training sizes N: a list 1,2,4 and log-spaced ranges FIRST:LAST:COUNT");
    app.add_option("--estimator", o.estimators, "Comma-separated: " + names_of(estimator_names))
        ->capture_default_str();
    app.add_option("--steps", o.steps, "Steps k of gd, heavy-ball and nesterov, a list");
    app.add_option("--step-size", o.step_size,
                   "eta; default: the paper's rule for subspace problems, otherwise "
                   "1/(largest limiting sample eigenvalue)");
    app.add_option("--momentum", o.momentum, "Of heavy-ball")->capture_default_str();
    app.add_option("--max-steps", o.max_steps, "Largest k considered for early-stopped")
        ->capture_default_str();
    app.add_option("--lambda", o.lambda, "Ridge parameters, a list; without it the optimal one");
    app.add_option("--time", o.time,
                   "Times of gradient flow, a list; without it the optimal one (predictions only)");
    app.add_flag("--train-loss", o.train_loss, "Add the column train_loss");
    app.add_option("--format", o.format, "csv or json")
        ->transform(CLI::CheckedTransformer(format_names, CLI::ignore_case).description("{csv, json}"))
        ->default_str("csv");
    app.add_option("--output", o.output, "Write to this file instead of standard output");
}

Study make_study(const StudyOptions& options, const CLI::App& app) {
    check_options(options, app);
    Study study;
    study.options = options;
    study.samples = parse_samples(options.samples);
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
                    : Eigen::VectorXd(power_law_spectrum(options.n, options.exponent, options.scale));
            study.problem = spectrum_problem(l, options.sigma);
            study.model = spectrum_model(l, options.sigma);
            break;
        }
        case ProblemKind::compressive: {
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
