// Predicted against simulated risk: all eight settings of the paper, every training size, limit and
// corrected.
//
// Sample runs:
//   theory_finite_size --checkpoint DIR --csv deviations.csv > deviations.md     the full table (resumable)
//   theory_finite_size --quick                                                   two settings, seconds
//
// 1. predict: optimal stopping step k* <= 5000 with the paper's step size, converged, PCA, training losses;
// 2. simulate exactly (reduced sampler) until the standard errors are small, writing every trial to a
// checkpoint;
// 3. print prediction/simulation - 1 and compare it with the project's targets. Exit status 1 if one is
// missed.

#include <CLI/CLI.hpp>
#include <cmath>
#include <cstdio>
#include <filesystem>
#include <fstream>
#include <iostream>
#include <optional>

#include "reconlaw/risk/pca.hpp"
#include "reconlaw/risk/stopping.hpp"
#include "reconlaw/simulate/checkpoint.hpp"
#include "reconlaw/simulate/simulate_risk.hpp"
#include "theory/paper_settings.hpp"

namespace {

using namespace reconlaw;
using theory::Setting;

struct Options {
    std::string checkpoint, csv;
    std::uint32_t least_trials = 2000;  ///< where N <= 100
    std::uint32_t least_trials_large = 100;
    std::uint32_t most_trials = 40000;
    double std_error_percent = 0.25;
    std::uint64_t seed = 1;
    unsigned threads = 0;
    bool quick = false;
};

constexpr long max_steps = 5000;
constexpr double vanished = 1e-6;  ///< of the untrained loss, which is 1 per signal dimension

/// One compared number. Risks and losses are per signal dimension.
struct Quantity {
    const char* name;
    double limit, corrected;
    double simulated = 0, std_error = 0;
    double allowed = 0;   ///< relative
    bool counted = true;  ///< subject to a target

    double error_of(double prediction) const { return prediction / simulated - 1.0; }
    /// Numbers that have all but vanished (the training loss of an interpolating estimator) count in absolute
    /// terms.
    bool vanishing() const { return simulated < vanished; }
    bool missed() const {
        if (!counted) return false;
        if (vanishing()) return !(std::abs(corrected - simulated) < vanished);
        return !(std::abs(error_of(corrected)) <= allowed);
    }
};

struct Row {
    Eigen::Index training_size;
    int step;
    std::size_t trials = 0;
    std::vector<Quantity> quantities;
};

/// Predictions, in the order of `estimators` below.
Row predict(const Setting& setting, Eigen::Index N) {
    const auto problem = setting.problem();
    const auto size = static_cast<double>(N);
    const double eta = setting.step_size(N), d = problem.normalization;
    const RiskOptions limit{.order = Order::limit}, corrected{};
    const auto stop = optimal_stopping(problem, size, eta, max_steps, corrected);
    const GradientDescent<> at_best{eta, stop.parameter}, at_ten{eta, 10.0};

    const Risk<> limit_at_best = predict_risk(problem, size, at_best, limit);
    const Risk<> converged[2] = {predict_risk(problem, size, MinimumNorm{}, limit),
                                 predict_risk(problem, size, MinimumNorm{}, corrected)};
    const auto n = static_cast<double>(setting.model.dimension), s = setting.model.noise_level;
    const PcaRisk pca[2] = {pca_risk(n, d, s, size, limit), pca_risk(n, d, s, size, corrected)};
    Row row{N, static_cast<int>(stop.parameter), 0, {}};
    auto add = [&](const char* name, double a, double b) {
        row.quantities.push_back({.name = name, .limit = a / d, .corrected = b / d});
    };
    add("early-stopped", optimal_stopping(problem, size, eta, max_steps, limit).risk.total(),
        stop.risk.total());
    add("gd at k*", limit_at_best.total(), stop.risk.total());
    add("converged", converged[0].total(), converged[1].total());
    add("pca", pca[0].total, pca[1].total);
    add("loss at k*", limit_at_best.training_loss, stop.risk.training_loss);
    add("loss at k=10", predict_risk(problem, size, at_ten, limit).training_loss,
        predict_risk(problem, size, at_ten, corrected).training_loss);
    return row;
}

/// Trials of one (setting, N), kept in a checkpoint file where a folder is given.
class Trials {
  public:
    Trials(const Setting& setting, const Row& row, const Options& options)
        : setting_(setting), row_(row), options_(options) {
        if (options.checkpoint.empty()) return;
        char name[120], fingerprint[200];
        std::snprintf(name, sizeof name, "n%td_d%td_sigma%g_N%td.txt", setting.model.dimension,
                      setting.model.signal_dimension, setting.model.noise_level, row.training_size);
        std::snprintf(fingerprint, sizeof fingerprint, "finite_size %s N = %td k = %d seed = %llu",
                      setting.name().c_str(), row.training_size, row.step,
                      static_cast<unsigned long long>(options.seed));
        const auto path = std::filesystem::path(options.checkpoint) / name;
        std::filesystem::create_directories(options.checkpoint);
        if (std::filesystem::is_symlink(path))
            throw std::runtime_error(path.string() + ": is a symbolic link");
        Checkpoint known;
        if (std::filesystem::exists(path)) {
            std::ifstream in(path, std::ios::binary);
            try {
                known = read_checkpoint(in, fingerprint, options.most_trials);
            } catch (const CheckpointError& e) {
                throw std::runtime_error(path.string() + ": " + e.what());
            }
            table_ = known.finished;
            std::filesystem::resize_file(path, known.intact_bytes);
        }
        file_.open(path, std::ios::binary | std::ios::app);
        if (known.intact_bytes > 0)
            writer_.emplace(file_, known);
        else
            writer_.emplace(file_, fingerprint);
        if (!file_) throw std::runtime_error("cannot write " + path.string());
    }

