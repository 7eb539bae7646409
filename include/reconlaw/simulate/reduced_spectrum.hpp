#pragma once
/// Any filter, early stopping and PCA on a reduced draw, through the spectrum of its leading blocks.

#include <Eigen/Core>
#include <Eigen/Eigenvalues>
#include <algorithm>
#include <cmath>
#include <map>
#include <memory>

#include "reconlaw/simulate/reduced_subspace.hpp"
#include "reconlaw/simulate/sample_spectrum.hpp"

namespace reconlaw {

/// Result of a computation on leading blocks.
struct [[nodiscard]] LeadingResult {
    SampleRisk risk;
    bool converged = false;    ///< two successive truncations agree to 1e-9, or every block was used
    Eigen::Index columns = 0;  ///< of the truncation that gave the result
};

/// Spectra of the leading blocks of G = Y'Y/N. X and Y_0 live in column block 0, so every risk depends on
/// functions of G only through their leading corner: the leading m blocks give it as block Gauss quadrature
/// does, exactly for polynomial filters of degree up to about m, and with geometric convergence in m for the
/// others. Truncations grow until the risk agrees. Spectra are kept, so several estimators on one draw share
/// them.
class ReducedSpectrum {
  public:
    /// `draw` must outlive this object.
    explicit ReducedSpectrum(const ReducedSubspace& draw) : draw_(&draw), gram_(draw) {}

    /// Spectrum of the first `blocks` column blocks.
    const SampleSpectrum& leading(Eigen::Index blocks) {
        std::unique_ptr<SampleSpectrum>& kept = kept_[blocks];
        if (!kept) kept = std::make_unique<SampleSpectrum>(decompose(blocks));
        return *kept;
    }

    /// `risk_of(spectrum)` on growing truncations until two agree.
    /// @param max_columns  largest truncation to try; running into it is reported as not converged
    template <class F>
    LeadingResult converge(const F& risk_of, Eigen::Index max_columns = 6000) {
        const Eigen::Index total = draw_->column_blocks();
        // A first guess of 100 columns; steps of one half; the whole draw once it is near.
        Eigen::Index blocks = std::max<Eigen::Index>(2, 100 / draw_->width(0));
        SampleRisk before;
        bool first = true;
        for (;;) {
            if (4 * blocks >= 3 * total) blocks = total;
            const SampleRisk risk = risk_of(leading(blocks));
            const Eigen::Index columns = draw_->column_offset(blocks);
            const bool agrees = !first && close(risk.test_risk, before.test_risk) &&
                                std::abs(risk.training_loss - before.training_loss) <=
                                    1e-9 * (risk.training_loss + risk.test_risk);
            if (blocks == total || agrees) return {risk, true, columns};
            const Eigen::Index next = std::max(blocks + 1, blocks + blocks / 2);
            if (draw_->column_offset(std::min(next, total)) > max_columns) return {risk, false, columns};
            before = risk, first = false, blocks = next;
        }
    }

    template <ResidualFilter F>
    LeadingResult filtered(const F& filter) {
        return converge([&](const SampleSpectrum& spectrum) { return filtered_risk(spectrum, filter); });
    }

    /// Oracle early stopping; the truncations are compared by their smallest risk.
    LeadingResult early_stopped(double step_size, int max_steps = 5000) {
        LeadingResult result = converge([&](const SampleSpectrum& spectrum) {
            SampleRisk risk = early_stopped_risk(spectrum, step_size, max_steps);
            last_loss_ =
                risk.training_loss;  // near a flat minimum the step, and with it the loss, may differ
            risk.training_loss = 0.0;
            return risk;
        });
        result.risk.training_loss = last_loss_;
        return result;
    }

    LeadingResult pca() {
        return converge([&](const SampleSpectrum& spectrum) {
            return pca_risk(spectrum, static_cast<double>(draw_->model().dimension), draw_->training_size());
        });
    }

  private:
    static bool close(double a, double b) { return std::abs(a - b) <= 1e-9 * std::abs(b); }

    SampleSpectrum decompose(Eigen::Index blocks) {
        const Eigen::Index size = draw_->column_offset(blocks), w = draw_->width(0);
        Eigen::MatrixXd G = Eigen::MatrixXd::Zero(size, size);
        for (Eigen::Index c = 0; c < blocks; ++c) {
            const Eigen::Index at = draw_->column_offset(c), width = draw_->width(c);
            G.block(at, at, width, width) = gram_.diagonal(c);
            if (c > 0)  // the solver reads the lower triangle
                G.block(at, draw_->column_offset(c - 1), width, draw_->width(c - 1)) =
                    gram_.upper(c).transpose();
        }
        const Eigen::SelfAdjointEigenSolver<Eigen::MatrixXd> eig(G);
        const double root = std::sqrt(static_cast<double>(draw_->training_size()));
        SampleSpectrum spectrum;
        spectrum.eigenvalue = eig.eigenvalues();
        const double zero = 1e-13 * spectrum.eigenvalue.maxCoeff();
        spectrum.target = draw_->target() * eig.eigenvectors().topRows(w) / root;
        spectrum.signal = draw_->signal() * eig.eigenvectors().topRows(w) / root;
        for (Eigen::Index i = 0; i < size; ++i)
            if (spectrum.eigenvalue[i] < zero) spectrum.eigenvalue[i] = 0.0, spectrum.signal.col(i).setZero();
        spectrum.goal = draw_->goal();
        spectrum.noise_variance = draw_->model().noise_level * draw_->model().noise_level;
        return spectrum;
    }

    const ReducedSubspace* draw_;
    ReducedGram gram_;
    std::map<Eigen::Index, std::unique_ptr<SampleSpectrum>> kept_;
    double last_loss_ = 0.0;
};

}  // namespace reconlaw
