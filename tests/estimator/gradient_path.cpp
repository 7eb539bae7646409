#include "reconlaw/estimator/gradient_path.hpp"

#include <Eigen/Dense>
#include <string>

#include "estimator/estimator_support.hpp"
#include "reconlaw/estimator/gradient_descent.hpp"

using namespace reconlaw;
using namespace reconlaw_test;

namespace {

/// A learning rule of a user's own: half gradient flow, half ridge.
struct Mixture {
    double time, lambda;
    template <class S>
    S residual(const S& s) const {
        return S(0.5) * (GradientFlow<double>{time}.residual(s) + Ridge<double>{lambda}.residual(s));
    }
    FilterGeometry geometry() const { return {FilterGeometry::Kind::wedge, 0.5 * lambda}; }
};

SecondMoments moments(const Pairs& data) {
    MomentAccumulator a;
    a.add(data.X, data.Y);
    return a.about_zero();
}

/// Training sizes below, at and above the p = 6 measurements of small_model.
constexpr Eigen::Index sizes[] = {1, 3, 5, 6, 7, 12, 100};

/// Calls f(name, filter) for every filter, with step sizes stable for s_max.
template <class Call>
void each_filter(double s_max, const Call& f) {
    for (const double k : {0.0, 1.0, 2.0, 17.0, 400.0}) {
        f("gradient descent", GradientDescent<double>{0.9 / s_max, k});
        f("gradient descent, alternating", GradientDescent<double>{1.9 / s_max, k});
        f("flow", GradientFlow<double>{k / s_max});
        f("heavy ball", HeavyBall<double>{1.5 / s_max, 0.7, static_cast<int>(k)});
        f("Nesterov", Nesterov<double>{1 / s_max, static_cast<int>(k)});
    }
    for (const double lambda : {1e-3, 0.1, 10.0}) f("ridge", Ridge<double>{lambda * s_max});
    f("minimum norm", MinimumNorm{});
    f("principal components", PrincipalComponentRegression{0.3 * s_max});
    f("user's own", Mixture{3.0, 0.2});
}

}  // namespace

TEST_CASE("gradient path: equals literal iterations for fewer and more samples than dimensions") {
    for (const Eigen::Index N : sizes) {
        const Pairs data = draw(small_model(), N, 7);
        const GradientPath path(data.X, data.Y), streamed(moments(data));
        const double s_max = path.largest_eigenvalue();
        const auto compare = [&](const auto& method) {
            const Eigen::MatrixXd W = iterate(method, data.X, data.Y);
            const double scale =
                1e-10 * std::max(1.0, W.cwiseAbs().maxCoeff());  // rounding over up to 300 steps
            CHECK((path.weights(method) - W).cwiseAbs().maxCoeff() < scale);
            CHECK((streamed.weights(method) - W).cwiseAbs().maxCoeff() < scale);
        };
        for (const int k : {0, 1, 2, 10, 300}) {
            compare(GradientDescent<double>{0.9 / s_max, static_cast<double>(k)});
            compare(GradientDescent<double>{1.95 / s_max, static_cast<double>(k)});
            compare(HeavyBall<double>{1.0 / s_max, 0.8, k});
            compare(HeavyBall<double>{3.0 / s_max, 0.8, k});
            compare(Nesterov<double>{1.0 / s_max, k});
            compare(Nesterov<double>{1.3 / s_max, k});
        }
    }
}

TEST_CASE("gradient path: minimum norm is the pseudo-inverse, and the limit of many steps") {
    for (const Eigen::Index N : sizes) {
        const Pairs data = draw(small_model(), N, 8);
        const GradientPath path(data.X, data.Y);
        CHECK(path.rank() == std::min<Eigen::Index>(N, 6));
        const Eigen::MatrixXd pinv = data.X * data.Y.completeOrthogonalDecomposition().pseudoInverse();
        const Eigen::MatrixXd W = path.weights(MinimumNorm{});
        // both lose the condition number of YY' (at most 1e5 here) against 1e-16
        CHECK(distance(W, pinv) < 1e-10);
        CHECK(distance(path.weights(GradientDescent<double>{1 / path.largest_eigenvalue(), 1e9}), W) < 1e-10);
        CHECK(distance(path.weights(GradientFlow<double>{1e9 / path.largest_eigenvalue()}), W) < 1e-10);
    }
}

