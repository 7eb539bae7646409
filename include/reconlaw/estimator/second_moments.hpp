#pragma once
/// Second moments of pairs (x, y): all that training and testing a linear estimator needs from data.

#include <Eigen/Core>
#include <cmath>
#include <limits>
#include <string>

#include "reconlaw/problem/measurement_model.hpp"

namespace reconlaw {

/// Averages over `count` pairs of targets x in R^n and measurements y in R^p, about a centre (c_x, c_y):
///
///     yy = <(y - c_y)(y - c_y)'>,   xy = <(x - c_x)(y - c_y)'>,   xx = <|x - c_x|^2>
///
/// Centre zero gives the S = YY'/N and XY'/N of docs/theory, section 2. For data with a mean, use the
/// training set's mean as the centre of every moment, test and validation included: the estimator is then x =
/// c_x + W (y - c_y).
struct SecondMoments {
    Eigen::MatrixXd yy;        ///< p x p
    Eigen::MatrixXd xy;        ///< n x p
    double xx = 0.0;           ///< a trace
    Eigen::VectorXd mean_x;    ///< <x>, whatever the centre
    Eigen::VectorXd mean_y;    ///< <y>
    Eigen::VectorXd center_x;  ///< c_x
    Eigen::VectorXd center_y;  ///< c_y
    double count = 0;          ///< number of pairs; infinity for moments of a population
};

/// Checks shapes and finiteness. @throws std::invalid_argument
inline void validate(const SecondMoments& m) {
    constexpr auto f = "SecondMoments";
    detail::require(m.yy.rows() > 0 && m.yy.rows() == m.yy.cols(), f, "shape of yy",
                    std::to_string(m.yy.rows()) + " x " + std::to_string(m.yy.cols()),
                    "square, at least 1 x 1");
    detail::require(m.xy.rows() > 0 && m.xy.cols() == m.yy.cols(), f, "shape of xy",
                    std::to_string(m.xy.rows()) + " x " + std::to_string(m.xy.cols()),
                    "n x p with p = " + std::to_string(m.yy.cols()));
    detail::require(m.yy.allFinite() && m.xy.allFinite(), f, "yy and xy", "not finite",
                    "finite in every entry");
    detail::require_finite_nonnegative(m.xx, f, "xx");
    detail::require(m.count > 0, f, "count", m.count, "> 0");
}

/// The same moments about another centre (exact: only the means move).
inline SecondMoments recentered(SecondMoments m, const Eigen::Ref<const Eigen::VectorXd>& center_x,
                                const Eigen::Ref<const Eigen::VectorXd>& center_y) {
    detail::require(center_x.size() == m.xy.rows(), "recentered", "size of center_x", center_x.size(),
                    "n = " + std::to_string(m.xy.rows()));
    detail::require(center_y.size() == m.yy.rows(), "recentered", "size of center_y", center_y.size(),
                    "p = " + std::to_string(m.yy.rows()));
    const Eigen::VectorXd from_x = m.mean_x - m.center_x, from_y = m.mean_y - m.center_y;
    const Eigen::VectorXd to_x = m.mean_x - center_x, to_y = m.mean_y - center_y;
    m.yy += to_y * to_y.transpose() - from_y * from_y.transpose();
    m.xy += to_x * to_y.transpose() - from_x * from_y.transpose();
    m.xx += to_x.squaredNorm() - from_x.squaredNorm();
    m.center_x = center_x, m.center_y = center_y;
    return m;
}

/// Streamed accumulation of second moments in double.
///
/// Each batch is reduced about its own mean and merged with the update of Chan, Golub & LeVeque (1983), so a
/// large common mean costs no digits. The result depends on how the data is cut into batches and on their
/// order, by rounding only; the same batches in the same order give the same bits. To work in parallel, give
/// each worker its own accumulator and merge them in a fixed order.
///
///     MomentAccumulator training;
///     for (batch : set) training.add(batch.x, batch.y);
///     const GradientPath path(training.about_mean());
class MomentAccumulator {
  public:
    /// Adds b pairs, columns of X (n x b) and Y (p x b). An empty batch changes nothing.
    /// @throws std::invalid_argument  shapes that differ from each other or from earlier batches, entries not
    /// finite
    void add(const Eigen::Ref<const Eigen::MatrixXd>& X, const Eigen::Ref<const Eigen::MatrixXd>& Y) {
        constexpr auto f = "MomentAccumulator::add";
        detail::require(X.rows() > 0, f, "rows of X", X.rows(), "at least 1");
        detail::require(Y.rows() > 0, f, "rows of Y", Y.rows(), "at least 1");
        detail::require(X.cols() == Y.cols(), f, "columns of X", X.cols(),
                        "the columns of Y = " + std::to_string(Y.cols()));
        if (X.cols() == 0) return;
        MomentAccumulator batch;
        batch.count_ = static_cast<double>(X.cols());
        batch.mean_x_ = X.rowwise().mean(), batch.mean_y_ = Y.rowwise().mean();
        const Eigen::MatrixXd dx = X.colwise() - batch.mean_x_, dy = Y.colwise() - batch.mean_y_;
        batch.xx_ = dx.squaredNorm();
        batch.xy_.noalias() = dx * dy.transpose();
        batch.yy_ = Eigen::MatrixXd::Zero(Y.rows(), Y.rows());
        batch.yy_.selfadjointView<Eigen::Lower>().rankUpdate(dy);
        detail::require(std::isfinite(batch.xx_) && batch.xy_.allFinite() && batch.yy_.allFinite(), f,
                        "X and Y", "not finite", "finite in every entry");
        merge(batch);
    }

