// Tutorial, step 1: the learning curve of a denoiser, predicted.
//
// Signals in a 10-dimensional subspace of R^100, noise of standard deviation 0.1. For each number of training
// pairs: the best number of gradient steps, the risk it reaches, and what training to the end would cost.
#include <cstdio>
#include <reconlaw/problem/subspace.hpp>
#include <reconlaw/risk/stopping.hpp>

int main() {
    const double n = 100, d = 10, sigma = 0.1;
    const auto problem = reconlaw::subspace_problem(n, d, sigma);
    std::printf("no estimator does better than %.5f\n\n", problem.floor / problem.normalization);
    std::printf("%8s %6s %10s %10s %10s %14s\n", "samples", "steps", "risk", "variance", "bias",
                "least squares");
    for (const double N : {10, 20, 50, 100, 200, 500, 1000, 10000}) {
        const double step = reconlaw::paper_step_size(n, d, sigma, N);
        const auto best = reconlaw::optimal_stopping(problem, N, step);
        const auto trained = reconlaw::predict_risk(problem, N, reconlaw::MinimumNorm{});
        if (!best.risk.ok()) return 1;
        const double scale = 1.0 / problem.normalization;  // risk per signal dimension
        std::printf("%8.0f %6.0f %10.5f %10.5f %10.5f %14.5f\n", N, best.parameter, best.risk.total() * scale,
                    best.risk.variance * scale, best.risk.bias * scale, trained.total() * scale);
    }
}
