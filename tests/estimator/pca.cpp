#include "reconlaw/estimator/pca.hpp"

#include <Eigen/SVD>

#include "estimator/estimator_support.hpp"
#include "reconlaw/estimator/bayes.hpp"

using namespace reconlaw;
using namespace reconlaw_test;

TEST_CASE("pca: projection on the top left singular vectors") {
    const double sigma = 0.3;
    for (const Eigen::Index N : {6, 12, 13, 40}) {
        const auto [X, Y] = draw(subspace_model(12, 4, sigma), N, 1);
        const PcaEstimator pca = pca_estimator(Y, 4, sigma);
        const Eigen::MatrixXd u =
            Eigen::JacobiSVD<Eigen::MatrixXd>(Y, Eigen::ComputeThinU).matrixU().leftCols(4);
        CHECK(distance(weights(pca), u * u.transpose() / (1 + sigma * sigma)) < 1e-11);
        const SecondMoments population = population_moments(subspace_model(12, 4, sigma));
        check_close(risk(pca, population), risk(weights(pca), population), 1e-12, 0);
    }
}

TEST_CASE("pca: its risk is the overlap formula of the subspace model") {
    const double sigma = 0.4, s2 = sigma * sigma;
    const MeasurementModel model = subspace_model(12, 4, sigma);
    for (const Eigen::Index N : {5, 30}) {
        const PcaEstimator pca = pca_estimator(draw(model, N, 2).Y, 4, sigma);
        const double overlap = (pca.directions.transpose() * model.signal_factor).squaredNorm() / 4;
        const double expected =
            1 - overlap * (1 + 2 * s2) / ((1 + s2) * (1 + s2)) + s2 / ((1 + s2) * (1 + s2));
        check_close(risk(pca, population_moments(model)) / 4, expected, 1e-12, 0);
    }
}

TEST_CASE("pca: fewer samples than d, the undetermined directions are averaged over") {
    const MeasurementModel model = subspace_model(12, 4, 0.2);
    const SecondMoments population = population_moments(model);
    const PcaEstimator pca = pca_estimator(draw(model, 2, 3).Y, 4, 0.2);
    CHECK(pca.directions.cols() == 2);
    const Eigen::MatrixXd W = weights(pca, 7);
    CHECK(W == weights(pca, 7));
    CHECK(distance(W * W * 1.04, W) < 1e-13);  // a projection over 1 + sigma^2
    check_close(W.trace() * 1.04, 4, 1e-13, 0);
    CHECK(distance(W * pca.directions * 1.04, pca.directions) < 1e-13);
    double sum = 0, squares = 0;
    const int draws = 2000;
    for (int s = 0; s < draws; ++s) {
        const double r = risk(weights(pca, static_cast<std::uint64_t>(s)), population);
        sum += r, squares += r * r;
    }
    const double mean = sum / draws, error = std::sqrt((squares / draws - mean * mean) / draws);
    check_close(mean, risk(pca, population), 0, 4 * error);
    CHECK(error < 0.01 * mean);  // so that the line above can fail
}

TEST_CASE("pca: many samples reach the floor, d = n is a scaled identity") {
    const MeasurementModel model = subspace_model(12, 4, 0.2);
    const PcaEstimator pca = pca_estimator(draw(model, 100000, 4).Y, 4, 0.2);
    // the excess is about sigma^2 d (n - d)/N of the signal's energy: 1e-5
    check_close(risk(pca, population_moments(model)), wiener_filter(model).risk, 1e-3, 0);
    const PcaEstimator all = pca_estimator(draw(model, 3, 5).Y, 12, 0.2);
    CHECK(distance(weights(all), Eigen::MatrixXd::Identity(12, 12) / 1.04) < 1e-13);
    check_close(risk(all, population_moments(model)), risk(weights(all), population_moments(model)), 1e-12,
                0);
}

TEST_CASE("pca: bad input") {
    const Eigen::MatrixXd Y = Eigen::MatrixXd::Ones(4, 3);
    CHECK_THROWS_AS((void)pca_estimator(Y, 5, 0.1), std::invalid_argument);
    CHECK_THROWS_AS((void)pca_estimator(Y, 0, 0.1), std::invalid_argument);
    CHECK_THROWS_AS((void)pca_estimator(Y, 2, -0.1), std::invalid_argument);
    CHECK_THROWS_AS((void)pca_estimator(Eigen::MatrixXd(4, 0), 2, 0.1), std::invalid_argument);
    CHECK_THROWS_AS((void)risk(pca_estimator(Y, 2, 0.1), population_moments(small_model())),
                    std::invalid_argument);
}
