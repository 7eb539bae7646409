/// The linear network, trained by the engine with plain gradient descent, against the core's literal
/// iteration and its closed form: what ties the trainer to the theory.

#include <doctest/doctest.h>

#include <Eigen/Core>
#include <cmath>

#include "device_support.hpp"
#include "reconlaw/estimator/gradient_descent.hpp"
#include "reconlaw/gpu/network.hpp"
#include "reconlaw/problem/subspace.hpp"
#include "reconlaw/risk/predict.hpp"
#include "reconlaw/simulate/dense.hpp"
#include "reconlaw/simulate/subspace_model.hpp"
#include "support/check_close.hpp"

using namespace reconlaw;

namespace {

/// Row-major n x p, as the network's weight.
using Matrix = Eigen::Matrix<double, Eigen::Dynamic, Eigen::Dynamic, Eigen::RowMajor>;

/// W after `steps` full-batch steps of the engine from W = 0, for the loss (1/2N)|WY - X|^2 of the theory.
template <class T>
Matrix trained_by_engine(const Eigen::MatrixXd& X, const Eigen::MatrixXd& Y, double eta, int steps) {
    using Values = std::vector<T>;
    const auto n = static_cast<int>(X.rows()), p = static_cast<int>(Y.rows()), N = static_cast<int>(X.cols());
    gpu::Network<T> network(gpu::LinearNetwork{p, n}, {N, 1, 1});
    // the engine's loss is the mean over N n elements: its gradient is 2/n times that of the theory
    gpu::OptimiserOptions options;
    options.kind = gpu::OptimiserKind::sgd, options.rate = eta * n / 2;
    gpu::Optimiser<T> descent(network.parameter_count(), options);
    network.set_parameters(Values(static_cast<std::size_t>(network.parameter_count())));
    const Eigen::Matrix<T, Eigen::Dynamic, Eigen::Dynamic> x = X.cast<T>(),
                                                           y = Y.cast<T>();  // columns are images
    const Values input(y.data(), y.data() + y.size()), target(x.data(), x.data() + x.size());
    for (int k = 0; k < steps; ++k) {
        network.loss_and_gradient(input, target);
        network.update(descent);
    }
    const Values w = network.get_parameters();
    const Eigen::Matrix<T, Eigen::Dynamic, Eigen::Dynamic, Eigen::RowMajor> W =
        Eigen::Map<const Eigen::Matrix<T, Eigen::Dynamic, Eigen::Dynamic, Eigen::RowMajor>>(w.data(), n, p);
    return W.template cast<double>();
}

}  // namespace

TEST_CASE("a linear network takes the steps of gradient descent") {
    if (!gpu::testing::have_device()) return;
    const MeasurementModel model =
        subspace_model({.dimension = 12, .signal_dimension = 4, .noise_level = 0.3});
    for (const Eigen::Index N : {5, 40}) {
        const DenseSample s = sample_dense(model, N, {3, 0, 0});
        const GradientDescent<double> method{0.4, 30};
        const Eigen::MatrixXd W = iterate(method, s.target, s.measurement);
        const Eigen::MatrixXd engine = trained_by_engine<double>(s.target, s.measurement, 0.4, 30);
        check_close((engine - W).norm() / W.norm(), 0.0, 0.0, 1e-12);
        const Eigen::MatrixXd single = trained_by_engine<float>(s.target, s.measurement, 0.4, 30);
        check_close((single - W).norm() / W.norm(), 0.0, 0.0, 1e-5);
    }
}

TEST_CASE("a linear network trained on drawn data lands on the closed form") {
    if (!gpu::testing::have_device()) return;
    const double n = 24, d = 4, sigma = 0.3;
    const MeasurementModel model =
        subspace_model({.dimension = 24, .signal_dimension = 4, .noise_level = sigma});
    const auto problem = subspace_problem(n, d, sigma);
    for (const int N : {8, 30, 120})
        for (const int steps : {2, 20}) {
            CAPTURE(N);
            CAPTURE(steps);
            const double eta = paper_step_size(n, d, sigma, static_cast<double>(N));
            const Risk<double> predicted =
                predict_risk(problem, static_cast<double>(N), GradientDescent<>{eta, double(steps)});
            REQUIRE(predicted.ok());
            constexpr int trials = 100;
            double sum = 0, squares = 0;
            for (std::uint32_t trial = 0; trial < trials; ++trial) {
                const DenseSample s = sample_dense(model, N, {11, static_cast<std::uint32_t>(N), trial});
                const double risk =
                    population_risk(model, trained_by_engine<float>(s.target, s.measurement, eta, steps));
                sum += risk, squares += risk * risk;
            }
            const double mean = sum / trials;
            const double error = std::sqrt((squares / trials - mean * mean) / (trials - 1));
            check_close(mean, predicted.total(), 0.0, 3 * error);
            // the comparison has teeth: one step more or less is outside
            for (const int other : {steps - 1, steps + 1}) {
                if (steps > 2) break;
                const Risk<double> near =
                    predict_risk(problem, static_cast<double>(N), GradientDescent<>{eta, double(other)});
                CHECK(std::abs(mean - near.total()) > 3 * error);
            }
        }
}
