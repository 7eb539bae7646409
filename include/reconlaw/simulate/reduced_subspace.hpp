#pragma once
/// Exact sampling of the subspace model in block-banded form, block by block on demand.

#include <Eigen/Core>
#include <algorithm>
#include <cmath>
#include <vector>

#include "reconlaw/simulate/random.hpp"
#include "reconlaw/simulate/subspace_model.hpp"

namespace reconlaw {

/// A training set of the subspace model, rotated into block-banded form (docs/simulation.md; theory page,
/// section 6).
///
/// Rotations of the N training pairs and of the n - d noise-only coordinates leave the law of the data and
/// every risk unchanged. They bring the data to
///
///     X = [T 0 0 ...]              t x columns, T = [C; weighted target noise]
///     Y = [Y_0                 ]   d rows, Y_0 = C + sigma Z_0
///         [A_1  B_1            ]   A_j: h_j x w_{j-1} upper, B_j: h_j x w_j lower trapezoidal,
///         [     A_2  B_2       ]   both sigma times normal with chi distributed diagonal
///         [          ...  ...  ]
///
/// with w_0 = min(2d + q, N). Only T, Y_0 and the sizes are kept; blocks are pure functions of the key.
///
/// Target noise is independent of Y, and its n coordinates are exchangeable: q of them (`probes`) are sampled
/// and weighted sqrt(n/q), which leaves every mean exact (q = n samples them all).
class ReducedSubspace {
  public:
    /// Row block j >= 1: [left right] in column blocks j - 1 and j.
    struct Row {
        Eigen::MatrixXd left;   ///< A_j, h_j x w_{j-1}
        Eigen::MatrixXd right;  ///< B_j, h_j x w_j (w_j may be 0)
    };

    /// @param training_size  N >= 1
    /// @param probes         q, used when target_noise > 0: between 1 and n; cut to n
    /// @throws std::invalid_argument
    ReducedSubspace(const SubspaceModel& model, Eigen::Index training_size, const DrawKey& key,
                    Eigen::Index probes = 4)
        : model_(model), training_size_(training_size), key_(key) {
        validate(model);
        detail::require(training_size >= 1, "ReducedSubspace", "training_size N", training_size,
                        "at least 1");
        detail::require(probes >= 1, "ReducedSubspace", "probes", probes, "at least 1");
        const Eigen::Index n = model.dimension, d = model.signal_dimension, N = training_size;
        const Eigen::Index q = model.target_noise > 0 ? std::min(probes, n) : 0;

        // [C; Z_0; E] = L Q: the start, by a rotation of the N pairs.
        const Eigen::MatrixXd start = triangular_gaussian(key, 0, 2 * d + q, N);
        target_.resize(d + q, start.cols());
        target_.topRows(d) = start.topRows(d);
        target_.bottomRows(q) = model.target_noise *
                                std::sqrt(q > 0 ? static_cast<double>(n) / static_cast<double>(q) : 0.0) *
                                start.bottomRows(q);
        signal_ = start.topRows(d) + model.noise_level * start.middleRows(d, d);

        // Rotate the rows of what is left (QR: A_j), then its columns (LQ: B_j), until rows or columns run
        // out.
        Eigen::Index rows_left = n - d, columns_left = N - start.cols(), width = start.cols();
        column_offset_ = {0, width};
        while (rows_left > 0 && width > 0) {
            const Eigen::Index height = std::min(width, rows_left), next = std::min(height, columns_left);
            rows_.push_back({height, next, rows_left, columns_left});
            if (next > 0) column_offset_.push_back(column_offset_.back() + next);
            rows_left -= height, columns_left -= next, width = next;
        }
    }

    const SubspaceModel& model() const { return model_; }
    Eigen::Index training_size() const { return training_size_; }
    const Eigen::MatrixXd& target() const { return target_; }  ///< T, t x w_0; its first d rows are C
    const Eigen::MatrixXd& signal() const { return signal_; }  ///< Y_0, d x w_0
    /// What W U is compared with: the identity, over zero rows for the target-noise probes; t x d.
    Eigen::MatrixXd goal() const { return Eigen::MatrixXd::Identity(target_.rows(), signal_.rows()); }

    Eigen::Index row_blocks() const { return static_cast<Eigen::Index>(rows_.size()); }  ///< besides Y_0
    Eigen::Index column_blocks() const { return static_cast<Eigen::Index>(column_offset_.size()) - 1; }
    /// First column of block c; the total number of columns for c = column_blocks().
    Eigen::Index column_offset(Eigen::Index c) const { return column_offset_[static_cast<std::size_t>(c)]; }
    Eigen::Index width(Eigen::Index c) const { return column_offset(c + 1) - column_offset(c); }
    Eigen::Index height(Eigen::Index j) const { return rows_[static_cast<std::size_t>(j - 1)].height; }

