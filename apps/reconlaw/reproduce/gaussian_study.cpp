#include "gaussian_study.hpp"

#include <cmath>
#include <limits>
#include <set>

#include "reconlaw/problem/compressive_sensing.hpp"
#include "reconlaw/risk/stopping.hpp"

namespace reconlaw::report {

using Eigen::Index;

void simulate_curves(const Context& context, const MeasurementModel& model, const StepSize& step_size,
                     int max_steps, const std::vector<Index>& sizes, int trials, Curves& curves) {
    SimulationOptions options;
    options.sampler = Sampler::dense;
    options.max_steps = max_steps;
    options.monte_carlo.trials = static_cast<std::uint32_t>(trials);
    options.monte_carlo.threads = context.threads;
    if (context.progress)
        options.monte_carlo.progress = [&](std::size_t done, std::size_t all) {
            context.progress->update(done, all);
        };
    const auto result =
        cli::simulate(model, sizes, {simulated::EarlyStopped{step_size}, simulated::Converged{}}, options);
    for (const SimulatedRisk& r : result.risks) {
        if (r.estimator == 0) {
            curves.size.push_back(static_cast<double>(r.training_size));
            curves.simulated_stopped.push_back(r.mean), curves.stopped_error.push_back(r.std_error);
        } else {
            curves.simulated_converged.push_back(r.mean), curves.converged_error.push_back(r.std_error);
        }
    }
}

Curves compressive_sensing_curves(const Context& context, Index n, Index m, Index d, double sigma,
                                  int trials) {
    const Eigen::MatrixXd A = random_row_orthonormal(m, n, 1), U = random_subspace(n, d, 1);
    const auto problem = compressive_sensing_problem<double>(A, U, sigma);
    const auto step_size = [problem](double N) { return 1.0 / Companion(problem, N).right_edge(); };
    const std::vector<Index> sizes{4,  8,  12,  15,  20,  25,  30,   40,   50,   60,
                                   70, 80, 100, 150, 200, 400, 1000, 3000, 10000};
    constexpr int max_steps = 5000;

    Curves curves;
    curves.floor = problem.floor / problem.normalization;
    curves.measurements = problem.dimension();
    std::set<double> grid(sizes.begin(), sizes.end());
    for (double N = 4; N < 10000; N *= std::pow(10.0, 1.0 / 30)) grid.insert(N);
    for (const double away : {0.035, 0.045, 0.06, 0.08, 0.1, 0.13, 0.16, 0.2, 0.25})
        for (const double N : {curves.measurements * (1 - away), curves.measurements * (1 + away)})
            grid.insert(N);
    begin(context, "compressive sensing: closed forms");
    curves.grid.assign(grid.begin(), grid.end());
    curves.stopped.resize(curves.grid.size()), curves.converged.resize(curves.grid.size());
    for_each_index(context, curves.grid.size(), [&](std::size_t i) {
        const double N = curves.grid[i];
        const auto best = optimal_stopping(problem, N, step_size(N), max_steps).risk;
        const auto last = predict_risk(problem, N, MinimumNorm{});
        curves.stopped[i] = best.ok() ? best.total() / problem.normalization : nan;
        curves.converged[i] =
            last.ok() || last.status == RiskStatus::infinite ? last.total() / problem.normalization : nan;
    });
    begin(context, "compressive sensing: " + std::to_string(trials) + " simulated trials");
    simulate_curves(context, compressive_sensing_model(A, U, sigma),
                    StepSize([step_size](Index N) { return step_size(static_cast<double>(N)); }), max_steps,
                    sizes, trials, curves);
    curves.peak_grid = curves.grid;
    return curves;
}

}  // namespace reconlaw::report
