#pragma once
/// Minimum-norm least squares and ridge on a reduced draw, by block-banded factorisations.

#include <Eigen/Cholesky>
#include <Eigen/Core>
#include <Eigen/QR>
#include <vector>

#include "reconlaw/simulate/reduced_subspace.hpp"
#include "reconlaw/simulate/sample_spectrum.hpp"

namespace reconlaw {

namespace reduced_detail {

/// One step of a block-bidiagonal QR: the panel (m x w, m >= w) becomes its triangle, `beside` (m rows) is
/// rotated along.
inline Eigen::MatrixXd triangulate(const Eigen::MatrixXd& panel, Eigen::MatrixXd& beside) {
    const Eigen::HouseholderQR<Eigen::MatrixXd> qr(panel);
    beside.applyOnTheLeft(qr.householderQ().adjoint());
    return qr.matrixQR().topRows(panel.cols()).triangularView<Eigen::Upper>();
}

/// Ends a sweep over blocks once two blocks in a row hold less than 1e-30 of the energy so far: the later
/// ones decrease geometrically, by the ratio of bandwidths min(n, N)/max(n, N), and do not reach the last
/// digit.
struct Sweep {
    double total = 0.0;
    int small = 0;
    bool done(double energy) {
        total += energy;
        small = energy < 1e-30 * total ? small + 1 : 0;
        return small >= 2;
    }
};

/// W = X Y^+ for N <= n, from QR of Y: with Y = Q R, K = X R^-1 and F = Y_0 R^-1, W U = K F' and |W|^2 =
/// |K|^2.
inline SampleRisk interpolating(const ReducedSubspace& draw) {
    const Eigen::Index d = draw.signal().rows(), t = draw.target().rows();
    Eigen::MatrixXd carry = draw.signal();  // rows not yet used as pivots, in column block c
    Eigen::MatrixXd head(t + d, carry.cols());
    head << draw.target(), draw.signal();
    Eigen::MatrixXd image = Eigen::MatrixXd::Zero(t, d);
    double norm = 0.0;
    Sweep sweep;
    for (Eigen::Index c = 0; c < draw.column_blocks(); ++c) {
        const Eigen::Index w = draw.width(c), next = c + 1 < draw.column_blocks() ? draw.width(c + 1) : 0;
        Eigen::MatrixXd panel = carry, beside = Eigen::MatrixXd::Zero(carry.rows(), next);
        if (c + 1 <= draw.row_blocks()) {
            const ReducedSubspace::Row row = draw.row(c + 1);
            panel.conservativeResize(carry.rows() + row.left.rows(), w);
            panel.bottomRows(row.left.rows()) = row.left;
            beside = Eigen::MatrixXd::Zero(panel.rows(), next);
            beside.bottomRows(row.right.rows()) = row.right;
        }
        const Eigen::MatrixXd R = triangulate(panel, beside);
        R.triangularView<Eigen::Upper>().solveInPlace<Eigen::OnTheRight>(head);
        image.noalias() += head.topRows(t) * head.bottomRows(d).transpose();
        norm += head.topRows(t).squaredNorm();
        if (sweep.done(head.squaredNorm())) break;
        head = (-head * beside.topRows(w)).eval();
        carry = beside.bottomRows(beside.rows() - w).eval();
    }
    const double sigma = draw.model().noise_level;
    return {(image - draw.goal()).squaredNorm() + sigma * sigma * norm, 0.0, 0.0};
}

/// W = X Y^+ for N >= n, from QR of Y': Y' = Q R, R W' = Q'X'.
inline SampleRisk overdetermined(const ReducedSubspace& draw) {
    const Eigen::Index d = draw.signal().rows(), t = draw.target().rows();
    struct Pivot {
        Eigen::MatrixXd diagonal, beside, right;
    };
    std::vector<Pivot> pivots;
    Eigen::MatrixXd carry(0, d), carried(0, t);
    Sweep sweep;
    ReducedSubspace::Row row;  // row block b
    for (Eigen::Index b = 0; b <= draw.row_blocks(); ++b) {
        // Rows of Y' in column block b of the draw: their part in row block b (panel) and b + 1 (beside).
        const Eigen::Index h = carry.cols(), c = carry.rows();
        const Eigen::Index w = b < draw.column_blocks() ? draw.width(b) : 0;
        const Eigen::Index next = b < draw.row_blocks() ? draw.height(b + 1) : 0;
        Eigen::MatrixXd panel(c + w, h), beside = Eigen::MatrixXd::Zero(c + w, next + t);
        panel.topRows(c) = carry;
        beside.topRightCorner(c, t) = carried;
        if (b == 0) {
            panel = draw.signal().transpose();
            beside.rightCols(t) = draw.target().transpose();
        } else if (w > 0) {
            panel.bottomRows(w) = row.right.transpose();
        }
        if (next > 0) {
            row = draw.row(b + 1);
            beside.bottomLeftCorner(w, next) = row.left.transpose();
        }
        Eigen::MatrixXd R = triangulate(panel, beside);
        pivots.push_back({std::move(R), beside.topLeftCorner(h, next), beside.topRightCorner(h, t)});
        carry = beside.bottomLeftCorner(beside.rows() - h, next);
        carried = beside.bottomRightCorner(beside.rows() - h, t);
        if (sweep.done(pivots.back().right.squaredNorm())) break;
    }
    const double loss = carried.squaredNorm() / static_cast<double>(draw.training_size());
    Eigen::MatrixXd W;  // transposed, of the row block last solved for
    double norm = 0.0;
    for (auto pivot = pivots.rbegin(); pivot != pivots.rend(); ++pivot) {
        Eigen::MatrixXd right = pivot->right;
        if (W.size() > 0) right.noalias() -= pivot->beside * W;
        W = pivot->diagonal.triangularView<Eigen::Upper>().solve(right);
        norm += W.squaredNorm();
    }
    const double sigma = draw.model().noise_level;
    return {(W.transpose() - draw.goal()).squaredNorm() + sigma * sigma * norm, loss, 0.0};
}
}  // namespace reduced_detail

/// Minimum-norm least squares W = X Y^+ (gradient descent run to convergence). One QR sweep over the blocks,
/// of Y for N <= n and of Y' for N > n, so the condition number of Y enters and not its square.
inline SampleRisk reduced_minimum_norm(const ReducedSubspace& draw) {
    return draw.training_size() <= draw.model().dimension ? reduced_detail::interpolating(draw)
                                                          : reduced_detail::overdetermined(draw);
}

/// Ridge regression, minimising (1/N)|WY - X|^2 + lambda |W|^2, by block elimination in a block-tridiagonal
/// matrix of full rank, so that small lambda does no harm:
///
///     N < n:   W = M Y'/N,  M (Y'Y/N + lambda) = X        N >= n:   W (YY'/N + lambda) = XY'/N
///
/// Blocks are formed once and serve every lambda.
class ReducedRidge {
  public:
    /// `draw` must outlive the solver.
    explicit ReducedRidge(const ReducedSubspace& draw)
        : draw_(&draw),
          training_side_(draw.training_size() < draw.model().dimension),
          gram_(draw, training_side_ ? ReducedGram::Side::training : ReducedGram::Side::measurement) {
        if (training_side_) {
            right_ = {draw.target()};
        } else {
            const double scale = 1.0 / static_cast<double>(draw.training_size());
            right_ = {scale * (draw.target() * draw.signal().transpose())};
            if (draw.row_blocks() > 0)
                right_.emplace_back(scale * (draw.target() * draw.row(1).left.transpose()));
        }
    }

