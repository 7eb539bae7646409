#pragma once
/// One training set as the spectrum of its sample covariance: what every filtered estimator's exact risk
/// depends on.

#include <Eigen/Core>
#include <algorithm>
#include <boost/math/tools/minima.hpp>
#include <cmath>
#include <cstdint>
#include <vector>

#include "reconlaw/estimator/residual_filter.hpp"

namespace reconlaw {

/// Exact risk of one learned estimator on one training set.
struct SampleRisk {
    double test_risk = 0.0;      ///< E|W y - x|^2 over fresh pairs, summed over coordinates
    double training_loss = 0.0;  ///< (1/N)|W Y - X|_F^2
    double steps = 0.0;          ///< step (early stopping) or lambda (ridge) that was chosen, where one was
};

/// Training set (X, Y) with G = Y'Y/N = sum_i s_i v_i v_i', reduced to
///
///     a_i = X v_i/sqrt(N),   b_i = (A F)' Y v_i/sqrt(N)
///
/// where F is the signal factor and A F the clean measurement (MeasurementModel). An estimator with residual
/// filter r, W = (X Y'/N) phi(S), phi = (1 - r)/s, then has
///
///     W A F = sum_i phi_i a_i b_i',   |W|^2 = sum_i phi_i^2 s_i |a_i|^2,   |W Y - X|^2/N = sum_i r_i^2
///     |a_i|^2 test risk = |W A F - F|^2 + sigma^2 |W|^2
struct SampleSpectrum {
    Eigen::ArrayXd eigenvalue;    ///< s_i >= 0, ascending; numerical zeros are exactly 0
    Eigen::MatrixXd target;       ///< a, t x r
    Eigen::MatrixXd signal;       ///< b, q x r
    Eigen::MatrixXd goal;         ///< F, t x q
    double noise_variance = 0.0;  ///< sigma^2
    double null_energy = 0.0;     ///< |X|^2/N in directions outside the r listed, where r(0) = 1

    Eigen::Index size() const { return eigenvalue.size(); }
};

/// Test risks of many filters at once: column j of `shrinkages` holds phi_1..phi_r of filter j.
class ShrinkageRisk {
  public:
    explicit ShrinkageRisk(const SampleSpectrum& spectrum)
        : spectrum_(&spectrum),
          linear_((spectrum.target.array() * (spectrum.goal * spectrum.signal).array())
                      .colwise()
                      .sum()
                      .transpose()),
          own_(spectrum.noise_variance * spectrum.eigenvalue *
               spectrum.target.colwise().squaredNorm().transpose().array()),
          constant_(spectrum.goal.squaredNorm()) {
        // |W A F|^2 either as a quadratic form in phi or through W A F itself, whichever is smaller.
        if (spectrum.size() <= spectrum.goal.size())
            quadratic_ = (spectrum.target.transpose() * spectrum.target)
                             .cwiseProduct(spectrum.signal.transpose() * spectrum.signal);
    }

    Eigen::ArrayXd operator()(const Eigen::Ref<const Eigen::MatrixXd>& shrinkages) const {
        Eigen::ArrayXd risk = constant_ - 2.0 * (shrinkages.transpose() * linear_.matrix()).array() +
                              (shrinkages.cwiseAbs2().transpose() * own_.matrix()).array();
        if (quadratic_.size() > 0) {
            const Eigen::MatrixXd image = quadratic_ * shrinkages;
            risk += image.cwiseProduct(shrinkages).colwise().sum().transpose().array();
        } else {
            for (Eigen::Index j = 0; j < shrinkages.cols(); ++j) {
                const Eigen::MatrixXd estimate =
                    spectrum_->target * shrinkages.col(j).asDiagonal() * spectrum_->signal.transpose();
                risk[j] += estimate.squaredNorm();
            }
        }
        return risk;
    }

  private:
    const SampleSpectrum* spectrum_;
    Eigen::ArrayXd linear_, own_;
    double constant_;
    Eigen::MatrixXd quadratic_;
};

/// Exact test risk and training loss of a residual filter.
template <ResidualFilter F>
SampleRisk filtered_risk(const SampleSpectrum& spectrum, const F& filter) {
    Eigen::VectorXd phi(spectrum.size());
    double loss = spectrum.null_energy;
    for (Eigen::Index i = 0; i < spectrum.size(); ++i) {
        const double s = spectrum.eigenvalue[i];
        phi[i] = shrinkage(filter, s);
        const double r = s > 0 ? filter.residual(s) : 1.0;
        loss += r * r * spectrum.target.col(i).squaredNorm();
    }
    return {ShrinkageRisk(spectrum)(phi)[0], loss, 0.0};
}

/// Ends a search along the iterations: over once k >= 4 best + 50 and the risk has not improved since. Only a
/// gain of more than 1e-12 relative counts as an improvement, so rounding on a plateau does not prolong the
/// search.
struct StepSearch {
    double best_risk = std::numeric_limits<double>::infinity();
    int best_step = 0;

