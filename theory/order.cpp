// Measured order in 1/N of what the closed forms leave: 1 for the limit, 2 with the finite-size correction.
//
// n, d and N grow together, (n, d, N) = (20, 4, 12) s. Two measurements:
// 1. up to three gradient steps, against exact expectations at every size (Wick's theorem: no Monte Carlo);
// 2. 20 gradient steps, ridge and minimum norm, against exact sampling. The risks after 1, 2, 3 steps on the
// same draws,
//    whose expectations are known, serve as control variates.
//
// Sample runs:   theory_order      theory_order --trials 20000

#include <CLI/CLI.hpp>
#include <Eigen/Cholesky>
#include <cmath>
#include <cstdio>
#include <vector>

#include "reconlaw/risk/predict.hpp"
#include "reconlaw/simulate/simulate_risk.hpp"
#include "theory/wishart_moments.hpp"

namespace {

using namespace reconlaw;

constexpr double sigma = 0.3, step_size = 0.3, strong_ridge = 0.5, weak_ridge = 0.1;
constexpr int many_steps = 20;
constexpr double rounding = 1e-13;

SubspaceModel model_of(int s) {
    return {20 * s, 4 * s, sigma, 0.0};
}
int samples_of(int s) {
    return 12 * s;
}

struct Point {
    int scale;
    double value, std_error;  ///< of the expectation
    double limit, corrected;  ///< predictions
};

/// Slope of log|error| against log N, weighted by the errors' standard errors where there are any.
struct Fit {
    double slope = 0, std_error = 0;
};
Fit fit(const std::vector<Point>& points, double Point::*prediction) {
    Eigen::Matrix2d normal = Eigen::Matrix2d::Zero();
    Eigen::Vector2d right = Eigen::Vector2d::Zero();
    for (const Point& p : points) {
        const double error = std::abs(p.*prediction - p.value);
        const double spread = p.std_error > 0 ? p.std_error / error : 1.0;
        const Eigen::Vector2d row(1.0, -std::log(samples_of(p.scale)));
        normal += row * row.transpose() / (spread * spread);
        right += row * std::log(error) / (spread * spread);
    }
    const Eigen::Matrix2d inverse = normal.inverse();
    return {(inverse * right)[1], points[0].std_error > 0 ? std::sqrt(inverse(1, 1)) : 0.0};
}

void print(const char* name, const std::vector<Point>& points, std::size_t fitted_from) {
    std::printf(
        "\n%s\n\n| N | expectation | ± | limit error | corrected error | order limit | order corrected |\n"
        "|---|---|---|---|---|---|---|\n",
        name);
    for (std::size_t i = 0; i < points.size(); ++i) {
        const Point& p = points[i];
        const double limit = p.limit - p.value, corrected = p.corrected - p.value;
        std::printf("| %d | %.8f | %.1e | %+.2e | %+.2e |", samples_of(p.scale), p.value, p.std_error, limit,
                    corrected);
        if (i == 0) {
            std::printf(" | |\n");
            continue;
        }
        const Point& q = points[i - 1];
        const double ratio = std::log(static_cast<double>(p.scale) / q.scale);
        std::printf(" %.2f |", std::log(std::abs((q.limit - q.value) / limit)) / ratio);
        if (std::abs(corrected) < rounding)
            std::printf(" exact |\n");
        else
            std::printf(" %.2f |\n", std::log(std::abs((q.corrected - q.value) / corrected)) / ratio);
    }
    const std::vector<Point> used(points.begin() + static_cast<std::ptrdiff_t>(fitted_from), points.end());
    std::printf("\nfitted over N = %d to %d:", samples_of(used.front().scale), samples_of(used.back().scale));
    for (const auto& [label, prediction] :
         {std::pair{"limit", &Point::limit}, std::pair{"corrected", &Point::corrected}}) {
        const Fit f = fit(used, prediction);
        if (std::abs(used.front().*prediction - used.front().value) < rounding)
            std::printf(" %s exact", label);
        else if (f.std_error > 0)
            std::printf(" %s %.2f ± %.2f ", label, f.slope, f.std_error);
        else
            std::printf(" %s %.2f ", label, f.slope);
    }
    std::printf("\n");
}

/// Mean of y with the known means of the controls x: y - beta (x - known), beta by least squares over the
/// trials.
Point controlled(int s, const Eigen::VectorXd& y, const Eigen::MatrixXd& x, const Eigen::VectorXd& known) {
    const auto T = static_cast<double>(y.size());
    const Eigen::RowVectorXd centre = x.colwise().mean();
    const Eigen::MatrixXd deviation = x.rowwise() - centre;
    const Eigen::VectorXd own = y.array() - y.mean();
    const Eigen::VectorXd beta =
        (deviation.transpose() * deviation).ldlt().solve(deviation.transpose() * own);
    const double rest = (own - deviation * beta).squaredNorm();
    return {s, y.mean() - beta.dot(centre.transpose() - known),
            std::sqrt(rest / (T * (T - 1.0 - static_cast<double>(x.cols())))), 0, 0};
}

}  // namespace

