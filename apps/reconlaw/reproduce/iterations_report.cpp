#include "iterations.hpp"

namespace reconlaw::report {

Section present(const Iterations& iterations) {
    Section section;
    section.title = "Risk along the iterations";
    section.blocks.push_back(
        Paragraph{"The same problem with d = 10, n = 100, σ = 0.1, seen along gradient descent: risk = "
                  "optimum + bias + variance "
                  "after k steps. The bias is signal that has not been learned yet; the variance is noise of "
                  "the training set "
                  "that has been."});
    Figure figure;
    figure.name = "iterations";
    figure.title = "Bias, variance and the best time to stop";
    figure.what_to_see =
        "Bias falls and variance rises with every step; the best step k* (dotted) is where their sum is "
        "least, and the "
        "fewer the training examples, the more is left of both.";
    figure.columns = 3, figure.width_px = 1500, figure.height_px = 640;
    figure.line_meaning = "closed form", figure.point_meaning = "simulation";
    Table table{
        "iterations-stopping",
        "Stopping predicted and simulated (each training set at its own best step; mean of " +
            std::to_string(iterations.trials) +
            "). Where the risk is flat around its minimum, as for N = 16, the best steps of single training "
            "sets scatter widely.",
        {"N", "k* predicted", "k* simulated", "risk predicted", "risk simulated"},
        {}};
    const double last = iterations.last_step;
    for (const IterationCurve& c : iterations.curves) {
        Panel p;
        p.title = "N = " + std::to_string(c.training_size);
        p.x = {"gradient steps k", true, 1, last, {}};
        p.y = {"risk per signal dimension", true, 3e-4, 2, {}};
        p.series = {
            {"total risk", look::total, Mark::line, c.steps, c.total},
            {"bias", look::bias, Mark::line, c.steps, c.bias},
            {"variance", look::variance, Mark::line, c.steps, c.variance},
            {"optimum", look::optimum, Mark::line, {1, last}, {iterations.floor, iterations.floor}},
            {"total risk", look::total, Mark::points, c.simulated_steps, c.simulated, c.simulated_error}};
        p.verticals = {{c.best_step, "k* = " + printed("%.0f", c.best_step), c.best_step > last / 10}};
        figure.panels.push_back(std::move(p));
        table.rows.push_back({std::to_string(c.training_size), printed("%.0f", c.best_step),
                              printed("%.1f", c.simulated_best_step), printed("%.5f", c.best_risk),
                              printed("%.5f", c.simulated_best_risk)});
    }
    section.blocks.push_back(std::move(figure));
    section.blocks.push_back(std::move(table));
    return section;
}

}  // namespace reconlaw::report
