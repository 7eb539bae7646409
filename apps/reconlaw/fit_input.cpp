#include "fit_input.hpp"

#include <algorithm>
#include <cctype>
#include <cmath>
#include <map>
#include <set>
#include <sstream>
#include <stdexcept>
#include <tuple>

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
    std::vector<double> size(merged_points), loss(merged_points), count(merged_points);
    for (Eigen::Index i = 0; i < curve.points(); ++i) {
        const double place = (std::log(curve.size[i]) - first) / range * merged_points;
        const auto bin = static_cast<std::size_t>(std::min<double>(place, merged_points - 1));
        size[bin] += std::log(curve.size[i]), loss[bin] += std::log(curve.loss[i]), count[bin] += 1;
    }
    std::vector<double> x, y;
    for (std::size_t b = 0; b < size.size(); ++b)
        if (count[b] > 0)
            x.push_back(std::exp(size[b] / count[b])), y.push_back(std::exp(loss[b] / count[b]));
    return fit::make_curve(x, y, false);
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

CurveInput read_curve(const data::CsvTable& all_rows, const CurveColumns& columns) {
    CurveInput input;
    const data::CsvTable table = select(all_rows, columns.where);
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
        input.rows = x.size();
        std::vector<double> losses;
        for (const double value : y) losses.push_back(input.scale.to_loss(value));
        input.curve = fit::make_curve(x, losses, false);
        use_errors(table, columns, x, y, input);
        return input;
    }
    std::set<std::tuple<double, double, std::string>> seen;
    std::map<std::pair<double, std::string>, std::size_t> runs;  // x and seed -> line
    std::vector<double> sizes, losses;
    std::size_t dropped = 0;
    for (std::size_t i = 0; i < x.size(); ++i) {
        if (!seen.emplace(x[i], y[i], seed[i]).second) {
            ++dropped;
            continue;
        }
        if (!columns.seed.empty()) {
            const auto [other, fresh] = runs.emplace(std::pair{x[i], seed[i]}, table.lines[i]);
            if (!fresh)
                throw FileError::at_line(table.path, table.lines[i],
                                         "the same " + columns.x + " and " + columns.seed + " as line " +
                                             std::to_string(other->second) + " with another " + columns.y +
                                             "; choose rows with --where");
        }
        sizes.push_back(x[i]), losses.push_back(input.scale.to_loss(y[i]));
    }
    if (dropped > 0)
        input.notes.push_back(std::to_string(dropped) + " rows that repeat another one were dropped");
    input.rows = sizes.size();
    input.curve = fit::make_curve(sizes, losses);
    if (input.curve.points() > most_points) {
        input.notes.push_back(std::to_string(input.curve.points()) + " different " + columns.x +
                              " were merged into " + std::to_string(merged_points) +
                              " of equal width in log(" + columns.x + ")");
        input.curve = merged(input.curve);
    } else if (input.curve.points() < static_cast<Eigen::Index>(sizes.size())) {
        input.notes.push_back(std::to_string(sizes.size()) + " rows are " +
                              std::to_string(input.curve.points()) + " different " + columns.x +
                              (input.curve.log_error.size() != 0
                                   ? ", each repeated: residuals are in units of their scatter"
                                   : "; not all are repeated, so their scatter is not used"));
    }
    return input;
}

}  // namespace reconlaw::cli
