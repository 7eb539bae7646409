// The program of the README.
#include <cstdio>
#include <reconlaw/reconlaw.hpp>

int main() {
    const double n = 100, d = 10, sigma = 0.05;  // signals in a d-dimensional subspace of R^n
    const auto problem = reconlaw::subspace_problem(n, d, sigma);
    std::printf("     N   early-stopped  step    least squares\n");
    for (const double samples : {12, 30, 100, 1000, 10000}) {
        const double eta = reconlaw::paper_step_size(n, d, sigma, samples);
        const auto best = reconlaw::optimal_stopping(problem, samples, eta);
        const auto last = reconlaw::predict_risk(problem, samples, reconlaw::MinimumNorm{});
        std::printf("%6.0f      %.6f   %5.0f         %.6f\n", samples, best.risk.total() / d, best.parameter,
                    last.total() / d);
    }
    std::printf(" floor      %.6f\n", problem.floor / d);
}
