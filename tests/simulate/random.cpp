#include "reconlaw/simulate/random.hpp"

#include <algorithm>
#include <boost/math/distributions/chi_squared.hpp>
#include <boost/math/distributions/normal.hpp>
#include <vector>

#include "support/check_close.hpp"

using namespace reconlaw;

namespace {
/// Kolmogorov-Smirnov distance of a sample from a distribution function, times sqrt(size): above 1.95 has
/// probability 0.1 % for the right distribution. Seeds are fixed, so the outcome is too.
template <class Cdf>
double kolmogorov_distance(std::vector<double> sample, const Cdf& cdf) {
    std::sort(sample.begin(), sample.end());
    const auto size = static_cast<double>(sample.size());
    double distance = 0;
    for (std::size_t i = 0; i < sample.size(); ++i) {
        const double F = cdf(sample[i]), at = static_cast<double>(i);
        distance = std::max({distance, F - at / size, (at + 1) / size - F});
    }
    return distance * std::sqrt(size);
}
}  // namespace

TEST_CASE("normal matrices are normal, and pairs from one group are uncorrelated") {
    const Eigen::MatrixXd z = normal_matrix({7, 1, 3}, 5, 200, 200);
    const std::vector<double> sample(z.data(), z.data() + z.size());
    const boost::math::normal normal;
    CHECK(kolmogorov_distance(sample, [&](double x) { return boost::math::cdf(normal, x); }) < 1.95);
    const double se = 1.0 / 200.0;  // of a mean over 40000 values of variance 1
    check_close(z.mean(), 0.0, 0.0, 4 * se);
    check_close(z.array().square().mean(), 1.0, 0.0, 4 * std::sqrt(2.0) * se);
    check_close(z.array().square().square().mean(), 3.0, 0.0, 4 * std::sqrt(96.0) * se);
    for (int shift = 1; shift < 4; ++shift) {
        const Eigen::MatrixXd product = z.topRows(200 - shift).cwiseProduct(z.bottomRows(200 - shift));
        check_close(product.mean(), 0.0, 0.0, 4 / std::sqrt(static_cast<double>(product.size())));
    }
}

TEST_CASE("every element is a function of its key alone") {
    const DrawKey key{123, 4, 5};
    const Eigen::MatrixXd z = normal_matrix(key, 9, 7, 5), larger = normal_matrix(key, 9, 30, 11);
    CHECK(z == larger.topLeftCorner(7, 5));
    CHECK(z(6, 4) == normal_value(key, 9, 6, 4));
    for (const DrawKey& other :
         {DrawKey{124, 4, 5}, DrawKey{123, 5, 5}, DrawKey{123, 4, 6}, DrawKey{123, 5, 4}})
        CHECK(normal_value(other, 9, 6, 4) != z(6, 4));
    CHECK(normal_value(key, 10, 6, 4) != z(6, 4));
    CHECK(chi_value(key, 9, 0, 5.0) == chi_value(key, 9, 0, 5.0));
    CHECK(chi_value(key, 9, 0, 5.0) != chi_value(key, 9, 1, 5.0));
    CHECK(chi_value(key, 9, 0, 5.0) != chi_value(key, 8, 0, 5.0));
}

TEST_CASE("chi values follow the chi distribution for real degrees of freedom up to 1e7") {
    for (const double dof : {0.5, 1.0, 2.0, 3.5, 100.0, 1e4, 1e7}) {
        CAPTURE(dof);
        std::vector<double> sample;
        double mean = 0;
        for (std::uint64_t i = 0; i < 20000; ++i) {
            const double chi = chi_value({11, 0, 0}, 77, i, dof);
            sample.push_back(chi * chi), mean += chi * chi / 20000;
        }
        const boost::math::chi_squared reference(dof);
        CHECK(kolmogorov_distance(sample, [&](double x) { return boost::math::cdf(reference, x); }) < 1.95);
        check_close(mean, dof, 0.0, 4 * std::sqrt(2 * dof / 20000));  // 4 standard errors
    }
    CHECK_THROWS_AS(chi_value({}, 0, 0, 0.0), std::invalid_argument);
    CHECK_THROWS_AS(chi_value({}, 0, 0, std::nan("")), std::invalid_argument);
}

TEST_CASE("triangular_gaussian is the triangle of a Gaussian matrix: second moments of L L'") {
    // E L L' = dof I for any shape; diagonal entries are chi-squared sums, variance 2 dof.
    const int trials = 4000;
    for (const auto& [rows, dof] : {std::pair{4, 9}, {5, 5}, {6, 2}}) {
        Eigen::MatrixXd mean = Eigen::MatrixXd::Zero(rows, rows);
        for (std::uint32_t t = 0; t < trials; ++t) {
            const Eigen::MatrixXd L = triangular_gaussian({3, 0, t}, 0, rows, dof);
            REQUIRE(L.cols() == std::min(rows, dof));
            mean += L * L.transpose() / trials;
        }
        const double allowed = 4.5 * std::sqrt(2.0 * dof / trials);
        CHECK((mean - dof * Eigen::MatrixXd::Identity(rows, rows)).cwiseAbs().maxCoeff() < allowed);
    }
}
