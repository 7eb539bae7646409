#pragma once
/// Estimators learned from data, for every residual filter and every step of it, from one factorisation.

#include <Eigen/Core>
#include <Eigen/Eigenvalues>
#include <algorithm>
#include <cmath>
#include <sstream>
#include <stdexcept>
#include <string>
#include <vector>

#include "reconlaw/estimator/residual_filter.hpp"
#include "reconlaw/estimator/second_moments.hpp"

namespace reconlaw {

/// @throws std::invalid_argument unless the filter's iteration converges for a sample covariance whose
/// largest eigenvalue is `largest` (gradient descent: 0 < eta < 2/s_max), or for negative steps, time or
/// ridge parameter
template <ResidualFilter F>
void require_stable(const F& filter, double largest, const char* function) {
    validate(filter, function);
    const double bound = filter.geometry().stable_up_to;
    if constexpr (requires { filter.step_size; }) {
        const double eta = detail::value_of(filter.step_size);
        if (largest < bound) return;
        std::ostringstream message;
        message << function << ": step_size = " << eta << " with largest eigenvalue s_max = " << largest
                << " of YY'/N, must be > 0 and < " << eta * bound << "/s_max = " << eta * bound / largest
                << " (the iteration diverges otherwise)";
        throw std::invalid_argument(message.str());
    } else {
        detail::require(largest < bound, function, "largest eigenvalue of YY'/N", largest,
                        "below the filter's stable_up_to = " + std::to_string(bound));
    }
}

namespace detail {

/// phi(s_i) of the filter at each eigenvalue, checked to be finite.
template <ResidualFilter F>
Eigen::VectorXd shrinkages(const F& filter, const Eigen::VectorXd& eigenvalues, const char* function) {
    require_stable(filter, eigenvalues.size() > 0 ? eigenvalues[0] : 0.0, function);
    Eigen::VectorXd phi(eigenvalues.size());
    for (Eigen::Index i = 0; i < phi.size(); ++i) {
        phi[i] = shrinkage(filter, eigenvalues[i]);
        require(std::isfinite(phi[i]), function,
                "filter value phi(s) at s = " + std::to_string(eigenvalues[i]), phi[i], "finite");
    }
    return phi;
}

}  // namespace detail

/// Risk of one training set's estimators for every filter and step: a quadratic form in phi(s_1..s_r), formed
/// once by GradientPath::test_risk.
class TestRisk {
  public:
    /// @param eigenvalues  s_1 >= ... >= s_r > 0 of the training YY'/N
    /// @param quadratic    Q, r x r, @param linear c in R^r, @param constant q: risk = q - 2 c'phi + phi'Q
    /// phi
    TestRisk(Eigen::VectorXd eigenvalues, Eigen::MatrixXd quadratic, Eigen::VectorXd linear, double constant)
        : eigenvalues_(std::move(eigenvalues)),
          quadratic_(std::move(quadratic)),
          linear_(std::move(linear)),
          constant_(constant) {}

    /// Average squared error of the estimator the filter gives, summed over target coordinates; O(r^2).
    /// Rounding leaves an absolute error of about 1e-14 <|x|^2>.
    /// @throws std::invalid_argument  the filter's iteration diverges on the training set
    template <ResidualFilter F>
    double risk(const F& filter) const {
        const Eigen::VectorXd phi = detail::shrinkages(filter, eigenvalues_, "TestRisk::risk");
        if (phi.size() == 0) return constant_;
        const Eigen::VectorXd q = quadratic_.selfadjointView<Eigen::Lower>() * phi;
        return constant_ + phi.dot(q - 2.0 * linear_);
    }

    /// Risks of gradient descent stopped after each of `steps`.
    std::vector<double> risks(double step_size, const std::vector<double>& steps) const {
        std::vector<double> values;
        values.reserve(steps.size());
        for (const double k : steps) values.push_back(risk(GradientDescent<double>{step_size, k}));
        return values;
    }

    /// s_max of the training set; 0 if all its measurements are zero.
    double largest_eigenvalue() const { return eigenvalues_.size() > 0 ? eigenvalues_[0] : 0.0; }

  private:
    Eigen::VectorXd eigenvalues_;
    Eigen::MatrixXd quadratic_;
    Eigen::VectorXd linear_;
    double constant_;
};

/// The estimators W = (XY'/N) phi(S), S = YY'/N, of one training set (docs/theory, section 2).
///
/// With S = sum_i s_i u_i u_i' and b_i = (XY'/N) u_i,
///
///     W = sum_i phi(s_i) b_i u_i'
///
/// so one symmetric eigendecomposition (of YY'/N or, for no more samples than dimensions, of Y'Y/N) gives
/// every filter and every step. Eigenvalues below `rank_tolerance` = 1e-11 times the largest count as zero:
/// their directions are left out of W, as minimum-norm least squares demands. Eigenvalues are accurate to
/// about 1e-16 s_max, so 1/s near the threshold has about five digits.
///
///     const GradientPath path(X, Y);
///     Eigen::MatrixXd W = path.weights(GradientDescent<double>{0.5, 100});
///     double test = path.test_risk(population_moments(model)).risk(Ridge<double>{0.1});
class GradientPath {
  public:
    static constexpr double rank_tolerance = 1e-11;

