#include "reconlaw/fit/curve.hpp"

#include <doctest/doctest.h>

#include <cmath>
#include <limits>
#include <string>

#include "support/check_close.hpp"

using namespace reconlaw::fit;

namespace {

/// What the call says when it throws std::invalid_argument; empty if it does not.
template <class F>
std::string complaint(F&& call) {
    try {
        call();
    } catch (const std::invalid_argument& error) {
        return error.what();
    }
    return "";
}

}  // namespace

TEST_CASE("make_curve sorts, and merges equal sizes by the geometric mean") {
    const LearningCurve curve = make_curve({100, 10, 100, 1000, 100}, {0.2, 1, 0.4, 0.05, 0.1});
    REQUIRE(curve.points() == 3);
    check_close(curve.size[0], 10, 0, 0);
    check_close(curve.size[1], 100, 0, 0);
    check_close(curve.size[2], 1000, 0, 0);
    check_close(curve.loss[0], 1, 1e-15, 0);
    check_close(curve.loss[1], 0.2, 1e-14, 0);
    CHECK(curve.log_error.size() == 0);  // two sizes were measured once
    CHECK(std::isinf(curve.error_freedom));
}

TEST_CASE("make_curve estimates errors from repeats") {
    const double a = std::log(1.1), b = std::log(1.3);
    const std::vector<double> size{10, 10, 100, 100};
    const std::vector<double> loss{std::exp(a), std::exp(-a), std::exp(b), std::exp(-b)};
    const LearningCurve curve = make_curve(size, loss);
    REQUIRE(curve.log_error.size() == 2);
    const double pooled = (2 * a * a + 2 * b * b) / 2;
    check_close(curve.log_error[0], std::sqrt(pooled / 2), 1e-13, 0);
    check_close(curve.log_error[1], std::sqrt(pooled / 2), 1e-13, 0);
    check_close(curve.error_freedom, 2, 0, 0);
    CHECK(make_curve(size, loss, false).log_error.size() == 0);

    SUBCASE("five repeats stand for themselves") {
        std::vector<double> x(5, 10.0), y{std::exp(-2 * b), std::exp(-b), 1, std::exp(b), std::exp(2 * b)};
        x.insert(x.end(), {100, 100}), y.insert(y.end(), {std::exp(a), std::exp(-a)});
        const LearningCurve mixed = make_curve(x, y);
        REQUIRE(mixed.log_error.size() == 2);
        check_close(mixed.log_error[0], std::sqrt(10 * b * b / 4 / 5), 1e-13, 0);
        check_close(mixed.log_error[1], std::sqrt((10 * b * b + 2 * a * a) / 5 / 2), 1e-13, 0);
        check_close(mixed.error_freedom, 5, 0, 0);
    }
    SUBCASE("equal repeats say nothing about the error") {
        CHECK(make_curve({10, 10, 100, 100}, {1, 1, 0.5, 0.5}).log_error.size() == 0);
    }
}

TEST_CASE("between keeps the points of a range, ends included") {
    LearningCurve curve{Eigen::ArrayXd::LinSpaced(5, 1, 5), Eigen::ArrayXd::LinSpaced(5, 0.5, 0.1),
                        Eigen::ArrayXd::LinSpaced(5, 0.01, 0.05), 7};
    const LearningCurve part = curve.between(2, 4);
    REQUIRE(part.points() == 3);
    check_close(part.size[0], 2, 0, 0);
    check_close(part.size[2], 4, 0, 0);
    check_close(part.loss[0], curve.loss[1], 0, 0);
    check_close(part.log_error[2], curve.log_error[3], 0, 0);
    check_close(part.error_freedom, 7, 0, 0);
    CHECK(curve.between(6, 9).points() == 0);
    curve.log_error.resize(0);
    CHECK(curve.between(2, 4).log_error.size() == 0);
}