    /// @throws std::invalid_argument  lambda not finite and > 0
    SampleRisk operator()(double lambda) {
        detail::require_finite_positive(lambda, "ReducedRidge", "lambda");
        const Solution solution = solve(lambda);
        const double scale = 1.0 / static_cast<double>(draw_->training_size());
        const double sigma = draw_->model().noise_level;
        if (training_side_) {  // X - W Y = lambda M, so |W|^2 = tr M G M'/N = (tr M X' - lambda |M|^2)/N
            const double norm = scale * (solution.product - lambda * solution.energy);
            const Eigen::MatrixXd image = scale * (solution.first * draw_->signal().transpose());
            return {(image - draw_->goal()).squaredNorm() + sigma * sigma * norm,
                    scale * lambda * lambda * solution.energy, 0.0};
        }
        // W S = X Y'/N - lambda W, so |W Y - X|^2/N = |X|^2/N - tr W (X Y'/N)' - lambda |W|^2
        return {(solution.first - draw_->goal()).squaredNorm() + sigma * sigma * solution.energy,
                scale * draw_->target().squaredNorm() - solution.product - lambda * solution.energy, 0.0};
    }

  private:
    struct Solution {
        Eigen::MatrixXd first;  // block 0 of Z, Z (gram + lambda) = right
        double energy = 0.0;    // |Z|^2
        double product = 0.0;   // tr Z right'
    };

    Solution solve(double lambda) {
        std::vector<Eigen::LLT<Eigen::MatrixXd>> factors;
        std::vector<Eigen::MatrixXd> rights;
        reduced_detail::Sweep sweep;
        for (Eigen::Index c = 0; c < gram_.blocks(); ++c) {
            const auto at = static_cast<std::size_t>(c);
            Eigen::MatrixXd pivot = gram_.diagonal(c);
            pivot.diagonal().array() += lambda;
            Eigen::MatrixXd right =
                at < right_.size() ? right_[at] : Eigen::MatrixXd::Zero(right_[0].rows(), pivot.rows());
            if (c > 0) {
                const Eigen::MatrixXd solved = factors.back().solve(gram_.upper(c));
                pivot.noalias() -= gram_.upper(c).transpose() * solved;
                right.noalias() -= rights.back() * solved;
            }
            factors.emplace_back(pivot);
            rights.push_back(std::move(right));
            if (sweep.done(rights.back().squaredNorm())) break;
        }
        Solution solution;
        for (auto c = static_cast<Eigen::Index>(factors.size()) - 1; c >= 0; --c) {
            const auto at = static_cast<std::size_t>(c);
            Eigen::MatrixXd right = std::move(rights[at]);
            if (solution.first.size() > 0) right.noalias() -= solution.first * gram_.upper(c + 1).transpose();
            solution.first = factors[at].solve(right.transpose()).transpose();
            solution.energy += solution.first.squaredNorm();
            if (at < right_.size()) solution.product += solution.first.cwiseProduct(right_[at]).sum();
        }
        return solution;
    }

    const ReducedSubspace* draw_;
    bool training_side_;
    ReducedGram gram_;
    std::vector<Eigen::MatrixXd> right_;
};

/// Ridge with the lambda of smallest test risk, known to an oracle; `steps` of the result holds lambda.
inline SampleRisk reduced_optimal_ridge(const ReducedSubspace& draw) {
    ReducedRidge ridge(draw);
    const double sigma = draw.model().noise_level;
    return minimise_over_ridge([&](double lambda) { return ridge(lambda); }, 1.0 + sigma * sigma);
}

}  // namespace reconlaw