TEST_CASE("gradient path: ridge is its closed form, principal components theirs") {
    for (const Eigen::Index N : sizes) {
        const auto [X, Y] = draw(small_model(), N, 9);
        const GradientPath path(X, Y);
        const double n = static_cast<double>(N), lambda = 0.07;
        const Eigen::MatrixXd S = Y * Y.transpose() / n, I = Eigen::MatrixXd::Identity(6, 6);
        CHECK(distance(path.weights(Ridge<double>{lambda}),
                       X * Y.transpose() / n * (S + lambda * I).inverse()) < 1e-12);
        // Regression on the first component alone.
        const double cutoff = 0.999 * path.largest_eigenvalue();
        const Eigen::VectorXd u = path.directions().col(0);
        CHECK(distance(path.weights(PrincipalComponentRegression{cutoff}),
                       X * Y.transpose() / n * u * u.transpose() / path.largest_eigenvalue()) < 1e-12);
    }
}

TEST_CASE("gradient path: risks and training loss are those of the matrix, for every filter") {
    const MeasurementModel model = small_model();
    const SecondMoments population = population_moments(model), test = moments(draw(model, 31, 77));
    for (const Eigen::Index N : sizes) {
        const Pairs data = draw(model, N, 10);
        const SecondMoments training = moments(data);
        const GradientPath path(data.X, data.Y), streamed(training);
        const TestRisk known = path.test_risk(population), measured = path.test_risk(test),
                       from_streamed = streamed.test_risk(test), seen = path.test_risk(training);
        each_filter(path.largest_eigenvalue(), [&](const char* name, const auto& filter) {
            INFO(name, ", N = ", N);
            const Eigen::MatrixXd W = path.weights(filter);
            // Terms of order 1 cancel; rounding is 1e-16 times the condition number of YY', up to 1e5 at N =
            // p.
            check_close(known.risk(filter), population_risk(model, W), 1e-10, 1e-11);
            check_close(measured.risk(filter), risk(W, test), 1e-10, 1e-11);
            check_close(from_streamed.risk(filter), risk(W, test), 1e-9, 1e-10);
            const double loss = (W * data.Y - data.X).squaredNorm() / static_cast<double>(N);
            check_close(path.training_loss(filter), loss, 1e-10, 1e-11);
            check_close(streamed.training_loss(filter), loss, 1e-9, 1e-10);
            check_close(seen.risk(filter), loss, 1e-10, 1e-10);
        });
    }
}

TEST_CASE("gradient path: listed steps") {
    const Pairs data = draw(small_model(), 20, 3);
    const GradientPath path(data.X, data.Y);
    const TestRisk known = path.test_risk(population_moments(small_model()));
    const std::vector<double> values = known.risks(0.5, {0, 3, 50});
    REQUIRE(values.size() == 3);
    check_close(values[0], small_model().signal_factor.squaredNorm(), 1e-15, 0);  // W = 0
    check_close(values[2], known.risk(GradientDescent<double>{0.5, 50}), 0, 0);
}

TEST_CASE("gradient path: rotating the targets leaves the risk, scaling scales it") {
    const MeasurementModel model = small_model();
    const Pairs data = draw(model, 8, 5), test = draw(model, 15, 6);
    const Eigen::MatrixXd R = random_subspace(9, 9, 1), Q = random_subspace(6, 6, 2);
    const Ridge<double> filter{0.1};
    const double expected = GradientPath(data.X, data.Y).test_risk(moments(test)).risk(filter);
    const GradientPath rotated(R * data.X, Q * data.Y), scaled(3 * data.X, data.Y);
    check_close(rotated.test_risk(moments({R * test.X, Q * test.Y})).risk(filter), expected, 1e-13, 0);
    check_close(scaled.test_risk(moments({3 * test.X, test.Y})).risk(filter), 9 * expected, 1e-13, 0);
}

TEST_CASE("gradient path: removed means, training moments of lower rank") {
    Pairs data = draw(small_model(), 5, 5);
    data.X.array() += 4, data.Y.array() -= 2;
    MomentAccumulator a;
    a.add(data.X, data.Y);
    const Eigen::MatrixXd X = data.X.colwise() - data.X.rowwise().mean(),
                          Y = data.Y.colwise() - data.Y.rowwise().mean();
    const GradientPath streamed(a.about_mean()), direct(X, Y);
    CHECK(streamed.rank() == 4);
    CHECK(direct.rank() == 4);
    CHECK(distance(streamed.weights(MinimumNorm{}), direct.weights(MinimumNorm{})) < 1e-10);
    CHECK(direct.training_loss(MinimumNorm{}) < 1e-13);
}

