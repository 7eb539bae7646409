/// Tables and figures of the denoising study.
///
///     denoising_report STUDY.toml RESULTS.csv FOLDER
///
/// Reads what `reconlaw sweep` wrote, evaluates the linear denoiser on the same patches, fits laws, and
/// writes to FOLDER:
///
///     linear.csv            the linear denoiser, measured and predicted, for every training size
///     psnr.png, loss.png    PSNR against N for every width; test MSE with the forecast of the best width
///     width.png             test MSE against the width for every N
///
/// and to the standard output the tables of README.md. With --export-patches FILE.npy it only writes the test
/// patches, which bm3d_reference.py reads.

#include <CLI/CLI.hpp>
#include <algorithm>
#include <cmath>
#include <cstdio>
#include <filesystem>
#include <iostream>
#include <map>

#include "linear_denoiser.hpp"
#include "reconlaw/data/atomic_file.hpp"
#include "reconlaw/data/csv.hpp"
#include "reconlaw/fit/forecast.hpp"
#include "reconlaw/fit/identify.hpp"
#include "reproduce/gnuplot.hpp"
#include "training/toml_file.hpp"

namespace {

namespace fit = reconlaw::fit;
namespace report = reconlaw::report;
namespace fs = std::filesystem;

/// Means over seeds, by width and training size.
struct Point {
    double loss = 0, psnr = 0, validation = 0, lowest = 1e300, highest = -1e300, seeds = 0;
};
using Curves = std::map<double, std::map<double, Point>>;  // width -> N

Curves read_results(const std::string& file) {
    const auto table = reconlaw::data::read_csv(file);
    const auto samples = table.numbers("samples"), channels = table.numbers("channels"),
               loss = table.numbers("loss"), psnr = table.numbers("psnr_db"),
               validation = table.numbers("validation_psnr_db");
    Curves curves;
    for (std::size_t i = 0; i < samples.size(); ++i) {
        Point& p = curves[channels[i]][samples[i]];
        p.loss += loss[i], p.psnr += psnr[i], p.seeds += 1, p.validation += validation[i];
        p.lowest = std::min(p.lowest, psnr[i]), p.highest = std::max(p.highest, psnr[i]);
    }
    for (auto& [width, curve] : curves)
        for (auto& [N, p] : curve) p.loss /= p.seeds, p.psnr /= p.seeds, p.validation /= p.seeds;
    return curves;
}

struct Linear {
    std::vector<double> sizes, psnr, loss, predicted;
    double noisy_psnr = 0;
};

Linear evaluate_linear(const reconlaw::cli::TrainingStudy& study, const fs::path& folder) {
    using namespace reconlaw;
    cli::TrainSettings s = cli::resolve(study.common, "");
    s.samples = *std::max_element(study.samples.begin(), study.samples.end());
    const cli::TrainingData data = cli::load_training_data(s);
    Linear linear;
    std::string csv = "samples,psnr_db,loss,loss_error,theory_loss\n";
    for (const std::int64_t N : study.samples) linear.sizes.push_back(static_cast<double>(N));
    linear.predicted = experiments::predicted_linear_risk(data.train, s.noise / 255, linear.sizes);
    for (std::size_t i = 0; i < study.samples.size(); ++i) {
        const gpu::Evaluation e = experiments::evaluate_linear_denoiser(data.train.first(study.samples[i]),
                                                                        data.test, s.noise / 255, 1);
        linear.psnr.push_back(e.psnr_db.mean), linear.loss.push_back(e.mse.mean);
        linear.noisy_psnr = e.noisy_psnr_db.mean;
        csv += report::csv_line({report::csv_number(linear.sizes[i]), report::csv_number(e.psnr_db.mean),
                                 report::csv_number(e.mse.mean), report::csv_number(e.mse.standard_error),
                                 report::csv_number(linear.predicted[i])});
    }
    data::write_file_atomically(folder / "linear.csv", csv);
    return linear;
}

/// Clean and noisy test patches as a NumPy array of shape 2 x count x side x side, for denoisers written
/// elsewhere.
void export_patches(const reconlaw::cli::TrainingStudy& study, const fs::path& file) {
    using namespace reconlaw;
    const cli::TrainSettings s = cli::resolve(study.common, "");
    const gpu::PatchSet test = cli::load_training_data(s).test;
    std::string header = "{'descr': '<f4', 'fortran_order': False, 'shape': (2, " +
                         std::to_string(test.count()) + ", " + std::to_string(test.side) + ", " +
                         std::to_string(test.side) + "), }";
    header.resize((10 + header.size()) / 64 * 64 + 64 - 10 - 1, ' ');
    header += '\n';
    std::string bytes("\x93NUMPY\x01\x00", 8);
    bytes += static_cast<char>(header.size() % 256), bytes += static_cast<char>(header.size() / 256);
    bytes += header;
    const auto append = [&](const std::vector<float>& values) {
        bytes.append(reinterpret_cast<const char*>(values.data()), 4 * values.size());
    };
    append(test.values);
    const std::int64_t pixels = std::int64_t{test.side} * test.side;
    for (std::int64_t i = 0; i < test.count(); ++i) {
        std::vector<float> patch(test.values.begin() + i * pixels, test.values.begin() + (i + 1) * pixels);
        gpu::add_noise(patch, s.noise / 255, 1, static_cast<std::uint32_t>(i));
        append(patch);
    }
    data::write_file_atomically(file, bytes);
}

const std::vector<report::Look> looks{{"#56B4E9", 7, false},  {"#0072B2", 5, false}, {"#009E73", 9, false},
                                      {"#D55E00", 12, false}, {"#CC79A7", 7, false}, {"#E69F00", 5, false}};
const report::Look linear_look{"#444444", 7, true};

std::string width_name(double width) {
    return std::to_string(static_cast<int>(width)) + " channels";
}

report::Series series(const std::string& name, const report::Look& look, report::Mark mark) {
    report::Series s;
    s.name = name, s.look = look, s.mark = mark;
    return s;
}

/// One curve a width, as line and points.
void add_widths(report::Panel& panel, const Curves& curves, double Point::*value) {
    std::size_t i = 0;
    for (const auto& [width, curve] : curves) {
        const report::Look& look = looks[i++ % looks.size()];
        for (const report::Mark mark : {report::Mark::line, report::Mark::points}) {
            report::Series s = series(width_name(width), look, mark);
            for (const auto& [N, p] : curve) s.x.push_back(N), s.y.push_back(p.*value);
            panel.series.push_back(s);
        }
    }
}

void add_linear(report::Panel& panel, const Linear& linear, const std::vector<double>& y) {
    for (const report::Mark mark : {report::Mark::line, report::Mark::points}) {
        report::Series s = series("linear, closed form", linear_look, mark);
        s.x = linear.sizes, s.y = y;
        panel.series.push_back(s);
    }
}

void save(const report::Figure& figure, const fs::path& folder) {
    const report::Drawing drawing = report::draw(figure);
    reconlaw::data::write_file_atomically(folder / (figure.name + ".png"),
                                          std::string(drawing.png.begin(), drawing.png.end()));
    reconlaw::data::write_file_atomically(folder / (figure.name + ".csv"), report::figure_csv(figure));
}

void draw_psnr(const Curves& curves, const Linear& linear, const fs::path& folder) {
    report::Figure figure;
    figure.name = "psnr", figure.title = "Denoising of photographs: PSNR against training patches";
    figure.width_px = 1100, figure.height_px = 700;
    report::Panel panel;
    panel.x.label = "training patches N", panel.y.label = "test PSNR (dB)", panel.y.log = false;
    add_widths(panel, curves, &Point::psnr);
    add_linear(panel, linear, linear.psnr);
    figure.panels = {panel};
    save(figure, folder);
}

void draw_width(const Curves& curves, const fs::path& folder) {
    report::Figure figure;
    figure.name = "width",
    figure.title = "Denoising of photographs: test error against the width of the network";
    figure.width_px = 1100, figure.height_px = 700;
    report::Panel panel;
    panel.x.label = "channels of the first layer", panel.y.label = "test MSE";
    for (const auto& [width, curve] : curves) panel.x.ticks.push_back(width);
    std::map<double, std::map<double, Point>> by_size;
    for (const auto& [width, curve] : curves)
        for (const auto& [N, p] : curve) by_size[N][width] = p;
    std::size_t i = 0;
    for (const auto& [N, row] : by_size) {
        report::Look look = looks[i % looks.size()];
        look.dashed = i++ >= looks.size();
        for (const report::Mark mark : {report::Mark::line, report::Mark::points}) {
            report::Series s = series("N = " + std::to_string(static_cast<long>(N)), look, mark);
            for (const auto& [width, p] : row) s.x.push_back(width), s.y.push_back(p.loss);
            panel.series.push_back(s);
        }
    }
    figure.panels = {panel};
    save(figure, folder);
}

void print_laws(const std::string& name, const fit::LearningCurve& curve, const fit::Forecast& forecast,
                const fit::Identifiability& what) {
    std::printf("\n%s\n", name.c_str());
    const double last = curve.size[curve.points() - 1];
    std::printf("  N = %g: %.4e", last, curve.loss[curve.points() - 1]);
    for (const fit::Gain& gain : forecast.gains)
        std::printf("; %gx: %+.1f %% [%+.1f, %+.1f]", gain.factor, 100 * (gain.ratio.value - 1),
                    100 * (gain.ratio.lower - 1), 100 * (gain.ratio.upper - 1));
    std::printf("\n");
    for (const std::string& statement : what.statements) std::printf("  - %s\n", statement.c_str());
}

/// The test error with the forecast of the best width of each N.
void draw_loss(const Curves& curves, const Linear& linear, const fs::path& folder) {
    std::map<double, Point> best;  // chosen by validation: the test error only judges
    for (const auto& [width, curve] : curves)
        for (const auto& [N, p] : curve)
            if (auto [at, is_new] = best.try_emplace(N, p); !is_new && p.validation > at->second.validation)
                at->second = p;
    std::vector<double> sizes, losses;
    for (const auto& [N, p] : best) sizes.push_back(N), losses.push_back(p.loss);
    const fit::LearningCurve curve = fit::make_curve(sizes, losses, false);
    std::vector<double> ahead;
    for (double N = sizes.front(); N <= 10.01 * sizes.back(); N *= std::pow(10, 0.1)) ahead.push_back(N);
    const fit::Forecast forecast = fit::forecast(
        curve, Eigen::Map<const Eigen::ArrayXd>(ahead.data(), static_cast<Eigen::Index>(ahead.size())));
    print_laws("best width of each N", curve, forecast, fit::identify(curve, forecast));

    report::Figure figure;
    figure.name = "loss",
    figure.title = "Denoising of photographs: test error, and what ten times the data would bring";
    figure.width_px = 1100, figure.height_px = 700;
    report::Panel panel;
    panel.x.label = "training patches N", panel.y.label = "test MSE";
    report::Series band =
        series("forecast of the best width, 90 %", report::look::optimum, report::Mark::band);
    report::Series line =
        series("forecast of the best width, 90 %", report::look::optimum, report::Mark::line);
    for (std::size_t i = 0; i < ahead.size(); ++i) {
        const fit::Estimate& e = forecast.curve[i];
        line.x.push_back(ahead[i]), line.y.push_back(e.value);
        if (ahead[i] < sizes.back()) continue;
        band.x.push_back(ahead[i]), band.y.push_back(e.lower), band.upper.push_back(e.upper);
    }
    panel.series = {band, line};
    add_widths(panel, curves, &Point::loss);
    add_linear(panel, linear, linear.loss);
    figure.panels = {panel};
    save(figure, folder);

    for (const auto& [width, points] : curves) {
        std::vector<double> x, y;
        for (const auto& [N, p] : points) x.push_back(N), y.push_back(p.loss);
        if (x.size() < 5) continue;
        const fit::LearningCurve c = fit::make_curve(x, y, false);
        const fit::Forecast f = fit::forecast(c, Eigen::ArrayXd::Constant(1, 10 * x.back()));
        print_laws(width_name(width), c, f, fit::identify(c, f));
    }
}

void print_table(const Curves& curves, const Linear& linear) {
    std::printf("Test PSNR in dB, mean over seeds (half the range of the seeds); noisy %.2f dB\n\n|      N |",
                linear.noisy_psnr);
    for (const auto& [width, curve] : curves) std::printf(" %s |", width_name(width).c_str());
    std::printf(" best width | linear |\n|---|");
    for (std::size_t i = 0; i < curves.size() + 2; ++i) std::printf("---|");
    std::printf("\n");
    for (std::size_t i = 0; i < linear.sizes.size(); ++i) {
        const double N = linear.sizes[i];
        std::printf("| %6.0f |", N);
        double best = -1e300, best_width = 0;
        for (const auto& [width, curve] : curves) {
            const auto found = curve.find(N);
            if (found == curve.end()) {
                std::printf(" - |");
                continue;
            }
            const Point& p = found->second;
            std::printf(" %.2f (%.2f) |", p.psnr, (p.highest - p.lowest) / 2);
            if (p.validation > best) best = p.validation, best_width = width;
        }
        std::printf(" %.0f | %.2f |\n", best_width, linear.psnr[i]);
    }
}

}  // namespace

int main(int argc, char** argv) {
    CLI::App app{"Tables and figures of the denoising study"};
    std::string study_file, results, folder;
    app.add_option("study", study_file, "TOML file of the sweep")->required();
    app.add_option("results", results, "results.csv of the sweep")->required();
    app.add_option("folder", folder, "Where figures and linear.csv go")->required();
    std::string patches;
    app.add_option("--export-patches", patches, "Only write clean and noisy test patches to this .npy file");
    CLI11_PARSE(app, argc, argv);
    try {
        if (!patches.empty()) {
            export_patches(reconlaw::cli::read_study(study_file), patches);
            return 0;
        }
        fs::create_directories(folder);
        const Curves curves = read_results(results);
        const Linear linear = evaluate_linear(reconlaw::cli::read_study(study_file), folder);
        print_table(curves, linear);
        draw_psnr(curves, linear, folder);
        draw_width(curves, folder);
        draw_loss(curves, linear, folder);
    } catch (const std::exception& e) {
        std::cerr << "denoising_report: " << e.what() << '\n';
        return 2;
    }
}
