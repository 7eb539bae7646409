#pragma once
/// Route 2: risk by contour integrals, any spectrum, with the first finite-size correction.

#include <Eigen/Core>

#include "reconlaw/risk/resolvent.hpp"

namespace reconlaw::detail {

/// Reinterprets a matrix of Complex<double> as std::complex<double> (same layout), for Eigen's fast products.
inline Eigen::Map<const Eigen::MatrixXcd> as_standard(const ComplexMatrix<double>& a) {
    return {reinterpret_cast<const std::complex<double>*>(a.data()), a.rows(), a.cols()};
}

/// A B'
template <class T>
ComplexMatrix<T> multiply_transposed(const ComplexMatrix<T>& a, const ComplexMatrix<T>& b) {
    if constexpr (std::is_same_v<T, double>) {
        ComplexMatrix<double> out(a.rows(), b.rows());
        Eigen::Map<Eigen::MatrixXcd>(reinterpret_cast<std::complex<double>*>(out.data()), a.rows(), b.rows())
            .noalias() = as_standard(a) * as_standard(b).transpose();
        return out;
    } else {
        return a * b.transpose();
    }
}

/// sum_ij a_i M_ij b_j
template <class T>
Complex<T> bilinear(const ComplexArray<T>& a, const ComplexMatrix<T>& m, const ComplexArray<T>& b) {
    if constexpr (std::is_same_v<T, double>) {
        using V = Eigen::Map<const Eigen::VectorXcd>;
        const V left(reinterpret_cast<const std::complex<double>*>(a.data()), a.size());
        const V right(reinterpret_cast<const std::complex<double>*>(b.data()), b.size());
        const std::complex<double> v = (left.transpose() * (as_standard(m) * right).eval()).value();
        return {v.real(), v.imag()};
    } else {
        Complex<T> sum;
        for (Eigen::Index j = 0; j < b.size(); ++j)
            for (Eigen::Index i = 0; i < a.size(); ++i) sum += a[i] * m(i, j) * b[j];
        return sum;
    }
}

/// |re| + |im| of the value part: within a factor 1.5 of the absolute value, without its square root.
template <class T>
double size_of(const Complex<T>& z) {
    return std::abs(value_of(z.re)) + std::abs(value_of(z.im));
}

/// Everything a contour integral of the risk shares between filters: single integrals on both contours, and
/// the matrix of the double integral for the bias, sum_i c_i w_i T(z1, z2) with T = T0 + T1/N (docs/theory,
/// (4)-(6)).
template <class T>
class ContourTable {
  public:
    using C = Complex<T>;
    using RealArray = Eigen::Array<T, Eigen::Dynamic, 1>;

    ContourTable(const LinearGaussianProblem<T>& problem, const T& training_size, const Companion& companion,
                 const ContourPair& pair, Order order, bool with_bias = true)
        : outer_(problem, training_size, companion, pair.outer),
          inner_(problem, training_size, companion, pair.inner),
          training_size_(training_size),
          training_noise_(problem.training_noise),
          order_(order) {
        single_outer_ = singles(problem, outer_);
        single_inner_ = singles(problem, inner_);
        if (with_bias) {
            rounding_ = Eigen::MatrixXd::Zero(outer_.z.size(), inner_.z.size());
            direct_ = bias_matrix(problem, false);
            mirrored_ = bias_matrix(problem, true);
        }
    }

    bool converged() const { return outer_.converged && inner_.converged; }
    int nodes() const { return static_cast<int>(outer_.z.size() + inner_.z.size()); }

    /// r at the nodes of both contours.
    struct Values {
        ComplexArray<T> outer, inner;
    };
    template <class F>
    Values sample(const F& filter) const {
        Values r{ComplexArray<T>(outer_.z.size()), ComplexArray<T>(inner_.z.size())};
        for (Eigen::Index j = 0; j < r.outer.size(); ++j) r.outer[j] = filter.residual(outer_.z[j]);
        for (Eigen::Index j = 0; j < r.inner.size(); ++j) r.inner[j] = filter.residual(inner_.z[j]);
        return r;
    }
    Values ones() const {
        return {ComplexArray<T>::Constant(outer_.z.size(), C(1.0)),
                ComplexArray<T>::Constant(inner_.z.size(), C(1.0))};
    }
    Values zeros() const {
        return {ComplexArray<T>::Constant(outer_.z.size(), C(0.0)),
                ComplexArray<T>::Constant(inner_.z.size(), C(0.0))};
    }