    /// Offers the risk after k steps; true while the search goes on. NaN and infinity never improve.
    bool offer(int k, double risk) {
        if (k == 0 || risk < best_risk * (1.0 - 1e-12)) best_risk = risk, best_step = k;
        return k < 4 * static_cast<long>(best_step) + 50;
    }
};

/// Gradient descent stopped at the step 0 <= k <= max_steps of smallest test risk (known to an oracle). The
/// search ends early by the rule of StepSearch.
inline SampleRisk early_stopped_risk(const SampleSpectrum& spectrum, double step_size, int max_steps = 5000) {
    constexpr auto f = "early_stopped_risk";
    detail::require_finite_positive(step_size, f, "step_size");
    detail::require(max_steps >= 0, f, "max_steps", max_steps, "at least 0");
    const ShrinkageRisk risk_of(spectrum);
    const Eigen::Index chunk = 32;
    Eigen::ArrayXd residual = Eigen::ArrayXd::Ones(spectrum.size()),
                   phi = Eigen::ArrayXd::Zero(spectrum.size());
    const Eigen::ArrayXd contraction = 1.0 - step_size * spectrum.eigenvalue;
    Eigen::MatrixXd phis(spectrum.size(), chunk);
    StepSearch search;
    bool go_on = true;
    for (int k = 0; go_on && k <= max_steps;) {
        const Eigen::Index count = std::min<Eigen::Index>(chunk, max_steps - k + 1);
        for (Eigen::Index j = 0; j < count; ++j) {
            phis.col(j) = phi;
            phi += step_size * residual;
            residual *= contraction;
        }
        const Eigen::ArrayXd risk = risk_of(phis.leftCols(count));
        for (Eigen::Index j = 0; go_on && j < count; ++j, ++k) go_on = search.offer(k, risk[j]);
    }
    SampleRisk best =
        filtered_risk(spectrum, GradientDescent<>{step_size, static_cast<double>(search.best_step)});
    best.steps = search.best_step;
    return best;
}

/// Smallest value of `risk_of(lambda).test_risk` over lambda > 0: a grid of three points per decade over
/// [1e-9, 1e3] scale, then Brent's method around its smallest value.
template <class F>
SampleRisk minimise_over_ridge(const F& risk_of, double scale) {
    const auto value = [&](double t) { return risk_of(scale * std::exp(t)).test_risk; };
    const double step = std::log(10.0) / 3.0;
    int best = -27;
    double smallest = std::numeric_limits<double>::infinity();
    for (int i = -27; i <= 9; ++i)
        if (const double risk = value(i * step); risk < smallest) smallest = risk, best = i;
    std::uintmax_t iterations = 60;
    const auto [t, risk] =
        boost::math::tools::brent_find_minima(value, (best - 1) * step, (best + 1) * step, 26, iterations);
    const double lambda = scale * std::exp(risk <= smallest ? t : best * step);
    SampleRisk result = risk_of(lambda);
    result.steps = lambda;
    return result;
}

/// Ridge with the lambda of smallest test risk (known to an oracle); `steps` holds lambda.
inline SampleRisk optimal_ridge_risk(const SampleSpectrum& spectrum) {
    const double scale = std::max(spectrum.eigenvalue.maxCoeff(), 1e-300);
    return minimise_over_ridge([&](double lambda) { return filtered_risk(spectrum, Ridge<>{lambda}); },
                               scale);
}

/// The paper's PCA estimator of a d-dimensional subspace, W = U^ U^'/(1 + sigma^2) with U^ the top d
/// eigenvectors of S. With c = |U^'U|_F^2 and a = 1/(1 + sigma^2): risk = d - (2a - a^2) c + sigma^2 a^2 d.
///
/// For N < d the missing d - N directions are arbitrary in the null space; the value returned is the mean
/// over them, c = c_N + (d - c_N)(d - N)/(n - N).
/// @param spectrum   of a subspace model: its first d targets are U'X, its signal part b_i = U'Y v_i/sqrt(N),
/// so that
///                   U'u_i = b_i/sqrt(s_i)
/// @param dimension  n
/// With target noise the training loss leaves out the product of that noise with U^U^'Y, whose mean is zero.
inline SampleRisk pca_risk(const SampleSpectrum& spectrum, double dimension, Eigen::Index training_size) {
    const Eigen::Index d = spectrum.goal.cols(), r = spectrum.size();
    const Eigen::Index used = std::min({d, r, training_size});
    const double a = 1.0 / (1.0 + spectrum.noise_variance);
    double overlap = 0.0, energy = 0.0, alignment = 0.0;
    for (Eigen::Index i = r - used; i < r; ++i) {
        const double s = spectrum.eigenvalue[i];
        if (s <= 0) continue;
        overlap += spectrum.signal.col(i).squaredNorm() / s;
        energy += s;
        alignment += spectrum.target.col(i).head(d).dot(spectrum.signal.col(i));
    }
    const auto missing = static_cast<double>(d - used);
    if (missing > 0)
        overlap += (static_cast<double>(d) - overlap) * missing / (dimension - static_cast<double>(used));
    const double total = spectrum.target.squaredNorm() + spectrum.null_energy;
    const auto dd = static_cast<double>(d);
    return {dd - (2.0 * a - a * a) * overlap + spectrum.noise_variance * a * a * dd,
            a * a * energy - 2.0 * a * alignment + total, 0.0};
}

}  // namespace reconlaw
