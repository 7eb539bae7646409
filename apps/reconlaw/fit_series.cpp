#include "fit_series.hpp"

#include <algorithm>
#include <chrono>
#include <cmath>
#include <map>
#include <nlohmann/json.hpp>

#include "printed.hpp"
#include "reconlaw/data/file_error.hpp"
#include "reconlaw/data/in_quotes.hpp"
#include "reproduce/figure.hpp"

namespace reconlaw::cli {

namespace {

using data::FileError;
using Clock = std::chrono::steady_clock;

double seconds_since(Clock::time_point start) {
    return std::chrono::duration<double>(Clock::now() - start).count();
}

struct Rows {
    std::string name;
    std::vector<double> x, loss;              ///< to fit
    std::vector<double> later_x, later_loss;  ///< to predict
};

SeriesScore score_series(const Rows& rows, const fit::ForecastOptions& options) {
    SeriesScore score;
    score.name = rows.name;
    score.predicted = static_cast<long>(rows.later_x.size());
    score.rmse = score.coverage = score.far_coverage = score.far_width = NAN;
    if (rows.x.empty()) {
        score.problem = "no row to fit";
        return score;
    }
    const fit::LearningCurve curve = fit::make_curve(rows.x, rows.loss, false);
    score.points = curve.points();
    if (rows.later_x.empty()) {
        score.problem = "no row to predict";
        return score;
    }
    const double farthest = *std::max_element(rows.later_x.begin(), rows.later_x.end());
    score.factor = farthest / curve.size[curve.points() - 1];
    fit::Forecast forecast;
    try {
        forecast = fit::forecast(
            curve, Eigen::Map<const Eigen::ArrayXd>(rows.later_x.data(), score.predicted), options);
    } catch (const std::invalid_argument& e) {
        score.problem = e.what();
        return score;
    }
    if (forecast.members.empty()) {
        score.problem = "no law could be fitted";
        return score;
    }
    double squares = 0, inside = 0, far = 0, far_inside = 0, width = 0;
    for (std::size_t i = 0; i < rows.later_x.size(); ++i) {
        const fit::Estimate& e = forecast.loss[i];
        const double loss = rows.later_loss[i];
        const bool in = loss >= e.lower && loss <= e.upper;
        squares += std::pow(std::log(e.value / loss), 2), inside += in;
        if (rows.later_x[i] < 0.8 * farthest) continue;
        far += 1, far_inside += in, width += std::log(e.upper / e.lower);
    }
    const auto count = static_cast<double>(rows.later_x.size());
    score.rmse = std::sqrt(squares / count), score.coverage = inside / count;
    score.far_coverage = far_inside / far, score.far_width = width / far;
    score.heaviest = forecast.members.front().fit.law.name;
    return score;
}

std::string fixed(double value, int digits) {
    if (std::isnan(value)) return "-";
    return printed("%.*f", digits, value);
}

double median(std::vector<double> values) {
    if (values.empty()) return NAN;
    std::sort(values.begin(), values.end());
    const std::size_t half = values.size() / 2;
    return values.size() % 2 ? values[half] : 0.5 * (values[half - 1] + values[half]);
}

}  // namespace

SeriesReport fit_series(const Results& results, const std::vector<std::string>& group,
                        const std::string& train, const fit::ForecastOptions& options) {
    const auto start = Clock::now();
    SeriesReport report;
    report.level = options.level, report.notes = results.notes;
    std::vector<std::size_t> keys;
    for (const std::string& column : group) keys.push_back(results.table.index(column));
    std::map<std::string, std::size_t> known;
    std::vector<Rows> series;
    for (std::size_t i = 0; i < results.rows(); ++i) {
        if (results.train[i] != 0 && results.train[i] != 1)
            throw FileError::at_line(results.table.path, results.line(i),
                                     "column " + data::in_quotes(train) + ": " +
                                         report::csv_number(results.train[i]) + ", must be 0 or 1");
        std::string name;
        for (const std::size_t key : keys)
            name += (name.empty() ? "" : " | ") + data::printable(results.table.rows[i][key]);
        const auto [at, fresh] = known.emplace(name, series.size());
        if (fresh) series.push_back({name, {}, {}, {}, {}});
        Rows& rows = series[at->second];
        (results.train[i] == 1 ? rows.x : rows.later_x).push_back(results.size[i]);
        (results.train[i] == 1 ? rows.loss : rows.later_loss).push_back(results.loss[i]);
    }
    std::vector<double> widths;
    double count = 0;
    for (const Rows& rows : series) {
        report.series.push_back(score_series(rows, options));
        const SeriesScore& score = report.series.back();
        if (!score.problem.empty()) continue;
        count += 1;
        report.rmse += score.rmse, report.coverage += score.coverage,
            report.far_coverage += score.far_coverage;
        widths.push_back(score.far_width);
    }
    report.rmse /= count, report.coverage /= count, report.far_coverage /= count;  // NaN without any
    report.far_width = median(widths);
    report.seconds = seconds_since(start);
    return report;
}

std::string series_text(const SeriesReport& report) {
    std::size_t width = 6;
    for (const SeriesScore& s : report.series) width = std::max(width, s.name.size());
    const auto line = [&](const std::string& name, const std::vector<std::string>& cells) {
        std::string text = name + std::string(width - name.size(), ' ');
        for (const std::string& cell : cells)
            text += std::string(cell.size() < 9 ? 9 - cell.size() : 1, ' ') + cell;
        return text + "\n";
    };
    std::string text =
        line("series", {"points", "rows", "ahead", "RMSE", "inside", "far in", "far width", "  law"});
    for (const SeriesScore& s : report.series) {
        if (!s.problem.empty()) {
            text += line(s.name, {std::to_string(s.points), std::to_string(s.predicted)});
            text.pop_back();
            text += "  " + s.problem + "\n";
            continue;
        }
        text +=
            line(s.name, {std::to_string(s.points), std::to_string(s.predicted), fixed(s.factor, 2) + "x",
                          fixed(s.rmse, 4), fixed(100 * s.coverage, 0) + " %",
                          fixed(100 * s.far_coverage, 0) + " %", fixed(s.far_width, 3), "  " + s.heaviest});
    }
    return text + printed(
                      "\n%zu series in %.1f s. RMSE of log loss, mean over series: %.4f\n"
                      "rows inside their %g %% interval, mean over series: %.1f %%; at the far end (beyond "
                      "80 %% of the "
                      "largest x): %.1f %%\n"
                      "width of the far intervals in log loss, median over series: %.3f\n",
                      report.series.size(), report.seconds, report.rmse, 100 * report.level,
                      100 * report.coverage, 100 * report.far_coverage, report.far_width);
}

std::string series_json(const SeriesReport& report) {
    const auto finite = [](double v) {
        return std::isfinite(v) ? nlohmann::ordered_json(v) : nlohmann::ordered_json();
    };
    nlohmann::ordered_json json;
    json["series"] = nlohmann::ordered_json::array();
    for (const SeriesScore& s : report.series)
        json["series"].push_back({{"name", s.name},
                                  {"points", s.points},
                                  {"predicted", s.predicted},
                                  {"factor", s.factor},
                                  {"log_rmse", finite(s.rmse)},
                                  {"coverage", finite(s.coverage)},
                                  {"far_coverage", finite(s.far_coverage)},
                                  {"far_log_width", finite(s.far_width)},
                                  {"heaviest_law", s.heaviest},
                                  {"problem", s.problem}});
    json["mean_log_rmse"] = finite(report.rmse);
    json["mean_coverage"] = finite(report.coverage);
    json["mean_far_coverage"] = finite(report.far_coverage);
    json["median_far_log_width"] = finite(report.far_width);
    json["level"] = report.level;
    json["notes"] = report.notes;
    return json.dump(2, ' ', false, nlohmann::ordered_json::error_handler_t::replace) + "\n";
}

std::string series_csv(const SeriesReport& report) {
    const auto cell = [](double value) {
        return std::isfinite(value) ? report::csv_number(value) : std::string();
    };
    std::string csv = report::csv_line({"series", "points", "predicted", "factor", "log_rmse", "coverage",
                                        "far_coverage", "far_log_width", "heaviest_law", "problem"});
    for (const SeriesScore& s : report.series)
        csv += report::csv_line({s.name, std::to_string(s.points), std::to_string(s.predicted),
                                 cell(s.factor), cell(s.rmse), cell(s.coverage), cell(s.far_coverage),
                                 cell(s.far_width), s.heaviest, s.problem});
    return csv;
}

}  // namespace reconlaw::cli
