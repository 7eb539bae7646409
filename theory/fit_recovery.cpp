// How well (d, sigma) of the subspace model are read off eight simulated points.
//
// For each setting: exact simulations of early-stopped gradient descent at eight training sizes N >= 2d with
// independent seeds, the theory law fitted to their means and standard errors, and how often the 90 %
// intervals of d and sigma contain the truth: 90 % if the closed form were exact. What it is not: its error
// at finite sizes, and each draw is stopped at its own best step, which is 0.1 to 0.3 % better than the best
// step of the mean that the law predicts. Both show once there are enough trials. --common-step stops every
// draw at the predicted step instead and leaves the first.
//
// Sample runs:   theory_fit_recovery      theory_fit_recovery --seeds 500 --trials 20 --common-step

#include <CLI/CLI.hpp>
#include <algorithm>
#include <chrono>
#include <cmath>
#include <cstdio>
#include <vector>

#include "reconlaw/fit/theory.hpp"
#include "reconlaw/risk/stopping.hpp"
#include "reconlaw/simulate/simulate_risk.hpp"

namespace {

using namespace reconlaw;
using Clock = std::chrono::steady_clock;

constexpr double level = 0.9;

struct Tally {
    std::vector<double> value, width;  ///< relative to the truth
    int covered = 0;

    void add(const fit::Reading& reading, double truth) {
        value.push_back(reading.value / truth);
        width.push_back((reading.interval.upper - reading.interval.lower) / truth);
        covered += reading.interval.lower <= truth && truth <= reading.interval.upper;
    }
    /// "mean ± standard deviation | median width | share inside"
    void print() const {
        const auto count = static_cast<double>(value.size());
        double mean = 0, square = 0;
        for (const double v : value) mean += v / count;
        for (const double v : value) square += (v - mean) * (v - mean) / std::max(count - 1, 1.0);
        std::vector<double> sorted = width;
        std::sort(sorted.begin(), sorted.end());
        const double share = covered / count;
        std::printf(" %.5f ± %.5f | %.5f | %.1f ± %.1f %% |", mean, std::sqrt(square),
                    sorted[sorted.size() / 2], 100 * share, 100 * std::sqrt(share * (1 - share) / count));
    }
};

struct Setting {
    SubspaceModel model;
    std::vector<Eigen::Index> sizes;
};

/// Means over simulated training sets, with their relative standard errors.
fit::LearningCurve simulated_curve(const Setting& s, const SimulationOptions& options, bool common_step) {
    const auto points = static_cast<Eigen::Index>(s.sizes.size());
    fit::LearningCurve curve{Eigen::ArrayXd(points), Eigen::ArrayXd(points), Eigen::ArrayXd(points)};
    const StepSize rule = paper_step_sizes(s.model);
    for (Eigen::Index i = 0; i < points; ++i) {
        const Eigen::Index N = s.sizes[static_cast<std::size_t>(i)];
        SimulatedEstimator estimator = simulated::EarlyStopped{rule};
        if (common_step) {
            const auto best = optimal_stopping(linear_problem(s.model), static_cast<double>(N), rule(N));
            estimator = simulated::GradientDescentAt{rule, static_cast<int>(best.parameter)};
        }
        const SimulatedRisk risk = simulate_risk(s.model, {N}, {estimator}, options).risks.front();
        curve.size[i] = static_cast<double>(N), curve.loss[i] = risk.mean;
        curve.log_error[i] = risk.std_error / risk.mean;
    }
    return curve;
}

}  // namespace

int main(int argc, char** argv) {
    int seeds = 100, trials = 50;
    unsigned threads = 0;
    bool common_step = false;
    CLI::App app{"Recovery of (d, sigma) from eight simulated points"};
    app.add_option("--seeds", seeds, "curves for each setting")
        ->check(CLI::Range(1, 100000))
        ->capture_default_str();
    app.add_option("--trials", trials, "simulated training sets for each point")
        ->check(CLI::Range(2, 100000))
        ->capture_default_str();
    app.add_option("--threads", threads, "0: all");
    app.add_flag("--common-step", common_step, "stop every draw at the predicted step");
    CLI11_PARSE(app, argc, argv);

    const std::vector<Setting> settings{{{100, 10, 0.1, 0.0}, {20, 30, 44, 64, 128, 256, 1024, 4096}},
                                        {{100, 10, 0.2, 0.0}, {20, 30, 44, 64, 128, 256, 1024, 4096}},
                                        {{1000, 10, 0.1, 0.0}, {20, 36, 64, 128, 256, 512, 2048, 8192}},
                                        {{200, 30, 0.3, 0.0}, {60, 90, 128, 180, 256, 512, 2048, 8192}}};
    std::printf("%d curves a setting, %d training sets a point, intervals at %.0f %%\n\n", seeds, trials,
                100 * level);
    std::printf(
        "| n | d | sigma | fits | d/truth | width | truth inside | sigma/truth | width | truth inside "
        "| seconds a fit with intervals |\n|---|---|---|---|---|---|---|---|---|---|---|\n");
    for (const Setting& s : settings) {
        Tally dimension, noise;
        double seconds = 0;
        for (int seed = 1; seed <= seeds; ++seed) {
            SimulationOptions options;
            options.monte_carlo.trials = static_cast<std::uint32_t>(trials);
            options.monte_carlo.seed = static_cast<std::uint64_t>(seed);
            options.monte_carlo.threads = threads;
            const fit::LearningCurve curve = simulated_curve(s, options, common_step);
            const auto start = Clock::now();
            const auto found =
                fit::effective_dimension(curve, static_cast<double>(s.model.dimension), {}, level);
            seconds += std::chrono::duration<double>(Clock::now() - start).count();
            if (!found.fit.usable()) continue;
            dimension.add(found.dimension, static_cast<double>(s.model.signal_dimension));
            noise.add(found.noise, s.model.noise_level);
        }
        std::printf("| %td | %td | %g | %zu |", s.model.dimension, s.model.signal_dimension,
                    s.model.noise_level, dimension.value.size());
        if (!dimension.value.empty()) dimension.print(), noise.print();
        std::printf(" %.2f |\n", seconds / seeds);
        std::fflush(stdout);
    }
    return 0;
}
