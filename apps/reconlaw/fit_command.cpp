#include <filesystem>
#include <memory>
#include <ostream>

#include "commands.hpp"
#include "fit_input.hpp"
#include "fit_report.hpp"
#include "fit_series.hpp"
#include "numbers.hpp"
#include "reconlaw/data/atomic_file.hpp"
#include "reconlaw/data/in_quotes.hpp"
#include "reconlaw/fit/theory.hpp"
#include "reproduce/gnuplot.hpp"
#include "samples.hpp"
#include "table.hpp"
#include "table_options.hpp"

namespace reconlaw::cli {

namespace {

using OptionalText = std::optional<std::string>;

struct FitArguments {
    OptionalText file, series, group, plot, output;
    std::vector<std::string> laws, theory;
    std::vector<double> predict;
    ResultColumns columns;
    std::string format = "text", estimator = "early-stopped";
    fit::RobustLoss robust = fit::RobustLoss::none;
    double level = 0.9;
    std::optional<long> n;
    std::optional<double> sigma;
    bool free_scale = false, per_coordinate = false;
};

std::vector<fit::Law> chosen_laws(const std::vector<std::string>& words) {
    if (words.empty()) return fit::all_laws();
    std::vector<fit::Law> laws;
    for (const std::string& word : words) {
        if (word == "all") return fit::all_laws();
        for (const fit::Law& law : laws)
            if (law.name == word) throw std::invalid_argument("--laws: '" + word + "' is given twice");
        laws.push_back(fit::law_named(word));
    }
    return laws;
}

std::vector<fit::Law> theory_laws(const FitArguments& options) {
    std::vector<fit::Law> laws;
    if (options.theory.empty()) return laws;
    if (!options.n)
        throw std::invalid_argument("--n: the dimension of the signals is needed by --theory, at least 2");
    fit::TheoryOptions theory;
    theory.estimator = fit::theory_estimator_named(options.estimator);
    theory.per_coordinate = options.per_coordinate;
    if (options.sigma) theory.noise = *options.sigma;
    if (options.free_scale) theory.scale.reset();
    for (const std::string& word : options.theory)
        laws.push_back(word == "subspace" ? fit::subspace_law(static_cast<double>(*options.n), theory)
                                          : fit::spectrum_law(*options.n, theory));
    return laws;
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

void check(const FitArguments& options) {
    require_figure_path(options.plot);
    if (options.theory.empty() &&
        (options.n || options.sigma || options.free_scale || options.per_coordinate))
        throw std::invalid_argument("--n, --sigma, --free-scale and --per-coordinate belong to --theory");
    if (options.series.has_value() == options.file.has_value())
        throw std::invalid_argument(
            "one file is needed: a curve (reconlaw fit curve.csv) or a long table (--series FILE)");
    if (options.series && !(options.group && options.columns.train))
        throw std::invalid_argument("--series needs --group COLUMNS and --train COLUMN");
    if (!options.series && (options.group || options.columns.train))
        throw std::invalid_argument("--group and --train belong to --series FILE");
    if (options.series && (options.plot || !options.predict.empty() || !options.theory.empty()))
        throw std::invalid_argument("--series does not take --plot, --predict or --theory");
    check_outputs(options.series ? *options.series : *options.file,
                  {{"--plot", options.plot}, {"--output", options.output}});
}

void fit_many(const FitArguments& options, const Streams& streams) {
    fit::ForecastOptions forecast;
    forecast.level = options.level;
    forecast.fit.loss = options.robust;
    if (!options.laws.empty()) forecast.laws = chosen_laws(options.laws);
    const std::vector<std::string> group = words_of(*options.group, "--group");
    const Results results =
        read_results(read_table(*options.series, options.columns.skip_bad_rows), options.columns);
    const SeriesReport report = fit_series(results, group, *options.columns.train, forecast);
    for (const std::string& note : report.notes) streams.err << "note: " << note << '\n';
    deliver(options.format == "json"  ? series_json(report)
            : options.format == "csv" ? series_csv(report)
                                      : series_text(report),
            options.output.value_or(""), streams.out);
}

void fit_command(const FitArguments& options, const Streams& streams) {
    check(options);
    if (options.series) return fit_many(options, streams);
    FitRequest request;
    request.laws = chosen_laws(options.laws);
    request.theory = theory_laws(options);
    request.level = options.level;
    request.loss = options.robust;
    request.predict = options.predict;
    const CurveInput input =
        read_curve(read_results(read_table(*options.file, options.columns.skip_bad_rows), options.columns));
    const std::string source =
        *options.file == "-" ? "standard input" : std::filesystem::path(*options.file).filename().string();
    const FitReport report = make_fit_report(input, data::printable(source), request);
    for (const std::string& note : report.notes) streams.err << "note: " << note << '\n';
    deliver(options.format == "json"  ? fit_json(report)
            : options.format == "csv" ? fit_csv(report)
                                      : fit_text(report),
            options.output.value_or(""), streams.out);
    if (options.plot) write_plot(fit_figure(report), *options.plot);  // last: a failure loses no text
}

}  // namespace

Run add_fit_command(CLI::App& app) {
    auto options = std::make_shared<FitArguments>();
    FitArguments& o = *options;
    add_text(app, "file", o.file, "FILE",
             "CSV file with a header, one row a training; - is the standard input");
    add_table_options(app, o.columns);
    add_number(app, "--floor", o.columns.floor, Interval::from(0),
               "Known part of the loss, subtracted before fitting");
    std::vector<std::string> laws{"all"};
    for (const fit::Law& law : fit::all_laws()) laws.push_back(law.name);
    add_words(app, "--laws", o.laws, laws, "Laws to fit (default: all)");
    add_numbers(app, "--predict", o.predict, Interval{0, 1e305, true},
                "Sizes to forecast; without: 2, 10 and 100 times the largest");
    add_number(app, "--level", o.level, Interval{0, 1, true, true}, "Probability of the intervals");
    add_choice(app, "--robust", o.robust,
               {{"none", fit::RobustLoss::none},
                {"huber", fit::RobustLoss::huber},
                {"soft-l1", fit::RobustLoss::soft_l1},
                {"cauchy", fit::RobustLoss::cauchy},
                {"tukey", fit::RobustLoss::tukey}},
               "Loss of the residuals");
    add_words(
        app, "--theory", o.theory, {"subspace", "spectrum"},
        "Closed-form curves too: subspace (effective dimension d, noise sigma), spectrum (exponent, noise)");
    add_whole(app, "--n", o.n, 2, 1'000'000'000, "Dimension of the signals, for --theory");
    add_choice(app, "--estimator", o.estimator, {"early-stopped", "converged", "ridge", "flow"},
               "Of --theory");
    add_number(app, "--sigma", o.sigma, Interval::above(0), "Known noise of --theory; without it is fitted");
    app.add_flag("--free-scale", o.free_scale, "Fit the signals' variance in --theory, instead of 1");
    app.add_flag("--per-coordinate", o.per_coordinate,
                 "Losses are per coordinate, not per signal dimension (--theory subspace)");
    add_text(app, "--series", o.series, "FILE",
             "Long table of many curves: fit rows with train = 1, predict the others");
    add_text(app, "--group", o.group, "COLUMNS", "Columns that name a curve of --series");
    add_text(app, "--train", o.columns.train, "COLUMN", "Of --series: 1 to fit, 0 to predict");
    add_choice(app, "--format", o.format, {"text", "json", "csv"}, "Of the output");
    add_text(app, "--plot", o.plot, "FILE", "Figure of the curve, .svg or .png (needs gnuplot)");
    add_text(app, "--output", o.output, "FILE", "File for the result instead of the standard output");
    app.footer(
        "Fits laws to a learning curve, tells how well each predicts points that were held back, and "
        "forecasts with\n"
        "intervals calibrated on them (docs/fits.md).\n\nExamples:\n"
        "  reconlaw fit curve.csv --predict 1e5,1e6 --plot curve.svg\n"
        "  reconlaw fit results.csv --y psnr --where channels=32");
    return [options](const Streams& streams) { fit_command(*options, streams); };
}

}  // namespace reconlaw::cli
