#include <algorithm>
#include <cmath>

#include "learning_curves.hpp"
#include "power_law.hpp"

namespace reconlaw::report {

namespace {

using Index = Eigen::Index;

Series line(const char* name, const Look& look, const Curve& c) {
    return {name, look, Mark::line, c.size, c.risk};
}
Series points(const char* name, const Look& look, const Curve& c) {
    return {name, look, Mark::points, c.size, c.risk, c.error};
}

Panel panel(const SettingCurves& s) {
    const double last = static_cast<double>(s.sizes.back());
    Panel p;
    p.title = describe(s.model);
    p.x = {"training examples N", true, 1, last, {}};
    p.y = {"risk per signal dimension", true, 0.6 * s.floor, 2, {}};
    p.series = {line("early stopped", look::early_stopped, s.early_stopped),
                line("converged", look::converged, s.converged),
                line("PCA", look::pca, s.pca),
                {"optimum", look::optimum, Mark::line, {1, last}, {s.floor, s.floor}},
                points("PCA", look::pca, s.simulated_pca),
                points("converged", look::converged, s.simulated_converged),
                points("early stopped", look::early_stopped, s.simulated_early_stopped)};
    const double n = static_cast<double>(s.model.dimension);
    if (n < last) p.verticals.push_back({n, "N = n", n > last / 10});
    return p;
}

/// Values of a curve at some of its sizes.
std::vector<double> pick(const Curve& c, const std::vector<double>& values, const std::vector<Index>& sizes) {
    std::vector<double> picked;
    for (std::size_t i = 0; i < c.size.size(); ++i)
        if (std::find(sizes.begin(), sizes.end(), c.size[i]) != sizes.end()) picked.push_back(values[i]);
    return picked;
}

Table slopes(const LearningCurves& curves) {
    Table table{
        "slopes",
        "Slopes of the early-stopped curves on logarithmic axes, by least squares over the paper's N. Left: "
        "of "
        "the risk, where it falls (N ≥ d, predicted risk at least twice the optimum). Right: of the excess "
        "over the optimum, for N ≥ 10 (d + nσ²), where the expansion excess ≈ σ²(d + nσ²)/N has slope −1.",
        {"setting", "N of the fall", "points", "slope, closed form", "slope, simulated", "N of the tail",
         "excess slope, closed form", "excess slope, simulated"},
        {}};
    for (const SettingCurves& s : curves.settings) {
        const auto fall = falling_sizes(s);
        const double onset =
            static_cast<double>(s.model.signal_dimension) +
            static_cast<double>(s.model.dimension) * s.model.noise_level * s.model.noise_level;
        std::vector<Index> tail;
        for (const Index N : s.sizes)
            if (static_cast<double>(N) >= 10 * onset) tail.push_back(N);
        const auto range = [](const std::vector<Index>& sizes) {
            return sizes.empty() ? std::string("none")
                                 : std::to_string(sizes.front()) + " to " + std::to_string(sizes.back());
        };
        const auto slope = [](const PowerLaw& law) {
            std::string text = printed("%.2f", law.exponent);
            if (std::isfinite(law.exponent_error)) text += " ± " + printed("%.3f", law.exponent_error);
            return text;
        };
        const auto law = [&](const Curve& c, const std::vector<Index>& sizes, double offset) {
            std::vector<double> y = pick(c, c.risk, sizes);
            for (double& v : y) v -= offset;
            if (std::any_of(y.begin(), y.end(), [](double v) { return !(v > 0); })) return std::string("–");
            return slope(fit_power_law(pick(c, c.size, sizes), y,
                                       c.error.empty() ? std::vector<double>{} : pick(c, c.error, sizes)));
        };
        table.rows.push_back({describe(s.model), range(fall), std::to_string(fall.size()),
                              law(s.early_stopped, fall, 0), law(s.simulated_early_stopped, fall, 0),
                              range(tail), law(s.early_stopped, tail, s.floor),
                              law(s.simulated_early_stopped, tail, s.floor)});
    }
    return table;
}

/// Deviations of the closed forms from the simulated means, per setting and estimator.
Table agreement(const LearningCurves& curves) {
    Table table{
        "agreement",
        "Closed form against simulation over the paper's N: median and largest deviation in percent of the "
        "simulated mean, the largest also in standard errors of that mean. Converged without N/n in [0.85, "
        "1.2], where its mean is infinite or nearly so.",
        {"setting", "trials", "early stopped", "converged", "PCA"},
        {}};
    for (const SettingCurves& s : curves.settings) {
        const double n = static_cast<double>(s.model.dimension);
        const auto deviation = [&](const Curve& theory, const Curve& simulated, bool skip_peak) {
            const std::vector<double> predicted = pick(theory, theory.risk, s.sizes);
            std::vector<double> off;
            double where = 0, largest = -1, errors = 0;
            for (std::size_t i = 0; i < simulated.size.size(); ++i) {
                const double N = simulated.size[i];
                if ((skip_peak && near_peak(N, n)) || !std::isfinite(predicted[i])) continue;
                off.push_back(100 * std::abs(predicted[i] / simulated.risk[i] - 1));
                if (off.back() > largest)
                    largest = off.back(), where = N,
                    errors = std::abs(predicted[i] - simulated.risk[i]) / simulated.error[i];
            }
            if (off.empty()) return std::string("–");
            std::nth_element(off.begin(), off.begin() + static_cast<std::ptrdiff_t>(off.size() / 2),
                             off.end());
            return printed("%.2f", off[off.size() / 2]) + "; " + printed("%.1f", largest) +
                   " at N = " + printed("%.0f", where) + " (" + printed("%.1f", errors) + " s.e.)";
        };
        table.rows.push_back({describe(s.model), std::to_string(s.trials),
                              deviation(s.early_stopped, s.simulated_early_stopped, false),
                              deviation(s.converged, s.simulated_converged, true),
                              deviation(s.pca, s.simulated_pca, false)});
    }
    return table;
}

std::string with_interval(const char* how, double value, const fit::Interval& interval) {
    return printed(how, value) + " [" + (interval.lower_open ? "–" : printed(how, interval.lower)) + ", " +
           (interval.upper_open ? "–" : printed(how, interval.upper)) + "]";
}

Table fits(const LearningCurves& curves) {
    Table table{
        "fits",
        "Least-squares fits (Ceres) of the simulated early-stopped points, weighted by their standard "
        "errors, "
        "with 90 % profile intervals. Closed form with (d, σ) free, and E + βN^−α, on the same at most eight "
        "points with N ≥ 2d; deviations are root mean squares over these points, not weighted. βN^−α on the "
        "falling part, with the closed form's own slope beside it.",
        {"setting", "points", "d", "σ", "closed form deviates [%]", "α with floor", "E over the optimum",
         "law with floor deviates [%]", "α of the fall", "of the closed form there"},
        {}};
    for (std::size_t i = 0; i < curves.fits.size(); ++i) {
        const SettingCurves& s = curves.settings[i];
        const SettingFits& f = curves.fits[i];
        std::vector<std::string> row{describe(s.model), std::to_string(f.theory.fit.curve.points())};
        if (f.theory.fit.usable())
            row.insert(row.end(),
                       {with_interval("%.3f", f.theory.dimension.value, f.theory.dimension.interval),
                        with_interval("%.6f", f.theory.noise.value, f.theory.noise.interval),
                        printed("%.2f", 100 * f.theory.fit.log_rmse())});
        else
            row.insert(row.end(), 3, "–");
        if (f.floor.usable())
            row.insert(row.end(),
                       {with_interval("%.2f", f.floor.parameters[2], fit::profile_interval(f.floor, 2)),
                        printed("%.4f", f.floor.parameters[0] / s.floor),
                        printed("%.2f", 100 * f.floor.log_rmse())});
        else
            row.insert(row.end(), 3, "–");
        const auto falling = falling_sizes(s);
        const double slope = fit_power_law(pick(s.early_stopped, s.early_stopped.size, falling),
                                           pick(s.early_stopped, s.early_stopped.risk, falling))
                                 .exponent;
        row.push_back(f.power.usable()
                          ? with_interval("%.2f", f.power.parameters[1], fit::profile_interval(f.power, 1))
                          : "–");
        row.push_back(std::isfinite(slope) ? printed("%.2f", -slope) : "–");
        table.rows.push_back(std::move(row));
    }
    return table;
}

}  // namespace

std::vector<Index> falling_sizes(const SettingCurves& s) {
    std::vector<Index> falling;
    const auto risk = pick(s.early_stopped, s.early_stopped.risk, s.sizes);
    for (std::size_t i = 0; i < s.sizes.size(); ++i)
        if (s.sizes[i] >= s.model.signal_dimension && risk[i] >= 2 * s.floor) falling.push_back(s.sizes[i]);
    return falling;
}

Section present(const LearningCurves& curves) {
    Section section;
    section.title = "Learning curves of subspace denoising";
    int failed = 0;
    for (const SettingCurves& s : curves.settings) failed += s.failed;
    section.blocks.push_back(
        Paragraph{"Signals x = Uc in a d-dimensional subspace of ℝⁿ, measured as y = x + z with white noise "
                  "of standard deviation "
                  "σ; linear reconstruction learned from N pairs, as in section 5 of Klug and Heckel, "
                  "“Scaling laws for deep "
                  "learning based image reconstruction” (ICLR 2023), in its eight settings. Gradient descent "
                  "takes the paper's "
                  "step size and is stopped at its best step among " +
                  std::to_string(curves.max_steps) +
                  "; converged is its limit, minimum-norm least squares; PCA projects on the d leading "
                  "directions of the "
                  "measurements. Lines are the closed form with its finite-size correction, evaluated "
                  "without any sampling; "
                  "points are means over independent training sets, drawn exactly, with standard errors."});
    if (failed > 0)
        section.blocks.push_back(
            Paragraph{"<strong>" + std::to_string(failed) +
                      " closed-form values did not reach their tolerance and are left out.</strong>"});
    Figure main;
    main.name = "main";
    main.title = "One setting: " + describe(curves.settings.front().model);
    main.what_to_see =
        "The closed form runs through the simulated points at every N: the risk falls steeply once N reaches "
        "d, and "
        "stopping early turns the peak at N = n, where least squares has infinite mean risk, into a smooth "
        "approach to "
        "the optimum.";
    main.panels = {panel(curves.settings.front())};
    main.line_meaning = "closed form", main.point_meaning = "simulation";
    Figure all = main;
    all.name = "learning-curves";
    all.title = "All eight settings";
    all.what_to_see =
        "More noise or more noise directions (larger nσ²) delay and stretch the fall, a larger d moves it to "
        "the right, "
        "and in all eight settings early stopping follows one falling law and then flattens at the optimum.";
    all.panels.clear();
    for (const SettingCurves& s : curves.settings) all.panels.push_back(panel(s));
    all.columns = 2, all.width_px = 1200, all.height_px = 1720;
    section.blocks.push_back(std::move(main));
    section.blocks.push_back(std::move(all));
    section.blocks.push_back(slopes(curves));
    section.blocks.push_back(agreement(curves));
    if (!curves.fits.empty()) {
        section.blocks.push_back(Paragraph{
            "Read the other way round, the closed form is a law with two parameters: what a handful of "
            "simulated points says of d and σ when neither is given. A power law with a floor, which has "
            "three, "
            "is fitted to the same points for comparison.",
            "What the points say of d and σ"});
        section.blocks.push_back(fits(curves));
    }
    return section;
}

}  // namespace reconlaw::report
