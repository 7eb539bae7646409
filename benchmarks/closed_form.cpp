// Time of the closed forms, one core.
//
// Sample runs:   benchmark_closed_form
//                benchmark_closed_form --spectrum data/spectra/fashion_mnist_28x28.txt --sigma 0.098039

#include <CLI/CLI.hpp>
#include <cmath>
#include <fstream>

#include "machine.hpp"
#include "reconlaw/problem/spectrum.hpp"
#include "reconlaw/risk/pca.hpp"
#include "reconlaw/risk/stopping.hpp"
#include "theory/paper_settings.hpp"

namespace {

using namespace reconlaw;

/// Every curve of the paper's section 5. Returns the number of values; `failed` counts those without a clean
/// status.
int eight_settings(int& failed) {
    int values = 0;
    failed = 0;
    for (const auto& setting : theory::paper_settings()) {
        const auto problem = setting.problem();
        const auto n = static_cast<double>(setting.model.dimension);
        for (const Eigen::Index N : setting.training_size) {
            const auto size = static_cast<double>(N);
            const auto early = optimal_stopping(problem, size, setting.step_size(N));
            const auto converged = predict_risk(problem, size, MinimumNorm{});
            const auto pca = pca_risk(n, problem.normalization, setting.model.noise_level, size);
            values += 3;
            failed += !early.risk.ok();
            failed += !converged.ok() && converged.status != RiskStatus::infinite;
            failed += pca.status != RiskStatus::converged;
        }
    }
    return values;
}

/// Early-stopped optimum over k <= 3e5 with eta = 1/(1.5 lambda_max), 20 sizes from 30 to 30000.
int long_paths(const LinearGaussianProblem<double>& problem, const RiskOptions& options, int& failed) {
    failed = 0;
    for (int i = 0; i < 20; ++i) {
        const double N = std::round(30.0 * std::pow(1000.0, i / 19.0));
        // The largest sample eigenvalue exceeds the population's for small N: the step follows the larger.
        const double edge = Companion(problem, N).right_edge();
        const double eta = 1.0 / std::max(1.5 * problem.eigenvalue[0], edge);
        failed += !optimal_stopping(problem, N, eta, 300000, options).risk.ok();
    }
    return 20;
}

}  // namespace

int main(int argc, char** argv) {
    std::string spectrum;
    double sigma = 25.0 / 255.0;
    int repeats = 5;
    CLI::App app{"Time of the closed forms, one core"};
    app.add_option("--spectrum", spectrum, "file of eigenvalues, one a line (default: a power law)");
    app.add_option("--sigma", sigma, "noise level for the spectrum")->capture_default_str();
    app.add_option("--repeats", repeats, "the median is reported")->capture_default_str();
    CLI11_PARSE(app, argc, argv);

    // 784 eigenvalues like an image set's: l_j = 20 j^-1.8.
    Eigen::VectorXd eigenvalues = power_law_spectrum(784, 1.8, 20.0).matrix();
    if (!spectrum.empty()) {
        std::ifstream in(spectrum);
        std::vector<double> values;
        for (std::string line; std::getline(in, line);)
            if (!line.empty() && line[0] != '#') values.push_back(std::stod(line));
        if (values.empty()) return std::fprintf(stderr, "no eigenvalues in %s\n", spectrum.c_str()), 2;
        eigenvalues = Eigen::Map<Eigen::VectorXd>(values.data(), static_cast<Eigen::Index>(values.size()));
    }
    const auto problem = spectrum_problem(eigenvalues, sigma);

    std::printf("%s; median of %d runs\n", benchmarks::machine().c_str(), repeats);
    int failed = 0, values = 0;
    bool met = true;
    const auto paper = benchmarks::median_of(repeats, [&] { values = eight_settings(failed); });
    met &=
        benchmarks::report("eight settings, all N: optimum over k <= 5000, converged, PCA", paper, 1.0, true);
    std::printf("    %d values, %d without a clean status\n", values, failed);
    met &= failed == 0;
    const auto path = benchmarks::median_of(repeats, [&] { values = long_paths(problem, {}, failed); });
    met &= benchmarks::report("784 eigenvalues, 20 values of N, optimum over k <= 3e5", path, 2.0, true);
    std::printf("    %d values, %d without a clean status\n", values, failed);
    met &= failed == 0;
    const auto coarse =
        benchmarks::median_of(repeats, [&] { values = long_paths(problem, {.tolerance = 1e-6}, failed); });
    std::printf("    the same to a tolerance of 1e-6 instead of 1e-9: %.3f s processor\n", coarse.processor);
    const auto limit = benchmarks::median_of(
        repeats, [&] { values = long_paths(problem, {.order = Order::limit}, failed); });
    std::printf("    the same without the finite-size correction: %.3f s processor\n", limit.processor);
    return met ? 0 : 1;
}
