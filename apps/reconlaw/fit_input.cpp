#include "fit_input.hpp"

#include <algorithm>
#include <cctype>
#include <cmath>
#include <map>
#include <set>
#include <sstream>
#include <stdexcept>

#include "reconlaw/data/file_error.hpp"

namespace reconlaw::cli {

namespace {

using data::FileError;

constexpr Eigen::Index most_points = 400, merged_points = 150;

std::string shown(double value) {
    std::ostringstream text;
    text << value;
    return text.str();
}

std::string lower(std::string text) {
    std::transform(text.begin(), text.end(), text.begin(), [](unsigned char c) { return std::tolower(c); });
    return text;
}

/// Values that cannot be of the metric, or are of two kinds.
void check_metric(const data::CsvTable& table, const CurveColumns& columns, const LossScale& scale,
                  const std::vector<double>& y) {
    double smallest = INFINITY, largest = -INFINITY;
    for (std::size_t i = 0; i < y.size(); ++i) {
        const std::string value = "column '" + columns.y + "': " + shown(y[i]);
        if (scale.metric() == fit::Metric::psnr && !(y[i] > -100 && y[i] < 200))
            throw FileError::at_line(table.path, table.lines[i],
                                     value + " is not a PSNR in dB (-100 to 200)");
        if (scale.metric() == fit::Metric::ssim && !(y[i] >= -1 && y[i] < 1))
            throw FileError::at_line(table.path, table.lines[i], value + " is not an SSIM (-1 to below 1)");
        if (!scale.reversed() && !(y[i] > 0))
            throw FileError::at_line(table.path, table.lines[i],
                                     value + ", a loss must be > 0; for decibels use --metric psnr");
        smallest = std::min(smallest, y[i]), largest = std::max(largest, y[i]);
    }
    // A mean squared error below 1 among values in dB: no PSNR curve spans from under 1 dB to above 10 dB.
    if (scale.metric() == fit::Metric::psnr && smallest < 1 && largest > 10)
        throw FileError(table.path, "column '" + columns.y + "' mixes units: from " + shown(smallest) +
                                        " to " + shown(largest) + " dB");
    if (scale.metric() == fit::Metric::loss && smallest < 1 && largest > 1e4 * smallest && largest > 15)
        throw FileError(table.path, "column '" + columns.y + "' seems to mix units: losses from " +
                                        shown(smallest) + " to " + shown(largest) +
                                        "; if they are meant so, use --metric mse");
}

/// Many sizes merged: geometric means within bins of equal width in log(x).
fit::LearningCurve merged(const fit::LearningCurve& curve) {
    const double first = std::log(curve.size[0]), range = std::log(curve.size[curve.points() - 1]) - first;
    struct Bin {
        double size = 0, loss = 0, variance = 0, count = 0;
    };
    std::vector<Bin> bins(merged_points);
    for (Eigen::Index i = 0; i < curve.points(); ++i) {
        const double place = (std::log(curve.size[i]) - first) / range * merged_points;
        Bin& bin = bins[static_cast<std::size_t>(std::min<double>(place, merged_points - 1))];
        bin.size += std::log(curve.size[i]), bin.loss += std::log(curve.loss[i]), bin.count += 1;
        if (curve.log_error.size() != 0) bin.variance += std::pow(curve.log_error[i], 2);
    }
    std::erase_if(bins, [](const Bin& bin) { return bin.count == 0; });
    const auto points = static_cast<Eigen::Index>(bins.size());
    fit::LearningCurve few{Eigen::ArrayXd(points), Eigen::ArrayXd(points)};
    if (curve.log_error.size() != 0) few.log_error.resize(points), few.error_freedom = curve.error_freedom;
    for (Eigen::Index b = 0; b < points; ++b) {
        const Bin& bin = bins[static_cast<std::size_t>(b)];
        few.size[b] = std::exp(bin.size / bin.count), few.loss[b] = std::exp(bin.loss / bin.count);
        if (few.log_error.size() != 0) few.log_error[b] = std::sqrt(bin.variance) / bin.count;
    }
    return few;
}

void merge_if_long(const CurveColumns& columns, CurveInput& input) {
    if (input.curve.points() <= most_points) return;
    const Eigen::Index before = input.curve.points();
    input.curve = merged(input.curve);
    input.notes.push_back(std::to_string(before) + " different " + columns.x + " were merged into " +
                          std::to_string(input.curve.points()) + ", of equal width in log(" + columns.x +
                          ")");
}

/// Rows of one size that differ in another column than y, seed and error are other experiments, not repeats.
void refuse_mixture(const data::CsvTable& table, const CurveColumns& columns, const std::vector<double>& x) {
    for (std::size_t c = 0; c < table.columns.size(); ++c) {
        const std::string& name = table.columns[c];
        if (name == columns.x || name == columns.y || name == columns.error || name == columns.seed) continue;
        std::map<double, std::set<std::string>> by_size;
        std::set<std::string> values;
        for (std::size_t i = 0; i < x.size(); ++i)
            by_size[x[i]].insert(table.rows[i][c]), values.insert(table.rows[i][c]);
        std::size_t most = 0;
        for (const auto& [size, found] : by_size) most = std::max(most, found.size());
        // few values that return at many sizes name experiments; a value of its own in nearly every row is a
        // measurement
        if (most < 2 || 2 * values.size() > x.size()) continue;
        throw std::invalid_argument("column '" + name + "' has several values at one " + columns.x +
                                    ": these are other experiments, not repeats; choose with --where " +
                                    name + "=" + *values.begin() +
                                    ", or say that it numbers repeats with --seed-column " + name);
    }
}

/// Measured standard errors of y as errors of log(loss), those of equal x combined.
void use_errors(const data::CsvTable& table, const CurveColumns& columns, const std::vector<double>& x,
                const std::vector<double>& y, CurveInput& input) {
    const std::vector<double> error = table.numbers(columns.error);
    std::map<double, std::pair<double, int>> variances;
    bool positive = true;
    for (std::size_t i = 0; i < x.size(); ++i) {
        if (error[i] < 0)
            throw FileError::at_line(table.path, table.lines[i],
                                     "column '" + columns.error + "': " + shown(error[i]) + " is below 0");
        const double loss = input.scale.to_loss(y[i]);
        const double slope = input.scale.metric() == fit::Metric::psnr
                                 ? std::log(10) / 10 * (loss + input.scale.floor())
                                 : 1.0;  // |d loss / d y|
        auto& [sum, count] = variances[x[i]];
        sum += std::pow(error[i] * slope / loss, 2), ++count;
        positive = positive && error[i] > 0;
    }
    if (!positive) {
        input.notes.push_back("column '" + columns.error + "' has zeros: errors are not used");
        return;
    }
    input.curve.log_error.resize(input.curve.points());
    Eigen::Index at = 0;
    for (const auto& [size, variance] : variances)
        input.curve.log_error[at++] = std::sqrt(variance.first) / variance.second;
}

}  // namespace

fit::Metric metric_of(const CurveColumns& columns, std::vector<std::string>& notes) {
    if (!columns.metric.empty()) return fit::metric_named(columns.metric);
    for (const std::string name : {"psnr", "ssim"})
        if (lower(columns.y).find(name) != std::string::npos) {
            notes.push_back("column '" + columns.y + "' is taken as " + name + " (--metric says otherwise)");
            return fit::metric_named(name);
        }
    return fit::Metric::loss;
}

data::CsvTable select(const data::CsvTable& table, const std::vector<std::string>& where) {
    data::CsvTable chosen = table;
    for (const std::string& condition : where) {
        const std::size_t equals = condition.find('=');
        if (equals == std::string::npos || equals == 0)
            throw std::invalid_argument("--where: '" + condition + "' is not COLUMN=VALUE");
        const std::string column = condition.substr(0, equals), value = condition.substr(equals + 1);
        const std::size_t at = chosen.index(column);
        std::set<std::string> known;
        data::CsvTable rest{chosen.path, chosen.columns, {}, {}};
        for (std::size_t i = 0; i < chosen.rows.size(); ++i) {
            known.insert(chosen.rows[i][at]);
            if (chosen.rows[i][at] != value) continue;
            rest.rows.push_back(chosen.rows[i]), rest.lines.push_back(chosen.lines[i]);
        }
        if (rest.rows.empty()) {
            std::string list;
            int shown_values = 0;
            for (const std::string& k : known) {
                if (++shown_values > 20) {
                    list += ", ...";
                    break;
                }
                list += (list.empty() ? "" : ", ") + k;
            }
            throw std::invalid_argument("--where: no row has " + condition + "; '" + column + "' is one of " +
                                        list);
        }
        chosen = std::move(rest);
    }
    return chosen;
}

CurveInput read_curve(const data::CsvTable& all_rows, const CurveColumns& asked) {
    CurveInput input;
    CurveColumns columns = asked;
    const data::CsvTable table = select(all_rows, columns.where);
    if (columns.seed.empty() && columns.x != "seed" && columns.y != "seed" && table.has("seed"))
        columns.seed = "seed";
    const fit::Metric metric = metric_of(columns, input.notes);
    input.scale = LossScale(metric, columns.floor);
    std::vector<double> x = table.numbers(columns.x), y = table.numbers(columns.y);
    const std::vector<std::string> seed =
        columns.seed.empty() ? std::vector<std::string>(x.size()) : table.text(columns.seed);
    for (std::size_t i = 0; i < x.size(); ++i)
        if (!(x[i] > 0))
            throw FileError::at_line(table.path, table.lines[i],
                                     "column '" + columns.x + "': " + shown(x[i]) + ", must be > 0");
    check_metric(table, columns, input.scale, y);
    const auto best = std::min_element(y.begin(), y.end(), [&](double a, double b) {
        return fit::to_loss(metric, a) < fit::to_loss(metric, b);
    });
    const double smallest = fit::to_loss(metric, *best);
    if (!(columns.floor >= 0 && columns.floor < smallest))
        throw std::invalid_argument("--floor: value = " + shown(columns.floor) +
                                    ", must be at least 0 and below the smallest loss = " + shown(smallest));

    if (!columns.error.empty()) {
        refuse_mixture(table, columns, x);
        input.rows = x.size();
        std::vector<double> losses;
        for (const double value : y) losses.push_back(input.scale.to_loss(value));
        input.curve = fit::make_curve(x, losses, false);
        use_errors(table, columns, x, y, input);
        merge_if_long(columns, input);
        return input;
    }
    std::map<std::pair<double, std::string>, std::size_t> runs;  // x and seed -> row
    std::vector<double> sizes, losses;
    std::size_t dropped = 0;
    for (std::size_t i = 0; i < x.size(); ++i) {
        if (!columns.seed.empty()) {
            const auto [other, fresh] = runs.emplace(std::pair{x[i], seed[i]}, i);
            if (!fresh && y[other->second] == y[i]) {
                ++dropped;
                continue;
            }
            if (!fresh)
                throw FileError::at_line(table.path, table.lines[i],
                                         "the same " + columns.x + " and " + columns.seed + " as line " +
                                             std::to_string(table.lines[other->second]) + " with another " +
                                             columns.y + "; choose rows with --where");
        }
        sizes.push_back(x[i]), losses.push_back(input.scale.to_loss(y[i]));
    }
    refuse_mixture(table, columns, x);
    if (dropped > 0)
        input.notes.push_back(std::to_string(dropped) + " rows that repeat another one were dropped");
    input.rows = sizes.size();
    input.curve = fit::make_curve(sizes, losses);
    const auto rows = static_cast<Eigen::Index>(sizes.size());
    if (input.curve.points() < rows && input.curve.points() <= most_points)
        input.notes.push_back(
            std::to_string(rows) + " rows are " + std::to_string(input.curve.points()) + " different " +
            columns.x +
            (input.curve.log_error.size() != 0
                 ? ", each repeated: residuals are in units of their scatter"
                 : "; their scatter is not used (not all are repeated, or repeats are equal)"));
    merge_if_long(columns, input);
    return input;
}

}  // namespace reconlaw::cli