    SimulationResult run(std::uint32_t count) {
        if (table_.size() < count) table_.resize(count);
        SimulationOptions simulation{.max_steps = static_cast<int>(max_steps)};
        simulation.monte_carlo.trials = count;
        simulation.monte_carlo.seed = options_.seed;
        simulation.monte_carlo.threads = options_.threads;
        simulation.monte_carlo.finished.assign(table_.begin(), table_.begin() + count);
        simulation.monte_carlo.on_trial = [&](std::size_t index, const TrialValues& values) {
            table_[index] = values;
            if (!writer_) return;
            writer_->write(index, values);
            if (!file_) throw std::runtime_error("cannot write the checkpoint");
        };
        const double eta = setting_.step_size(row_.training_size);
        return simulate_risk(
            setting_.model, {row_.training_size},
            {simulated::EarlyStopped{eta}, simulated::GradientDescentAt{eta, row_.step},
             simulated::Converged{}, simulated::Pca{}, simulated::GradientDescentAt{eta, 10}},
            simulation);
    }

  private:
    const Setting& setting_;
    const Row& row_;
    const Options& options_;
    TrialTable table_;
    std::ofstream file_;
    std::optional<CheckpointWriter> writer_;
};

/// Relative deviation the corrected prediction may have.
double allowed(const Setting& setting, const Quantity& q, Eigen::Index N) {
    const Eigen::Index d = setting.model.signal_dimension;
    double base = N >= 4 * d ? 0.01 : 0.03;
    if (d == 10 && setting.model.noise_level <= 0.1 && (N == d || N == d + 1)) base = 0.08;
    return std::max(base, 3.0 * q.std_error / q.simulated);
}

void simulate(const Setting& setting, Row& row, const Options& options) {
    Trials trials(setting, row, options);
    const auto N = row.training_size;
    const double ratio = static_cast<double>(N) / static_cast<double>(setting.model.dimension);
    const bool heavy_tails = ratio >= 0.85 && ratio <= 1.2;
    auto fill = [&](const SimulationResult& result) {
        row.trials = result.risks[0].trials;
        auto set = [&](std::size_t i, double mean, double error) {
            row.quantities[i].simulated = mean, row.quantities[i].std_error = error;
        };
        for (std::size_t i = 0; i < 4; ++i) set(i, result.risks[i].mean, result.risks[i].std_error);
        set(4, result.risks[1].training_loss, result.risks[1].training_loss_std_error);
        set(5, result.risks[4].training_loss, result.risks[4].training_loss_std_error);
        row.quantities[2].counted = !heavy_tails;
    };
    std::uint32_t count =
        std::min(options.most_trials, N <= 100 ? options.least_trials : options.least_trials_large);
    for (int round = 0; round < 4; ++round) {
        fill(trials.run(count));
        double worst = 0;
        for (std::size_t i = 0; i < 6; ++i)
            if (const Quantity& q = row.quantities[i]; q.counted && i != 4)
                worst = std::max(worst, 100.0 * q.std_error / q.simulated);
        if (worst <= options.std_error_percent || count >= options.most_trials || options.quick) break;
        const double wanted = 1.05 * count * std::pow(worst / options.std_error_percent, 2);
        count = static_cast<std::uint32_t>(std::min<double>(options.most_trials, std::ceil(wanted)));
    }
    for (Quantity& q : row.quantities) q.allowed = allowed(setting, q, N);
}

/// "limit / corrected ± standard error" in percent of the simulated value.
std::string cell(const Quantity& q) {
    char text[120];
    if (!std::isfinite(q.corrected)) return "infinite";
    const bool missed = q.missed();
    if (q.vanishing() && !missed) return "0";
    std::snprintf(text, sizeof text, "%+.1f / %s%+.2f%s ± %.2f", 100 * q.error_of(q.limit),
                  missed ? "**" : "", 100 * q.error_of(q.corrected), missed ? "**" : "",
                  100 * q.std_error / q.simulated);
    return text;
}

}  // namespace

