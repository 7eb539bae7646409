#pragma once
/// The expected resolvent on a contour, to first order in 1/N.

#include <Eigen/Core>
#include <vector>

#include "reconlaw/risk/companion.hpp"
#include "reconlaw/risk/contour.hpp"
#include "reconlaw/risk/result.hpp"

namespace reconlaw::detail {

template <class T>
using ComplexMatrix = Eigen::Matrix<Complex<T>, Eigen::Dynamic, Eigen::Dynamic>;
template <class T>
using ComplexArray = Eigen::Array<Complex<T>, Eigen::Dynamic, 1>;

/// On nodes z of a contour, per population eigenvalue lambda (docs/theory, sections 3 and 4):
///
///     D  = 1/(1 + lambda m),   E G(z) = -D/z + Q/N,
///     Q  = (mu lambda D^2 - m' lambda^2 D^3)/z,   mu = (m'^2/m) <lambda^2 D^3>,
///     m' = dm/dz = 1/(1/m^2 - <lambda^2 D^2>),    <f> = (1/N) sum_i c_i f(lambda_i).
///
/// `m` carries the derivatives of an automatic-differentiation scalar: one Newton step on the converged
/// value.
template <class T>
struct Resolvent {
    using C = Complex<T>;
    ComplexArray<T> z, weight, m, slope, mu, h;  ///< slope = m', h = -1/m
    ComplexMatrix<T> D;                          ///< nodes x eigenvalues
    bool converged = true;

    Resolvent(const LinearGaussianProblem<T>& problem, const T& training_size, const Companion& companion,
              const Contour& contour) {
        const auto nodes = static_cast<Eigen::Index>(contour.node.size());
        const Eigen::Index count = problem.size();
        z.resize(nodes), weight.resize(nodes), m.resize(nodes), slope.resize(nodes), mu.resize(nodes),
            h.resize(nodes);
        D.resize(nodes, count);
        const Eigen::Array<T, Eigen::Dynamic, 1> share = problem.multiplicity / training_size;

        Complex<double> guess;
        for (Eigen::Index j = 0; j < nodes; ++j) {
            const Complex<double> node = contour.node[j];
            guess = companion.solve(node, j == 0 ? Complex<double>(-1.0) / node : guess, converged);
            z[j] = lift(node), weight[j] = lift(contour.weight[j]);
            C root = lift(guess);
            if constexpr (!std::is_same_v<T, double>) {
                C f = C(-1.0) / root - z[j], fp = C(1.0) / (root * root);
                for (Eigen::Index i = 0; i < count; ++i) {
                    const C q = C(problem.eigenvalue[i]) / (C(1.0) + C(problem.eigenvalue[i]) * root);
                    f += C(share[i]) * q, fp -= C(share[i]) * q * q;
                }
                root -= f / fp;
            }
            m[j] = root;
            h[j] = C(-1.0) / root;
            C second, third;  // <lambda^2 D^2>, <lambda^2 D^3>
            for (Eigen::Index i = 0; i < count; ++i) {
                const C d = C(1.0) / (C(1.0) + C(problem.eigenvalue[i]) * root);
                D(j, i) = d;
                const C term = C(share[i] * problem.eigenvalue[i] * problem.eigenvalue[i]) * d * d;
                second += term, third += term * d;
            }
            slope[j] = C(1.0) / (h[j] * h[j] - second);
            mu[j] = slope[j] * slope[j] / root * third;
        }
    }

    /// Q at node j for eigenvalue lambda_i
    C correction(Eigen::Index j, Eigen::Index i, const T& lambda) const {
        const C d = D(j, i), ld = C(lambda) * d;
        return (mu[j] * ld * d - slope[j] * ld * ld * d) / z[j];
    }

    /// (E G)_i at node j.
    C expected(Eigen::Index j, Eigen::Index i, const T& lambda, const T& training_size, Order order) const {
        const C g = -(D(j, i) / z[j]);
        return order == Order::corrected ? g + correction(j, i, lambda) / C(training_size) : g;
    }

    /// sum_i u_i (E G)_i at node j.
    C expected(Eigen::Index j, const Eigen::Array<T, Eigen::Dynamic, 1>& u,
               const Eigen::Array<T, Eigen::Dynamic, 1>& lambda, const T& training_size, Order order) const {
        C sum;
        for (Eigen::Index i = 0; i < lambda.size(); ++i)
            sum += C(u[i]) * expected(j, i, lambda[i], training_size, order);
        return sum;
    }

  private:
    static C lift(const Complex<double>& v) { return C(T(v.re), T(v.im)); }
};

}  // namespace reconlaw::detail