int main(int argc, char** argv) {
    std::uint32_t trials = 200000;
    std::uint64_t seed = 1;
    unsigned threads = 0;
    int largest = 4;
    CLI::App app{"Measured order of the error of the closed forms in 1/N"};
    app.add_option("--trials", trials, "per size")->capture_default_str();
    app.add_option("--largest", largest, "largest scale s that is sampled")->capture_default_str();
    app.add_option("--seed", seed, "")->capture_default_str();
    app.add_option("--threads", threads, "0: all")->capture_default_str();
    CLI11_PARSE(app, argc, argv);

    const theory::ExactDescent exact;
    const RiskOptions options[2] = {{.order = Order::limit, .tolerance = 1e-12}, {.tolerance = 1e-12}};
    std::printf("(n, d, N) = (20, 4, 12) s, sigma = %g, step size %g; values per signal dimension\n", sigma,
                step_size);

    std::printf("\n## 1. Exact expectations\n");
    for (int k = 1; k <= theory::ExactDescent::max_steps; ++k) {
        std::vector<Point> risk, loss;
        for (int s = 1; s <= 64; s *= 2) {
            const auto problem = linear_problem(model_of(s));
            const double N = samples_of(s), d = problem.normalization;
            const auto e = exact(problem, N, step_size, k);
            const GradientDescent<> filter{step_size, static_cast<double>(k)};
            const Risk<> limit = predict_risk(problem, N, filter, options[0]);
            const Risk<> corrected = predict_risk(problem, N, filter, options[1]);
            risk.push_back({s, e.test_risk / d, 0, limit.total() / d, corrected.total() / d});
            loss.push_back({s, e.training_loss / d, 0, limit.training_loss / d, corrected.training_loss / d});
        }
        char name[80];
        std::snprintf(name, sizeof name, "test risk, gradient descent, k = %d", k);
        print(name, risk, 3);
        std::snprintf(name, sizeof name, "training loss, gradient descent, k = %d", k);
        print(name, loss, 3);
    }

    std::printf("\n## 2. Sampled expectations: %u trials per size, seed %llu\n", trials,
                static_cast<unsigned long long>(seed));
    constexpr int known_steps = theory::ExactDescent::max_steps;
    constexpr int sampled = 4;
    const char* names[sampled] = {"test risk, gradient descent, k = 20", "test risk, ridge 0.5",
                                  "test risk, ridge 0.1", "test risk, minimum norm"};
    std::vector<Point> points[sampled];
    for (int s = 1; s <= largest; s *= 2) {
        const auto model = model_of(s);
        const int N = samples_of(s);
        const auto problem = linear_problem(model);
        const double d = problem.normalization;
        std::vector<SimulatedEstimator> estimators{simulated::GradientDescentAt{step_size, many_steps},
                                                   simulated::RidgeAt{strong_ridge},
                                                   simulated::RidgeAt{weak_ridge}, simulated::Converged{}};
        Eigen::VectorXd known(2 * known_steps);
        for (int k = 1; k <= known_steps; ++k) {
            estimators.push_back(simulated::GradientDescentAt{step_size, k});
            const auto e = exact(problem, N, step_size, k);
            known[2 * k - 2] = e.test_risk, known[2 * k - 1] = e.training_loss;
        }
        Eigen::MatrixXd y(trials, sampled), x(trials, 2 * known_steps);
        SimulationOptions simulation;
        simulation.monte_carlo = {.trials = trials, .seed = seed, .threads = threads};
        simulation.monte_carlo.on_trial = [&](std::size_t index, const TrialValues& v) {
            const auto i = static_cast<Eigen::Index>(index);
            for (std::size_t e = 0; e < sampled; ++e) y(i, static_cast<Eigen::Index>(e)) = v[3 * e];
            for (std::size_t k = 0; k < known_steps; ++k) {
                x(i, static_cast<Eigen::Index>(2 * k)) = v[3 * (sampled + k)];
                x(i, static_cast<Eigen::Index>(2 * k + 1)) = v[3 * (sampled + k) + 1];
            }
        };
        (void)simulate_risk(model, {N}, estimators, simulation);
        // The controls' own agreement with their exact means checks both the sampler and Wick's theorem.
        const Eigen::ArrayXd centre = x.colwise().mean();
        const Eigen::ArrayXd spread =
            ((x.rowwise() - centre.matrix().transpose()).array().square().colwise().mean() /
             static_cast<double>(trials))
                .sqrt();
        std::printf("\nN = %d: largest |sampled - exact|/standard error of the controls: %.2f\n", N,
                    ((centre - known.array()).abs() / spread).maxCoeff());
        for (int e = 0; e < sampled; ++e) {
            Point p = controlled(s, y.col(e), x, known);
            for (int corrected = 0; corrected < 2; ++corrected) {
                const double value =
                    (e == 0
                         ? predict_risk(problem, double(N), GradientDescent<>{step_size, double(many_steps)},
                                        options[corrected])
                     : e == 1 ? predict_risk(problem, double(N), Ridge<>{strong_ridge}, options[corrected])
                     : e == 2 ? predict_risk(problem, double(N), Ridge<>{weak_ridge}, options[corrected])
                              : predict_risk(problem, double(N), MinimumNorm{}, options[corrected]))
                        .total() /
                    d;
                (corrected ? p.corrected : p.limit) = value;
            }
            p.value /= d, p.std_error /= d;
            points[e].push_back(p);
        }
    }
    for (int e = 0; e < sampled; ++e) print(names[e], points[e], 0);
}
