// Tutorial, step 4: your own data. Put your signals into the columns of a matrix; the closed form sees
// nothing but their covariance. Here the "data" are curves of 64 points with one jump each, of random height
// at a random place: far from Gaussian, so that the prediction has something to prove. The last column
// repeats the experiment with Gaussian signals of the same covariance and tells the two sources of deviation
// apart.
#include <cmath>
#include <cstdio>
#include <functional>
#include <random>
#include <reconlaw/estimator/stopping.hpp>
#include <reconlaw/problem/data_covariance.hpp>
#include <reconlaw/risk/stopping.hpp>

using Signals = std::function<Eigen::MatrixXd(Eigen::Index count, unsigned seed)>;

Eigen::MatrixXd normal_matrix(Eigen::Index rows, Eigen::Index cols, double sigma, unsigned seed) {
    std::mt19937_64 generator(seed);
    std::normal_distribution<double> normal(0.0, sigma);
    return Eigen::MatrixXd::NullaryExpr(rows, cols, [&]() { return normal(generator); });
}

// 64 x count: replace by your own.
Eigen::MatrixXd curves_with_a_jump(Eigen::Index count, unsigned seed) {
    std::mt19937_64 generator(seed);
    std::normal_distribution<double> normal;
    std::uniform_real_distribution<double> uniform(0.0, 1.0);
    Eigen::MatrixXd x(64, count);
    for (Eigen::Index j = 0; j < count; ++j) {
        const double a = normal(generator), b = normal(generator), height = normal(generator);
        const double place = uniform(generator);
        for (Eigen::Index i = 0; i < 64; ++i) {
            const double t = (static_cast<double>(i) + 0.5) / 64.0;
            x(i, j) =
                a * std::cos(3.14159 * t) + 0.5 * b * std::cos(6.28319 * t) + (t > place ? height : 0.0);
        }
    }
    return x;
}

// Mean test risk per coordinate of estimators learned from `count` noisy signals and stopped after `steps`.
double measure(const Signals& signals, double sigma, Eigen::Index count, double step, double steps) {
    const Eigen::MatrixXd test = signals(20000, 2);
    reconlaw::MomentAccumulator against;
    against.add(test, test + normal_matrix(64, 20000, sigma, 3));
    double sum = 0;
    const int repeats = 20;
    for (unsigned repeat = 0; repeat < repeats; ++repeat) {
        const Eigen::MatrixXd x = signals(count, 100 + repeat);
        reconlaw::MomentAccumulator training;
        training.add(x, x + normal_matrix(64, count, sigma, 1000 + repeat));
        const reconlaw::SecondMoments seen = training.about_mean();
        const reconlaw::GradientPath path(seen);
        const auto risk = path.test_risk(against.about(seen.center_x, seen.center_y));
        sum += reconlaw::predicted_stop(risk, step, steps).risk;
    }
    return sum / repeats / 64.0;
}

int main() {
    const double sigma = 0.3;
    const Eigen::MatrixXd pool = curves_with_a_jump(20000, 1);
    const auto problem = reconlaw::data_problem(pool, sigma);  // denoising, mean removed
    std::printf("largest eigenvalues %.2f %.2f %.2f, floor %.5f\n\n", problem.eigenvalue[0],
                problem.eigenvalue[1], problem.eigenvalue[2], problem.floor / problem.normalization);

    const Eigen::MatrixXd factor = reconlaw::covariance_factor(reconlaw::data_covariance(pool));
    const Signals gaussian = [&](Eigen::Index count, unsigned seed) -> Eigen::MatrixXd {
        return factor * normal_matrix(factor.cols(), count, 1.0, 7 * seed);
    };
    std::printf("%8s %6s %10s %10s %10s\n", "samples", "steps", "predicted", "measured", "Gaussian");
    for (const Eigen::Index N : {20, 50, 100, 300, 1000, 5000}) {
        const double step = 0.5 / problem.eigenvalue[0];
        const auto best = reconlaw::optimal_stopping(problem, static_cast<double>(N), step);
        if (!best.risk.ok()) return 1;
        std::printf("%8ld %6.0f %10.5f %10.5f %10.5f\n", static_cast<long>(N), best.parameter,
                    best.risk.total() / problem.normalization,
                    measure(curves_with_a_jump, sigma, N, step, best.parameter),
                    measure(gaussian, sigma, N, step, best.parameter));
    }
}
