#include "reconlaw/problem/super_resolution.hpp"

#include "problem/problem_support.hpp"

#if __has_include(<ceres/jet.h>)
#include <ceres/jet.h>
#endif

using namespace reconlaw;
using reconlaw_test::check_same_problem;

namespace {
/// Covariance exp(-distance/length) between the pixels of a patch, numbered along rows.
Eigen::MatrixXd exponential_covariance(Eigen::Index rows, Eigen::Index cols, double length) {
    Eigen::MatrixXd c(rows * cols, rows * cols);
    for (Eigen::Index i = 0; i < c.rows(); ++i)
        for (Eigen::Index j = 0; j < c.cols(); ++j) {
            const double dy = static_cast<double>(i / cols - j / cols),
                         dx = static_cast<double>(i % cols - j % cols);
            c(i, j) = std::exp(-std::hypot(dx, dy) / length);
        }
    return c;
}
}  // namespace

TEST_CASE("super-resolution: decimation alone picks pixels") {
    const Eigen::MatrixXd a = blur_decimate_operator(4, 6, 2, 0.0);
    REQUIRE(a.rows() == 6);
    const Eigen::VectorXd image = Eigen::VectorXd::LinSpaced(24, 0, 23);
    Eigen::VectorXd expected(6);
    expected << 0, 2, 4, 12, 14, 16;
    CHECK(a * image == expected);
    CHECK(blur_decimate_operator(6, 1, 3, 0.0) * Eigen::VectorXd::LinSpaced(6, 0, 5) ==
          Eigen::Vector2d(1, 4));
    CHECK(blur_decimate_operator(5, 7, 1, 0.0) == Eigen::MatrixXd::Identity(35, 35));
}

TEST_CASE("super-resolution: blur keeps constants, is Gaussian inside and reflects at the edge") {
    const Eigen::MatrixXd a = blur_decimate_operator(8, 12, 4, 1.7);
    CHECK((a.rowwise().sum().array() - 1).abs().maxCoeff() < 1e-14);
    CHECK(a.minCoeff() >= 0);
    const Eigen::MatrixXd axis = blur_decimate_axis(41, 1, 2.0);
    for (int k = 1; k <= 8; ++k)
        check_close(axis(20, 20 + k) / axis(20, 20), std::exp(-k * k / 8.0), 1e-14, 0);
    check_close(axis(20, 29), 0, 0, 0);  // cut at 4 standard deviations
    // Pixel 0 stands for positions 0 and -1, pixel 1 for 1 and -2, ...
    check_close(axis(0, 1) / axis(0, 0), (std::exp(-1 / 8.0) + std::exp(-4 / 8.0)) / (1 + std::exp(-1 / 8.0)),
                1e-14, 0);
    // With every pixel kept the reflecting blur is symmetric: columns sum to 1 too.
    CHECK((axis.colwise().sum().array() - 1).abs().maxCoeff() < 1e-14);
}

TEST_CASE("super-resolution: agrees with the general problem, 2-D and 1-D") {
    const Eigen::MatrixXd c2 = exponential_covariance(4, 6, 3.0);
    const auto p = super_resolution_problem(c2, 4, 6, 2, 1.0, 0.1);
    check_same_problem(p, linear_problem(c2, blur_decimate_operator(4, 6, 2, 1.0), 0.1), 1e-12);
    check_close(p.dimension(), 6, 0, 0);
    check_close(p.normalization, 24, 0, 0);
    const Eigen::MatrixXd c1 = exponential_covariance(12, 1, 3.0);
    const auto q = super_resolution_problem(c1, 12, 1, 3, 1.5, 0.1);
    check_same_problem(q, linear_problem(c1, blur_decimate_axis(12, 3, 1.5), 0.1), 1e-12);
    check_same_problem(q, super_resolution_problem(c1, 1, 12, 3, 1.5, 0.1), 1e-14);
}

TEST_CASE("super-resolution: the floor grows with the factor and starts at denoising") {
    const Eigen::MatrixXd c = exponential_covariance(8, 8, 4.0);
    const auto one = super_resolution_problem(c, 8, 8, 1, 0.0, 0.1);
    check_same_problem(one, covariance_problem(c, 0.1), 1e-11);
    const double two = super_resolution_problem(c, 8, 8, 2, 0.0, 0.1).floor;
    const double four = super_resolution_problem(c, 8, 8, 4, 0.0, 0.1).floor;
    CHECK(one.floor < two);
    CHECK(two < four);
    CHECK(four < c.trace());
}

TEST_CASE("super-resolution: bad input") {
    const Eigen::MatrixXd c = exponential_covariance(4, 4, 2.0);
    CHECK_THROWS_AS((void)super_resolution_problem(c, 4, 4, 3, 1.0, 0.1), std::invalid_argument);
    CHECK_THROWS_AS((void)super_resolution_problem(c, 4, 4, 0, 1.0, 0.1), std::invalid_argument);
    CHECK_THROWS_AS((void)super_resolution_problem(c, 4, 4, 2, -1.0, 0.1), std::invalid_argument);
    CHECK_THROWS_AS((void)super_resolution_problem(c, 4, 4, 2, 1.0, -0.1), std::invalid_argument);
    CHECK_THROWS_AS((void)super_resolution_problem(c, 4, 8, 2, 1.0, 0.1), std::invalid_argument);
    CHECK_THROWS_AS((void)super_resolution_problem(c, 0, 16, 2, 1.0, 0.1), std::invalid_argument);
}

#if __has_include(<ceres/jet.h>)
TEST_CASE("super-resolution: derivative in sigma agrees with differences") {
    using Jet = ceres::Jet<double, 1>;
    const Eigen::MatrixXd c = exponential_covariance(4, 4, 2.0);
    const double h = 1e-5;
    const auto f = [&](double sigma) { return super_resolution_problem(c, 4, 4, 2, 1.0, sigma).floor; };
    const auto jet = super_resolution_problem(c, 4, 4, 2, 1.0, Jet(0.2, 0));
    check_close(jet.floor.v[0], (f(0.2 + h) - f(0.2 - h)) / (2 * h), 1e-7, 1e-8);
}
#endif
