#include <filesystem>
#include <memory>
#include <ostream>

#include "commands.hpp"
#include "fit_report.hpp"
#include "fit_series.hpp"
#include "reconlaw/data/atomic_file.hpp"
#include "reconlaw/data/bytes.hpp"
#include "reconlaw/fit/theory.hpp"
#include "reproduce/gnuplot.hpp"
#include "samples.hpp"
#include "table.hpp"

namespace reconlaw::cli {

namespace {

struct Options {
    std::string file, series;
    CurveColumns columns;
    std::string laws = "all", predict, format = "text", plot, output;
    std::string group, train;
    std::string theory, estimator = "early-stopped", robust = "none";
    double level = 0.9;
    long n = 0;
    double sigma = 0;
    bool free_scale = false, per_coordinate = false;
};

std::vector<fit::Law> chosen_laws(const std::string& list) {
    if (list == "all") return fit::all_laws();
    std::vector<fit::Law> laws;
    for (const std::string& name : parse_words(list, "--laws")) {
        for (const fit::Law& law : laws)
            if (law.name == name) throw std::invalid_argument("--laws: '" + name + "' is given twice");
        try {
            laws.push_back(fit::law_named(name));
        } catch (const std::invalid_argument& e) {
            throw std::invalid_argument(std::string("--laws: ") + e.what());
        }
    }
    return laws;
}

std::vector<fit::Law> theory_laws(const Options& options) {
    std::vector<fit::Law> laws;
    if (options.theory.empty()) return laws;
    if (options.n < 2)
        throw std::invalid_argument("--n: the dimension of the signals is needed by --theory, at least 2");
    fit::TheoryOptions theory;
    theory.estimator = fit::theory_estimator_named(options.estimator);
    theory.per_coordinate = options.per_coordinate;
    if (options.sigma > 0) theory.noise = options.sigma;
    if (options.free_scale) theory.scale.reset();
    for (const std::string& name : parse_words(options.theory, "--theory")) {
        if (name == "subspace")
            laws.push_back(fit::subspace_law(static_cast<double>(options.n), theory));
        else if (name == "spectrum")
            laws.push_back(fit::spectrum_law(options.n, theory));
        else
            throw std::invalid_argument("--theory: '" + name + "' is unknown: subspace or spectrum");
    }
    return laws;
}

fit::RobustLoss robust_loss(const std::string& name) {
    if (name == "huber") return fit::RobustLoss::huber;
    if (name == "soft-l1") return fit::RobustLoss::soft_l1;
    if (name == "cauchy") return fit::RobustLoss::cauchy;
    if (name == "tukey") return fit::RobustLoss::tukey;
    return fit::RobustLoss::none;
}

void write_plot(const report::Figure& figure, const std::string& path) {
    const std::string extension = std::filesystem::path(path).extension().string();
    const report::Drawing drawing = report::draw(figure);
    if (extension == ".svg")
        data::write_file_atomically(path, drawing.svg, data::Links::follow);
    else
        data::write_file_atomically(path,
                                    {reinterpret_cast<const char*>(drawing.png.data()), drawing.png.size()},
                                    data::Links::follow);
}

void check(const Options& options) {
    if (!(options.level > 0 && options.level < 1))
        throw std::invalid_argument("--level: value = " + std::to_string(options.level) +
                                    ", must be inside (0, 1)");
    if (!options.plot.empty()) {
        const std::string extension = std::filesystem::path(options.plot).extension().string();
        if (extension != ".svg" && extension != ".png")
            throw std::invalid_argument("--plot: '" + options.plot + "' must end in .svg or .png");
    }
    const CurveColumns& columns = options.columns;
    const std::vector<std::string> roles{columns.x, columns.y, columns.seed, columns.error, options.train};
    for (std::size_t i = 0; i < roles.size(); ++i)
        for (std::size_t j = 0; j < i; ++j)
            if (!roles[i].empty() && roles[i] == roles[j])
                throw std::invalid_argument("column '" + roles[i] +
                                            "' is given two roles (x, y, seed, error, train)");
    if (!options.plot.empty() && options.plot == options.output)
        throw std::invalid_argument("--plot and --output: both are '" + options.plot + "'");
    if (options.theory.empty() &&
        (options.n != 0 || options.sigma != 0 || options.free_scale || options.per_coordinate))
        throw std::invalid_argument("--n, --sigma, --free-scale and --per-coordinate belong to --theory");
    if (options.series.empty() == options.file.empty())
        throw std::invalid_argument(
            "one file is needed: a curve (reconlaw fit curve.csv) or a long table (--series FILE)");
    if (!options.series.empty() && (options.group.empty() || options.train.empty()))
        throw std::invalid_argument("--series needs --group COLUMNS and --train COLUMN");
    if (options.series.empty() && (!options.group.empty() || !options.train.empty()))
        throw std::invalid_argument("--group and --train belong to --series FILE");
    if (!options.series.empty() &&
        !(options.plot.empty() && options.predict.empty() && options.theory.empty()))
        throw std::invalid_argument("--series does not take --plot, --predict or --theory");
}

void fit_many(const Options& options, const Streams& streams) {
    fit::ForecastOptions forecast;
    forecast.level = options.level;
    forecast.fit.loss = robust_loss(options.robust);
    if (options.laws != "all") forecast.laws = chosen_laws(options.laws);
    const SeriesReport report = fit_series(data::read_csv(options.series), options.columns,
                                           parse_words(options.group, "--group"), options.train, forecast);
    for (const std::string& note : report.notes) streams.err << "note: " << note << '\n';
    deliver(options.format == "json"  ? series_json(report)
            : options.format == "csv" ? series_csv(report)
                                      : series_text(report),
            options.output, streams.out);
}

void fit_command(const Options& options, const Streams& streams) {
    check(options);
    if (!options.series.empty()) return fit_many(options, streams);
    FitRequest request;
    request.laws = chosen_laws(options.laws);
    request.theory = theory_laws(options);
    request.level = options.level;
    request.loss = robust_loss(options.robust);
    if (!options.predict.empty())
        request.predict = parse_numbers(options.predict, "--predict", 1e-300, 1e300);
    const CurveInput input = read_curve(data::read_csv(options.file), options.columns);
    const FitReport report = make_fit_report(
        input, options.columns, std::filesystem::path(options.file).filename().string(), request);
    for (const std::string& note : report.notes) streams.err << "note: " << note << '\n';
    deliver(options.format == "json"  ? fit_json(report)
            : options.format == "csv" ? fit_csv(report)
                                      : fit_text(report),
            options.output, streams.out);
    if (!options.plot.empty()) write_plot(fit_figure(report), options.plot);  // last: a failure loses no text
}

}  // namespace

Run add_fit_command(CLI::App& app) {
    auto options = std::make_shared<Options>();
    app.add_option("file", options->file, "CSV file with a header, one row a training");
    app.add_option("--x", options->columns.x, "Column of the training sizes")->capture_default_str();
    app.add_option("--y", options->columns.y, "Column of the losses")->capture_default_str();
    app.add_option("--metric", options->columns.metric,
                   "What y holds: loss, mse, psnr (dB) or ssim; psnr and ssim are fitted as MSE and 1 - SSIM")
        ->check(CLI::IsMember({"loss", "mse", "psnr", "ssim"}));
    app.add_option("--seed-column", options->columns.seed,
                   "Column that tells repeated trainings apart; without: `seed` if there is one");
    app.add_option("--error-column", options->columns.error, "Column of standard errors of y");
    app.add_option("--where", options->columns.where, "COLUMN=VALUE: only these rows; may be repeated");
    app.add_option("--floor", options->columns.floor, "Known part of the loss, subtracted before fitting")
        ->capture_default_str();
    app.add_option("--laws", options->laws,
                   "all, or some of power, floor, shifted, saturating, broken-1 to -3, piecewise-1 and -2, "
                   "exponential, logarithmic")
        ->capture_default_str();
    app.add_option("--predict", options->predict,
                   "Sizes to forecast; without: 2, 10 and 100 times the largest");
    app.add_option("--level", options->level, "Probability of the intervals")->capture_default_str();
    app.add_option("--robust", options->robust,
                   "Loss of the residuals: none, huber, soft-l1, cauchy or tukey")
        ->check(CLI::IsMember({"none", "huber", "soft-l1", "cauchy", "tukey"}))
        ->capture_default_str();
    app.add_option(
        "--theory", options->theory,
        "Closed-form curves too: subspace (effective dimension d, noise sigma), spectrum (exponent, noise)");
    app.add_option("--n", options->n, "Dimension of the signals, for --theory");
    app.add_option("--estimator", options->estimator, "Of --theory: early-stopped, converged, ridge or flow")
        ->check(CLI::IsMember({"early-stopped", "converged", "ridge", "flow"}))
        ->capture_default_str();
    app.add_option("--sigma", options->sigma, "Known noise of --theory; without it is fitted")
        ->check(CLI::PositiveNumber);
    app.add_flag("--free-scale", options->free_scale, "Fit the signals' variance in --theory, instead of 1");
    app.add_flag("--per-coordinate", options->per_coordinate,
                 "Losses are per coordinate, not per signal dimension (--theory subspace)");
    app.add_option("--series", options->series,
                   "Long table of many curves: fit rows with train = 1, predict the others");
    app.add_option("--group", options->group, "Columns that name a curve of --series");
    app.add_option("--train", options->train, "Column of --series: 1 to fit, 0 to predict");
    app.add_option("--format", options->format, "text, json or csv")
        ->check(CLI::IsMember({"text", "json", "csv"}))
        ->capture_default_str();
    app.add_option("--plot", options->plot, "Figure of the curve, .svg or .png");
    app.add_option("--output", options->output, "File for the result instead of the standard output");
    app.footer(
        "Fits laws to a learning curve, tells how well each predicts points that were held back, and "
        "forecasts with\n"
        "intervals calibrated on them (docs/fits.md).\n\nExamples:\n"
        "  reconlaw fit curve.csv --predict 1e5,1e6 --plot curve.svg\n"
        "  reconlaw fit results.csv --y psnr --seed-column seed --where channels=32");
    return [options](const Streams& streams) { fit_command(*options, streams); };
}

}  // namespace reconlaw::cli
