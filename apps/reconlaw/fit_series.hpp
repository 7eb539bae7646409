#pragma once
/// `reconlaw fit --series`: every curve of a long table, fitted on its training rows and judged on the
/// others.

#include <string>
#include <vector>

#include "reconlaw/fit/forecast.hpp"
#include "results_table.hpp"

namespace reconlaw::cli {

/// One curve of the table.
struct SeriesScore {
    std::string name;         ///< values of the grouping columns
    Eigen::Index points = 0;  ///< different training sizes
    long predicted = 0;       ///< rows to predict
    double factor = 0;        ///< largest predicted size over the largest training size
    double rmse = 0;          ///< of log(loss) over the predicted rows
    double coverage = 0;      ///< part of the predicted rows inside their interval
    double far_coverage = 0;  ///< of those beyond 80 % of the largest predicted size
    double far_width = 0;     ///< mean width of their intervals in log(loss)
    std::string heaviest;     ///< law of the heaviest member
    std::string problem;      ///< why it could not be forecast; empty otherwise
};

struct SeriesReport {
    std::vector<SeriesScore> series;
    double rmse = 0, coverage = 0, far_coverage = 0;  ///< means over series
    double far_width = 0;                             ///< median over series
    double seconds = 0;
    double level = 0.9;
    std::vector<std::string> notes;
};

/// Repeated x are collapsed to their geometric mean; the rows to predict are taken as they are.
/// @param results  with the column that is 1 in rows to fit and 0 in rows to predict
/// @param train  its name, for messages
/// @param group  columns whose values name a curve
/// @throws data::FileError  no such column; another value than 0 and 1 (names the line)
SeriesReport fit_series(const Results& results, const std::vector<std::string>& group,
                        const std::string& train, const fit::ForecastOptions& options);

std::string series_text(const SeriesReport& report);
std::string series_json(const SeriesReport& report);
std::string series_csv(const SeriesReport& report);

}  // namespace reconlaw::cli
