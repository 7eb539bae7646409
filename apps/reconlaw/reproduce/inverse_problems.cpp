#include "inverse_problems.hpp"

#include <algorithm>

#include "gaussian_study.hpp"
#include "reconlaw/problem/super_resolution.hpp"

namespace reconlaw::report {

namespace {

using Eigen::Index;

Table deviations(const std::string& name, const std::string& caption, const Curves& c) {
    Table table{
        name,
        caption,
        {"N", "closed form", "simulated", "closed form/simulated", "converged, closed form/simulated"},
        {}};
    const auto at = [](const std::vector<double>& grid, const std::vector<double>& values, double N) {
        return values[static_cast<std::size_t>(std::find(grid.begin(), grid.end(), N) - grid.begin())];
    };
    for (std::size_t i = 0; i < c.size.size(); ++i) {
        const double N = c.size[i], stopped = at(c.grid, c.stopped, N);
        table.rows.push_back(
            {printed("%.0f", N), printed("%.5f", stopped),
             printed("%.5f", c.simulated_stopped[i]) + " ± " + printed("%.5f", c.stopped_error[i]),
             printed("%.4f", stopped / c.simulated_stopped[i]),
             near_peak(N, c.measurements)
                 ? "–"
                 : printed("%.4f", at(c.peak_grid, c.converged, N) / c.simulated_converged[i])});
    }
    return table;
}

void add_compressive_sensing(Section& section, const Context& context) {
    constexpr Index n = 200, m = 60, d = 15;
    constexpr double sigma = 0.1;
    const int trials = context.quick ? 20 : 200;
    const Curves c = compressive_sensing_curves(context, n, m, d, sigma, trials);
    section.blocks.push_back(
        Paragraph{"y = Ax + z with m = 60 measurements of a signal in a random subspace of dimension "
                  "d = 15 of ℝ²⁰⁰, A with random orthonormal rows times √(n/m), σ = 0.1. Step size 1/(right "
                  "edge of the limiting "
                  "sample spectrum), at most 5000 steps; " +
                      std::to_string(trials) + " simulated training sets for each N.",
                  "Compressive sensing"});
    Figure figure;
    figure.name = "compressive-sensing";
    figure.title = "Compressive sensing";
    figure.what_to_see =
        "The curve has the shape it has in denoising, with the peak of unstopped training at N = m, the "
        "number of "
        "measurements, in place of N = n.";
    Panel p;
    p.title = "n = 200, m = 60, d = 15, σ = 0.1";
    p.x = {"training examples N", true, 3.5, 11500, {}};
    p.y = {"risk per signal dimension", true, 0.7 * c.floor, 2, {}};
    p.series = {
        {"early stopped", look::early_stopped, Mark::line, c.grid, c.stopped},
        {"converged", look::converged, Mark::line, c.peak_grid, c.converged},
        {"optimum", look::optimum, Mark::line, {3.5, 11500}, {c.floor, c.floor}},
        {"converged", look::converged, Mark::points, c.size, c.simulated_converged, c.converged_error},
        {"early stopped", look::early_stopped, Mark::points, c.size, c.simulated_stopped, c.stopped_error}};
    p.verticals = {{static_cast<double>(m), "N = m"}};
    figure.panels = {std::move(p)};
    figure.line_meaning = "closed form", figure.point_meaning = "simulation";
    section.blocks.push_back(std::move(figure));
    section.blocks.push_back(
        deviations("compressive-sensing-ratios", "Compressive sensing: closed form against simulation.", c));
}

void add_super_resolution(Section& section, const Context& context, const ImageSet& images) {
    constexpr Index factor = 2;
    constexpr double blur_px = 1.0, sigma = 10.0 / 255;
    const int trials = context.quick ? 4 : 30;
    ImageStudyOptions options;
    options.forward = blur_decimate_operator(images.rows, images.cols, factor, blur_px);
    options.sigma = sigma;
    options.sizes = {30, 60, 100, 200, 300, 1000, 3000, 10000};
    options.repetitions = context.quick ? std::vector<int>{20, 20, 10, 10, 5, 3, 1, 1}
                                        : std::vector<int>{50, 50, 50, 50, 20, 10, 5, 3};
    const ImageStudy study = study_images(context, images, options, "super-resolution");

    begin(context, "super-resolution: " + std::to_string(trials) + " simulated trials");
    Curves c;
    const std::vector<Index> sizes{30, 60, 100, 200, 300, 1000, 3000};
    simulate_curves(context, covariance_model(images.covariance, options.forward, sigma),
                    StepSize(study.step_size), static_cast<int>(options.max_steps), sizes, trials, c);

    section.blocks.push_back(Paragraph{
        "Fashion-MNIST images from versions of 14 × 14 pixels: blurred by a Gaussian of 1 pixel "
        "standard deviation, every second sample in each direction kept, noise of σ = 10/255 added. Two "
        "kinds of points: "
        "Gaussian signals with the covariance of the training images, for which the closed form is made (" +
            std::to_string(trials) +
            " training sets for each N), and the real images themselves, measured on the 10000 "
            "test images as above.",
        "Super-resolution"});
    Figure figure;
    figure.name = "super-resolution";
    figure.title = "Super-resolution by 2";
    figure.what_to_see =
        "Theory and simulation agree as in denoising; the detail that the decimation loses only raises the "
        "optimum "
        "(dashed), and real images follow the curve of Gaussian signals with their covariance.";
    Panel p = curve_panel(study, "Fashion-MNIST, 14 × 14 to 28 × 28 pixels, σ = 10/255");
    p.series.resize(3);  // the lines
    std::vector<double> N, stopped, error, converged, converged_error;
    for (const ImagePoint& point : study.points) {
        N.push_back(static_cast<double>(point.training_size));
        stopped.push_back(point.measured), error.push_back(point.measured_error);
        converged.push_back(point.measured_converged),
            converged_error.push_back(point.measured_converged_error);
    }
    p.series.push_back(
        {"early stopped", look::early_stopped, Mark::points, c.size, c.simulated_stopped, c.stopped_error});
    p.series.push_back(
        {"converged", look::converged, Mark::points, c.size, c.simulated_converged, c.converged_error});
    p.series.push_back({"real images", look::real_images, Mark::points, N, stopped, error});
    p.series.push_back({"real images", look::real_images, Mark::points, N, converged, converged_error});
    figure.panels = {std::move(p)};
    figure.line_meaning = "closed form", figure.point_meaning = "simulation";
    section.blocks.push_back(std::move(figure));
    section.blocks.push_back(ratio_table(study, "super-resolution-ratios",
                                         "Super-resolution: predicted, and measured on real images."));
    c.grid = study.grid, c.stopped = study.grid_stopped;
    c.peak_grid = study.peak_grid, c.converged = study.grid_converged, c.measurements = study.measurements;
    section.blocks.push_back(deviations("super-resolution-simulation",
                                        "Super-resolution: closed form against simulated Gaussian signals.",
                                        c));
}

}  // namespace

Section inverse_problems_section(const Context& context, const ImageSet& fashion) {
    Section section;
    section.title = "Compressive sensing and super-resolution";
    add_compressive_sensing(section, context);
    add_super_resolution(section, context, fashion);
    return section;
}

}  // namespace reconlaw::report
