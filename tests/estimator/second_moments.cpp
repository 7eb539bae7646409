#include "reconlaw/estimator/second_moments.hpp"

#include "estimator/estimator_support.hpp"

using namespace reconlaw;
using namespace reconlaw_test;

namespace {
void check_same(const SecondMoments& a, const SecondMoments& b, double tolerance) {
    CHECK(distance(a.yy, b.yy) < tolerance);
    CHECK(distance(a.xy, b.xy) < tolerance);
    check_close(a.xx, b.xx, tolerance, 0);
    CHECK((a.mean_x - b.mean_x).norm() < tolerance);
    CHECK((a.mean_y - b.mean_y).norm() < tolerance);
    check_close(a.count, b.count, 0, 0);
}
}  // namespace

TEST_CASE("second moments: streamed in batches, merged, all at once, and by definition") {
    const auto [X, Y] = draw(small_model(), 50, 1);
    MomentAccumulator once, streamed, left, right;
    once.add(X, Y);
    for (Eigen::Index i = 0; i < 50; i += 7) {
        const Eigen::Index b = std::min<Eigen::Index>(7, 50 - i);
        streamed.add(X.middleCols(i, b), Y.middleCols(i, b));
    }
    streamed.add(Eigen::MatrixXd(9, 0), Eigen::MatrixXd(6, 0));
    left.add(X.leftCols(20), Y.leftCols(20)), right.add(X.rightCols(30), Y.rightCols(30));
    left.merge(right), left.merge(MomentAccumulator());
    check_same(streamed.about_mean(), once.about_mean(), 1e-14);
    check_same(left.about_mean(), once.about_mean(), 1e-14);

    const SecondMoments zero = streamed.about_zero();
    CHECK(distance(zero.yy, Y * Y.transpose() / 50) < 1e-14);
    CHECK(distance(zero.xy, X * Y.transpose() / 50) < 1e-14);
    check_close(zero.xx, X.squaredNorm() / 50, 1e-14, 0);
    check_close(streamed.count(), 50, 0, 0);

    const Eigen::MatrixXd dx = X.colwise() - X.rowwise().mean(), dy = Y.colwise() - Y.rowwise().mean();
    CHECK(distance(once.about_mean().xy, dx * dy.transpose() / 50) < 1e-14);
    CHECK(distance(once.about_mean().yy, dy * dy.transpose() / 50) < 1e-14);
}

TEST_CASE("second moments: a mean 1e6 times the spread costs few digits") {
    auto [X, Y] = draw(small_model(), 60, 2);
    MomentAccumulator plain, shifted;
    for (Eigen::Index i = 0; i < 60; i += 10) plain.add(X.middleCols(i, 10), Y.middleCols(i, 10));
    X.array() += 1e6, Y.array() -= 1e6;
    for (Eigen::Index i = 0; i < 60; i += 10) shifted.add(X.middleCols(i, 10), Y.middleCols(i, 10));
    // The samples themselves are rounded to 1e-10; naive sums of squares would lose 12 digits and keep 4.
    CHECK(distance(shifted.about_mean().yy, plain.about_mean().yy) < 1e-9);
    CHECK(distance(shifted.about_mean().xy, plain.about_mean().xy) < 1e-9);
}

TEST_CASE("second moments: risk is the average squared error, about any centre") {
    const auto [X, Y] = draw(small_model(), 40, 3);
    const Eigen::MatrixXd W = normal(9, 6, 4);
    MomentAccumulator all;
    all.add(X, Y);
    check_close(risk(W, all.about_zero()), (W * Y - X).squaredNorm() / 40, 1e-13, 0);
    const Eigen::VectorXd cx = Eigen::VectorXd::LinSpaced(9, -1, 2), cy = Eigen::VectorXd::LinSpaced(6, 3, 1);
    const Eigen::MatrixXd error = (W * (Y.colwise() - cy)) - (X.colwise() - cx);
    check_close(risk(W, all.about(cx, cy)), error.squaredNorm() / 40, 1e-13, 0);
    check_close(risk(W, recentered(all.about_zero(), cx, cy)), error.squaredNorm() / 40, 1e-13, 0);
}

TEST_CASE("second moments: of a population") {
    const MeasurementModel model = small_model();
    const SecondMoments m = population_moments(model);
    const Eigen::MatrixXd W = normal(9, 6, 4);
    check_close(risk(W, m), population_risk(model, W), 1e-13, 0);
    MomentAccumulator sampled;
    for (std::uint64_t s = 0; s < 20; ++s) {
        const auto [X, Y] = draw(model, 5000, 100 + s);
        sampled.add(X, Y);
    }
    // 1e5 samples: standard error 1/sqrt(1e5) = 0.3 % of the largest entry at most; six of them allowed.
    CHECK(distance(sampled.about_zero().yy, m.yy) < 0.02);
    CHECK(distance(sampled.about_zero().xy, m.xy) < 0.02);
    check_close(sampled.about_zero().xx, m.xx, 0.02, 0);
}

TEST_CASE("second moments: bad input") {
    MomentAccumulator a;
    CHECK_THROWS_AS((void)a.about_mean(), std::invalid_argument);
    CHECK_THROWS_AS((void)a.about_zero(), std::invalid_argument);
    CHECK_THROWS_AS(a.add(Eigen::MatrixXd::Ones(3, 4), Eigen::MatrixXd::Ones(2, 5)), std::invalid_argument);
    Eigen::MatrixXd bad = Eigen::MatrixXd::Ones(3, 4);
    bad(1, 1) = std::nan("");
    CHECK_THROWS_AS(a.add(bad, Eigen::MatrixXd::Ones(2, 4)), std::invalid_argument);
    CHECK(a.count() == 0);
    a.add(Eigen::MatrixXd::Ones(3, 4), Eigen::MatrixXd::Ones(2, 4));
    CHECK_THROWS_AS(a.add(Eigen::MatrixXd::Ones(4, 4), Eigen::MatrixXd::Ones(2, 4)), std::invalid_argument);
    CHECK_THROWS_AS(a.add(Eigen::MatrixXd::Ones(3, 4), Eigen::MatrixXd::Ones(3, 4)), std::invalid_argument);
    CHECK_THROWS_AS((void)risk(Eigen::MatrixXd::Ones(2, 3), a.about_mean()), std::invalid_argument);
    CHECK_THROWS_AS((void)a.about(Eigen::VectorXd::Zero(2), Eigen::VectorXd::Zero(2)), std::invalid_argument);
}
