#pragma once
/// Learning curves from the columns of a CSV file.

#include <string>
#include <vector>

#include "reconlaw/data/csv.hpp"
#include "reconlaw/fit/curve.hpp"

namespace reconlaw::cli {

/// Which columns, and what they hold.
struct CurveColumns {
    std::string x = "samples", y = "loss";
    std::string seed;                ///< empty: the column `seed` if there is one
    std::string error;               ///< standard errors of y; empty: none
    std::vector<std::string> where;  ///< "column=value": only these rows
    std::string metric;              ///< empty: psnr or ssim where y is named so, otherwise loss
    double floor = 0;                ///< known part of the loss, subtracted before fitting
};

/// Turns the file's numbers into losses above the known floor and back.
class LossScale {
  public:
    LossScale() = default;
    LossScale(fit::Metric metric, double floor) : metric_(metric), floor_(floor) {}
    double to_loss(double value) const { return fit::to_loss(metric_, value) - floor_; }
    double from_loss(double loss) const { return fit::from_loss(metric_, loss + floor_); }
    /// Larger is better: psnr and ssim.
    bool reversed() const { return metric_ == fit::Metric::psnr || metric_ == fit::Metric::ssim; }
    fit::Metric metric() const { return metric_; }
    double floor() const { return floor_; }

  private:
    fit::Metric metric_ = fit::Metric::loss;
    double floor_ = 0;
};

struct CurveInput {
    fit::LearningCurve curve;
    LossScale scale;
    std::size_t rows = 0;            ///< used
    std::vector<std::string> notes;  ///< what was merged, dropped or assumed
};

/// The metric of a column. @throws std::invalid_argument  an unknown name
fit::Metric metric_of(const CurveColumns& columns, std::vector<std::string>& notes);

/// The rows that satisfy every "column=value".
/// @throws std::invalid_argument  a condition without '='; no row left (lists the values that exist)
/// @throws data::FileError  no such column
data::CsvTable select(const data::CsvTable& table, const std::vector<std::string>& where);

/// Reads one curve. Repeated x become one point, with their measured scatter if every x is repeated; with a
/// seed column, rows that repeat another in x, y and seed are dropped with a note. More than 400 different x
/// are merged into at most 150 of equal width in log(x), with a note.
/// @throws data::FileError  missing columns, numbers that are none, x or losses not > 0 (names the line),
/// values of a metric outside its range, the same x and seed twice with different y
/// @throws std::invalid_argument  a known floor that is not below the smallest loss; rows of one x that
/// differ in another column than seed and error: other experiments, not repeats
CurveInput read_curve(const data::CsvTable& table, const CurveColumns& columns);

}  // namespace reconlaw::cli
