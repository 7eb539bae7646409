#include "reconlaw/problem/data_covariance.hpp"

#include "problem/problem_support.hpp"
#include "reconlaw/simulate/random.hpp"

#if __has_include(<ceres/jet.h>)
#include <ceres/jet.h>
#endif

using namespace reconlaw;
using reconlaw_test::check_same_problem;

namespace {
Eigen::MatrixXd normal(Eigen::Index rows, Eigen::Index cols, std::uint64_t seed) {
    return normal_matrix({seed, 0, 0}, 0, rows, cols);
}
}  // namespace

TEST_CASE("data covariance: mean removed, more samples than one block") {
    Eigen::MatrixXd X = normal(6, 2500, 1);
    X.colwise() += Eigen::VectorXd::LinSpaced(6, 1, 50);
    const Eigen::MatrixXd c = X.colwise() - X.rowwise().mean();
    const Eigen::MatrixXd expected = c * c.transpose() / 2500;
    CHECK((data_covariance(X) - expected).cwiseAbs().maxCoeff() < 1e-13);  // sums of 2500 terms of order 1
    check_same_problem(data_problem(X, 0.2), covariance_problem(expected, 0.2), 1e-12);
}

TEST_CASE("data covariance: fewer samples than dimensions leave directions without signal") {
    const Eigen::MatrixXd X = normal(12, 5, 2);
    const auto p = data_problem(X, 0.1);
    REQUIRE(p.size() == 5);  // rank N - 1 = 4 after the mean, and the rest
    check_close(p.multiplicity[4], 8, 0, 0);
    check_close(p.normalization, 12, 0, 0);
}

TEST_CASE("data covariance: denoising from a covariance agrees with the dense model") {
    const Eigen::MatrixXd g = normal(8, 30, 3), covariance = g * g.transpose() / 30;
    const Eigen::MatrixXd identity = Eigen::MatrixXd::Identity(8, 8);
    check_same_problem(covariance_problem(covariance, 0.4), linear_problem(covariance, identity, 0.4), 1e-12);
    const Eigen::MatrixXd F = covariance_factor(covariance);
    CHECK((F * F.transpose() - covariance).cwiseAbs().maxCoeff() < 1e-14);
}

TEST_CASE("data covariance: general problem against its definition by matrices") {
    const Eigen::Index n = 7, p = 5;
    const Eigen::MatrixXd g = normal(n, 4, 4), covariance = g * g.transpose();  // rank 4
    const Eigen::MatrixXd A = normal(p, n, 5);
    const double s2 = 0.09;
    const auto problem = linear_problem(covariance, A, 0.3);
    const Eigen::MatrixXd S = A * covariance * A.transpose() + s2 * Eigen::MatrixXd::Identity(p, p);
    const Eigen::MatrixXd B = covariance * A.transpose() * S.inverse();
    check_close(problem.floor, (covariance - B * S * B.transpose()).trace(), 1e-11, 1e-12);
    // tr S^k and tr B'B S^k determine eigenvalues and weights, whatever the eigenvectors' order and sign.
    Eigen::MatrixXd power = Eigen::MatrixXd::Identity(p, p);
    Eigen::ArrayXd lk = problem.multiplicity;
    for (int k = 0; k < 4; ++k, power = power * S, lk *= problem.eigenvalue) {
        check_close(lk.sum(), power.trace(), 1e-12, 0);
        check_close((lk * problem.weight).sum(), (B.transpose() * B * power).trace(), 1e-11, 0);
    }
}

TEST_CASE("data covariance: bad input") {
    Eigen::MatrixXd c = Eigen::MatrixXd::Identity(4, 4);
    const Eigen::MatrixXd I = c;
    CHECK_THROWS_AS((void)data_problem(Eigen::MatrixXd(4, 0), 0.1), std::invalid_argument);
    CHECK_THROWS_AS((void)data_problem(Eigen::MatrixXd(0, 4), 0.1), std::invalid_argument);
    CHECK_THROWS_AS((void)covariance_problem(I, -1.0), std::invalid_argument);
    CHECK_THROWS_AS((void)covariance_problem(Eigen::MatrixXd::Identity(4, 3), 0.1), std::invalid_argument);
    CHECK_THROWS_AS((void)linear_problem(I, Eigen::MatrixXd(3, 5), 0.1), std::invalid_argument);
    CHECK_THROWS_AS((void)covariance_factor(Eigen::MatrixXd::Zero(3, 3)), std::invalid_argument);
    c(0, 1) = 0.5;
    CHECK_THROWS_AS((void)covariance_problem(c, 0.1), std::invalid_argument);  // not symmetric
    c(1, 0) = 0.5, c(2, 2) = -0.1;
    CHECK_THROWS_AS((void)covariance_problem(c, 0.1), std::invalid_argument);  // not positive
    c(2, 2) = std::nan("");
    CHECK_THROWS_AS((void)covariance_problem(c, 0.1), std::invalid_argument);
}

#if __has_include(<ceres/jet.h>)
TEST_CASE("data covariance: derivative in sigma agrees with differences") {
    using Jet = ceres::Jet<double, 1>;
    const Eigen::MatrixXd g = normal(6, 4, 4), covariance = g * g.transpose();
    const Eigen::MatrixXd A = normal(5, 6, 5);
    const double h = 1e-5;
    const auto jet = linear_problem(covariance, A, Jet(0.3, 0));
    const auto a = linear_problem(covariance, A, 0.3 + h), b = linear_problem(covariance, A, 0.3 - h);
    check_close(jet.floor.a, linear_problem(covariance, A, 0.3).floor, 1e-14, 0);
    check_close(jet.floor.v[0], (a.floor - b.floor) / (2 * h), 1e-7,
                1e-8);  // rounding of tr Sigma_x ~ 20 over h
    for (Eigen::Index i = 0; i < a.size(); ++i) {
        check_close(jet.eigenvalue[i].v[0], 0.6, 1e-14, 0);
        check_close(jet.weight[i].v[0], (a.weight[i] - b.weight[i]) / (2 * h), 1e-7, 1e-8);
    }
}
#endif
