#include "reconlaw/fit/least_squares.hpp"

#include <doctest/doctest.h>

#include <cmath>
#include <limits>
#include <stdexcept>

#include "support/check_close.hpp"

using namespace reconlaw::fit;

namespace {

constexpr double infinity = std::numeric_limits<double>::infinity();
/// The iteration ends on a relative change of the cost of 1e-12: half as many digits of the parameters, and a
/// margin for the columns' lengths.
constexpr double parameter_error = 1e-7;

Eigen::VectorXd vector(double a, double b) {
    Eigen::VectorXd v(2);
    v << a, b;
    return v;
}

/// Rosenbrock's valley: 10 (y - x^2), 1 - x.
LeastSquaresProblem valley() {
    LeastSquaresProblem problem;
    problem.residuals = 2;
    problem.residual = [](Eigen::Index row, const double* p, double* r, double* g) {
        *r = row == 0 ? 10 * (p[1] - p[0] * p[0]) : 1 - p[0];
        if (g != nullptr) g[0] = row == 0 ? -20 * p[0] : -1, g[1] = row == 0 ? 10 : 0;
        return true;
    };
    return problem;
}

/// a + b x through (i, y_i).
LeastSquaresProblem line(std::vector<double> y) {
    LeastSquaresProblem problem;
    problem.residuals = static_cast<Eigen::Index>(y.size());
    problem.residual = [y = std::move(y)](Eigen::Index row, const double* p, double* r, double* g) {
        const auto x = static_cast<double>(row);
        *r = p[0] + p[1] * x - y[static_cast<std::size_t>(row)];
        if (g != nullptr) g[0] = 1, g[1] = x;
        return true;
    };
    return problem;
}

}  // namespace

TEST_CASE("least_squares: a curved valley") {
    const auto result = least_squares(valley(), vector(-1.2, 1));
    CHECK(result.status == FitStatus::converged);
    CHECK(result.iterations > 3);
    check_close(result.parameters[0], 1, 1e-9, 0);
    check_close(result.parameters[1], 1, 1e-9, 0);
    check_close(result.cost, 0, 0, 1e-18);
}

TEST_CASE("least_squares: running out of iterations is not convergence") {
    LeastSquaresOptions options;
    options.max_iterations = 3;
    const auto result = least_squares(valley(), vector(-1.2, 1), options);
    CHECK(result.status == FitStatus::iteration_limit);
    CHECK(result.iterations == 3);
    CHECK(result.cost < 24.2);  // that of the start
    CHECK(to_string(result.status) == "iteration limit");
    CHECK(to_string(FitStatus::converged) == "converged");
    CHECK(to_string(FitStatus::failed) == "failed");
}

TEST_CASE("least_squares: bounds") {
    LeastSquaresProblem problem = valley();
    problem.lower = vector(-infinity, -infinity), problem.upper = vector(0.5, infinity);
    SUBCASE("the minimum on a face, exactly on it") {
        const auto result = least_squares(problem, vector(-1.2, 1));
        CHECK(result.status == FitStatus::converged);
        check_close(result.parameters[0], 0.5, 0, 0);
        check_close(result.parameters[1], 0.25, parameter_error, 0);
        check_close(result.cost, 0.25, 1e-12, 0);
    }
    SUBCASE("in a corner") {
        problem.upper[1] = 0.1;
        const auto result = least_squares(problem, vector(-1.2, -1));
        CHECK(result.status == FitStatus::converged);
        check_close(result.parameters[1], 0.1, 0, 0);
        // x: d/dx [100 (0.1 - x^2)^2 + (1 - x)^2] = 0
        const double x = result.parameters[0];
        check_close(-400 * x * (0.1 - x * x) - 2 * (1 - x), 0, 0, 1e-5);
    }
    SUBCASE("a start outside is moved in; one on the wrong bound leaves it") {
        problem.lower[0] = -2;
        for (const double x : {-50.0, -2.0, 0.5, 7.0}) {
            const auto result = least_squares(problem, vector(x, 3));
            CAPTURE(x);
            check_close(result.parameters[0], 0.5, 0, 0);
            check_close(result.parameters[1], 0.25, parameter_error, 0);
        }
    }
    SUBCASE("a bound that does not bind") {
        problem.upper[0] = 5;
        const auto result = least_squares(problem, vector(5, -3));
        CHECK(result.status == FitStatus::converged);
        check_close(result.parameters[0], 1, 1e-9, 0);
    }
    SUBCASE("strongly correlated parameters on a bound") {
        // columns nearly parallel; unconstrained minimum at (-1, 2 + 1/1.001)
        LeastSquaresProblem pair;
        pair.residuals = 2;
        pair.residual = [](Eigen::Index row, const double* p, double* r, double* g) {
            const double e = row == 0 ? 1e-3 : 0;
            *r = p[0] + (1 + e) * p[1] - (row == 0 ? 2.003 : 2);
            if (g != nullptr) g[0] = 1, g[1] = 1 + e;
            return true;
        };
        pair.lower = vector(0, -infinity), pair.upper = vector(infinity, infinity);
        const auto result = least_squares(pair, vector(3, -3));
        CHECK(result.status == FitStatus::converged);
        check_close(result.parameters[0], 0, 0, 0);
        check_close(result.parameters[1], (1.001 * 2.003 + 2) / (1.001 * 1.001 + 1), 1e-9, 0);
    }
    SUBCASE("all parameters held by equal bounds") {
        problem.lower = problem.upper = vector(0.3, 0.7);
        const auto result = least_squares(problem, vector(0, 0));
        CHECK(result.status == FitStatus::converged);
        check_close(result.cost, 100 * std::pow(0.7 - 0.09, 2) + 0.49, 1e-13, 0);
    }
}