    /// A quantity on the outer contour and how far the inner one is from it.
    struct Value {
        T value{};
        double difference = 0;
    };
    /// training_noise * integral of (1 - r)^2/s dnu
    Value variance(const Values& r) const {
        return both(
            [&](const Singles& s, const Resolvent<T>& g, const ComplexArray<T>& f, Eigen::Index j) {
                const C one = C(1.0) - f[j];
                return s.variance[j] * one * one / g.z[j];
            },
            r);
    }
    /// signal part of the training loss plus the noise part inside the contour (without N - p)
    Value training(const Values& r) const {
        return both([](const Singles& s, const Resolvent<T>&, const ComplexArray<T>& f,
                       Eigen::Index j) { return s.training[j] * f[j] * f[j]; },
                    r);
    }
    /// sum_i c_i w_i lambda_i integral r dmu_i, a first-order quantity with the bias's numerical error
    Value mean_residual(const Values& r) const {
        return both([](const Singles& s, const Resolvent<T>&, const ComplexArray<T>& f,
                       Eigen::Index j) { return s.residual[j] * f[j]; },
                    r);
    }
    /// Cauchy's formula for r itself at two points inside, 0 and the right end of the spectrum: how far the
    /// contour is from reproducing r(0) = 1 and r(right). A pole or a cut of the filter inside the contour
    /// shows here.
    double analyticity_error(const Values& r, double right, double residual_at_right) const {
        double worst = 0;
        for (const auto& [g, f] : {std::pair{&outer_, &r.outer}, std::pair{&inner_, &r.inner}})
            for (const auto& [s, expected] : {std::pair{0.0, 1.0}, std::pair{right, residual_at_right}}) {
                C sum;
                for (Eigen::Index j = 0; j < g->z.size(); ++j)
                    sum += g->weight[j] * (*f)[j] / (g->z[j] - C(s));
                worst = std::max(worst, std::abs(2.0 * value_of(sum.re) - expected));
            }
        return worst;
    }
    T bias(const Values& r) const {
        ComplexArray<T> mirrored = r.inner;
        for (Eigen::Index j = 0; j < mirrored.size(); ++j) mirrored[j] = conj(mirrored[j]);
        const C sum = bilinear(r.outer, direct_, r.inner) + bilinear(r.outer, mirrored_, mirrored);
        return T(2.0) * sum.re;
    }

    /// Rounding error of `bias`: the divided differences of the kernel lose digits where contours come close
    /// to each other, as they do near zero for a filter of tiny reach. Errors of single entries add up in
    /// squares.
    double bias_rounding(const Values& r) const {
        const auto squares = [](const ComplexArray<T>& f) {
            Eigen::VectorXd out(f.size());
            for (Eigen::Index j = 0; j < f.size(); ++j)
                out[j] = value_of(f[j].re) * value_of(f[j].re) + value_of(f[j].im) * value_of(f[j].im);
            return out;
        };
        const Eigen::VectorXd a = squares(r.outer), b = squares(r.inner);
        return 24.0 * std::numeric_limits<double>::epsilon() * std::sqrt(a.dot(rounding_ * b));
    }

  private:
    struct Singles {
        ComplexArray<T> variance, training, residual;
    };

    Singles singles(const LinearGaussianProblem<T>& p, const Resolvent<T>& g) const {
        const Eigen::Index nodes = g.z.size();
        Singles s{ComplexArray<T>(nodes), ComplexArray<T>(nodes), ComplexArray<T>(nodes)};
        const RealArray share = p.multiplicity / training_size_;
        const RealArray signal = p.multiplicity * p.weight;
        for (Eigen::Index j = 0; j < nodes; ++j) {
            C pull, heard, seen,
                noise;  // sums over eigenvalues of E G times c lambda/N, c w lambda, c w, c/N
            for (Eigen::Index i = 0; i < p.size(); ++i) {
                const C g_i = g.expected(j, i, p.eigenvalue[i], training_size_, order_);
                const C counted = C(share[i]) * g_i, weighted = C(signal[i]) * g_i;
                noise += counted, seen += weighted;
                pull += C(p.eigenvalue[i]) * counted, heard += C(p.eigenvalue[i]) * weighted;
            }
            s.variance[j] = -(g.weight[j] * C(p.training_noise) * pull);
            s.training[j] = -(g.weight[j] * (g.z[j] * seen + C(p.training_noise) * noise));
            s.residual[j] = -(g.weight[j] * heard);
        }
        return s;
    }

    template <class G>
    Value both(G&& integrand, const Values& r) const {
        C a, b;
        for (Eigen::Index j = 0; j < outer_.z.size(); ++j) a += integrand(single_outer_, outer_, r.outer, j);
        for (Eigen::Index j = 0; j < inner_.z.size(); ++j) b += integrand(single_inner_, inner_, r.inner, j);
        return {T(2.0) * a.re, 2.0 * std::abs(value_of(a.re) - value_of(b.re))};
    }

