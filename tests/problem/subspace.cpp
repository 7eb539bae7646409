#include "reconlaw/problem/subspace.hpp"

#include <doctest/doctest.h>

#include "reconlaw/problem/linear_problem.hpp"
#include "support/check_close.hpp"

using namespace reconlaw;

TEST_CASE("subspace problem: the closed formula is the reduction of its matrices") {
    MeasurementModel model;
    model.signal_factor = Eigen::MatrixXd::Identity(20, 4);
    model.forward = Eigen::MatrixXd::Identity(20, 20);
    model.noise_level = 0.3;
    const auto reduced = linear_problem(model);
    const auto p = subspace_problem(20.0, 4.0, 0.3);
    check_close(reduced.floor, p.floor, 1e-13, 0.0);
    check_close(reduced.dimension(), 20.0, 0.0, 0.0);
    for (int i = 0; i < 4; ++i) {
        check_close(reduced.eigenvalue[i], p.eigenvalue[0], 1e-13, 0.0);
        check_close(reduced.weight[i], p.weight[0], 1e-13, 0.0);
    }
    check_close(reduced.eigenvalue[4], 0.09, 1e-13, 0.0);
    check_close(reduced.multiplicity[4], 16.0, 0.0, 0.0);
}

TEST_CASE("subspace problem and step size: bad input") {
    CHECK_THROWS_WITH_AS(subspace_problem(10.0, 11.0, 0.1), doctest::Contains("signal_dimension d = 11"),
                         std::invalid_argument);
    CHECK_THROWS_AS(subspace_problem(10.0, 0.0, 0.1), std::invalid_argument);
    CHECK_THROWS_WITH_AS(subspace_problem(10.0, 5.0, -0.1), doctest::Contains("sigma = -0.1"),
                         std::invalid_argument);
    CHECK_THROWS_AS(subspace_problem(10.0, 5.0, std::nan("")), std::invalid_argument);
    CHECK_THROWS_AS(paper_step_size(10, 5, 0.1, 0), std::invalid_argument);
    const auto whole = subspace_problem(10.0, 10.0, 0.5);
    CHECK(whole.size() == 1);
}

TEST_CASE("the paper's step size by hand") {
    // epsilon = sqrt(10 (10 + 0.0025 * 100) ln 100/1) = 21.7263..., the value its notebook prints for N = 1
    check_close(1.0 / (paper_step_size(100, 10, 0.05, 1) * 1.0025) - 1.0, std::sqrt(102.5 * std::log(100.0)),
                1e-13, 0.0);
}
