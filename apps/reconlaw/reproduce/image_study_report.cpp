#include <cmath>

#include "image_study.hpp"
#include "reconlaw/data/metrics.hpp"
#include "reconlaw/fit/theory.hpp"

namespace reconlaw::report {

Table ratio_table(const ImageStudy& study, const std::string& name, const std::string& caption) {
    Table table{name,
                caption,
                {"N", "training sets", "predicted MSE", "measured MSE", "predicted/measured",
                 "predicted/measured on all training images", "predicted PSNR [dB]", "measured PSNR [dB]",
                 "k* predicted", "k* measured", "converged, predicted/measured"},
                {}};
    for (const ImagePoint& p : study.points) {
        std::string measured = printed("%.6f", p.measured);
        if (std::isfinite(p.measured_error)) measured += " ± " + printed("%.6f", p.measured_error);
        table.rows.push_back(
            {std::to_string(p.training_size), std::to_string(p.repetitions), printed("%.6f", p.predicted),
             measured, printed("%.4f", p.predicted / p.measured),
             printed("%.4f", p.predicted / p.in_distribution), printed("%.2f", data::psnr_db(p.predicted)),
             printed("%.2f", data::psnr_db(p.measured)), printed("%.0f", p.predicted_steps),
             printed("%.0f", p.measured_steps),
             near_peak(static_cast<double>(p.training_size), study.measurements)
                 ? "–"
                 : printed("%.4f", p.predicted_converged / p.measured_converged)});
    }
    return table;
}

Table effective_dimension_table(const Context& context, const ImageStudy& study, const std::string& name,
                                const std::string& caption) {
    std::vector<double> N, measured, predicted;
    for (const ImagePoint& p : study.points) {
        if (!(p.predicted > 0)) continue;  // not converged
        N.push_back(static_cast<double>(p.training_size));
        measured.push_back(p.measured), predicted.push_back(p.predicted);
    }
    struct Row {
        std::string curve;
        fit::LearningCurve points;
        bool subspace;
        fit::LawFit found = {};
    };
    std::vector<Row> rows;
    for (const bool subspace : {false, true}) {  // the dearer ones first
        rows.push_back({"measured", fit::make_curve(N, measured), subspace});
        rows.push_back({"closed form of the whole spectrum", fit::make_curve(N, predicted), subspace});
    }
    begin(context, "effective dimension");
    const double p = study.measurements;
    for_each_index(context, rows.size(), [&](std::size_t i) {
        Row& row = rows[i];
        const fit::Law law =
            row.subspace
                ? fit::subspace_law(p, {.noise = study.sigma, .scale = std::nullopt, .per_coordinate = true})
                : fit::spectrum_law(std::lround(p), {.scale = std::nullopt, .max_steps = 100000});
        row.found = fit::fit_law(law, row.points, {.starts = 2});
    });
    Table table{name, caption, {"curve", "model", "d", "exponent", "σ", "variance", "deviation [%]"}, {}};
    for (const Row& row : rows) {
        const fit::LawFit& f = row.found;
        table.rows.push_back({row.curve, row.subspace ? "subspace" : "power-law spectrum"});
        auto& cells = table.rows.back();
        if (!f.usable()) {
            cells.insert(cells.end(), {"–", "–", "–", "–", f.message});
            continue;
        }
        // standard errors: of the logarithm for all but the exponent
        const auto value = [&](Eigen::Index j, const char* how) {
            const double error = std::sqrt(f.covariance(j, j)), v = f.parameters[j];
            return printed(how, v) + " ± " +
                   printed(how,
                           f.law.parameters[static_cast<std::size_t>(j)].logarithmic ? v * error : error);
        };
        if (row.subspace)
            cells.insert(cells.end(),
                         {value(0, "%.0f"), "", printed("%.4f", study.sigma) + " (given)", value(1, "%.4f")});
        else
            cells.insert(cells.end(), {"", value(0, "%.3f"), value(1, "%.4f"), value(2, "%.2f")});
        cells.push_back(printed("%.2f", 100 * f.log_rmse()));
    }
    return table;
}

Panel curve_panel(const ImageStudy& study, const std::string& title) {
    std::vector<double> N, stopped, stopped_error, converged, converged_error;
    for (const ImagePoint& p : study.points) {
        N.push_back(static_cast<double>(p.training_size));
        stopped.push_back(p.measured), stopped_error.push_back(p.measured_error);
        converged.push_back(p.measured_converged), converged_error.push_back(p.measured_converged_error);
    }
    Panel panel;
    panel.title = title + " (dotted: N = " + printed("%.0f", study.measurements) + ")";
    panel.x = {"training images N", true, study.grid.front() / 1.2, study.grid.back() * 1.2, {}};
    panel.y = {"mean squared error per pixel", true, 0.8 * study.floor, 25 * study.floor, {}};
    panel.y.ticks = one_two_five(panel.y.min, panel.y.max);
    panel.series = {{"early stopped", look::early_stopped, Mark::line, study.grid, study.grid_stopped},
                    {"converged", look::converged, Mark::line, study.peak_grid, study.grid_converged},
                    {"optimum",
                     look::optimum,
                     Mark::line,
                     {study.grid.front(), study.grid.back()},
                     {study.floor, study.floor}},
                    {"converged", look::converged, Mark::points, N, converged, converged_error},
                    {"early stopped", look::early_stopped, Mark::points, N, stopped, stopped_error}};
    panel.verticals = {{study.measurements, ""}};  // no room for a label beside the peak
    return panel;
}

std::vector<Panel> path_panels(const ImageStudy& study) {
    std::vector<Panel> panels;
    for (const ImagePath& path : study.paths) {
        Panel p;
        p.title = "N = " + std::to_string(path.training_size);
        p.x = {"gradient steps k", true, 1, path.steps.back(), {}};
        p.y = {"mean squared error per pixel", true, 0.005 * study.floor, 50 * study.floor, {}};
        p.series = {
            {"total risk", look::total, Mark::line, path.steps, path.total},
            {"bias", look::bias, Mark::line, path.steps, path.bias},
            {"variance", look::variance, Mark::line, path.steps, path.variance},
            {"optimum", look::optimum, Mark::line, {1, path.steps.back()}, {study.floor, study.floor}},
            {"total risk", look::total, Mark::points, path.measured_steps, path.measured,
             path.measured_error}};
        p.verticals = {{path.best_step, "k*"}};
        panels.push_back(std::move(p));
    }
    return panels;
}

}  // namespace reconlaw::report
