#include "iterations.hpp"

#include <cmath>
#include <set>

#include "reconlaw/risk/stopping.hpp"
#include "simulation.hpp"

namespace reconlaw::report {

namespace {

/// 1, 2, ... `per_decade` a decade, whole numbers.
std::vector<double> log_steps(int last_step, int per_decade) {
    std::set<double> steps;
    for (int i = 0; std::pow(10.0, static_cast<double>(i) / per_decade) < last_step; ++i)
        steps.insert(std::round(std::pow(10.0, static_cast<double>(i) / per_decade)));
    steps.insert(last_step);
    return {steps.begin(), steps.end()};
}

IterationCurve compute(const Context& context, const SubspaceModel& model, Eigen::Index N, int trials,
                       int last_step) {
    IterationCurve c;
    c.training_size = N;
    const auto problem = linear_problem(model);
    const double size = static_cast<double>(N), scale = problem.normalization;
    const double step_size = paper_step_size(model, N);
    RiskPath<double> path(problem, size,
                          GradientDescent<>{step_size, static_cast<double>(last_step)}.geometry());
    for (const double k : log_steps(last_step, 20)) {
        const Risk<double> risk = path(GradientDescent<>{step_size, k});
        if (!risk.ok()) continue;
        c.steps.push_back(k);
        c.total.push_back(risk.total() / scale);
        c.bias.push_back(risk.bias / scale), c.variance.push_back(risk.variance / scale);
    }
    const auto best = optimal_stopping(problem, size, step_size, last_step);
    c.best_step = best.parameter, c.best_risk = best.risk.total() / scale;

    std::vector<SimulatedEstimator> estimators;
    c.simulated_steps = log_steps(last_step, 6);
    for (const double k : c.simulated_steps)
        estimators.emplace_back(simulated::GradientDescentAt{StepSize(step_size), static_cast<int>(k)});
    estimators.emplace_back(simulated::EarlyStopped{StepSize(step_size)});
    SimulationOptions options;
    options.max_steps = last_step;
    options.monte_carlo.seed = 101;
    options.monte_carlo.trials = static_cast<std::uint32_t>(trials);
    options.monte_carlo.threads = context.threads;
    if (context.progress)
        options.monte_carlo.progress = [&](std::size_t done, std::size_t all) {
            context.progress->update(done, all);
        };
    const auto result = cli::simulate(model, {N}, estimators, options);
    for (const SimulatedRisk& r : result.risks)
        if (r.estimator < c.simulated_steps.size())
            c.simulated.push_back(r.mean), c.simulated_error.push_back(r.std_error);
        else
            c.simulated_best_step = r.mean_step, c.simulated_best_risk = r.mean;
    return c;
}

}  // namespace

Iterations compute_iterations(const Context& context) {
    Iterations iterations;
    iterations.model = {.dimension = 100, .signal_dimension = 10, .noise_level = 0.1};
    iterations.trials = context.quick ? 100 : 1000;
    const auto problem = linear_problem(iterations.model);
    iterations.floor = problem.floor / problem.normalization;
    for (const Eigen::Index N : {16, 44, 256}) {
        begin(context, "risk along the iterations, N = " + std::to_string(N));
        iterations.curves.push_back(
            compute(context, iterations.model, N, iterations.trials, iterations.last_step));
    }
    return iterations;
}

}  // namespace reconlaw::report
