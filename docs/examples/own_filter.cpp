// Tutorial, step 3: a learning rule of your own. Iterated ridge regression fits a ridge estimator, then
// another one to what is left, m times in all: r(s) = (lambda/(s + lambda))^m.
#include <cmath>
#include <cstdio>
#include <reconlaw/problem/subspace.hpp>
#include <reconlaw/risk/real_line.hpp>
#include <reconlaw/risk/stopping.hpp>
#include <reconlaw/simulate/simulate_risk.hpp>

struct IteratedRidge {
    double lambda;
    int times;

    // r(s) at a real or complex argument
    template <class S>
    S residual(const S& s) const {
        const S once = S(lambda) / (s + S(lambda));
        S r(1.0);
        for (int i = 0; i < times; ++i) r *= once;
        return r;
    }
    // r stays of order one for |z| < lambda/(2 m) and in the right half plane; its pole is at -lambda.
    reconlaw::FilterGeometry geometry() const {
        return {reconlaw::FilterGeometry::Kind::wedge, 0.5 * lambda / times};
    }
};
static_assert(reconlaw::ResidualFilter<IteratedRidge>);

int main() {
    const double n = 100, d = 10, sigma = 0.1, N = 400;
    const auto problem = reconlaw::subspace_problem(n, d, sigma);
    const auto stopped = reconlaw::optimal_stopping(problem, N, reconlaw::paper_step_size(n, d, sigma, N));
    std::printf("floor %.5f, early stopping %.5f\n\n", problem.floor / d, stopped.risk.total() / d);

    // A new filter is checked once against the other route, which knows nothing of its reach.
    const IteratedRidge filter{0.25, 4};
    const auto a = reconlaw::predict_risk(problem, N, filter, {.order = reconlaw::Order::limit});
    const auto b = reconlaw::RealLine(problem, N).risk(filter);
    std::printf("two routes: %.12f and %.12f\n\n", a.total(), b.total());

    // The best lambda on a grid for each number of repetitions, then that estimator simulated.
    std::printf("%6s %8s %10s %10s %10s\n", "times", "lambda", "predicted", "simulated", "+-");
    for (const int times : {1, 2, 4, 8}) {
        IteratedRidge best{0.0, times};
        double lowest = 1e300;
        for (double lambda = 0.01; lambda < 4.0; lambda *= 1.1) {
            const auto risk = reconlaw::predict_risk(problem, N, IteratedRidge{lambda, times});
            if (!risk.ok()) return 1;
            if (risk.total() < lowest) lowest = risk.total(), best.lambda = lambda;
        }
        reconlaw::SimulationOptions options;
        options.monte_carlo.trials = 100;
        const auto simulated = reconlaw::simulate_risk(
            reconlaw::SubspaceModel{.dimension = 100, .signal_dimension = 10, .noise_level = sigma}, {400},
            {reconlaw::simulated::FilterAt{[&](double s) { return best.residual(s); }, "iterated ridge"}},
            options);
        std::printf("%6d %8.4f %10.5f %10.5f %10.5f\n", times, best.lambda, lowest / d,
                    simulated.risks[0].mean, simulated.risks[0].std_error);
    }
}