    /// Adds all pairs another accumulator has seen.
    void merge(const MomentAccumulator& other) {
        if (other.count_ == 0) return;
        if (count_ == 0) {
            *this = other;
            return;
        }
        constexpr auto f = "MomentAccumulator";
        detail::require(other.mean_x_.size() == mean_x_.size(), f, "n (rows of X)", other.mean_x_.size(),
                        "that of the earlier batches = " + std::to_string(mean_x_.size()));
        detail::require(other.mean_y_.size() == mean_y_.size(), f, "p (rows of Y)", other.mean_y_.size(),
                        "that of the earlier batches = " + std::to_string(mean_y_.size()));
        const double total = count_ + other.count_, share = other.count_ / total, w = count_ * share;
        const Eigen::VectorXd dx = other.mean_x_ - mean_x_, dy = other.mean_y_ - mean_y_;
        yy_.triangularView<Eigen::Lower>() += other.yy_;
        yy_.selfadjointView<Eigen::Lower>().rankUpdate(dy, w);
        xy_ += other.xy_ + w * dx * dy.transpose();
        xx_ += other.xx_ + w * dx.squaredNorm();
        mean_x_ += share * dx, mean_y_ += share * dy;
        count_ = total;
    }

    double count() const { return count_; }

    /// Moments with the mean removed (covariances, divided by the count).
    SecondMoments about_mean() const {
        detail::require(count_ > 0, "MomentAccumulator", "number of pairs", count_, "at least 1");
        SecondMoments m;
        m.yy = yy_.selfadjointView<Eigen::Lower>();
        m.yy /= count_;
        m.xy = xy_ / count_, m.xx = xx_ / count_;
        m.mean_x = m.center_x = mean_x_, m.mean_y = m.center_y = mean_y_;
        m.count = count_;
        return m;
    }
    /// Moments about (c_x, c_y), such as another set's mean.
    SecondMoments about(const Eigen::Ref<const Eigen::VectorXd>& center_x,
                        const Eigen::Ref<const Eigen::VectorXd>& center_y) const {
        return recentered(about_mean(), center_x, center_y);
    }
    /// Plain averages: YY'/N, XY'/N, |X|^2/N.
    SecondMoments about_zero() const {
        return about(Eigen::VectorXd::Zero(mean_x_.size()), Eigen::VectorXd::Zero(mean_y_.size()));
    }

  private:
    double count_ = 0, xx_ = 0;
    Eigen::VectorXd mean_x_, mean_y_;
    Eigen::MatrixXd yy_, xy_;  // sums about the mean; lower triangle of yy_
};

/// Exact moments of a model: yy = A F F' A' + sigma^2 I, xy = F F' A', xx = tr F F' (clean targets), count
/// infinite.
inline SecondMoments population_moments(const MeasurementModel& model) {
    validate(model);
    const Eigen::MatrixXd signal = model.forward * model.signal_factor;
    SecondMoments m;
    m.yy = signal * signal.transpose();
    m.yy.diagonal().array() += model.noise_level * model.noise_level;
    m.xy = model.signal_factor * signal.transpose();
    m.xx = model.signal_factor.squaredNorm();
    m.mean_x = m.center_x = Eigen::VectorXd::Zero(m.xy.rows());
    m.mean_y = m.center_y = Eigen::VectorXd::Zero(m.yy.rows());
    m.count = std::numeric_limits<double>::infinity();
    return m;
}

/// Average squared error of an estimator W (n x p) over the pairs behind the moments, with their centre
/// removed:
/// <|W y - x|^2> = tr W yy W' - 2 tr W xy' + xx.   [summed over target coordinates]
inline double risk(const Eigen::Ref<const Eigen::MatrixXd>& W, const SecondMoments& moments) {
    detail::require(W.rows() == moments.xy.rows() && W.cols() == moments.xy.cols(), "risk", "shape of W",
                    std::to_string(W.rows()) + " x " + std::to_string(W.cols()),
                    std::to_string(moments.xy.rows()) + " x " + std::to_string(moments.xy.cols()));
    const Eigen::MatrixXd residual = W * moments.yy - 2.0 * moments.xy;
    return residual.cwiseProduct(W).sum() + moments.xx;
}

}  // namespace reconlaw
