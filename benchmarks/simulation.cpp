// Time and memory of exact simulation: the reduced sampler, and the dense route it replaces.
//
// Sample run:   benchmark_simulation
//
// 1. the eight settings of the paper, all training sizes, 5 trials, three estimators;
// 2. n = N = 10^6, d = 10, 200 gradient steps;
// 3. n = 1000: drawing n x N matrices and taking their singular value decomposition, against the reduced
// form.

#include <CLI/CLI.hpp>
#include <Eigen/SVD>
#include <cmath>

#include "benchmarks/machine.hpp"
#include "reconlaw/simulate/simulate_risk.hpp"
#include "theory/paper_settings.hpp"

namespace {

using namespace reconlaw;

std::vector<SimulatedEstimator> three_estimators(const SubspaceModel& model) {
    return {simulated::EarlyStopped{paper_step_sizes(model)}, simulated::Converged{}, simulated::Pca{}};
}

void eight_settings(unsigned threads) {
    for (const auto& setting : theory::paper_settings()) {
        SimulationOptions options;
        options.monte_carlo = {.trials = 5, .seed = 1, .threads = threads};
        (void)simulate_risk(setting.model, setting.training_size, three_estimators(setting.model), options);
    }
}

/// One dense draw: X and Y as matrices, thin singular value decomposition of Y, the three estimators.
std::vector<double> dense_by_svd(const SubspaceModel& model, Eigen::Index N, const DrawKey& key) {
    const MeasurementModel matrices = subspace_model(model);
    const DenseSample sample = sample_dense(matrices, N, key);
    const Eigen::BDCSVD<Eigen::MatrixXd> svd(sample.measurement, Eigen::ComputeThinU | Eigen::ComputeThinV);
    const auto size = static_cast<double>(N);
    SampleSpectrum spectrum;
    // ascending, as the library has it
    const Eigen::MatrixXd U = svd.matrixU().rowwise().reverse(), V = svd.matrixV().rowwise().reverse();
    const Eigen::VectorXd s = svd.singularValues().reverse();
    spectrum.eigenvalue = s.array().square() / size;
    spectrum.target = sample.target * V / std::sqrt(size);
    spectrum.signal =
        (matrices.forward * matrices.signal_factor).transpose() * U * s.asDiagonal() / std::sqrt(size);
    spectrum.goal = matrices.signal_factor;
    spectrum.noise_variance = model.noise_level * model.noise_level;
    spectrum.null_energy = std::max(0.0, sample.target.squaredNorm() / size - spectrum.target.squaredNorm());
    return {early_stopped_risk(spectrum, paper_step_size(model, N)).test_risk,
            filtered_risk(spectrum, MinimumNorm{}).test_risk,
            pca_risk(spectrum, static_cast<double>(model.signal_dimension), N).test_risk};
}

std::vector<double> reduced(const SubspaceModel& model, Eigen::Index N, std::uint32_t trials) {
    SimulationOptions options;
    options.monte_carlo = {.trials = trials, .seed = 1, .threads = 1};
    std::vector<double> means;
    for (const auto& r : simulate_risk(model, {N}, three_estimators(model), options).risks)
        means.push_back(r.mean);
    return means;
}

}  // namespace

int main(int argc, char** argv) {
    int repeats = 3;
    unsigned threads = 2;
    CLI::App app{"Time and memory of exact simulation"};
    app.add_option("--repeats", repeats, "the median is reported")->capture_default_str();
    app.add_option("--threads", threads, "of the first benchmark")->capture_default_str();
    CLI11_PARSE(app, argc, argv);
    std::printf("%s; median of %d runs\n", benchmarks::machine().c_str(), repeats);
    bool met = true;

    char what[120];
    std::snprintf(what, sizeof what, "eight settings, all N, 5 trials, three estimators, %u threads",
                  threads);
    met &= benchmarks::report(what, benchmarks::median_of(repeats, [&] { eight_settings(threads); }), 60.0,
                              threads == 1);

    // The memory of the second must not be hidden by the third, so it runs before it.
    const SubspaceModel large{.dimension = 1000000, .signal_dimension = 10, .noise_level = 0.01};
    double risk = 0;
    const auto large_time = benchmarks::median_of(repeats, [&] {
        const ReducedSubspace draw(large, 1000000, DrawKey{1, 0, 0});
        const IterationRule rule{.step_size = paper_step_size(large, 1000000)};
        risk = reduced_path(draw, rule, {200})[0].test_risk;
    });
    met &= benchmarks::report("n = N = 10^6, d = 10, 200 steps, one thread", large_time, 10.0, true);
    const double peak = benchmarks::peak_gigabytes();
    met &= peak < 2.0;
    std::printf("    test risk/d %.6f; peak memory of the process so far %.3f GB, target 2 GB: %s\n",
                risk / 10.0, peak, peak < 2.0 ? "met" : "MISSED");

    std::printf("\none draw, n = 1000, d = 10, sigma = 0.1, three estimators, one thread:\n");
    const SubspaceModel model{.dimension = 1000, .signal_dimension = 10, .noise_level = 0.1};
    for (const Eigen::Index N : {1000, 4096}) {
        std::vector<double> values[3];
        const auto svd = benchmarks::median_of(repeats, [&] {
            values[0] = dense_by_svd(model, N, {1, static_cast<std::uint32_t>(N), 0});
        });
        const auto gram = benchmarks::median_of(repeats, [&] {
            SimulationOptions options;
            options.monte_carlo = {.trials = 1, .seed = 1, .threads = 1};
            options.sampler = Sampler::dense;
            values[1].clear();
            for (const auto& r : simulate_risk(model, {N}, three_estimators(model), options).risks)
                values[1].push_back(r.mean);
        });
        constexpr std::uint32_t trials = 20;
        const auto fast = benchmarks::median_of(repeats, [&] { values[2] = reduced(model, N, trials); });
        std::printf(
            "N = %td: dense, SVD %.3f s; dense, eigendecomposition %.3f s; reduced %.5f s; ratios %.0f, "
            "%.0f\n",
            N, svd.processor, gram.processor, fast.processor / trials,
            svd.processor / fast.processor * trials, gram.processor / fast.processor * trials);
        std::printf(
            "    early-stopped risk/d: %.8f (SVD), %.8f (eigendecomposition of the same draw), %.5f "
            "(reduced, "
            "mean of %u)\n",
            values[0][0] / 10.0, values[1][0], values[2][0], trials);
    }
    return met ? 0 : 1;
}