int main(int argc, char** argv) {
    Options options;
    CLI::App app{
        "Predicted against simulated risk: deviations of the limit and of the corrected closed form"};
    app.add_flag("--quick", options.quick, "two settings, six training sizes, 300 trials");
    app.add_option("--checkpoint", options.checkpoint,
                   "folder of finished trials; a killed run continues from it");
    app.add_option("--csv", options.csv, "also write every number to this file");
    app.add_option("--seed", options.seed, "")->capture_default_str();
    app.add_option("--threads", options.threads, "0: all")->capture_default_str();
    app.add_option("--std-error", options.std_error_percent, "aim, in percent of the mean")
        ->capture_default_str();
    app.add_option("--most-trials", options.most_trials, "per training size")->capture_default_str();
    CLI11_PARSE(app, argc, argv);

    auto settings = theory::paper_settings();
    if (options.quick) {
        options.least_trials = options.least_trials_large = options.most_trials = 300;
        settings = {settings[0], settings[4]};
        for (Setting& s : settings) s.training_size = {4, 10, 14, 30, 100, 1024};
    }
    std::ofstream csv;
    if (!options.csv.empty()) {
        csv.open(options.csv);
        csv << "n,d,sigma,samples,step,trials,quantity,simulated,std_error,limit,corrected,limit_deviation_"
               "percent,"
               "corrected_deviation_percent,allowed_percent,status\n";
        if (!csv) return std::cerr << "cannot write " << options.csv << '\n', 1;
    }

    int counted = 0, misses = 0;
    for (const Setting& setting : settings) {
        std::printf("\n### %s\n\n", setting.name().c_str());
        std::printf(
            "| N | trials | k* | early-stopped | gradient descent at k* | converged | PCA | loss at k* | "
            "loss at "
            "k = 10 |\n|---|---|---|---|---|---|---|---|---|\n");
        for (const Eigen::Index N : setting.training_size) {
            Row row = predict(setting, N);
            simulate(setting, row, options);
            std::printf("| %td | %zu | %d |", N, row.trials, row.step);
            for (const Quantity& q : row.quantities) {
                std::printf(" %s |", cell(q).c_str());
                counted += q.counted, misses += q.missed();
                if (csv.is_open()) {
                    char line[400];
                    std::snprintf(
                        line, sizeof line, "%td,%td,%g,%td,%d,%zu,%s,%.8g,%.3g,%.8g,%.8g,%.4g,%.4g,%.4g,%s\n",
                        setting.model.dimension, setting.model.signal_dimension, setting.model.noise_level, N,
                        row.step, row.trials, q.name, q.simulated, q.std_error, q.limit, q.corrected,
                        100 * q.error_of(q.limit), 100 * q.error_of(q.corrected), 100 * q.allowed,
                        !q.counted      ? "not counted"
                        : q.missed()    ? "missed"
                        : q.vanishing() ? "met (vanishing)"
                                        : "met");
                    csv << line << std::flush;
                }
            }
            std::printf("\n");
            std::fflush(stdout);
        }
    }
    std::printf(
        "\nCells: (limit / corrected ± standard error), prediction/simulation - 1 in percent; **bold**: "
        "target "
        "missed; 0: both below 1e-6 of the untrained loss.\n%d of %d targets met (seed %llu).\n",
        counted - misses, counted, static_cast<unsigned long long>(options.seed));
    return misses > 0;
}
