// Automatic derivatives (ceres::Jet) against central differences.
#if __has_include(<ceres/jet.h>)
#include <ceres/jet.h>
#include <doctest/doctest.h>

#include "reconlaw/problem/subspace.hpp"
#include "reconlaw/risk/stopping.hpp"
#include "support/check_close.hpp"

using namespace reconlaw;

namespace {

using Jet = ceres::Jet<double, 4>;

/// Compares d f/d x_i for all i; steps of 1e-5 relative leave about 1e-9 of truncation and rounding error.
template <class F>
void check_gradient(F&& f, const std::array<double, 4>& x, double rtol = 2e-6) {
    std::array<Jet, 4> jets;
    for (int i = 0; i < 4; ++i) jets[i] = Jet(x[i], i);
    const Jet value = f(jets);
    check_close(value.a, f(x), 1e-12, 0.0);
    for (int i = 0; i < 4; ++i) {
        const double h = 1e-5 * x[i];
        auto up = x, down = x;
        up[i] += h, down[i] -= h;
        CAPTURE(i);
        check_close(value.v[i], (f(up) - f(down)) / (2 * h), rtol, 1e-8 * std::abs(value.a) / x[i]);
    }
}

}  // namespace

TEST_CASE("derivatives with respect to n, d, sigma and N, through the paper's step size") {
    auto risk = [](const auto& x) {
        using T = std::decay_t<decltype(x[0])>;
        const auto p = subspace_problem<T>(x[0], x[1], x[2]);
        return predict_risk(p, x[3], GradientDescent<T>{paper_step_size<T>(x[0], x[1], x[2], x[3]), 40.0},
                            {Order::corrected, 1e-12})
            .total();
    };
    check_gradient(risk, {100.0, 10.0, 0.1, 30.0});
    check_gradient(risk, {100.0, 10.0, 0.1, 300.0});
    check_gradient(risk, {50.0, 20.0, 0.4, 8.0});
}

TEST_CASE("derivatives of least squares, ridge and flow") {
    auto least_squares = [](const auto& x) {
        using T = std::decay_t<decltype(x[0])>;
        return predict_risk(subspace_problem<T>(x[0], x[1], x[2]), x[3], MinimumNorm{},
                            {Order::corrected, 1e-11})
            .total();
    };
    check_gradient(least_squares, {100.0, 10.0, 0.1, 40.0});
    check_gradient(least_squares, {100.0, 10.0, 0.1, 160.0});
    auto ridge = [](const auto& x) {
        using T = std::decay_t<decltype(x[0])>;
        return predict_risk(subspace_problem<T>(T(80.0), x[1], x[2]), x[3], Ridge<T>{x[0]},
                            {Order::limit, 1e-12})
            .training_loss;
    };
    check_gradient(ridge, {0.05, 10.0, 0.2, 50.0});
    auto flow = [](const auto& x) {
        using T = std::decay_t<decltype(x[0])>;
        return predict_risk(subspace_problem<T>(T(80.0), x[1], x[2]), x[3], GradientFlow<T>{x[0]},
                            {Order::corrected, 1e-12})
            .variance;
    };
    check_gradient(flow, {12.0, 10.0, 0.2, 50.0});
}

TEST_CASE("derivatives with respect to the parameters of a power-law spectrum") {
    // exponent, scale, sigma, N
    auto risk = [](const auto& x) {
        using T = std::decay_t<decltype(x[0])>;
        using std::pow;
        LinearGaussianProblem<T> p;
        const int n = 60;
        p.eigenvalue.resize(n), p.multiplicity.resize(n), p.weight.resize(n);
        p.floor = T(0.0);
        for (int j = 0; j < n; ++j) {
            const T l = x[1] * pow(T(j + 1.0), -x[0]);
            p.eigenvalue[j] = l + x[2] * x[2];
            p.multiplicity[j] = T(1.0);
            p.weight[j] = l * l / (p.eigenvalue[j] * p.eigenvalue[j]);
            p.floor += l * x[2] * x[2] / p.eigenvalue[j];
        }
        p.training_noise = p.floor;
        return predict_risk(p, x[3], GradientDescent<T>{T(0.2), 60.0}, {Order::corrected, 1e-12}).total();
    };
    check_gradient(risk, {1.3, 2.0, 0.2, 50.0});
    check_gradient(risk, {2.1, 1.0, 0.1, 20.0});
}

TEST_CASE("the optimal stopping step keeps derivatives at the fixed optimum") {
    using T = Jet;
    const auto p = subspace_problem<T>(T(100.0), T(10.0), T(0.1));
    const auto best = optimal_stopping<T>(p, T(64.0, 3), T(0.3), 500);
    const double h = 1e-3;
    auto at = [&](double n) {
        return predict_risk(subspace_problem(100.0, 10.0, 0.1), n, GradientDescent<>{0.3, best.parameter},
                            {Order::corrected, 1e-12})
            .total();
    };
    check_close(best.risk.total().v[3], (at(64 + h) - at(64 - h)) / (2 * h), 1e-6, 0.0);
}
#endif
