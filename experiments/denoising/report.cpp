/// Tables and figures of the denoising study.
///
///     denoising_report STUDY.toml RESULTS.csv FOLDER
///
/// Reads what `reconlaw sweep` wrote, evaluates the linear denoiser on the same patches, fits laws, and
/// writes to FOLDER:
///
///     linear.csv            the linear denoiser, measured and predicted, for every training size
///     psnr.png              PSNR against N for every width, with the forecast of the best width
///     width.png             PSNR against the width for every N
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

/// The trainings of one width and training size: mean test PSNR and validation PSNR over seeds.
struct Point {
    std::vector<double> seeds;  ///< test PSNR of each
    double psnr = 0, validation = 0;

    double half_range() const {
        const auto [low, high] = std::minmax_element(seeds.begin(), seeds.end());
        return (*high - *low) / 2;
    }
};
using Curves = std::map<double, std::map<double, Point>>;  // width -> N

Curves read_results(const std::string& file) {
    const auto table = reconlaw::data::read_csv(file);
    const auto samples = table.numbers("samples"), channels = table.numbers("channels"),
               psnr = table.numbers("psnr_db"), validation = table.numbers("validation_psnr_db");
    Curves curves;
    for (std::size_t i = 0; i < samples.size(); ++i) {
        Point& p = curves[channels[i]][samples[i]];
        p.seeds.push_back(psnr[i]);
        const double share = 1 / static_cast<double>(p.seeds.size());
        p.psnr += (psnr[i] - p.psnr) * share, p.validation += (validation[i] - p.validation) * share;
    }
    return curves;
}

/// Of the highest validation PSNR at N: the test set only judges.
double best_width(const Curves& curves, double N) {
    double best = -1e300, width = 0;
    for (const auto& [w, curve] : curves)
        if (const auto p = curve.find(N); p != curve.end() && p->second.validation > best)
            best = p->second.validation, width = w;
    return width;
}

