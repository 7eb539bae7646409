#include <algorithm>
#include <cmath>

#include "fit_report.hpp"

namespace reconlaw::cli {

namespace {

Eigen::ArrayXd log_grid(double first, double last, int count) {
    return Eigen::ArrayXd::LinSpaced(count, std::log(first), std::log(last)).exp();
}

std::vector<double> values(const Eigen::ArrayXd& array) {
    return {array.begin(), array.end()};
}

/// Colours for laws, most important first.
const std::vector<report::Look>& law_looks() {
    static const std::vector<report::Look> looks{{"#0072B2", 7, false}, {"#D55E00", 7, false},
                                                 {"#009E73", 7, false}, {"#B0307A", 7, false},
                                                 {"#E69F00", 7, true},  {"#56B4E9", 7, true}};
    return looks;
}

}  // namespace

report::Figure fit_figure(const FitReport& report) {
    using report::Mark;
    using report::Series;
    const fit::LearningCurve& curve = report.input.curve;
    const LossScale& scale = report.input.scale;
    const double first = curve.size[0], end = curve.size[curve.points() - 1];
    const double last = std::max(end, report.asked.back());
    const auto shown = [&](const Eigen::ArrayXd& loss) {
        std::vector<double> y;
        for (const double l : loss) y.push_back(l > 0 ? scale.from_loss(l) : NAN);
        return y;
    };

    report::Panel panel;
    panel.title = report.source + ": laws through all points, and the combined forecast";
    panel.x = {report.input.x};
    panel.y = {report.input.y, !scale.reversed()};
    double low = curve.loss.minCoeff(), high = curve.loss.maxCoeff();  // losses shown
    if (report.forecast) {
        // The band is that of the forecast at the sizes asked for, joined to its value within the data.
        const Eigen::ArrayXd grid = log_grid(end, last * (1 + 1e-12), 40);
        if (last > end) {
            const fit::Forecast ahead = fit::forecast(curve, grid, report.options);
            Eigen::ArrayXd lower(grid.size()), middle(grid.size()), upper(grid.size());
            for (Eigen::Index i = 0; i < grid.size(); ++i) {
                const fit::Estimate& e = ahead.loss[static_cast<std::size_t>(i)];
                lower[i] = e.lower, middle[i] = e.value, upper[i] = e.upper;
            }
            low = std::min(low, std::max(lower.minCoeff(), low / 10)),
            high = std::max(high, std::min(upper.maxCoeff(), 3 * high));
            const report::Look look{"#777777", 7, false};
            const std::string name = report::csv_number(100 * report.level) + " % interval";
            panel.series.push_back({name, look, Mark::band, values(grid), shown(lower), {}, shown(upper)});
            panel.series.push_back(
                {"forecast", {"#222222", 7, true}, Mark::line, values(grid), shown(middle)});
        }
    }
    std::size_t colour = 0;
    const auto add_law = [&](const fit::LawFit& fit, const report::Look& look) {
        const Eigen::ArrayXd grid = log_grid(first, last, 160);
        panel.series.push_back(
            {fit.law.name, look, Mark::line, values(grid), shown(fit.law.values(fit.parameters, grid))});
    };
    for (const fit::LawScore& law : report.comparison.laws) {
        if (!law.fit.usable() || colour >= 4) continue;
        add_law(law.fit, law_looks()[colour++]);
    }
    for (const fit::LawScore& law : report.theory)
        if (law.fit.usable()) add_law(law.fit, law_looks()[colour++ % law_looks().size()]);
    Series points{"measured", {"#000000", 7, false}, Mark::points, values(curve.size), shown(curve.loss)};
    if (curve.log_error.size() != 0 && !scale.reversed()) points.error = values(curve.log_error * curve.loss);
    panel.series.push_back(points);
    if (report.identifiability && report.identifiability->floor_identified) {
        const double floor = report.identifiability->floor.value;
        panel.series.push_back({"estimated floor",
                                {"#999999", 7, true},
                                Mark::line,
                                {first, last},
                                {scale.from_loss(floor), scale.from_loss(floor)}});
    }
    panel.x.min = first / 1.15, panel.x.max = last * 1.15;
    if (scale.reversed()) {
        const double top = scale.from_loss(low), bottom = scale.from_loss(high),
                     margin = 0.05 * (top - bottom);
        panel.y.min = bottom - margin, panel.y.max = top + margin;
    } else {
        panel.y.min = scale.from_loss(low) / 1.12, panel.y.max = scale.from_loss(high) * 1.12;
        if (panel.y.max < 50 * panel.y.min) panel.y.ticks = report::one_two_five(panel.y.min, panel.y.max);
    }
    panel.verticals.push_back({end, "last measured", true});

    report::Figure figure;
    figure.name = "fit";
    figure.panels = {panel};
    figure.width_px = 1100, figure.height_px = 720;
    return figure;
}

}  // namespace reconlaw::cli
