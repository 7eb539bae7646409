#include "fit_report.hpp"

#include <algorithm>
#include <cmath>
#include <limits>
#include <nlohmann/json.hpp>
#include <sstream>

#include "printed.hpp"
#include "reconlaw/data/csv.hpp"

namespace reconlaw::cli {

namespace {

using Json = nlohmann::ordered_json;

std::string number(double value, int digits = 4) {
    if (std::isnan(value)) return "-";
    return printed("%.*g", digits, value);
}

std::string padded(const std::string& text, std::size_t width) {
    return text + std::string(text.size() < width ? width - text.size() : 0, ' ');
}

std::string percent(double part) {
    return printed("%.0f %%", 100 * part);
}

/// Enough digits to tell the ends of a narrow interval apart.
int digits_for(double lower, double upper, int at_least) {
    const double middle = 0.5 * (std::abs(lower) + std::abs(upper)), width = std::abs(upper - lower);
    if (!(width > 0) || !std::isfinite(middle) || middle == 0) return at_least;
    return std::clamp(static_cast<int>(std::ceil(std::log10(middle / width))) + 2, at_least, 10);
}

/// Columns aligned to the left, two blanks apart.
std::string aligned(const std::vector<std::vector<std::string>>& rows) {
    std::vector<std::size_t> width;
    for (const auto& row : rows)
        for (std::size_t i = 0; i < row.size(); ++i) {
            if (i == width.size()) width.push_back(0);
            width[i] = std::max(width[i], row[i].size());
        }
    std::string text;
    for (const auto& row : rows) {
        std::string line;
        for (std::size_t i = 0; i < row.size(); ++i)
            line += i + 1 == row.size() ? row[i] : padded(row[i], width[i]) + "  ";
        while (!line.empty() && line.back() == ' ') line.pop_back();
        text += line + "\n";
    }
    return text;
}

std::string interval_text(const fit::Interval& interval) {
    const int digits =
        interval.lower_open || interval.upper_open ? 3 : digits_for(interval.lower, interval.upper, 3);
    return "[" + (interval.lower_open ? std::string("any") : number(interval.lower, digits)) + ", " +
           (interval.upper_open ? std::string("any") : number(interval.upper, digits)) + "]";
}

std::string parameter_text(double value, const std::vector<fit::Interval>& intervals, std::size_t j) {
    const bool closed = j < intervals.size() && !intervals[j].lower_open && !intervals[j].upper_open;
    return number(value, closed ? digits_for(intervals[j].lower, intervals[j].upper, 3) : 3);
}

/// An estimate of a loss in the file's units: for PSNR and SSIM the ends change places.
fit::Estimate in_units(const fit::Estimate& loss, const LossScale& scale) {
    fit::Estimate shown{scale.from_loss(loss.value), scale.from_loss(loss.lower),
                        scale.from_loss(loss.upper)};
    if (scale.reversed()) std::swap(shown.lower, shown.upper);
    return shown;
}

std::string bracketed(const fit::Estimate& e) {
    const int digits = digits_for(e.lower, e.upper, 4);
    return "[" + number(e.lower, digits) + ", " + number(e.upper, digits) + "]";
}

std::string estimate_text(const fit::Estimate& estimate) {
    const int digits = digits_for(estimate.lower, estimate.upper, 4);
    return number(estimate.value, digits) + "  [" + number(estimate.lower, digits) + ", " +
           number(estimate.upper, digits) + "]";
}

/// What a gain means for the reader: decibels for PSNR, per cent of the loss otherwise.
std::string gain_text(const fit::Gain& gain, const LossScale& scale) {
    if (scale.metric() == fit::Metric::psnr && scale.floor() == 0) {
        const auto db = [](double ratio) { return -10 * std::log10(ratio); };
        return printed("%+.2f dB  [%+.2f, %+.2f]", db(gain.ratio.value), db(gain.ratio.upper),
                       db(gain.ratio.lower));
    }
    const auto percent = [](double ratio) { return 100 * (ratio - 1); };
    return printed("%+.1f %%  [%+.1f, %+.1f]", percent(gain.ratio.value), percent(gain.ratio.lower),
                   percent(gain.ratio.upper));
}

std::vector<std::string> law_row(const fit::LawScore& law) {
    const fit::LawFit& fit = law.fit;
    if (!fit.usable()) return {fit.law.name, "not fitted: " + fit.message};
    std::string parameters;
    for (std::size_t j = 0; j < fit.law.parameters.size(); ++j)
        parameters += (j ? ", " : "") + std::string(fit.law.parameters[j].name) + " " +
                      parameter_text(fit.parameters[static_cast<Eigen::Index>(j)], law.intervals, j) +
                      (j < law.intervals.size() ? " " + interval_text(law.intervals[j]) : "");
    if (fit.status != fit::FitStatus::converged) parameters += "  (" + fit.message + ")";
    if (fit.rank < fit.law.dimension()) parameters += "  (only " + std::to_string(fit.rank) + " determined)";
    if (fit.basins.size() > 1) parameters += "  (" + std::to_string(fit.basins.size()) + " minima)";
    return {fit.law.name,
            number(100 * fit.log_rmse(), 3) + " %",
            std::isnan(law.held_back) ? "-" : number(100 * law.held_back, 3) + " %",
            std::isfinite(fit.aicc()) ? number(fit.aicc()) : "-",
            number(fit.bic()),
            parameters};
}

std::string members_text(const fit::Forecast& forecast) {
    std::vector<std::pair<double, std::string>> laws;
    for (const fit::Member& member : forecast.members) {
        const std::string& name = member.fit.law.name;
        if (std::none_of(laws.begin(), laws.end(), [&](const auto& l) { return l.second == name; }))
            laws.emplace_back(forecast.weight_of(name), name);
    }
    std::stable_sort(laws.begin(), laws.end(),
                     [](const auto& a, const auto& b) { return a.first > b.first; });
    std::string text = std::to_string(forecast.members.size()) + " fits (";
    for (std::size_t i = 0; i < laws.size(); ++i)
        text += (i ? ", " : "") + laws[i].second + " " + percent(laws[i].first);
    text += ")";
    const fit::Member& first = forecast.members.front();
    text +=
        "; the heaviest is " + first.fit.law.name + " from N = " + number(first.fit.curve.size[0], 3) + " on";
    return text;
}

}  // namespace

FitReport make_fit_report(const CurveInput& input, const std::string& source, const FitRequest& request) {
    FitReport report;
    report.input = input, report.source = source;
    report.asked = request.predict, report.level = request.level, report.notes = input.notes;
    const fit::LearningCurve& curve = input.curve;
    const double last = curve.size[curve.points() - 1];
    if (report.asked.empty()) report.asked = {2 * last, 10 * last, 100 * last};
    std::sort(report.asked.begin(), report.asked.end());
    const Eigen::ArrayXd size =
        Eigen::Map<const Eigen::ArrayXd>(report.asked.data(), static_cast<Eigen::Index>(report.asked.size()));
    fit::ForecastOptions options;
    options.level = request.level;
    options.fit.loss = request.loss;
    report.comparison = fit::compare(curve, request.laws, size, options);
    if (!request.theory.empty()) {
        fit::ForecastOptions few = options;  // one theory curve takes as long as a hundred laws
        few.origins = 4, few.windows = {1.0};
        report.theory = fit::compare(curve, request.theory, size, few).laws;
    }
    // A restricted choice of laws restricts the forecast too.
    if (request.laws.size() < fit::all_laws().size()) options.laws = request.laws;
    if (options.laws.empty() && curve.points() == 3) options.laws = {fit::law_named("power")};
    Eigen::Index fewest = options.laws.empty() ? 4 : std::numeric_limits<Eigen::Index>::max();
    for (const fit::Law& law : options.laws) fewest = std::min(fewest, fit::fewest_points(law));
    report.options = options;
    if (curve.points() < fewest) {
        report.no_forecast = "it takes " + std::to_string(fewest) + " training sizes or more with these laws";
        return report;
    }
    report.forecast = fit::forecast(curve, size, options);
    report.identifiability = fit::identify(curve, *report.forecast, request.level, request.loss);
    if (report.identifiability->slope.upper < 0)
        report.no_forecast =
            "the loss grows with " + input.x + ", and a law of more data does not" + input.hint;
    else if (report.forecast->members.empty())
        report.no_forecast = "no law could be fitted, or all turn upward beyond the last point";
    if (!report.no_forecast.empty()) report.forecast.reset();
    return report;
}

namespace {

std::string statements_text(const FitReport& report) {
    if (!report.identifiability) return "";
    std::string text = "\nWhat the curve determines\n";
    for (const std::string& statement : report.identifiability->statements) text += "- " + statement + "\n";
    return text;
}

}  // namespace

std::string fit_text(const FitReport& report) {
    const fit::LearningCurve& curve = report.input.curve;
    const LossScale& scale = report.input.scale;
    std::string text = report.source + ": " + std::to_string(curve.points()) + " sizes from " +
                       number(curve.size[0]) + " to " + number(curve.size[curve.points() - 1]) + ", " +
                       report.input.y + " " + number(scale.from_loss(curve.loss[0])) + " to " +
                       number(scale.from_loss(curve.loss[curve.points() - 1])) + "\n\n";
    const std::string level = number(100 * report.level, 3) + " %";
    std::vector<std::vector<std::string>> rows{
        {"law", "error", "held back", "AICc", "BIC",
         "parameters with " + level + " intervals (N = " + report.input.x + ", loss" +
             (scale.reversed() ? " = " + fit::loss_label(scale.metric()) : "") + ")"}};
    for (const fit::LawScore& law : report.comparison.laws) rows.push_back(law_row(law));
    for (const fit::LawScore& law : report.theory) rows.push_back(law_row(law));
    // The explanation of a law that could not be fitted stays out of the columns' widths.
    std::vector<std::string> failed;
    std::vector<std::vector<std::string>> fitted;
    for (const auto& row : rows)
        if (row.size() == 2)
            failed.push_back(row[0] + ": " + row[1]);
        else
            fitted.push_back(row);
    text += aligned(fitted);
    for (const std::string& line : failed) text += line + "\n";
    text += std::string("\n") + (report.theory.empty() ? "" : "Without the theory curves: ") +
            report.comparison.sentence + "\n";
    if (!report.theory.empty())
        text +=
            "The theory curves were held back at fewer sizes, on all points only: compare their errors among "
            "themselves.\n";
    if (!report.forecast)
        return text + "\nNo forecast: " + report.no_forecast + ".\n" + statements_text(report);
    const fit::Forecast& forecast = *report.forecast;
    text += "\nForecast from " + members_text(forecast) + "\n";
    if (!forecast.past.empty())
        text += "tested at " + std::to_string(forecast.past.size()) + " sizes, predicting up to " +
                number(forecast.tested_factor, 2) + " times ahead: off by " +
                number(100 * forecast.held_back, 2) + " % (root mean square)\n";
    else
        text += "not tested: fewer than six training sizes\n";
    rows = {{report.input.x,
             report.input.y + "  [" + level + " interval of a measurement" +
                 (report.input.curve.log_error.size() != 0 && !report.input.errors_given
                      ? ", a mean over as many seeds]"
                      : "]"),
             "[of the curve]"}};
    for (std::size_t i = 0; i < report.asked.size(); ++i) {
        const fit::Estimate curve_value = in_units(forecast.curve[i], scale);
        rows.push_back({number(report.asked[i], 6), estimate_text(in_units(forecast.loss[i], scale)),
                        bracketed(curve_value)});
    }
    text += aligned(rows);
    text += "\nGain over " + report.input.x + " = " + number(curve.size[curve.points() - 1]) + "\n";
    rows.clear();
    for (const fit::Gain& gain : forecast.gains)
        rows.push_back({number(gain.factor) + "x data", gain_text(gain, scale)});
    text += aligned(rows);
    if (report.asked.back() / curve.size[curve.points() - 1] > 1.01 * forecast.tested_factor &&
        !forecast.past.empty())
        text += "Beyond " + number(forecast.tested_factor, 2) +
                " times the data the intervals rest on the laws, not on tests.\n";
    text += statements_text(report);
    return text;
}

namespace {

Json finite(double value) {
    return std::isfinite(value) ? Json(value) : Json(nullptr);
}

Json estimate_json(const fit::Estimate& e) {
    return {{"value", finite(e.value)}, {"lower", finite(e.lower)}, {"upper", finite(e.upper)}};
}

Json interval_json(const fit::Interval& interval) {
    return {{"lower", interval.lower_open ? Json(nullptr) : finite(interval.lower)},
            {"upper", interval.upper_open ? Json(nullptr) : finite(interval.upper)}};
}

Json law_json(const fit::LawScore& score) {
    const fit::LawFit& fit = score.fit;
    Json law{{"law", fit.law.name},
             {"formula", fit.law.formula},
             {"source", fit.law.source},
             {"status", fit::to_string(fit.status)},
             {"message", fit.message}};
    if (!fit.usable()) return law;
    for (std::size_t j = 0; j < fit.law.parameters.size(); ++j) {
        Json parameter{{"value", finite(fit.parameters[static_cast<Eigen::Index>(j)])}};
        if (j < score.intervals.size()) parameter.update(interval_json(score.intervals[j]));
        law["parameters"][std::string(fit.law.parameters[j].name)] = parameter;
    }
    law["log_rmse"] = finite(fit.log_rmse());
    law["held_back_log_rmse"] = finite(score.held_back);
    law["aicc"] = finite(fit.aicc());
    law["aicc_weight"] = finite(score.aicc_weight);
    law["bic"] = finite(fit.bic());
    law["rank"] = fit.rank;
    for (const fit::Basin& basin : fit.basins)
        law["minima"].push_back(
            {{"cost", finite(basin.cost)},
             {"status", fit::to_string(basin.status)},
             {"starts", basin.starts},
             {"parameters", std::vector<double>(basin.parameters.begin(), basin.parameters.end())}});
    return law;
}

}  // namespace

std::string fit_json(const FitReport& report) {
    const LossScale& scale = report.input.scale;
    const fit::LearningCurve& curve = report.input.curve;
    Json json{
        {"source", report.source}, {"x", report.input.x}, {"y", report.input.y}, {"level", report.level}};
    json["points"] = curve.points();
    json["laws"] = Json::array();
    for (const fit::LawScore& law : report.comparison.laws) json["laws"].push_back(law_json(law));
    for (const fit::LawScore& law : report.theory) json["theory"].push_back(law_json(law));
    json["comparison"] = report.comparison.sentence;
    if (report.forecast) {
        const fit::Forecast& forecast = *report.forecast;
        json["forecast"] = Json::array();
        for (std::size_t i = 0; i < report.asked.size(); ++i)
            json["forecast"].push_back({{report.input.x, report.asked[i]},
                                        {"measurement", estimate_json(in_units(forecast.loss[i], scale))},
                                        {"curve", estimate_json(in_units(forecast.curve[i], scale))}});
        for (const fit::Gain& gain : forecast.gains)
            json["gains"].push_back({{"factor", gain.factor}, {"loss_ratio", estimate_json(gain.ratio)}});
        json["calibration"] = {{"tests", forecast.past.size()},
                               {"tested_factor", forecast.tested_factor},
                               {"held_back_log_rmse", finite(forecast.held_back)},
                               {"inflation", forecast.inflation},
                               {"degrees_of_freedom", forecast.freedom},
                               {"noise", finite(forecast.noise)}};
        for (const fit::Member& member : forecast.members)
            json["members"].push_back({{"law", member.fit.law.name},
                                       {"from", member.fit.curve.size[0]},
                                       {"weight", member.weight},
                                       {"held_back_log_rmse", finite(member.held_back)}});
    }
    if (!report.no_forecast.empty()) json["no_forecast"] = report.no_forecast;
    if (report.identifiability) {
        const fit::Identifiability& known = *report.identifiability;
        json["identifiability"] = {{"floor_identified", known.floor_identified},
                                   {"exponent_identified", known.exponent_identified},
                                   {"falls", known.falls},
                                   {"floor_loss", estimate_json(known.floor)},
                                   {"exponent", estimate_json(known.exponent)},
                                   {"statements", known.statements}};
    }
    json["notes"] = report.notes;
    return json.dump(2, ' ', false, nlohmann::ordered_json::error_handler_t::replace) + "\n";
}

std::string fit_csv(const FitReport& report) {
    std::string csv = report::csv_line({"record", "law", "name", "value", "lower", "upper"});
    const auto cell = [](double value) {
        return std::isfinite(value) ? report::csv_number(value) : std::string();
    };
    const auto laws = [&](const std::vector<fit::LawScore>& scores) {
        for (const fit::LawScore& law : scores) {
            const std::string& name = law.fit.law.name;
            csv += report::csv_line({"status", name, fit::to_string(law.fit.status), "", "", ""});
            if (!law.fit.usable()) continue;
            for (std::size_t j = 0; j < law.fit.law.parameters.size(); ++j) {
                const fit::Interval& interval = law.intervals[j];
                csv += report::csv_line({"parameter", name, std::string(law.fit.law.parameters[j].name),
                                         cell(law.fit.parameters[static_cast<Eigen::Index>(j)]),
                                         interval.lower_open ? "" : cell(interval.lower),
                                         interval.upper_open ? "" : cell(interval.upper)});
            }
            csv += report::csv_line({"score", name, "log_rmse", cell(law.fit.log_rmse()), "", ""});
            csv += report::csv_line({"score", name, "held_back_log_rmse", cell(law.held_back), "", ""});
            csv += report::csv_line({"score", name, "aicc", cell(law.fit.aicc()), "", ""});
            csv += report::csv_line({"score", name, "bic", cell(law.fit.bic()), "", ""});
        }
    };
    laws(report.comparison.laws);
    laws(report.theory);
    if (!report.forecast) return csv;
    const auto estimate = [&](const std::string& record, double at, const fit::Estimate& e) {
        csv += report::csv_line({record, "combined", cell(at), cell(e.value), cell(e.lower), cell(e.upper)});
    };
    for (std::size_t i = 0; i < report.asked.size(); ++i) {
        estimate("measurement", report.asked[i], in_units(report.forecast->loss[i], report.input.scale));
        estimate("curve", report.asked[i], in_units(report.forecast->curve[i], report.input.scale));
    }
    for (const fit::Gain& gain : report.forecast->gains) estimate("loss_ratio", gain.factor, gain.ratio);
    return csv;
}

}  // namespace reconlaw::cli
