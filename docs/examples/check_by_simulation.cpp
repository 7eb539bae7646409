// Tutorial, step 2: prediction against simulation, where the number of samples is close to the signal
// dimension and the limit of large N is at its weakest.
#include <cstdio>
#include <reconlaw/problem/subspace.hpp>
#include <reconlaw/risk/predict.hpp>
#include <reconlaw/simulate/simulate_risk.hpp>

int main() {
    const double n = 100, d = 10, sigma = 0.2;
    const int steps = 40;
    const reconlaw::SubspaceModel model{.dimension = 100, .signal_dimension = 10, .noise_level = sigma};
    const auto problem = reconlaw::subspace_problem(n, d, sigma);

    reconlaw::SimulationOptions options;
    options.monte_carlo.trials = 2000;
    options.monte_carlo.seed = 7;
    const auto simulated = reconlaw::simulate_risk(
        model, {8, 12, 16, 32, 128},
        {reconlaw::simulated::GradientDescentAt{reconlaw::paper_step_sizes(model), steps}}, options);

    std::printf("gradient descent, %d steps\n", steps);
    std::printf("%8s %10s %10s %10s %10s\n", "samples", "limit", "corrected", "simulated", "+-");
    for (const auto& point : simulated.risks) {
        const auto N = static_cast<double>(point.training_size);
        const reconlaw::GradientDescent<> filter{reconlaw::paper_step_size(n, d, sigma, N), steps};
        const auto limit = reconlaw::predict_risk(problem, N, filter, {.order = reconlaw::Order::limit});
        const auto corrected = reconlaw::predict_risk(problem, N, filter);
        if (!limit.ok() || !corrected.ok()) return 1;
        std::printf("%8.0f %10.5f %10.5f %10.5f %10.5f\n", N, limit.total() / d, corrected.total() / d,
                    point.mean, point.std_error);
    }
}
