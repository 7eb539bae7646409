// The two evaluation routes, contour integrals and integrals over the limiting measures on the real line, on
// random problems: largest relative difference, and time per evaluation.
//
// 200 problems (1 to 6 distinct eigenvalues over two decades, random multiplicities and weights, p about 60)
// at random N/p between 0.1 and 20, each with seven filters. Where the real line reports that it has not
// converged (a gap of the support about to open or close), there is nothing to compare. Exit status 1 if a
// difference exceeds 1e-8 or a contour has not converged.
//
// Sample runs:   theory_routes      theory_routes --problems 20

#include <CLI/CLI.hpp>
#include <chrono>
#include <cmath>
#include <cstdio>
#include <random>
#include <string>
#include <vector>

#include "reconlaw/risk/predict.hpp"

namespace {

using namespace reconlaw;

LinearGaussianProblem<double> random_problem(std::mt19937_64& g) {
    std::uniform_real_distribution<double> u(0.0, 1.0);
    const auto groups = static_cast<Eigen::Index>(1 + g() % 6);
    LinearGaussianProblem<double> p;
    p.eigenvalue.resize(groups), p.multiplicity.resize(groups), p.weight.resize(groups);
    for (Eigen::Index i = 0; i < groups; ++i) {
        const auto position = static_cast<double>(i) + 0.6 * u(g);
        p.eigenvalue[i] = std::pow(10.0, 0.5 - 2.0 * position / static_cast<double>(groups));
        p.multiplicity[i] = 1.0 + std::floor(u(g) * 120.0 / static_cast<double>(groups));
        p.weight[i] = u(g);
    }
    p.floor = 0.1 + u(g);
    p.training_noise = p.floor * (1.0 + u(g));
    return p;
}

struct Tally {
    std::string name;
    double risk = 0, loss = 0;  ///< largest relative differences
    double contour_seconds = 0, line_seconds = 0;
    int evaluations = 0, contour_open = 0, line_open = 0;  ///< open: reported as not converged
};

template <class F>
auto timed(double& seconds, F&& f) {
    const auto start = std::chrono::steady_clock::now();
    auto value = f();
    seconds += std::chrono::duration<double>(std::chrono::steady_clock::now() - start).count();
    return value;
}

template <class F>
void compare(Tally& tally, const char* name, const LinearGaussianProblem<double>& p, double N,
             const F& filter) {
    tally.name = name;
    const Risk<> contour = timed(tally.contour_seconds, [&] {
        return predict_risk(p, N, filter, {.order = Order::limit, .tolerance = 1e-10});
    });
    const Risk<> line = timed(tally.line_seconds, [&] {
        Risk<> r;
        for (int nodes = 100; nodes <= 3200 && !r.ok(); nodes *= 2)
            r = RealLine(p, N, nodes).risk(filter, 1e-9);
        return r;
    });
    ++tally.evaluations;
    tally.contour_open += !contour.ok(), tally.line_open += !line.ok();
    if (!contour.ok() || !line.ok()) return;
    tally.risk = std::max(tally.risk, std::abs(line.total() / contour.total() - 1.0));
    // A loss that has vanished is compared with the risk.
    const double scale = std::max(std::abs(contour.training_loss), 1e-3 * contour.total());
    tally.loss = std::max(tally.loss, std::abs(line.training_loss - contour.training_loss) / scale);
}

}  // namespace

int main(int argc, char** argv) {
    int problems = 200;
    std::uint64_t seed = 1;
    CLI::App app{"Agreement of the contour and the real-line route on random problems"};
    app.add_option("--problems", problems, "")->capture_default_str();
    app.add_option("--seed", seed, "")->capture_default_str();
    CLI11_PARSE(app, argc, argv);

    std::mt19937_64 g(seed);
    std::uniform_real_distribution<double> u(0.0, 1.0);
    std::vector<Tally> tally(7);
    for (int i = 0; i < problems; ++i) {
        const auto p = random_problem(g);
        double N = 0;
        // Least squares within two of N = p has no finite corrected value; the limit is singular at N = p.
        do N = std::max(2.0, std::round(p.dimension() * 0.1 * std::pow(200.0, u(g))));
        while (std::abs(N - p.dimension()) < 2);
        const double eta = 1.2 / Companion(p, N).right_edge();
        compare(tally[0], "gradient descent, k = 7", p, N, GradientDescent<>{eta, 7});
        compare(tally[1], "gradient descent, k = 300", p, N, GradientDescent<>{eta, 300});
        compare(tally[2], "gradient flow", p, N, GradientFlow<>{30.0 * eta});
        compare(tally[3], "ridge", p, N, Ridge<>{0.03});
        compare(tally[4], "heavy ball, k = 25", p, N, HeavyBall<>{eta, 0.6, 25});
        compare(tally[5], "Nesterov, k = 20", p, N, Nesterov<>{0.8 * eta, 20});
        compare(tally[6], "minimum norm", p, N, MinimumNorm{});
    }
    std::printf("%d random problems, seed %llu\n\n", problems, static_cast<unsigned long long>(seed));
    std::printf(
        "| filter | largest relative difference, risk | training loss | contour not converged | "
        "real line not converged | contour, ms | real line, ms |\n|---|---|---|---|---|---|---|\n");
    bool good = true;
    for (const Tally& t : tally) {
        std::printf("| %s | %.1e | %.1e | %d of %d | %d of %d | %.3f | %.3f |\n", t.name.c_str(), t.risk,
                    t.loss, t.contour_open, t.evaluations, t.line_open, t.evaluations,
                    1e3 * t.contour_seconds / t.evaluations, 1e3 * t.line_seconds / t.evaluations);
        good = good && t.contour_open == 0 && t.risk <= 1e-8 && t.loss <= 1e-8;
    }
    std::printf("\ntarget 1e-8: %s\n", good ? "met" : "MISSED");
    return good ? 0 : 1;
}