TEST_CASE("gradient path: measurements that are all zero") {
    const GradientPath path(Eigen::MatrixXd::Ones(2, 3), Eigen::MatrixXd::Zero(4, 3));
    CHECK(path.rank() == 0);
    CHECK(path.weights(MinimumNorm{}) == Eigen::MatrixXd::Zero(2, 4));
    check_close(path.training_loss(GradientDescent<double>{1, 5}), 2, 1e-15, 0);
    check_close(path.test_risk(moments({Eigen::MatrixXd::Ones(2, 3), Eigen::MatrixXd::Ones(4, 3)}))
                    .risk(MinimumNorm{}),
                2, 1e-15, 0);
}

TEST_CASE("gradient path: a diverging step names step, eigenvalue and bound") {
    Eigen::MatrixXd Y = Eigen::MatrixXd::Zero(2, 2);
    Y(0, 0) = 2, Y(1, 1) = 1;  // YY'/N = diag(2, 1/2)
    const GradientPath path(Y, Y);
    const TestRisk known = path.test_risk(moments({Y, Y}));
    const std::string rest =
        ": step_size = 1.5 with largest eigenvalue s_max = 2 of YY'/N, must be > 0 and < 2/s_max "
        "= 1 (the iteration diverges otherwise)";
    const GradientDescent<double> bad{1.5, 10};
    CHECK_THROWS_WITH_AS((void)path.weights(bad), ("GradientPath::weights" + rest).c_str(),
                         std::invalid_argument);
    CHECK_THROWS_WITH_AS((void)known.risk(bad), ("TestRisk::risk" + rest).c_str(), std::invalid_argument);
    CHECK_THROWS_WITH_AS((void)path.training_loss(bad), ("GradientPath::training_loss" + rest).c_str(),
                         std::invalid_argument);
    CHECK_THROWS_WITH_AS((void)iterate(bad, Y, Y), ("iterate" + rest).c_str(), std::invalid_argument);
    for (const double eta : {1.0, 0.0, -0.5, std::nan(""), std::numeric_limits<double>::infinity()})
        CHECK_THROWS_AS((void)path.weights(GradientDescent<double>{eta, 10}), std::invalid_argument);
    CHECK_NOTHROW((void)path.weights(GradientDescent<double>{0.999, 10}));
    CHECK_THROWS_AS((void)path.weights(HeavyBall<double>{1.5, 0.4, 10}), std::invalid_argument);
    CHECK_NOTHROW((void)path.weights(HeavyBall<double>{1.5, 0.6, 10}));
    CHECK_THROWS_AS((void)path.weights(Nesterov<double>{0.7, 10}), std::invalid_argument);
    CHECK_THROWS_AS((void)path.weights(GradientDescent<double>{0.5, -1}), std::invalid_argument);
    CHECK_THROWS_AS((void)path.weights(GradientFlow<double>{-1}), std::invalid_argument);
    CHECK_THROWS_AS((void)path.weights(Ridge<double>{-0.1}), std::invalid_argument);
}

TEST_CASE("gradient path: bad input") {
    const Eigen::MatrixXd one = Eigen::MatrixXd::Ones(2, 3);
    CHECK_THROWS_AS(GradientPath(Eigen::MatrixXd(2, 0), Eigen::MatrixXd(2, 0)), std::invalid_argument);
    CHECK_THROWS_AS(GradientPath(one, Eigen::MatrixXd::Ones(2, 4)), std::invalid_argument);
    Eigen::MatrixXd bad = one;
    bad(0, 0) = std::nan("");
    CHECK_THROWS_AS(GradientPath(bad, one), std::invalid_argument);
    CHECK_THROWS_AS(GradientPath(one, bad), std::invalid_argument);
    CHECK_THROWS_AS(GradientPath{SecondMoments{}}, std::invalid_argument);
    const GradientPath path(one, one);
    CHECK_THROWS_AS((void)path.test_risk(population_moments(small_model())), std::invalid_argument);
}
