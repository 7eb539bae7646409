#pragma once
/// The problems of the theory laws, up to the variance of the signal: two numbers each, for any scalar.

#include <Eigen/Core>
#include <Eigen/Eigenvalues>
#include <algorithm>
#include <boost/math/tools/toms748_solve.hpp>
#include <cmath>
#include <vector>

#include "reconlaw/problem/subspace.hpp"

namespace reconlaw::fit::theory_detail {

using Index = Eigen::Index;

/// The subspace model with signals of unit variance.
struct SubspaceShape {
    double n;

    /// d up to n within rounding; always with noise directions, so that the derivative at d = n is there.
    template <class T>
    LinearGaussianProblem<T> problem(const T& d, const T& sigma) const {
        return subspace_problem<T>(T(n), inside(d), sigma);
    }
    template <class T>
    T step_size(const LinearGaussianProblem<T>&, const T& d, const T& sigma, double size) const {
        return paper_step_size<T>(T(n), inside(d), sigma, T(size));
    }
    bool valid(double d) const { return d >= 1 - 1e-9 && d <= n * (1 + 1e-9); }
    std::vector<double> grid() const {
        const int count = std::clamp(static_cast<int>(std::ceil(std::log(n) / std::log(2.2))), 3, 14);
        std::vector<double> d;
        for (int i = 0; i < count; ++i) d.push_back(std::pow(n, (i + 0.5) / count));
        return d;
    }
    static constexpr double grid_noise[2] = {0.01, 2.0};

  private:
    template <class T>
    T inside(T d) const {
        const double v = detail::value_of(d);
        d += T(std::clamp(v, 1.0, n * (1 - 1e-12)) - v);
        return d;
    }
};

/// l_j = j^-exponent, j = 1..p, as groups: `place` (a real j) stands for `count` eigenvalues.
struct SpectrumShape {
    double p;
    Eigen::ArrayXd log_place, count;

    explicit SpectrumShape(long dimension) : p(static_cast<double>(dimension)) {
        constexpr long single = 8;
        constexpr double ratio = 1.6;
        std::vector<double> places, counts;
        for (long j = 1; j <= std::min(dimension, single); ++j)
            places.push_back(std::log(static_cast<double>(j))), counts.push_back(1);
        for (long first = single + 1; first <= dimension;) {
            const long wanted = std::lround(ratio * static_cast<double>(first));
            const long last = std::min(dimension, wanted);
            add_block(first, last, places, counts);
            first = last + 1;
        }
        const auto size = static_cast<Index>(places.size());
        log_place = Eigen::Map<Eigen::ArrayXd>(places.data(), size);
        count = Eigen::Map<Eigen::ArrayXd>(counts.data(), size);
    }

    /// Three-point Gauss rule of the sum over j = first..last in the variable log j, by the recurrence
    /// coefficients of its orthogonal polynomials.
    static void add_block(long first, long last, std::vector<double>& places, std::vector<double>& counts) {
        const Eigen::ArrayXd x =
            Eigen::ArrayXd::LinSpaced(last - first + 1, static_cast<double>(first), static_cast<double>(last))
                .log();
        if (x.size() <= 3) {
            for (const double place : x) places.push_back(place), counts.push_back(1);
            return;
        }
        Eigen::Matrix3d jacobi = Eigen::Matrix3d::Zero();
        Eigen::ArrayXd before = Eigen::ArrayXd::Zero(x.size()), now = Eigen::ArrayXd::Ones(x.size());
        double norm = now.square().sum();
        for (int k = 0;; ++k) {
            jacobi(k, k) = (x * now.square()).sum() / norm;
            if (k == 2) break;
            const double back = k == 0 ? 0.0 : jacobi(k, k - 1) * jacobi(k, k - 1);
            const Eigen::ArrayXd next = (x - jacobi(k, k)) * now - back * before;
            before = now, now = next;
            const double next_norm = now.square().sum();
            jacobi(k + 1, k) = jacobi(k, k + 1) = std::sqrt(next_norm / norm);
            norm = next_norm;
        }
        const Eigen::SelfAdjointEigenSolver<Eigen::Matrix3d> solved(jacobi);
        for (int k = 0; k < 3; ++k) {
            const double part = solved.eigenvectors()(0, k);
            places.push_back(solved.eigenvalues()[k]);
            counts.push_back(static_cast<double>(x.size()) * part * part);
        }
    }

    template <class T>
    LinearGaussianProblem<T> problem(const T& exponent, const T& sigma) const {
        using std::exp;
        const T s2 = sigma * sigma;
        LinearGaussianProblem<T> q;
        const Index groups = count.size();
        q.eigenvalue.resize(groups), q.multiplicity.resize(groups), q.weight.resize(groups);
        q.floor = T(0.0);
        for (Index i = 0; i < groups; ++i) {
            const T l = exp(-exponent * log_place[i]), gain = l / (l + s2);
            q.eigenvalue[i] = l + s2;
            q.multiplicity[i] = T(count[i]);
            q.weight[i] = gain * gain;
            q.floor += count[i] * gain * s2;
        }
        q.training_noise = q.floor;
        q.normalization = T(p);
        return q;
    }
    /// 1/(right edge). The edge is the largest value of z(u) = -u + <lambda u/(u + lambda)> over u = 1/m <
    /// -lambda_1: another envelope, u is held. (<f> = sum_i c_i f(lambda_i)/N)
    template <class T>
    T step_size(const LinearGaussianProblem<T>& q, const T&, const T&, double size) const {
        Eigen::ArrayXd lambda(q.size()), share = count / size;
        for (Index i = 0; i < q.size(); ++i) lambda[i] = detail::value_of(q.eigenvalue[i]);
        const auto excess = [&](double t) {
            return std::log((share * (lambda / (lambda[0] + std::exp(t) - lambda)).square()).sum());
        };
        const double low = std::log(lambda[0]) + 0.5 * std::log(share[0]) - 1e-9;
        const double high = 0.5 * std::log((share * lambda.square()).sum()) + 1e-9;
        std::uintmax_t evaluations = 100;
        const auto [a, b] = boost::math::tools::toms748_solve(
            excess, low, high, boost::math::tools::eps_tolerance<double>(48), evaluations);
        const double u = -lambda[0] - std::exp(0.5 * (a + b));
        T edge(-u);
        for (Index i = 0; i < q.size(); ++i) edge += share[i] * u * (q.eigenvalue[i] / (q.eigenvalue[i] + u));
        return T(1.0) / edge;
    }
    bool valid(double exponent) const { return exponent >= 0; }
    std::vector<double> grid() const { return {0.4, 0.7, 1.0, 1.3, 1.6, 2.0, 2.5, 3.2}; }
    static constexpr double grid_noise[2] = {0.003, 1.0};
};

}  // namespace reconlaw::fit::theory_detail