struct Linear {
    std::vector<double> sizes, psnr, predicted;
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
        linear.psnr.push_back(e.psnr_db.mean);
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
    data::write_file_atomically(file, bytes, data::Links::follow);
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

/// A curve of one name, as line and points.
void add_curve(report::Panel& panel, const std::string& name, const report::Look& look,
               const std::vector<double>& x, const std::vector<double>& y) {
    for (const report::Mark mark : {report::Mark::line, report::Mark::points}) {
        report::Series s = series(name, look, mark);
        s.x = x, s.y = y;
        panel.series.push_back(s);
    }
}

void save(const report::Figure& figure, const fs::path& folder) {
    const report::Drawing drawing = report::draw(figure);
    reconlaw::data::write_file_atomically(folder / (figure.name + ".png"),
                                          std::string(drawing.png.begin(), drawing.png.end()));
    reconlaw::data::write_file_atomically(folder / (figure.name + ".csv"), report::figure_csv(figure));
}

/// PSNR -> MSE. Of a mean PSNR: the geometric mean over images, which no single hard image decides.
double loss_of(double psnr_db) {
    return std::pow(10, -psnr_db / 10);
}

fit::LearningCurve curve_of(const std::map<double, Point>& points) {
    std::vector<double> sizes, losses;
    for (const auto& [N, p] : points)
        for (const double psnr : p.seeds) sizes.push_back(N), losses.push_back(loss_of(psnr));
    return fit::make_curve(sizes, losses);
}

/// What more data would bring, from the points of one curve.
fit::Forecast forecast_of(const std::string& name, const std::map<double, Point>& points,
                          const std::vector<double>& ahead) {
    const fit::LearningCurve curve = curve_of(points);
    fit::Forecast forecast = fit::forecast(
        curve, Eigen::Map<const Eigen::ArrayXd>(ahead.data(), static_cast<Eigen::Index>(ahead.size())));
    std::printf("\n%s, %.2f dB at N = %g", name.c_str(), points.rbegin()->second.psnr,
                points.rbegin()->first);
    const auto db = [](double ratio) { return -10 * std::log10(ratio); };
    for (const fit::Gain& gain : forecast.gains)
        std::printf("; %gx data: %+.2f dB [%+.2f, %+.2f]", gain.factor, db(gain.ratio.value),
                    db(gain.ratio.upper), db(gain.ratio.lower));
    std::printf("\n");
    for (const std::string& statement : fit::identify(curve, forecast).statements)
        std::printf("  - %s\n", statement.c_str());
    return forecast;
}

/// PSNR against N, and the forecast of the width that is best at the largest N.
void draw_psnr(const Curves& curves, const Linear& linear, const fs::path& folder) {
    const double last = linear.sizes.back();
    std::vector<double> ahead;
    for (double factor = 1; factor < 10.01; factor *= std::pow(10, 0.1)) ahead.push_back(factor * last);

    report::Figure figure;
    figure.name = "psnr", figure.title = "Denoising of photographs: PSNR against training patches";
    figure.width_px = 1100, figure.height_px = 700;
    report::Panel panel;
    panel.x.label = "training patches N", panel.y.label = "test PSNR (dB)", panel.y.log = false;
    std::size_t i = 0;
    report::Series band = series("forecast, 90 %", report::look::optimum, report::Mark::band),
                   line = series("forecast, 90 %", report::look::optimum, report::Mark::line);
    for (const auto& [width, points] : curves) {
        const fit::Forecast forecast = forecast_of(width_name(width), points, ahead);
        if (width == best_width(curves, last))
            for (std::size_t k = 0; k < ahead.size(); ++k) {
                const fit::Estimate& e = forecast.curve[k];
                const auto psnr = [](double loss) { return -10 * std::log10(loss); };
                line.x.push_back(ahead[k]), line.y.push_back(psnr(e.value));
                band.x.push_back(ahead[k]), band.y.push_back(psnr(e.upper)),
                    band.upper.push_back(psnr(e.lower));
            }
        std::vector<double> x, y;
        for (const auto& [N, p] : points) x.push_back(N), y.push_back(p.psnr);
        add_curve(panel, width_name(width), looks[i++ % looks.size()], x, y);
    }
    add_curve(panel, "linear, closed form", linear_look, linear.sizes, linear.psnr);
    panel.series.insert(panel.series.end(), {band, line});
    figure.panels = {panel};
    save(figure, folder);
}

void draw_width(const Curves& curves, const fs::path& folder) {
    report::Figure figure;
    figure.name = "width", figure.title = "Denoising of photographs: PSNR against the width of the network";
    figure.width_px = 1100, figure.height_px = 700;
    report::Panel panel;
    panel.x.label = "channels of the first layer", panel.y.label = "test PSNR (dB)", panel.y.log = false;
    std::map<double, std::map<double, double>> by_size;
    for (const auto& [width, curve] : curves) {
        panel.x.ticks.push_back(width);
        for (const auto& [N, p] : curve) by_size[N][width] = p.psnr;
    }
    panel.x.min = 0.8 * curves.begin()->first, panel.x.max = 1.25 * curves.rbegin()->first;
    std::size_t i = 0;
    for (const auto& [N, row] : by_size) {
        report::Look look = looks[i % looks.size()];
        look.dashed = i++ >= looks.size();
        std::vector<double> x, y;
        for (const auto& [width, psnr] : row) x.push_back(width), y.push_back(psnr);
        add_curve(panel, "N = " + std::to_string(static_cast<long>(N)), look, x, y);
    }
    figure.panels = {panel};
    save(figure, folder);
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
        for (const auto& [width, curve] : curves) {
            const auto found = curve.find(N);
            if (found == curve.end()) {
                std::printf(" - |");
                continue;
            }
            const Point& p = found->second;
            std::printf(" %.2f (%.2f) |", p.psnr, p.half_range());
        }
        std::printf(" %.0f | %.2f |\n", best_width(curves, N), linear.psnr[i]);
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
    } catch (const std::exception& e) {
        std::cerr << "denoising_report: " << e.what() << '\n';
        return 2;
    }
}