    /// @param X  targets, n x N
    /// @param Y  measurements, p x N; subtract means first if the data has any
    /// @throws std::invalid_argument  no samples, shapes that differ, entries not finite
    GradientPath(const Eigen::Ref<const Eigen::MatrixXd>& X, const Eigen::Ref<const Eigen::MatrixXd>& Y) {
        constexpr auto f = "GradientPath";
        const Eigen::Index count = Y.cols(), p = Y.rows();
        detail::require(count > 0, f, "training_size N (columns of Y)", count, "at least 1");
        detail::require(X.cols() == count, f, "columns of X", X.cols(),
                        "the columns of Y = " + std::to_string(count));
        detail::require(X.rows() > 0, f, "rows of X", X.rows(), "at least 1");
        detail::require(p > 0, f, "rows of Y", p, "at least 1");
        detail::require(X.allFinite() && Y.allFinite(), f, "X and Y", "not finite", "finite in every entry");
        const double N = static_cast<double>(count), xx = X.squaredNorm() / N;
        if (count > p) {
            Eigen::MatrixXd yy = Eigen::MatrixXd::Zero(p, p);
            yy.selfadjointView<Eigen::Lower>().rankUpdate(Y, 1.0 / N);
            from_moments(yy, X * Y.transpose() / N, xx);
        } else {
            Eigen::MatrixXd gram = Eigen::MatrixXd::Zero(count, count);
            gram.selfadjointView<Eigen::Lower>().rankUpdate(Y.transpose(), 1.0 / N);
            const Eigen::MatrixXd v = decompose(gram);
            const Eigen::VectorXd root = (eigenvalues_ * N).cwiseSqrt();
            directions_ = Y * v * root.cwiseInverse().asDiagonal();
            coefficients_ = X * v;
            explained_ = coefficients_.colwise().squaredNorm().transpose() / N;
            coefficients_ = coefficients_ * (root / N).asDiagonal();
            unexplained_ = rank() == count ? 0.0 : std::max(0.0, xx - explained_.sum());
        }
    }

    /// From second moments of a training set; only yy, xy and xx enter.
    explicit GradientPath(const SecondMoments& training) {
        validate(training);
        from_moments(training.yy, training.xy, training.xx);
    }

    /// Number r of non-zero eigenvalues, at most min(N, p).
    Eigen::Index rank() const { return eigenvalues_.size(); }
    /// s_1 >= ... >= s_r > 0, the non-zero eigenvalues of YY'/N.
    const Eigen::VectorXd& eigenvalues() const { return eigenvalues_; }
    /// u_1..u_r, p x r.
    const Eigen::MatrixXd& directions() const { return directions_; }
    /// s_max; 0 if all measurements are zero.
    double largest_eigenvalue() const { return rank() > 0 ? eigenvalues_[0] : 0.0; }

    /// W (n x p) for a residual filter.
    /// @throws std::invalid_argument  the filter's iteration diverges: names step, largest eigenvalue and
    /// bound
    template <ResidualFilter F>
    Eigen::MatrixXd weights(const F& filter) const {
        const Eigen::VectorXd phi = detail::shrinkages(filter, eigenvalues_, "GradientPath::weights");
        return coefficients_ * phi.asDiagonal() * directions_.transpose();
    }

    /// (1/N)|WY - X|^2 on the training set = sum_i (|b_i|^2/s_i) r(s_i)^2 + what no linear map explains;
    /// O(r).
    template <ResidualFilter F>
    double training_loss(const F& filter) const {
        require_stable(filter, largest_eigenvalue(), "GradientPath::training_loss");
        double loss = unexplained_;
        for (Eigen::Index i = 0; i < rank(); ++i) {
            const double r = filter.residual(eigenvalues_[i]);
            loss += explained_[i] * r * r;
        }
        return loss;
    }

    /// Risk against other moments for all filters: those of the population, a test set or a validation set,
    /// about the same centre as the training data. Costs n r^2 + p^2 r once.
    TestRisk test_risk(const SecondMoments& against) const {
        validate(against);
        detail::require(against.yy.rows() == directions_.rows(), "GradientPath::test_risk", "rows of yy",
                        against.yy.rows(), "p = " + std::to_string(directions_.rows()));
        detail::require(against.xy.rows() == coefficients_.rows(), "GradientPath::test_risk", "rows of xy",
                        against.xy.rows(), "n = " + std::to_string(coefficients_.rows()));
        const Eigen::MatrixXd inner = coefficients_.transpose() * coefficients_;
        const Eigen::MatrixXd spread = directions_.transpose() * (against.yy * directions_);
        const Eigen::MatrixXd cross = against.xy * directions_;
        return TestRisk(eigenvalues_, inner.cwiseProduct(spread),
                        cross.cwiseProduct(coefficients_).colwise().sum().transpose(), against.xx);
    }

  private:
    /// Fills eigenvalues_ and returns the eigenvectors that go with them; reads the lower triangle.
    Eigen::MatrixXd decompose(const Eigen::MatrixXd& symmetric) {
        const Eigen::SelfAdjointEigenSolver<Eigen::MatrixXd> eig(symmetric);
        const Eigen::VectorXd s = eig.eigenvalues().reverse();
        const Eigen::Index r = s[0] > 0 ? (s.array() > rank_tolerance * s[0]).count() : 0;
        eigenvalues_ = s.head(r);
        return eig.eigenvectors().rightCols(r).rowwise().reverse();
    }
    void from_moments(const Eigen::MatrixXd& yy, const Eigen::MatrixXd& xy, double xx) {
        directions_ = decompose(yy);
        coefficients_ = xy * directions_;
        explained_ = coefficients_.colwise().squaredNorm().transpose().cwiseQuotient(eigenvalues_);
        unexplained_ = std::max(0.0, xx - explained_.sum());
    }

    Eigen::VectorXd eigenvalues_;
    Eigen::MatrixXd directions_;    // u_i, p x r
    Eigen::MatrixXd coefficients_;  // b_i, n x r
    Eigen::VectorXd explained_;     // |b_i|^2/s_i
    double unexplained_ = 0;
};

}  // namespace reconlaw
