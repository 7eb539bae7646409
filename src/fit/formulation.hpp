#pragma once
/// A law on a curve as a least-squares problem: units, coordinates, bounds.

#include <Eigen/Core>
#include <algorithm>
#include <cmath>
#include <limits>

#include "reconlaw/fit/fit_law.hpp"

namespace reconlaw::fit {

constexpr double log_limit = 230;  ///< of a logarithmic parameter: e^230 is still far from overflow

/// The least-squares problem of a law on a curve in given units, in the fitted coordinates q: logarithms of
/// the logarithmic parameters, the others as they are.
class Formulation {
  public:
    /// @param robust_weight  of the squared residuals, or empty
    Formulation(const Law& law, const LearningCurve& curve, Residual residual, double size_unit,
                double loss_unit, const Eigen::ArrayXd& robust_weight = {})
        : law_(law), residual_(residual), size_unit_(size_unit), loss_unit_(loss_unit) {
        size_ = curve.size / size_unit;
        loss_ = curve.loss / loss_unit;
        weight_ = Eigen::ArrayXd::Ones(size_.size());
        measured_ = curve.log_error.size() != 0;
        if (curve.log_error.size() != 0) weight_ /= curve.log_error;
        if (curve.log_error.size() != 0 && residual == Residual::absolute) weight_ /= loss_;
        if (robust_weight.size() != 0) weight_ *= robust_weight.sqrt();
        problem_.residuals = size_.size();
        const Eigen::Index k = law.dimension();
        problem_.lower.resize(k), problem_.upper.resize(k);
        for (Eigen::Index j = 0; j < k; ++j) {
            const Parameter& p = law.parameters[static_cast<std::size_t>(j)];
            problem_.lower[j] = p.logarithmic ? std::max(std::log(p.lower), -log_limit) : p.lower;
            problem_.upper[j] = p.logarithmic ? std::min(std::log(p.upper), log_limit) : p.upper;
        }
        problem_.residual = [this](Eigen::Index row, const double* q, double* r, double* g) {
            return evaluate(row, q, r, g);
        };
    }
    Formulation(const Formulation&) = delete;
    Formulation& operator=(const Formulation&) = delete;

    LeastSquaresProblem& problem() { return problem_; }
    const LeastSquaresProblem& problem() const { return problem_; }
    const Law& law() const { return law_; }
    /// What a residual of the curve in its own units is in units of the problem's.
    double residual_unit() const { return residual_ == Residual::absolute && !measured_ ? loss_unit_ : 1.0; }
    Eigen::Index points() const { return size_.size(); }
    LearningCurve curve() const { return {size_, loss_}; }

    /// Without regard to the bounds.
    Eigen::VectorXd unbounded_coordinates(const Eigen::VectorXd& p) const {
        Eigen::VectorXd q = p;
        for (Eigen::Index j = 0; j < q.size(); ++j)
            if (logarithmic(j)) q[j] = std::log(q[j]);
        return q;
    }
    Eigen::VectorXd coordinates(const Eigen::VectorXd& p) const {
        return unbounded_coordinates(p).cwiseMax(problem_.lower).cwiseMin(problem_.upper);
    }
    Eigen::VectorXd parameters(const Eigen::VectorXd& q) const {
        Eigen::VectorXd p = q;
        for (Eigen::Index j = 0; j < p.size(); ++j)
            if (logarithmic(j)) p[j] = std::exp(p[j]);
        return p;
    }
    /// In the units of the curve.
    Eigen::VectorXd natural(const Eigen::VectorXd& q) const {
        Eigen::VectorXd p = parameters(q);
        if (law_.rescale) law_.rescale(p.data(), size_unit_, loss_unit_);
        return p;
    }
    /// The inverse of natural().
    Eigen::VectorXd from_natural(Eigen::VectorXd p) const {
        if (law_.rescale) law_.rescale(p.data(), 1 / size_unit_, 1 / loss_unit_);
        return coordinates(p);
    }
    double cost(const Eigen::VectorXd& q) const {
        double sum = 0, r = 0;
        for (Eigen::Index i = 0; i < points(); ++i) {
            if (!evaluate(i, q.data(), &r, nullptr) || !std::isfinite(r))
                return std::numeric_limits<double>::infinity();
            sum += r * r;
        }
        return sum;
    }
    /// d residual / d q, rows by points.
    Eigen::MatrixXd jacobian(const Eigen::VectorXd& q) const {
        Eigen::MatrixXd all(points(), q.size());
        Eigen::VectorXd gradient(q.size());
        double r = 0;
        for (Eigen::Index i = 0; i < points(); ++i) {
            if (!evaluate(i, q.data(), &r, gradient.data()))
                gradient.setConstant(std::numeric_limits<double>::quiet_NaN());
            all.row(i) = gradient.transpose();
        }
        return all;
    }
    bool logarithmic(Eigen::Index j) const {
        return law_.parameters[static_cast<std::size_t>(j)].logarithmic;
    }

  private:
    bool evaluate(Eigen::Index i, const double* q, double* residual, double* gradient) const {
        const Eigen::Index k = law_.dimension();
        scratch_.resize(k);
        for (Eigen::Index j = 0; j < k; ++j) scratch_[j] = logarithmic(j) ? std::exp(q[j]) : q[j];
        const double value = law_.evaluate(scratch_.data(), size_[i], gradient);
        double factor = weight_[i];
        if (residual_ == Residual::log) {
            if (!(value > 0)) return false;
            *residual = weight_[i] * std::log(value / loss_[i]);
            factor /= value;
        } else {
            *residual = weight_[i] * (value - loss_[i]);
        }
        if (gradient != nullptr)
            for (Eigen::Index j = 0; j < k; ++j) gradient[j] *= factor * (logarithmic(j) ? scratch_[j] : 1.0);
        return true;
    }

    const Law& law_;
    Residual residual_;
    bool measured_ = false;
    double size_unit_, loss_unit_;
    Eigen::ArrayXd size_, loss_, weight_;
    LeastSquaresProblem problem_;
    mutable Eigen::VectorXd scratch_;
};

inline double geometric_mean(const Eigen::ArrayXd& x) {
    return std::exp(x.log().mean());
}

inline double size_unit_of(const Law& law, const LearningCurve& curve) {
    return law.rescale ? geometric_mean(curve.size) : 1.0;
}

inline double loss_unit_of(const Law& law, const LearningCurve& curve) {
    return law.rescale ? geometric_mean(curve.loss) : 1.0;
}

inline LeastSquaresOptions solver_options(const FitOptions& options) {
    LeastSquaresOptions solver;
    solver.max_iterations = options.max_iterations;
    solver.tolerance = options.tolerance;
    return solver;
}

}  // namespace reconlaw::fit