TEST_CASE("metrics convert to losses and back") {
    check_close(to_loss(Metric::psnr, 30), 1e-3, 1e-14, 0);
    check_close(to_loss(Metric::psnr, 0), 1, 1e-14, 0);
    check_close(to_loss(Metric::ssim, 0.9), 0.1, 1e-14, 0);
    check_close(to_loss(Metric::mse, 0.25), 0.25, 0, 0);
    check_close(to_loss(Metric::loss, 0.25), 0.25, 0, 0);
    check_close(to_loss(Metric::accuracy, 0.75), 0.25, 1e-14, 0);
    check_close(to_loss(Metric::r2, -0.5), 1.5, 1e-14, 0);
    for (const std::string& name : metric_names()) {
        const Metric metric = metric_named(name);
        CHECK(larger_is_better(metric) == (to_loss(metric, 0.9) < to_loss(metric, 0.8)));
        for (const double value : {-3.0, 0.125, 0.9, 27.5}) {
            INFO(name);
            check_close(from_loss(metric, to_loss(metric, value)), value, 1e-14, 1e-14);
        }
    }
    CHECK(label(Metric::psnr) == "PSNR (dB)");
    CHECK(label(Metric::ssim) == "SSIM");
    CHECK(label(Metric::mse) == "MSE");
    CHECK(label(Metric::loss) == "loss");
    CHECK(loss_label(Metric::psnr) == "MSE/range^2");
    CHECK(loss_label(Metric::r2) == "1 - R2");
    CHECK(loss_label(Metric::mse) == "MSE");
    CHECK(complaint([] { (void)metric_named("nmse"); }) ==
          "metric 'nmse' is unknown: one of loss, mse, psnr, ssim, accuracy, r2");
}

TEST_CASE("bad curves are refused with function, entry and range") {
    constexpr double nan = std::numeric_limits<double>::quiet_NaN();
    CHECK(complaint([] { (void)make_curve({}, {}); }) ==
          "make_curve: number of observations = 0, must be at least 1");
    CHECK(complaint([] {
              (void)make_curve({1, 2}, {1});
          }) == "make_curve: number of losses = 1, must be the number of sizes = 2");
    CHECK(complaint([] {
              (void)make_curve({1, 0}, {1, 1});
          }) == "make_curve: size[1] = 0, must be finite and > 0");
    CHECK(complaint([] {
              (void)make_curve({1, -2}, {1, 1});
          }) == "make_curve: size[1] = -2, must be finite and > 0");
    CHECK(complaint([&] {
              (void)make_curve({1, 2}, {nan, 1});
          }) == "make_curve: loss[0] = nan, must be finite and > 0");
    CHECK(complaint([&] {
              (void)make_curve({1, 1 / 0.0}, {1, 1});
          }) == "make_curve: size[1] = inf, must be finite and > 0");

    const auto checked = [](const LearningCurve& curve) { return complaint([&] { validate(curve, "f"); }); };
    const Eigen::ArrayXd two = Eigen::ArrayXd::LinSpaced(2, 1, 2), one = Eigen::ArrayXd::Ones(2);
    CHECK(checked({two, one}) == "");
    CHECK(checked({two, one, one}) == "");
    CHECK(checked({Eigen::ArrayXd(0), Eigen::ArrayXd(0)}) == "f: number of points = 0, must be at least 1");
    CHECK(checked({two, Eigen::ArrayXd::Ones(3)}) ==
          "f: number of losses = 3, must be the number of sizes = 2");
    CHECK(checked({two, one, Eigen::ArrayXd::Ones(1)}) == "f: number of errors = 1, must be 0 or 2");
    CHECK(checked({one, one}) == "f: size[1] = 1, must be above size[0]");
    CHECK(checked({two, -one}) == "f: loss[0] = -1, must be finite and > 0");
    CHECK(checked({two, one, 0 * one}) == "f: log_error[0] = 0, must be finite and > 0");
    CHECK(checked({two, one, one, 0}) == "f: error_freedom = 0, must be > 0");
}
