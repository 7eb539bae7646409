#include <algorithm>
#include <boost/crc.hpp>
#include <chrono>
#include <cmath>
#include <iomanip>
#include <memory>
#include <ostream>
#include <sstream>
#include <thread>

#include "checkpoint_file.hpp"
#include "commands.hpp"
#include "interrupt.hpp"
#include "memory.hpp"
#include "numbers.hpp"
#include "outputs.hpp"
#include "reconlaw/data/file_error.hpp"
#include "simulation.hpp"
#include "study.hpp"
#include "threads.hpp"

namespace reconlaw::cli {
namespace {

struct SimulateArguments {
    StudyOptions study;
    std::uint32_t trials = 100;
    std::uint64_t seed = 1;
    unsigned threads = 0;
    std::string sampler;
    std::string checkpoint;
};

std::vector<SimulatedEstimator> simulated_estimators(const Study& study,
                                                     std::vector<const EstimatorChoice*>& rows) {
    using namespace simulated;
    std::vector<SimulatedEstimator> list;
    const StepSize eta([&study](Eigen::Index n) { return study.step_size(n); });
    for (const auto& choice : study.estimators) {
        const auto parameter = [&] { return *choice.parameter; };
        const auto steps = [&] { return static_cast<int>(std::min(parameter(), 2e9)); };
        switch (choice.kind) {
            case EstimatorKind::floor:
                continue;
            case EstimatorKind::early_stopped:
                list.emplace_back(EarlyStopped{eta});
                break;
            case EstimatorKind::converged:
                list.emplace_back(Converged{});
                break;
            case EstimatorKind::pca:
                list.emplace_back(Pca{});
                break;
            case EstimatorKind::gd:
                list.emplace_back(GradientDescentAt{eta, steps()});
                break;
            case EstimatorKind::heavy_ball:
                list.emplace_back(HeavyBallAt{eta, study.options.momentum, steps()});
                break;
            case EstimatorKind::nesterov:
                list.emplace_back(NesterovAt{eta, steps()});
                break;
            case EstimatorKind::ridge:
                if (choice.parameter)
                    list.emplace_back(RidgeAt{parameter()});
                else
                    list.emplace_back(OptimalRidge{});
                break;
            case EstimatorKind::flow:
                if (!choice.parameter)
                    throw std::invalid_argument("--estimator flow needs --time in a simulation");
                list.emplace_back(FlowAt{parameter()});
                break;
        }
        rows.push_back(&choice);
    }
    return list;
}

/// Everything the values of a trial depend on.
std::string fingerprint(const SimulateArguments& o, const Study& study, bool reduced) {
    std::ostringstream text;
    text << std::hexfloat << "problem " << static_cast<int>(o.study.problem) << " n " << o.study.n << " d "
         << o.study.d << " m " << o.study.m << " sigma " << o.study.sigma << " target-noise "
         << o.study.target_noise << " problem-seed " << o.study.problem_seed << " p "
         << study.problem.dimension() << " floor " << study.problem.floor << " seed " << o.seed << " trials "
         << o.trials << " sampler " << (reduced ? "reduced" : "dense") << " max-steps " << o.study.max_steps
         << " momentum " << o.study.momentum << " samples";
    for (const long n : study.samples) text << ' ' << n << '@' << study.step_size(n);
    text << " estimators";
    for (const auto& e : study.estimators) {
        text << ' ' << e.label();
        if (e.parameter) text << '=' << *e.parameter;  // labels are rounded
    }
    boost::crc_32_type spectrum;
    for (const auto* values : {&study.problem.eigenvalue, &study.problem.multiplicity, &study.problem.weight})
        spectrum.process_bytes(values->data(), static_cast<std::size_t>(values->size()) * sizeof(double));
    text << " spectrum " << std::hex << spectrum.checksum();
    return text.str();
}

/// What the results of all trials take, and what the trials in flight do.
void require_memory_for(const SimulateArguments& o, const Study& study, bool reduced,
                        std::size_t estimators) {
    const double trials = o.trials;
    require_memory(
        "--trials: " + std::to_string(o.trials) + " draws for each of " +
            std::to_string(study.samples.size()) + " training sizes",
        trials * static_cast<double>(study.samples.size()) * (80 + 16 * static_cast<double>(estimators)));
    const auto threads = std::min<double>(
        trials, o.threads > 0 ? o.threads : std::max(1U, std::thread::hardware_concurrency()));
    const double largest = static_cast<double>(*std::max_element(study.samples.begin(), study.samples.end()));
    if (reduced) {  // the start, a matrix of 2d x min(2d, N), its factors, and a list of blocks this wide
        const double n = static_cast<double>(o.study.n), width = 2 * static_cast<double>(o.study.d);
        require_memory(
            "--n, --d, --samples: draws of this size",
            threads * (32 * width * std::min(width, largest) + 100 * std::min(n, largest) / width));
    } else {
        const double p = study.problem.dimension();
        require_memory("--samples: dense draws of " + std::to_string(static_cast<long>(largest)) + " samples",
                       threads * 8 * (3 * largest * p + 3 * std::min(largest, p) * std::min(largest, p)));
    }
}

void simulate_command(const SimulateArguments& options, const CLI::App& app, const Streams& streams) {
    require_threads(static_cast<int>(options.threads));
    require_writable(options.study.output, "--output");
    require_writable(options.checkpoint, "--checkpoint");
    const Study study = make_study(options.study, app);
    detail::require(options.sampler.empty() || study.subspace || options.sampler == "dense", "--sampler",
                    "value", options.sampler,
                    "dense for this problem (the reduced sampler is for --problem subspace)");
    const bool reduced = study.subspace && options.sampler != "dense";
    if (!reduced) {
        const double p = study.problem.dimension();
        for (const long n : study.samples)
            detail::require(static_cast<double>(n) * p <= 2e8, "--samples", "N", n,
                            "at most 2e8/p for dense sampling, p = " + std::to_string(static_cast<long>(p)));
    }
    std::vector<const EstimatorChoice*> rows;
    SimulationOptions simulation;
    simulation.sampler = reduced ? Sampler::reduced : Sampler::dense;
    simulation.max_steps = static_cast<int>(std::min(options.study.max_steps, 2'000'000'000L));
    simulation.monte_carlo.trials = options.trials;
    simulation.monte_carlo.seed = options.seed;
    simulation.monte_carlo.threads = options.threads;
    const auto estimators = simulated_estimators(study, rows);
    if (!estimators.empty()) require_memory_for(options, study, reduced, estimators.size());
    const std::vector<Eigen::Index> sizes(study.samples.begin(), study.samples.end());

    std::optional<CheckpointFile> file;
    if (!options.checkpoint.empty()) {
        file.emplace(options.checkpoint, fingerprint(options, study, reduced), sizes.size() * options.trials);
        simulation.monte_carlo.finished = file->finished();
    }
    std::stop_source stop;
    simulation.monte_carlo.stop = stop.get_token();
    simulation.monte_carlo.on_trial = [&](std::size_t index, const TrialValues& values) {
        if (file) file->write(index, values);
        if (InterruptGuard::requested()) stop.request_stop();
    };
    SimulationResult result;
    if (!estimators.empty()) {
        const InterruptGuard guard;
        ProgressLine line(streams.console);
        simulation.monte_carlo.progress = [&](std::size_t done, std::size_t all) {
            line.show(static_cast<double>(done) / static_cast<double>(all),
                      std::to_string(done) + "/" + std::to_string(all) + " draws");
        };
        result = study.subspace ? simulate(*study.subspace, sizes, estimators, simulation)
                                : simulate(*study.model, sizes, estimators, simulation);
        if (result.status != MonteCarloStatus::complete)
            throw Interrupted(file ? "interrupted; the same command goes on from " + options.checkpoint
                                   : std::string("interrupted; with --checkpoint FILE it could go on"));
    }

    Table table;
    table.columns = {"samples", "estimator", "mean", "std_error", "trials"};
    if (options.study.train_loss)
        table.columns.insert(table.columns.end(), {"train_loss", "train_loss_std_error"});
    const double scale = study.problem.normalization;
    std::size_t next = 0;
    for (const long n : study.samples) {
        for (const auto& choice : study.estimators) {
            std::vector<Cell> row{n, choice.label()};
            if (choice.kind == EstimatorKind::floor) {
                row.insert(row.end(), {study.problem.floor / scale, 0.0, static_cast<long>(options.trials)});
                if (options.study.train_loss)
                    row.insert(row.end(), {study.problem.training_noise / scale, 0.0});
            } else {
                const SimulatedRisk& r = result.risks[next++];
                row.insert(row.end(), {r.mean, r.std_error, static_cast<long>(r.trials)});
                if (options.study.train_loss)
                    row.insert(row.end(), {r.training_loss, r.training_loss_std_error});
            }
            table.rows.push_back(std::move(row));
        }
    }
    deliver(render(table, options.study.format), options.study.output, streams.out);
    const double p = study.problem.dimension();
    for (const auto& choice : study.estimators)
        for (const long n : study.samples)
            if (choice.kind == EstimatorKind::converged && std::abs(static_cast<double>(n) - p) <= 1.0)
                streams.err << "note: the mean risk of least squares is infinite at N = " << n
                            << "; the mean of a finite number of draws says little\n";
}

}  // namespace

Run add_simulate_command(CLI::App& app) {
    auto options = std::make_shared<SimulateArguments>();
    add_study_options(app, options->study, "--problem-seed");
    add_whole(app, "--trials", options->trials, 1U, std::numeric_limits<std::uint32_t>::max(),
              "Independent training sets for each N");
    add_whole(app, "--seed", options->seed, std::uint64_t{0}, std::numeric_limits<std::uint64_t>::max(),
              "Same seed, same numbers, for any number of threads");
    add_whole(app, "--threads", options->threads, 0U, most_threads, "Worker threads; 0: all processors");
    add_choice(app, "--sampler", options->sampler, std::vector<std::string>{"reduced", "dense"},
               "reduced: exact block-banded form (subspace problems, their default); dense: full matrices");
    add_text(app, "--checkpoint", options->checkpoint, Text::file,
             "Keep finished draws in this file; the same command resumes from it");
    app.footer(
        "Early stopping and ridge without --lambda take the best parameter of each draw (known "
        "risk).\n\nExample:\n"
        "  reconlaw simulate --problem subspace --n 100 --d 10 --sigma 0.05 --samples 1,2,4,8 --estimator "
        "early-stopped,converged,pca,floor --trials 100 --seed 1");
    return [options, &app](const Streams& streams) { simulate_command(*options, app, streams); };
}

}  // namespace reconlaw::cli
