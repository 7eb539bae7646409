#pragma once
/// One learning curve from a table of results.

#include <string>
#include <vector>

#include "reconlaw/fit/curve.hpp"
#include "results_table.hpp"

namespace reconlaw::cli {

struct CurveInput {
    std::string x, y;           ///< names of the columns, as shown
    bool errors_given = false;  ///< standard errors come from the file
    fit::LearningCurve curve;
    LossScale scale;
    std::string hint;                ///< which metric y may be instead of a loss; see Results
    std::size_t rows = 0;            ///< used
    std::vector<std::string> notes;  ///< what was taken, merged, dropped or assumed
};

/// One curve from the rows. Repeated x become one point, with their measured scatter if every x is repeated;
/// with a seed column, rows that repeat another in x, y and seed are dropped with a note. More than 400
/// different x are merged into at most 150 of equal width in log(x), with a note.
/// @throws data::FileError  a single x; the same x and seed twice with different y; errors below 0
/// @throws std::invalid_argument  rows of one x that are other experiments, not repeats
CurveInput read_curve(Results results);

}  // namespace reconlaw::cli
