#include "reconlaw/problem/compressive_sensing.hpp"

#include "problem/problem_support.hpp"
#include "reconlaw/problem/subspace.hpp"

#if __has_include(<ceres/jet.h>)
#include <ceres/jet.h>
#endif

using namespace reconlaw;
using reconlaw_test::check_same_problem;

TEST_CASE("compressive sensing: random matrices are what they claim, and reproducible") {
    const Eigen::MatrixXd A = random_row_orthonormal(7, 20, 3), U = random_subspace(20, 5, 3);
    CHECK((A * A.transpose() - 20.0 / 7 * Eigen::MatrixXd::Identity(7, 7)).norm() < 1e-13);
    CHECK((U.transpose() * U - Eigen::MatrixXd::Identity(5, 5)).norm() < 1e-13);
    CHECK(A == random_row_orthonormal(7, 20, 3));
    CHECK(A != random_row_orthonormal(7, 20, 4));
    // Same seed, other stream: the first 5 rows of A are not U again.
    CHECK((A.topRows(5) * U).norm() < 0.9 * std::sqrt(5.0) * std::sqrt(20.0 / 7));
}

TEST_CASE("compressive sensing: agrees with the dense model for m above and below d") {
    for (const int m : {15, 6, 4, 1}) {
        const Eigen::MatrixXd A = random_row_orthonormal(m, 20, 1), U = random_subspace(20, 6, 2);
        const auto p = compressive_sensing_problem(A, U, 0.3);
        check_same_problem(p, linear_problem(compressive_sensing_model(A, U, 0.3)), 1e-12);
        check_close(p.dimension(), m, 0, 0);
        CHECK(p.floor >= std::max(0, 6 - m));  // directions that are not seen at all
    }
}

TEST_CASE("compressive sensing: rank-deficient A") {
    Eigen::MatrixXd A = random_row_orthonormal(10, 20, 1);
    A.bottomRows(7) = A.topRows(7);
    const auto p = compressive_sensing_problem(A, random_subspace(20, 6, 2), 0.3);
    REQUIRE(p.size() == 4);
    check_close(p.multiplicity[3], 7, 0, 0);
    CHECK(p.floor > 3);
}

TEST_CASE("compressive sensing: A = I is subspace denoising") {
    const Eigen::MatrixXd U = random_subspace(12, 4, 9);
    check_same_problem(compressive_sensing_problem(Eigen::MatrixXd::Identity(12, 12), U, 0.2),
                       subspace_problem(12, 4, 0.2), 1e-13);
}

TEST_CASE("compressive sensing: bad input") {
    const Eigen::MatrixXd A = random_row_orthonormal(5, 8, 1), U = random_subspace(8, 3, 2);
    CHECK_THROWS_AS((void)random_subspace(4, 5, 1), std::invalid_argument);
    CHECK_THROWS_AS((void)random_subspace(4, 0, 1), std::invalid_argument);
    CHECK_THROWS_AS((void)random_row_orthonormal(9, 8, 1), std::invalid_argument);
    CHECK_THROWS_AS((void)compressive_sensing_problem(A, U, -0.1), std::invalid_argument);
    CHECK_THROWS_AS((void)compressive_sensing_problem(A, Eigen::MatrixXd::Identity(9, 3), 0.1),
                    std::invalid_argument);
    CHECK_THROWS_AS((void)compressive_sensing_problem(A, Eigen::MatrixXd::Ones(8, 9), 0.1),
                    std::invalid_argument);
    CHECK_THROWS_AS((void)compressive_sensing_problem(A, 1.1 * U, 0.1), std::invalid_argument);
    CHECK_THROWS_AS((void)compressive_sensing_model(A, U, 0.0), std::invalid_argument);
}

#if __has_include(<ceres/jet.h>)
TEST_CASE("compressive sensing: derivative in sigma agrees with differences") {
    using Jet = ceres::Jet<double, 1>;
    const Eigen::MatrixXd A = random_row_orthonormal(4, 20, 1), U = random_subspace(20, 6, 2);
    const double h = 1e-5;
    const auto jet = compressive_sensing_problem(A, U, Jet(0.3, 0));
    const auto a = compressive_sensing_problem(A, U, 0.3 + h), b = compressive_sensing_problem(A, U, 0.3 - h);
    check_close(jet.floor.v[0], (a.floor - b.floor) / (2 * h), 1e-8, 1e-9);
    for (Eigen::Index i = 0; i < a.size(); ++i)
        check_close(jet.weight[i].v[0], (a.weight[i] - b.weight[i]) / (2 * h), 1e-8, 1e-8);
}
#endif
