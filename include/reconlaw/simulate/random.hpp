#pragma once
/// Counter-based random numbers: every value is a pure function of its key, so results depend neither on the
/// order of evaluation nor on the number of threads.

#include <Random123/philox.h>

#include <Eigen/Core>
#include <Random123/MicroURNG.hpp>
#include <Random123/boxmuller.hpp>
#include <algorithm>
#include <array>
#include <boost/random/chi_squared_distribution.hpp>
#include <cmath>
#include <cstdint>

#include "reconlaw/detail/check.hpp"

namespace reconlaw {

/// Names one draw of a whole data set. Two draws with different keys are independent.
struct DrawKey {
    std::uint64_t seed = 0;
    std::uint32_t study =
        0;  ///< separates simulations that share a seed; simulate_risk puts the training size here
    std::uint32_t trial = 0;
};

/// Generator: Philox 4x64-10 (Salmon et al. 2011).
///
///     key      {seed, study 2^32 + trial}
///     counter  {index, column, stream, kind}       kind 0: normal matrices, kind 1: chi values (the
///     rejection
///                                                  sampler's own counter occupies the upper 32 bits of this
///                                                  word)
///
/// `stream` separates the matrices of one draw.
namespace random_detail {
using Philox = r123::Philox4x64;

inline Philox::key_type philox_key(const DrawKey& key) {
    return {{key.seed, (static_cast<std::uint64_t>(key.study) << 32) | key.trial}};
}

/// Four standard normals: rows 4 group ... 4 group + 3 of a column.
inline std::array<double, 4> normal_group(const DrawKey& key, std::uint64_t stream, std::uint64_t group,
                                          std::uint64_t column) {
    const Philox::ctr_type bits = Philox()(Philox::ctr_type{{group, column, stream, 0}}, philox_key(key));
    const r123::double2 a = r123::boxmuller(bits[0], bits[1]);
    const r123::double2 b = r123::boxmuller(bits[2], bits[3]);
    return {a.x, a.y, b.x, b.y};
}
}  // namespace random_detail

/// Standard normal value of element (row, column) of the matrix `stream` of a draw.
inline double normal_value(const DrawKey& key, std::uint64_t stream, std::uint64_t row,
                           std::uint64_t column) {
    return random_detail::normal_group(key, stream, row / 4, column)[row % 4];
}

/// Matrix of independent standard normals; element (i, j) equals normal_value(key, stream, i, j).
inline Eigen::MatrixXd normal_matrix(const DrawKey& key, std::uint64_t stream, Eigen::Index rows,
                                     Eigen::Index columns) {
    Eigen::MatrixXd values(rows, columns);
    for (Eigen::Index j = 0; j < columns; ++j)
        for (Eigen::Index i = 0; i < rows; i += 4) {
            const auto group = random_detail::normal_group(key, stream, static_cast<std::uint64_t>(i / 4),
                                                           static_cast<std::uint64_t>(j));
            std::copy_n(group.begin(), std::min<Eigen::Index>(4, rows - i), values.col(j).data() + i);
        }
    return values;
}

/// Square root of a chi-squared value with `degrees_of_freedom` > 0 (any real number), number `index` of
/// `stream`.
inline double chi_value(const DrawKey& key, std::uint64_t stream, std::uint64_t index,
                        double degrees_of_freedom) {
    detail::require_finite_positive(degrees_of_freedom, "chi_value", "degrees_of_freedom");
    using random_detail::Philox;
    r123::MicroURNG<Philox> generator(Philox::ctr_type{{index, 0, stream, 1}},
                                      random_detail::philox_key(key));
    return std::sqrt(boost::random::chi_squared_distribution<double>(degrees_of_freedom)(generator));
}

/// The factor L of A = L Q for a rows x columns standard normal matrix A, without forming A: lower
/// trapezoidal, rows x min(rows, columns), chi distributed with columns - j degrees of freedom on the
/// diagonal, standard normal below (Bartlett's decomposition).
inline Eigen::MatrixXd triangular_gaussian(const DrawKey& key, std::uint64_t stream, Eigen::Index rows,
                                           Eigen::Index columns) {
    const Eigen::Index rank = std::min(rows, columns);
    Eigen::MatrixXd L = Eigen::MatrixXd::Zero(rows, rank);
    for (Eigen::Index j = 0; j < rank; ++j) {
        L(j, j) = chi_value(key, stream, static_cast<std::uint64_t>(j), static_cast<double>(columns - j));
        for (Eigen::Index i = (j + 1) / 4 * 4; i < rows; i += 4) {
            const auto group = random_detail::normal_group(key, stream, static_cast<std::uint64_t>(i / 4),
                                                           static_cast<std::uint64_t>(j));
            for (Eigen::Index r = std::max(i, j + 1); r < std::min(i + 4, rows); ++r) L(r, j) = group[r - i];
        }
    }
    return L;
}

}  // namespace reconlaw
