#pragma once
/// The one reader of tables of results, for `fit` and `advise`: columns by role, losses from metrics, rows
/// that count.

#include <optional>
#include <string>
#include <vector>

#include "reconlaw/data/csv.hpp"
#include "reconlaw/fit/curve.hpp"

namespace reconlaw::cli {

/// What the command line says of the columns; without a name, usual names are looked for (column_names.hpp).
struct ResultColumns {
    std::optional<std::string> x, y, seed, error;
    std::optional<std::string> network, cost;  ///< only of a table that has them: `with_network`
    std::optional<std::string> train;          ///< 1 or 0: `fit --series`
    std::vector<std::string> where;            ///< "column=value": only these rows
    std::optional<std::string> metric;         ///< empty: what the name of y says, otherwise loss
    double floor = 0;                          ///< known part of the loss, subtracted
    bool skip_bad_rows = false;
    bool with_network = false;  ///< look for a network size and a cost, too
};

/// Turns the file's numbers into losses above the known floor and back.
class LossScale {
  public:
    LossScale() = default;
    LossScale(fit::Metric metric, double floor) : metric_(metric), floor_(floor) {}
    double to_loss(double value) const { return fit::to_loss(metric_, value) - floor_; }
    double from_loss(double loss) const { return fit::from_loss(metric_, loss + floor_); }
    bool reversed() const { return fit::larger_is_better(metric_); }
    fit::Metric metric() const { return metric_; }
    double floor() const { return floor_; }

  private:
    fit::Metric metric_ = fit::Metric::loss;
    double floor_ = 0;
};

/// The rows that are used, one entry a row in every vector that is not empty.
struct Results {
    data::CsvTable table;                          ///< these rows, with all their columns
    std::string x, y, seed, error, network, cost;  ///< names of the columns; empty: none
    LossScale scale;
    std::vector<double> size, value;  ///< value: as in the file
    std::vector<double> loss;         ///< of value, above the floor; > 0
    std::vector<std::string> seeds;   ///< empty without a column of seeds
    std::vector<double> errors, networks, costs, train;
    std::string hint;                ///< if y looks like another metric: "; ... --metric accuracy ..."
    std::vector<std::string> notes;  ///< what was taken, assumed or left out

    std::size_t rows() const { return size.size(); }
    std::size_t line(std::size_t row) const { return table.lines[row]; }
};

/// A name from the file as text may show it: control characters escaped, shortened to sixty characters.
std::string shown_name(const std::string& name);

/// Reads a file, or the standard input for "-".
/// @throws data::FileError  as data::read_csv
data::CsvTable read_table(const std::string& path, bool skip_bad_rows);

/// The rows that satisfy every "column=value"; numbers are compared as numbers.
/// @throws std::invalid_argument  a condition without '='; no row left (lists the values, the nearest first)
/// @throws data::FileError  no such column
data::CsvTable select(data::CsvTable table, const std::vector<std::string>& where);

/// Columns by role, and their numbers. With skip_bad_rows, rows whose numbers were not recorded (empty, nan,
/// inf, a word) or whose number of fields is wrong are left out with a note of their lines; numbers in a
/// notation that is not read (1,000; 10k; 5 %) and values out of range are errors all the same.
/// @throws data::FileError  a column that is missing, or may be several (lists them); a field that is no
/// number, sizes or losses not > 0, values outside the metric's range or of mixed units: names line and
/// column
/// @throws std::invalid_argument  one column for two roles; a floor that is not below the smallest loss
Results read_results(data::CsvTable table, const ResultColumns& columns);

/// Keeps these rows, in ascending order, of a table.
void keep_rows(data::CsvTable& table, const std::vector<std::size_t>& kept);

/// Drops rows that repeat another in size, network, seed and value, with a note.
/// @throws data::FileError  the same size, network and seed with another value
void drop_repeated_rows(Results& results);

/// Refuses rows of one size (and network) that differ in a further column whose values return at other sizes:
/// other experiments, not repeats. Seeds, errors, costs, dates and columns without a name do not count.
/// @throws std::invalid_argument  names the column, and the --where that chooses
void refuse_mixture(const Results& results);

/// The standard error of log(loss) of each row, from the column of errors of y.
/// @return empty, with a note, where some are zero
/// @throws data::FileError  an error below 0
std::vector<double> log_errors(Results& results);

}  // namespace reconlaw::cli
