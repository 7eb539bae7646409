#include "reconlaw/risk/pca.hpp"

#include <doctest/doctest.h>

#include <Eigen/Eigenvalues>
#include <random>

#include "support/check_close.hpp"

using namespace reconlaw;

TEST_CASE("PCA overlap: known limits") {
    // N >> n: the rank-one formula (Paul 2007) in its domain.
    const double n = 2000, d = 1, sigma = 0.5, samples = 4000;
    const auto p = subspace_problem(n, d, sigma);
    const double gamma = (n - d) / samples, l = 1.0 / (sigma * sigma);
    const auto limit = pca_overlap(p, d, samples, {Order::limit});
    CHECK(limit.separated);
    // one spike against a bulk: agreement up to the spike's own 1/N share of the equations
    check_close(limit.overlap, (1.0 - gamma / (l * l)) / (1.0 + gamma / l), 2e-3, 0.0);
    check_close(pca_overlap(subspace_problem(50.0, 50.0, 0.3), 50.0, 20.0).overlap, 1.0, 0.0, 0.0);
    check_close(pca_risk(100, 10, 0.1, 1e8).total, subspace_problem(100.0, 10.0, 0.1).floor, 1e-4, 0.0);
}

TEST_CASE("PCA risk is continuous across N = d and across the opening of the gap") {
    for (const double sigma : {0.05, 0.1, 0.2}) {
        // The opening moves with sigma; steps of 0.25 in N pass through it.
        double before = pca_risk(100, 10, sigma, 11.0, {Order::limit}).total;
        for (double n = 11.25; n < 30; n += 0.25) {
            const auto r = pca_risk(100, 10, sigma, n, {Order::limit});
            CAPTURE(n);
            REQUIRE(r.status == RiskStatus::converged);
            CHECK(r.total < before);
            CHECK(r.total > 0.9 * before);
            before = r.total;
        }
    }
}

TEST_CASE("PCA risk against Monte Carlo, with the top eigenvalues inside the bulk, next to it and apart") {
    const int n = 40, d = 8, trials = 3000;
    const double sigma = 0.3;
    std::mt19937_64 g(7);
    std::normal_distribution<double> normal;
    for (const int samples : {4, 8, 10, 14, 40, 90}) {
        double sum = 0, square = 0;
        for (int t = 0; t < trials; ++t) {
            Eigen::MatrixXd y(n, samples);
            for (int j = 0; j < samples; ++j)
                for (int i = 0; i < n; ++i) y(i, j) = sigma * normal(g) + (i < d ? normal(g) : 0.0);
            const Eigen::SelfAdjointEigenSolver<Eigen::MatrixXd> eig(y * y.transpose());
            double overlap = eig.eigenvectors().topRightCorner(d, std::min(d, samples)).squaredNorm();
            if (samples < d) overlap += (d - overlap) * (d - samples) / (n - samples);
            const double s2 = sigma * sigma, q = (1 + s2) * (1 + s2);
            const double risk = d * (1 - overlap / d * (1 + 2 * s2) / q + s2 / q);
            sum += risk, square += risk * risk;
        }
        const double mean = sum / trials, error = std::sqrt((square / trials - mean * mean) / trials);
        CAPTURE(samples);
        const auto corrected = pca_risk(n, d, sigma, samples);
        CHECK(corrected.status == RiskStatus::converged);
        // three standard errors and the 1/N^2 remainder, at most 2 % here
        check_close(corrected.total, mean, 0.02, 3 * error);
    }
}

TEST_CASE("PCA: bad input") {
    const auto p = subspace_problem(100.0, 10.0, 0.1);
    CHECK_THROWS_AS((void)pca_overlap(p, 5.0, 20.0), std::invalid_argument);
    CHECK_THROWS_AS((void)pca_overlap(p, 0.0, 20.0), std::invalid_argument);
    CHECK_THROWS_AS((void)pca_risk(100, 10, 0.1, 0.0), std::invalid_argument);
    CHECK_THROWS_AS((void)pca_risk(100, 101, 0.1, 5.0), std::invalid_argument);
}
