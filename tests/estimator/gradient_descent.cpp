#include "reconlaw/estimator/gradient_descent.hpp"

#include "estimator/estimator_support.hpp"

using namespace reconlaw;
using namespace reconlaw_test;

TEST_CASE("gradient descent: the gradient is that of (1/2N)|WY - X|^2") {
    const auto [X, Y] = draw(small_model(), 5, 1);
    const Eigen::MatrixXd W = normal(9, 6, 2), D = normal(9, 6, 3);
    const auto loss = [&](const Eigen::MatrixXd& V) { return (V * Y - X).squaredNorm() / 10; };
    // the loss is quadratic: a central difference is exact
    check_close(loss_gradient(W, X, Y).cwiseProduct(D).sum(), (loss(W + D) - loss(W - D)) / 2, 1e-12, 0);
}

TEST_CASE("gradient descent: first steps by hand in one dimension") {
    Eigen::MatrixXd X(1, 2), Y(1, 2);
    X << 1, 2, Y << 1, 1;  // YY'/N = 1, XY'/N = 1.5
    check_close(iterate(GradientDescent<double>{0.5, 2}, X, Y)(0, 0), 1.5 * (1 - 0.25), 1e-15, 0);
    check_close(iterate(HeavyBall<double>{0.5, 0.5, 2}, X, Y)(0, 0), 0.75 + 0.375 + 0.375, 1e-15, 0);
    check_close(iterate(Nesterov<double>{0.5, 2}, X, Y)(0, 0), 0.9375 + 0.5 * (1.5 - 0.9375), 1e-15, 0);
    CHECK(iterate(GradientDescent<double>{0.5, 0}, X, Y)(0, 0) == 0);
}

TEST_CASE("gradient descent: the training loss falls with every step") {
    const auto [X, Y] = draw(small_model(), 20, 4);
    const GradientPath path(X, Y);
    double before = X.squaredNorm();
    for (int k = 1; k < 40; ++k) {
        const double now =
            (iterate(GradientDescent<double>{1.9 / path.largest_eigenvalue(), double(k)}, X, Y) * Y - X)
                .squaredNorm();
        CHECK(now < before);
        before = now;
    }
}

TEST_CASE("gradient descent: bad input") {
    const Eigen::MatrixXd one = Eigen::MatrixXd::Ones(2, 3);
    CHECK_THROWS_AS((void)iterate(GradientDescent<double>{0.1, 2.5}, one, one), std::invalid_argument);
    CHECK_THROWS_AS((void)iterate(GradientDescent<double>{0.1, -1}, one, one), std::invalid_argument);
    CHECK_THROWS_AS((void)iterate(HeavyBall<double>{0.1, 1.0, 2}, one, one), std::invalid_argument);
    CHECK_THROWS_AS((void)iterate(HeavyBall<double>{0.1, -0.1, 2}, one, one), std::invalid_argument);
    CHECK_THROWS_AS((void)iterate(Nesterov<double>{0.1, -2}, one, one), std::invalid_argument);
    CHECK_THROWS_AS((void)iterate(Nesterov<double>{0.1, 2}, one, Eigen::MatrixXd::Ones(2, 4)),
                    std::invalid_argument);
    CHECK_THROWS_AS((void)iterate(Nesterov<double>{0.1, 2}, Eigen::MatrixXd(2, 0), Eigen::MatrixXd(2, 0)),
                    std::invalid_argument);
}
