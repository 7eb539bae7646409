#include "reconlaw/problem/spectrum.hpp"

#include <limits>

#include "problem/problem_support.hpp"
#include "reconlaw/problem/subspace.hpp"

#if __has_include(<ceres/jet.h>)
#include <ceres/jet.h>
#endif

using namespace reconlaw;
using reconlaw_test::check_same_problem;

TEST_CASE("spectrum: the table's formulas, any order, zeros in one group") {
    Eigen::VectorXd l(5);
    l << 0.5, 0.0, 2.0, 0.0, 1.0;
    const auto p = spectrum_problem(l, 0.5);
    validate(p);
    REQUIRE(p.size() == 4);
    check_close(p.eigenvalue[0], 2.25, 0, 0);
    check_close(p.eigenvalue[3], 0.25, 0, 0);
    check_close(p.multiplicity[3], 2, 0, 0);
    check_close(p.weight[1], 1.0 / (1.25 * 1.25), 1e-15, 0);
    check_close(p.weight[3], 0, 0, 0);
    check_close(p.floor, 0.25 * (2 / 2.25 + 1 / 1.25 + 0.5 / 0.75), 1e-15, 0);
    check_close(p.normalization, 5, 0, 0);
    check_close(p.dimension(), 5, 0, 0);
}

TEST_CASE("spectrum: agrees with the dense model") {
    const Eigen::VectorXd l = power_law_spectrum(12, 1.5, 3.0);
    check_same_problem(spectrum_problem(l, 0.3), linear_problem(spectrum_model(l, 0.3)), 1e-13);
    Eigen::VectorXd gaps = l;
    gaps.tail(4).setZero();
    check_same_problem(spectrum_problem(gaps, 0.3), linear_problem(spectrum_model(gaps, 0.3)), 1e-13);
}

TEST_CASE("spectrum: d ones and n - d zeros is subspace denoising") {
    Eigen::VectorXd l = Eigen::VectorXd::Zero(9);
    l.head(4).setOnes();
    auto expected = subspace_problem(9, 4, 0.2);
    expected.normalization = 9;
    check_same_problem(spectrum_problem(l, 0.2), expected, 1e-15);
}

TEST_CASE("spectrum: power law") {
    const Eigen::ArrayXd l = power_law_spectrum(4, 2.0, 8.0);
    check_close(l[0], 8, 0, 0);
    check_close(l[3], 0.5, 1e-15, 0);
    CHECK_THROWS_AS((void)power_law_spectrum(0, 1.0), std::invalid_argument);
    CHECK_THROWS_AS((void)power_law_spectrum(3, 1.0, -1.0), std::invalid_argument);
    CHECK_THROWS_AS((void)power_law_spectrum(3, std::nan("")), std::invalid_argument);
}

TEST_CASE("spectrum: bad input is named") {
    Eigen::VectorXd l(3);
    l << 1, std::nan(""), 0.5;
    CHECK_THROWS_WITH_AS((void)spectrum_problem(l, 0.1),
                         "spectrum_problem: eigenvalue[1] = nan, must be finite and >= 0",
                         std::invalid_argument);
    l[1] = -0.25;
    CHECK_THROWS_WITH_AS((void)spectrum_problem(l, 0.1),
                         "spectrum_problem: eigenvalue[1] = -0.25, must be finite and >= 0",
                         std::invalid_argument);
    l[1] = std::numeric_limits<double>::infinity();
    CHECK_THROWS_AS((void)spectrum_problem(l, 0.1), std::invalid_argument);
    l[1] = 0.7;
    CHECK_THROWS_AS((void)spectrum_problem(l, -0.1), std::invalid_argument);
    CHECK_THROWS_AS((void)spectrum_problem(l, 0.0), std::invalid_argument);
    CHECK_THROWS_AS((void)spectrum_model(l, -0.1), std::invalid_argument);
    CHECK_THROWS_AS((void)spectrum_problem(Eigen::VectorXd(), 0.1), std::invalid_argument);
}

#if __has_include(<ceres/jet.h>)
TEST_CASE("spectrum: derivatives in sigma, exponent and scale agree with differences") {
    using Jet = ceres::Jet<double, 3>;
    const double at[3] = {0.3, 1.4, 2.0}, h = 1e-5;  // sigma, exponent, scale
    const auto value = [](const double* v) {
        return spectrum_problem<double>(power_law_spectrum(6, v[1], v[2]), v[0]);
    };
    const auto jets =
        spectrum_problem<Jet>(power_law_spectrum<Jet>(6, Jet(at[1], 1), Jet(at[2], 2)), Jet(at[0], 0));
    validate(jets);
    for (int q = 0; q < 3; ++q) {
        double up[3] = {at[0], at[1], at[2]}, down[3] = {at[0], at[1], at[2]};
        up[q] += h, down[q] -= h;
        const auto a = value(up), b = value(down);
        // central differences at h = 1e-5: 1e-10 from the third derivative, 1e-11 from rounding
        check_close(jets.floor.v[q], (a.floor - b.floor) / (2 * h), 1e-8, 1e-9);
        for (Eigen::Index i = 0; i < a.size(); ++i) {
            check_close(jets.eigenvalue[i].v[q], (a.eigenvalue[i] - b.eigenvalue[i]) / (2 * h), 1e-8, 1e-9);
            check_close(jets.weight[i].v[q], (a.weight[i] - b.weight[i]) / (2 * h), 1e-8, 1e-9);
        }
    }
}
#endif
