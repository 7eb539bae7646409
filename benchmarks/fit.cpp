// Time of one law on one window, and what it predicts, for every series of a long table.
//
// Sample run:
//   benchmark_fit --series FILE --group Domain,Task,Model --x "Seen Examples" --y Loss --train Training
//
// 1. split the table into series; rows whose training column is 1 are fitted (equal sizes merged), the
//    others predicted;
// 2. fit the law on all points and on the last 30 % of the range of log(N), each --repeats times, one thread;
// 3. print medians over the series against the target of 1 ms, and the root mean square of
//    log(prediction/measured).

#include <CLI/CLI.hpp>
#include <cmath>
#include <cstdio>
#include <map>

#include "benchmarks/machine.hpp"
#include "reconlaw/data/csv.hpp"
#include "reconlaw/data/csv_writer.hpp"
#include "reconlaw/fit/fit_law.hpp"

namespace {

using namespace reconlaw;

struct Options {
    std::string series, x = "x", y = "y", train = "train", law = "floor";
    std::vector<std::string> group;
    std::vector<double> windows{1.0, 0.3};
    int repeats = 11;
    bool csv = false;
};

struct Series {
    std::string name;
    std::vector<double> size, loss, later_size, later_loss;
};

/// In the order of their first rows.
std::vector<Series> read_series(const Options& options) {
    const data::CsvTable table = data::read_csv(options.series);
    const auto x = table.numbers(options.x), y = table.numbers(options.y),
               train = table.numbers(options.train);
    std::vector<std::size_t> keys;
    for (const std::string& column : options.group) keys.push_back(table.index(column));
    std::vector<Series> all;
    std::map<std::string, std::size_t> known;
    for (std::size_t i = 0; i < x.size(); ++i) {
        std::string name;
        for (const std::size_t key : keys) name += (name.empty() ? "" : "/") + table.rows[i][key];
        const auto [place, fresh] = known.emplace(name, all.size());
        if (fresh) all.push_back({name, {}, {}, {}, {}});
        Series& series = all[place->second];
        (train[i] == 1 ? series.size : series.later_size).push_back(x[i]);
        (train[i] == 1 ? series.loss : series.later_loss).push_back(y[i]);
    }
    return all;
}

struct Outcome {
    Eigen::Index points = 0;
    double milliseconds = 0;
    double log_rmse = 0;
    fit::FitStatus status = fit::FitStatus::failed;
};

Outcome measure(const Series& series, const fit::Law& law, double window, int repeats) {
    // no weights: the same residuals as those of plain least squares elsewhere
    const fit::LearningCurve all = fit::make_curve(series.size, series.loss, false);
    const double last = all.size[all.points() - 1];
    const fit::LearningCurve curve =
        all.between(last * std::pow(all.size[0] / last, window) * (1 - 1e-9), last);
    fit::LawFit result;
    std::vector<double> times;
    for (int i = 0; i < repeats; ++i)
        times.push_back(benchmarks::seconds([&] { result = fit::fit_law(law, curve); }));
    std::nth_element(times.begin(), times.begin() + repeats / 2, times.end());
    double squares = 0;
    for (std::size_t i = 0; i < series.later_size.size(); ++i)
        squares += std::pow(std::log(result(series.later_size[i]) / series.later_loss[i]), 2);
    return {curve.points(), 1e3 * times[static_cast<std::size_t>(repeats) / 2],
            std::sqrt(squares / static_cast<double>(series.later_size.size())), result.status};
}

/// Prints one window's summary. True if the target is met.
bool summarise(const std::vector<Outcome>& outcomes, double window) {
    std::vector<double> times;
    double rmse = 0;
    int usable = 0, converged = 0;
    for (const Outcome& o : outcomes) {
        times.push_back(o.milliseconds);
        converged += o.status == fit::FitStatus::converged;
        if (!std::isfinite(o.log_rmse)) continue;
        rmse += o.log_rmse;
        ++usable;
    }
    std::sort(times.begin(), times.end());
    const double median = times[times.size() / 2];
    std::printf("window %.2f: median %.3f ms, slowest %.3f ms a fit; target 1 ms: %s\n", window, median,
                times.back(), median <= 1 ? "met" : "MISSED");
    std::printf("    %d of %zu converged; mean RMSE of log loss on the later rows %.4f over %d series\n",
                converged, outcomes.size(), rmse / usable, usable);
    return median <= 1;
}

}  // namespace

int main(int argc, char** argv) {
    Options options;
    CLI::App app{"Time and prediction of one law, one window, for every series of a table"};
    app.add_option("--series", options.series, "table of comma-separated values")->required();
    app.add_option("--group", options.group, "columns that name a series")->delimiter(',')->required();
    app.add_option("--x", options.x, "column of training sizes")->capture_default_str();
    app.add_option("--y", options.y, "column of losses")->capture_default_str();
    app.add_option("--train", options.train, "column that is 1 where a row is fitted")->capture_default_str();
    app.add_option("--law", options.law, "name of the law")->capture_default_str();
    app.add_option("--windows", options.windows, "parts of the range of log(N) that are fitted")
        ->delimiter(',')
        ->check(CLI::Range(0.01, 1.0))
        ->capture_default_str();
    app.add_option("--repeats", options.repeats, "the median is reported")
        ->check(CLI::PositiveNumber)
        ->capture_default_str();
    app.add_flag("--csv", options.csv, "one line a fit: window,points,milliseconds,log_rmse,status,series");
    CLI11_PARSE(app, argc, argv);
    try {
        const std::vector<Series> all = read_series(options);
        const fit::Law& law = fit::law_named(options.law);
        bool met = true;
        if (options.csv)
            std::printf("window,points,milliseconds,log_rmse,status,series\n");
        else
            std::printf("%s; law %s, %zu series, median of %d runs\n", benchmarks::machine().c_str(),
                        law.name.c_str(), all.size(), options.repeats);
        for (const double window : options.windows) {
            std::vector<Outcome> outcomes;
            for (const Series& series : all) {
                outcomes.push_back(measure(series, law, window, options.repeats));
                const Outcome& o = outcomes.back();
                if (options.csv)
                    std::printf("%g,%td,%.4f,%.6g,%s,%s\n", window, o.points, o.milliseconds, o.log_rmse,
                                fit::to_string(o.status).c_str(), data::csv_field(series.name).c_str());
            }
            if (!options.csv) met &= summarise(outcomes, window);
        }
        return met ? 0 : 1;
    } catch (const std::exception& error) {
        std::fprintf(stderr, "benchmark_fit: %s\n", error.what());
        return 2;
    }
}