    /// w1 w2 sum_i c_i w_i T_i(z1, z2), z1 on the outer contour, z2 on the inner one or its mirror image.
    /// With S_ab = sum_i c_i w_i lambda_i^(a+b-1) D1^a D2^b and q = h (h' - 1) + mu h^2,
    ///
    ///     z1 z2 sum T0 = H S_11
    ///     z1 z2 sum T1 = (q1 - q2)/(z1 - z2) S_11 - H (mu1 S_21 + mu2 S_12) + H (m1' S_31 + m2' S_13)
    ///                    - (h1' S_21 - h2' S_12)/(z1 - z2)
    ComplexMatrix<T> bias_matrix(const LinearGaussianProblem<T>& p, bool mirror) {
        const Eigen::Index n1 = outer_.z.size(), n2 = inner_.z.size();
        ComplexMatrix<T> D2 = inner_.D;
        auto mirrored = [&](const C& v) { return mirror ? conj(v) : v; };
        if (mirror)
            for (Eigen::Index i = 0; i < D2.size(); ++i) D2.data()[i] = conj(D2.data()[i]);

        const RealArray signal = p.multiplicity * p.weight;
        const bool corrected = order_ == Order::corrected;
        const Sums s = sums(p, signal, D2, corrected);
        const auto q = [](const C& h, const C& h_slope, const C& mu) {
            return h * (h_slope - C(1.0) + mu * h);
        };

        ComplexMatrix<T> out(n1, n2);
        for (Eigen::Index k = 0; k < n2; ++k) {
            const C z2 = mirrored(inner_.z[k]), h2 = mirrored(inner_.h[k]), m2p = mirrored(inner_.slope[k]);
            const C mu2 = mirrored(inner_.mu[k]), w2 = mirrored(inner_.weight[k]);
            const C h2p = m2p * h2 * h2, q2 = q(h2, h2p, mu2);
            for (Eigen::Index j = 0; j < n1; ++j) {
                const C z1 = outer_.z[j], h1 = outer_.h[j];
                const C gap = C(1.0) / (z1 - z2);
                const C H = (h1 - h2) * gap;
                C value = H * s.s11(j, k);
                // What is subtracted, over z1 - z2: the size of the rounding error in units of epsilon.
                const double close = size_of(gap), difference = size_of(h1) * close;
                double lost = difference * size_of(s.s11(j, k));
                if (corrected) {
                    const C m1p = outer_.slope[j], mu1 = outer_.mu[j], h1p = m1p * h1 * h1;
                    const C first = (q(h1, h1p, mu1) - q2) * gap * s.s11(j, k) +
                                    H * (m1p * s.s31(j, k) + m2p * s.s13(j, k)) -
                                    (H * mu1 + h1p * gap) * s.s21(j, k) - (H * mu2 - h2p * gap) * s.s12(j, k);
                    value += first / C(training_size_);
                    const double n = value_of(training_size_);
                    lost += close / n *
                            (size_of(q2) * size_of(s.s11(j, k)) + size_of(h1p) * size_of(s.s21(j, k)) +
                             size_of(h2p) * size_of(s.s12(j, k)));
                    lost += difference / n *
                            (size_of(mu1 * s.s21(j, k)) + size_of(mu2 * s.s12(j, k)) +
                             size_of(m1p * s.s31(j, k)) + size_of(m2p * s.s13(j, k)));
                }
                const C scale = outer_.weight[j] * w2 / (z1 * z2);
                out(j, k) = scale * value;
                lost *= size_of(scale);
                rounding_(j, k) += lost * lost;
            }
        }
        return out;
    }

    struct Sums {
        ComplexMatrix<T> s11, s21, s31, s12, s13;
    };
    Sums sums(const LinearGaussianProblem<T>& p, const RealArray& u, const ComplexMatrix<T>& D2,
              bool all) const {
        std::vector<Eigen::Index> used;
        for (Eigen::Index i = 0; i < u.size(); ++i)
            if (value_of(u[i]) != 0) used.push_back(i);
        const auto count = static_cast<Eigen::Index>(used.size());
        const Eigen::Index n1 = outer_.z.size(), n2 = D2.rows();
        ComplexMatrix<T> a1(n1, count), a2(n1, count), a3(n1, count), b1(n2, count), b2(n2, count),
            b3(n2, count);
        for (Eigen::Index c = 0; c < count; ++c) {
            const Eigen::Index i = used[c];
            const C lambda(p.eigenvalue[i]), weight(u[i]);
            for (Eigen::Index j = 0; j < n1; ++j) {
                const C ld = lambda * outer_.D(j, i);
                a1(j, c) = weight * ld;
                if (all) a2(j, c) = a1(j, c) * ld, a3(j, c) = a2(j, c) * ld;
            }
            for (Eigen::Index k = 0; k < n2; ++k) {
                b1(k, c) = D2(k, i);
                if (all) {
                    const C ld = lambda * D2(k, i);
                    b2(k, c) = ld * D2(k, i), b3(k, c) = ld * b2(k, c);
                }
            }
        }
        Sums s;
        s.s11 = multiply_transposed<T>(a1, b1);
        if (all) {
            s.s21 = multiply_transposed<T>(a2, b1), s.s31 = multiply_transposed<T>(a3, b1);
            s.s12 = multiply_transposed<T>(a1, b2), s.s13 = multiply_transposed<T>(a1, b3);
        }
        return s;
    }

    Resolvent<T> outer_, inner_;
    T training_size_, training_noise_;
    Order order_;
    Singles single_outer_, single_inner_;
    ComplexMatrix<T> direct_, mirrored_;
    Eigen::MatrixXd rounding_;  ///< squared rounding errors of the kernel's entries, in units of epsilon
};

}  // namespace reconlaw::detail