    /// Row block j, 1 <= j <= row_blocks(); generated at each call, the same in any order.
    Row row(Eigen::Index j) const {
        detail::require(j >= 1 && j <= row_blocks(), "ReducedSubspace::row", "block j", j,
                        "between 1 and " + std::to_string(row_blocks()));
        const Layout& at = rows_[static_cast<std::size_t>(j - 1)];
        const auto stream = static_cast<std::uint64_t>(2 * j);
        return {
            model_.noise_level * triangular_gaussian(key_, stream, width(j - 1), at.rows_left).transpose(),
            model_.noise_level * triangular_gaussian(key_, stream + 1, at.height, at.columns_left)};
    }

    /// X (t x columns) and Y written out. Zero rows and columns that the rotations left are omitted, so Y has
    /// d + sum of h_j rows.
    struct Dense {
        Eigen::MatrixXd target, measurement;
    };
    Dense to_dense() const {
        Eigen::Index rows = signal_.rows();
        for (Eigen::Index j = 1; j <= row_blocks(); ++j) rows += height(j);
        const Eigen::Index columns = column_offset(column_blocks());
        Dense dense{Eigen::MatrixXd::Zero(target_.rows(), columns), Eigen::MatrixXd::Zero(rows, columns)};
        dense.target.leftCols(target_.cols()) = target_;
        dense.measurement.topLeftCorner(signal_.rows(), signal_.cols()) = signal_;
        Eigen::Index at = signal_.rows();
        for (Eigen::Index j = 1; j <= row_blocks(); ++j) {
            const Row block = row(j);
            dense.measurement.block(at, column_offset(j - 1), block.left.rows(), block.left.cols()) =
                block.left;
            if (block.right.cols() > 0)
                dense.measurement.block(at, column_offset(j), block.right.rows(), block.right.cols()) =
                    block.right;
            at += height(j);
        }
        return dense;
    }

  private:
    struct Layout {
        Eigen::Index height, next_width, rows_left, columns_left;
    };
    SubspaceModel model_;
    Eigen::Index training_size_;
    DrawKey key_;
    Eigen::MatrixXd target_, signal_;
    std::vector<Layout> rows_;
    std::vector<Eigen::Index> column_offset_;
};

/// Blocks of the block-tridiagonal G = Y'Y/N (training side) or S = YY'/N (measurement side) of a reduced
/// draw, formed as they are asked for and kept.
class ReducedGram {
  public:
    enum class Side { training, measurement };

    /// `draw` must outlive this object.
    explicit ReducedGram(const ReducedSubspace& draw, Side side = Side::training)
        : draw_(&draw), side_(side) {}

    Eigen::Index blocks() const {
        return side_ == Side::training ? draw_->column_blocks() : draw_->row_blocks() + 1;
    }
    /// Diagonal block c.
    const Eigen::MatrixXd& diagonal(Eigen::Index c) {
        return extend(c), diagonal_[static_cast<std::size_t>(c)];
    }
    /// Block (c - 1, c), c >= 1.
    const Eigen::MatrixXd& upper(Eigen::Index c) { return extend(c), upper_[static_cast<std::size_t>(c)]; }

  private:
    void extend(Eigen::Index c) {
        while (static_cast<Eigen::Index>(diagonal_.size()) <= c)
            side_ == Side::training ? append_training() : append_measurement();
    }

    // Column block k: B_k'B_k + A_{k+1}'A_{k+1}, coupled to the one before by A_k'B_k.
    void append_training() {
        const auto k = static_cast<Eigen::Index>(diagonal_.size());
        const double scale = 1.0 / static_cast<double>(draw_->training_size());
        const Eigen::MatrixXd& own = k == 0 ? draw_->signal() : row_.right;
        Eigen::MatrixXd sum = scale * (own.transpose() * own);
        upper_.emplace_back(k == 0 ? Eigen::MatrixXd()
                                   : Eigen::MatrixXd(scale * (row_.left.transpose() * own)));
        if (k + 1 <= draw_->row_blocks()) {
            row_ = draw_->row(k + 1);
            sum.noalias() += scale * (row_.left.transpose() * row_.left);
        }
        diagonal_.push_back(std::move(sum));
    }

    // Row block k: A_k A_k' + B_k B_k', coupled to the one before by B_{k-1} A_k' (B_0 = Y_0).
    void append_measurement() {
        const auto k = static_cast<Eigen::Index>(diagonal_.size());
        const double scale = 1.0 / static_cast<double>(draw_->training_size());
        if (k == 0) {
            row_.right = draw_->signal();
            upper_.emplace_back();
            diagonal_.emplace_back(scale * (row_.right * row_.right.transpose()));
            return;
        }
        ReducedSubspace::Row next = draw_->row(k);
        upper_.emplace_back(scale * (row_.right * next.left.transpose()));
        diagonal_.emplace_back(scale *
                               (next.left * next.left.transpose() + next.right * next.right.transpose()));
        row_ = std::move(next);
    }

    const ReducedSubspace* draw_;
    Side side_;
    ReducedSubspace::Row row_;  // the last row block formed, which couples to the next
    std::vector<Eigen::MatrixXd> diagonal_, upper_;
};

}  // namespace reconlaw
