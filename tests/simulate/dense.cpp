#include "reconlaw/simulate/dense.hpp"

#include "reconlaw/simulate/subspace_model.hpp"
#include "support/check_close.hpp"

using namespace reconlaw;

namespace {
/// A general model: n = 6, p = 5, q = 4.
MeasurementModel general_model(double target_noise) {
    MeasurementModel model;
    model.signal_factor = normal_matrix({1, 0, 0}, 90, 6, 4);
    model.forward = normal_matrix({1, 0, 0}, 91, 5, 6) / 2;
    model.noise_level = 0.4;
    model.target_noise = target_noise;
    return model;
}
}  // namespace

TEST_CASE("sampled moments are the model's") {
    const MeasurementModel model = general_model(0.3);
    const Eigen::Index N = 40000;
    const DenseSample sample = sample_dense(model, N, {5, 0, 0});
    const Eigen::MatrixXd F = model.signal_factor, A = model.forward;
    const auto count = static_cast<double>(N);
    const Eigen::MatrixXd S = A * F * F.transpose() * A.transpose() + 0.16 * Eigen::MatrixXd::Identity(5, 5);
    const Eigen::MatrixXd X = F * F.transpose() + 0.09 * Eigen::MatrixXd::Identity(6, 6);
    // 5 standard errors of a sample covariance entry, at most sqrt(2) * scale / sqrt(N)
    const double allowed = 5 * std::sqrt(2.0 / count);
    CHECK((sample.measurement * sample.measurement.transpose() / count - S).cwiseAbs().maxCoeff() <
          allowed * S.diagonal().maxCoeff());
    CHECK((sample.target * sample.target.transpose() / count - X).cwiseAbs().maxCoeff() <
          allowed * X.diagonal().maxCoeff());
    CHECK((sample.target * sample.measurement.transpose() / count - F * F.transpose() * A.transpose())
              .cwiseAbs()
              .maxCoeff() < allowed * std::max(S.diagonal().maxCoeff(), X.diagonal().maxCoeff()));
}

TEST_CASE("spectrum of a dense sample gives the exact risk and loss of literal estimators") {
    for (const double target_noise : {0.0, 0.5})
        for (const Eigen::Index N : {1, 3, 5, 6, 40}) {
            CAPTURE(N);
            const MeasurementModel model = general_model(target_noise);
            const DenseSample sample = sample_dense(model, N, {8, 0, 1});
            const SampleSpectrum spectrum = sample_spectrum(model, sample);
            const auto count = static_cast<double>(N);
            const Eigen::MatrixXd S = sample.measurement * sample.measurement.transpose() / count;
            const Eigen::MatrixXd cross = sample.target * sample.measurement.transpose() / count;
            const auto loss = [&](const Eigen::MatrixXd& W) {
                return (W * sample.measurement - sample.target).squaredNorm() / count;
            };
            const double eta = 0.8 / S.norm();
            Eigen::MatrixXd W = 0 * cross;
            SampleRisk best{population_risk(model, W), loss(W), 0};
            for (int k = 1; k <= 300; ++k) {
                W -= eta * (W * S - cross);
                if (population_risk(model, W) < best.test_risk)
                    best = {population_risk(model, W), loss(W), double(k)};
            }
            const SampleRisk gd = filtered_risk(spectrum, GradientDescent<>{eta, 300});
            check_close(gd.test_risk, population_risk(model, W), 1e-10, 0.0);
            check_close(gd.training_loss, loss(W), 1e-10, 1e-12);
            const SampleRisk stopped = early_stopped_risk(spectrum, eta, 300);
            check_close(stopped.test_risk, best.test_risk, 1e-10, 0.0);
            check_close(filtered_risk(spectrum, GradientDescent<>{eta, stopped.steps}).test_risk,
                        best.test_risk, 1e-10, 0.0);
            const Eigen::MatrixXd ridge =
                (S + 0.1 * Eigen::MatrixXd::Identity(5, 5)).llt().solve(cross.transpose()).transpose();
            check_close(filtered_risk(spectrum, Ridge<>{0.1}).test_risk, population_risk(model, ridge), 1e-10,
                        0.0);
            check_close(filtered_risk(spectrum, Ridge<>{0.1}).training_loss, loss(ridge), 1e-10, 1e-12);
            // The optimal ridge is a minimum of the literal risk.
            const SampleRisk optimal = optimal_ridge_risk(spectrum);
            for (const double factor : {0.5, 1.0, 2.0})
                CHECK(filtered_risk(spectrum, Ridge<>{factor * optimal.steps}).test_risk >=
                      optimal.test_risk * (1 - 1e-8));
        }
}

TEST_CASE("dense sampling refuses bad arguments") {
    CHECK_THROWS_AS(sample_dense(general_model(0.0), 0, {}), std::invalid_argument);
    MeasurementModel model = general_model(0.0);
    model.noise_level = -1;
    CHECK_THROWS_AS(sample_dense(model, 3, {}), std::invalid_argument);
}