TEST_CASE("least_squares: fixed parameters stay") {
    LeastSquaresProblem problem = valley();
    problem.fixed = {true, false};
    const auto result = least_squares(problem, vector(2, 1));
    CHECK(result.status == FitStatus::converged);
    check_close(result.parameters[0], 2, 0, 0);
    check_close(result.parameters[1], 4, parameter_error, 0);
    problem.fixed = {true, true};
    check_close(least_squares(problem, vector(2, 1)).cost, 901, 1e-14, 0);
}

TEST_CASE("least_squares: robust losses, values and weights") {
    const LeastSquaresProblem problem = line({0, 1, 2, 3, 14, 5, 6});
    for (const RobustLoss loss :
         {RobustLoss::huber, RobustLoss::soft_l1, RobustLoss::cauchy, RobustLoss::tukey}) {
        CAPTURE(static_cast<int>(loss));
        LeastSquaresOptions options;
        options.loss = loss, options.scale = 0.1;
        const auto result = least_squares(problem, vector(0.1, 1), options);
        CHECK(result.status == FitStatus::converged);
        check_close(result.parameters[0], 0, 0, 0.1);
        check_close(result.parameters[1], 1, 0.02, 0);
        CHECK(robust_weight(loss, 0.1, 10) < 0.02);
        check_close(robust_weight(loss, 0.1, 0), 1, 1e-15, 0);
    }
    check_close(robust_weight(RobustLoss::none, 1, 10), 1, 0, 0);
    check_close(robust_weight(RobustLoss::huber, 1, 10), 0.1, 1e-15, 0);
    check_close(robust_weight(RobustLoss::cauchy, 2, 4), 0.2, 1e-15, 0);
    CHECK_THROWS_AS((void)robust_weight(RobustLoss::huber, 0, 1), std::invalid_argument);
    const auto squares = least_squares(problem, vector(0, 1));
    CHECK(std::abs(squares.parameters[0]) > 0.3);
}

TEST_CASE("least_squares: a step out of the domain is rejected") {
    // log(p) = 1 from far away, where Gauss-Newton's step is negative
    LeastSquaresProblem problem;
    problem.residuals = 1;
    problem.residual = [](Eigen::Index, const double* p, double* r, double* g) {
        if (!(p[0] > 0)) return false;
        *r = std::log(p[0]) - 1;
        if (g != nullptr) g[0] = 1 / p[0];
        return true;
    };
    const auto result = least_squares(problem, Eigen::VectorXd::Constant(1, 50));
    CHECK(result.status == FitStatus::converged);
    check_close(result.parameters[0], std::exp(1), 1e-9, 0);
    const auto outside = least_squares(problem, Eigen::VectorXd::Constant(1, -1));
    CHECK(outside.status == FitStatus::failed);
    CHECK(std::isinf(outside.cost));
    CHECK(!outside.message.empty());
}

TEST_CASE("least_squares: bad arguments are refused") {
    const Eigen::VectorXd start = vector(0, 0);
    LeastSquaresProblem problem = valley();
    problem.residuals = 0;
    CHECK_THROWS_WITH_AS((void)least_squares(problem, start),
                         "least_squares: number of residuals = 0, must be at least 1", std::invalid_argument);
    problem = valley();
    CHECK_THROWS_WITH_AS((void)least_squares(problem, Eigen::VectorXd(0)),
                         "least_squares: number of parameters = 0, must be at least 1",
                         std::invalid_argument);
    CHECK_THROWS_WITH_AS((void)least_squares(problem, vector(0, infinity)),
                         "least_squares: start of parameter 1 = inf, must be finite", std::invalid_argument);
    problem.lower = vector(1, 1), problem.upper = vector(2, 0);
    CHECK_THROWS_WITH_AS(
        (void)least_squares(problem, start),
        "least_squares: lower bound of parameter 1 = 1, must be at most the upper bound = 0.000000",
        std::invalid_argument);
    problem.upper = Eigen::VectorXd::Constant(1, 5);
    CHECK_THROWS_WITH_AS((void)least_squares(problem, start),
                         "least_squares: number of upper bounds = 1, must be 0 or 2", std::invalid_argument);
    problem = valley(), problem.fixed = {true};
    CHECK_THROWS_AS((void)least_squares(problem, start), std::invalid_argument);
    LeastSquaresOptions options;
    options.scale = 0;
    CHECK_THROWS_AS((void)least_squares(valley(), start, options), std::invalid_argument);
}
