#include <algorithm>
#include <array>
#include <cmath>
#include <filesystem>
#include <memory>
#include <nlohmann/json.hpp>
#include <ostream>
#include <stdexcept>
#include <utility>

#include "advise_page.hpp"
#include "commands.hpp"
#include "printed.hpp"
#include "reconlaw/data/atomic_file.hpp"
#include "reconlaw/data/csv.hpp"
#include "reconlaw/data/file_error.hpp"
#include "reproduce/gnuplot.hpp"
#include "table.hpp"

namespace reconlaw::cli {
namespace {

struct Options {
    std::string file, samples = "samples", network, loss, cost, metric, html, plot, output, format = "text";
    double worth = 0.05, level = 0.9;
};

struct Input {
    AdviceNames names;
    fit::JointCurve curve;
    Eigen::ArrayXd cost;
};

/// A column of numbers > 0.
std::vector<double> positive(const data::CsvTable& table, const std::string& column) {
    std::vector<double> values = table.numbers(column);
    for (std::size_t i = 0; i < values.size(); ++i)
        if (!(values[i] > 0))
            throw data::FileError::at_line(
                table.path, table.lines[i],
                "column '" + column + "': " + printed("%g", values[i]) + ", must be above 0");
    return values;
}

/// The losses, converted from the metric; a value outside its range names line and column.
std::vector<double> losses(const data::CsvTable& table, const std::string& column, fit::Metric metric) {
    std::vector<double> values = table.numbers(column);
    std::vector<double> sorted = values;
    std::nth_element(sorted.begin(), sorted.begin() + static_cast<std::ptrdiff_t>(sorted.size() / 2),
                     sorted.end());
    const double typical = sorted[sorted.size() / 2];
    for (std::size_t i = 0; i < values.size(); ++i) {
        const auto refuse = [&](const std::string& why) {
            throw data::FileError::at_line(
                table.path, table.lines[i],
                "column '" + column + "': " + printed("%g", values[i]) + ", " + why);
        };
        if (metric == fit::Metric::psnr && std::abs(values[i]) > 200)
            refuse("a PSNR must lie in [-200, 200] dB");
        if (metric == fit::Metric::psnr && typical > 5 && std::abs(values[i]) <= 1)
            refuse("the others are near " + printed("%.3g", typical) + " dB: mixed units?");
        if (metric == fit::Metric::ssim && !(values[i] >= -1 && values[i] < 1))
            refuse("an SSIM must lie in [-1, 1)");
        if ((metric == fit::Metric::loss || metric == fit::Metric::mse) && !(values[i] > 0))
            refuse("a loss must be above 0 (for a PSNR or SSIM use --metric)");
        values[i] = fit::to_loss(metric, values[i]);
    }
    return values;
}

/// The column asked for, or the first of the usual names that the file has; empty if none.
std::string usual_column(const data::CsvTable& table, const std::string& asked,
                         const std::vector<std::string>& usual, const char* option) {
    if (!asked.empty()) return asked;
    std::string found;
    for (const std::string& name : usual) {
        if (!table.has(name)) continue;
        if (!found.empty())
            throw data::FileError(table.path,
                                  "has columns '" + found + "' and '" + name + "': choose one by " + option);
        found = name;
    }
    return found;
}

/// One column cannot be two things.
void refuse_shared_columns(const AdviceNames& names, const std::string& cost) {
    const std::array<std::pair<const char*, std::string>, 4> roles{
        std::pair{"--samples-column", names.samples}, std::pair{"--network-column", names.network},
        std::pair{"--loss-column", names.loss}, std::pair{"--cost-column", cost}};
    for (std::size_t i = 0; i < roles.size(); ++i)
        for (std::size_t j = 0; j < i; ++j)
            if (!roles[i].second.empty() && roles[i].second == roles[j].second)
                throw std::invalid_argument("column '" + roles[i].second + "' is taken for " +
                                            roles[j].first + " and for " + roles[i].first +
                                            ": must be different columns");
}

/// No output may overwrite another, or the table. Devices and pipes may be shared.
void refuse_shared_paths(const Options& o) {
    namespace fs = std::filesystem;
    const std::array<std::pair<const char*, std::string>, 4> paths{
        std::pair{"the results", o.file}, std::pair{"--html", o.html}, std::pair{"--plot", o.plot},
        std::pair{"--output", o.output}};
    const auto same = [](const std::string& a, const std::string& b) {
        std::error_code error;
        if (fs::exists(a, error) && !fs::is_regular_file(a, error)) return false;
        return fs::equivalent(a, b, error) ||
               fs::absolute(a, error).lexically_normal() == fs::absolute(b, error).lexically_normal();
    };
    for (std::size_t i = 0; i < paths.size(); ++i)
        for (std::size_t j = 0; j < i; ++j)
            if (!paths[i].second.empty() && !paths[j].second.empty() &&
                same(paths[i].second, paths[j].second))
                throw std::invalid_argument(std::string(paths[i].first) + ": '" + paths[i].second +
                                            "' is also the path of " + paths[j].first +
                                            ", must be another file");
}

Input read_input(const Options& o) {
    const data::CsvTable table = data::read_csv(o.file);
    Input input;
    AdviceNames& names = input.names;
    names.file = o.file;
    names.samples = o.samples;
    names.loss = usual_column(table, o.loss, {"loss", "mse", "psnr", "ssim"}, "--loss-column");
    if (names.loss.empty()) names.loss = "loss";  // read below, where its absence is reported
    std::string metric = o.metric;
    if (metric.empty())
        metric = names.loss == "mse" || names.loss == "psnr" || names.loss == "ssim" ? names.loss : "loss";
    names.options.metric = fit::metric_named(metric);
    names.network = usual_column(table, o.network, {"channels", "parameters"}, "--network-column");
    names.has_network = !names.network.empty();

    const std::string cost = usual_column(table, o.cost, {"cost"}, "--cost-column");
    names.has_cost = !cost.empty();
    refuse_shared_columns(names, cost);

    const std::vector<double> size = positive(table, names.samples);
    const std::vector<double> network =
        names.has_network ? positive(table, names.network) : std::vector<double>(size.size(), 1.0);
    input.curve = fit::make_joint_curve(size, network, losses(table, names.loss, names.options.metric));
    if (names.has_cost) input.cost = fit::make_joint_curve(size, network, positive(table, cost)).loss;
    names.options.worth = o.worth, names.options.level = o.level;
    names.options.data_name = names.samples, names.options.network_name = names.network;
    if (!names.has_network) names.network = "network size";
    return input;
}

std::string padded(std::string text, std::size_t width) {
    return text.size() < width ? text + std::string(width - text.size(), ' ') : text + " ";
}

std::string text_report(const fit::Advice& a, const AdviceNames& names) {
    const fit::Metric metric = names.options.metric;
    const std::string percent = printed("%g", 100 * names.options.level) + " % interval";
    std::string text = names.file + ": " + std::to_string(a.curve.points()) + " points; now " +
                       names.samples + " = " + printed("%g", a.size);
    if (names.has_network) text += ", " + names.network + " = " + printed("%g", a.network);
    text += ", " + fit::label(metric) + " " + printed("%.4g", fit::from_loss(metric, a.loss.value)) + "\n\n" +
            a.verdict + "\nNext: " + a.next_step + "\n";
    if (a.data.known || a.larger.known)
        text += "\n" + padded("", 26) +
                padded(metric == fit::Metric::psnr ? "PSNR gained" : "loss saved", 13) + padded(percent, 18) +
                "verdict\n";
    for (const fit::Direction* d : {&a.data, &a.larger, &a.both})
        for (const fit::ExpectedGain& g : d->gains) {
            std::string what = g.data_factor > 1 ? printed("%gx data", g.data_factor) : "";
            if (g.network_factor > 1)
                what += (what.empty() ? "" : ", ") + printed("%gx network", g.network_factor);
            text += padded("  " + what, 26) + padded(gain_text(g, metric), 13) +
                    padded(gain_interval_text(g, metric), 18) + to_string(g.verdict) + "\n";
        }
    if (a.both.known) text += "\nLimited now by: " + to_string(a.limit) + "\n";
    const std::string little = " (ten times more saves less than " +
                               printed("%.3g", 100 * names.options.worth) + " % from there on)\n";
    if (a.data.known)
        text += "Plateau in " + names.samples + ": " + plateau_text(a.data.plateau, a.size) + little;
    if (a.larger.known)
        text += "Plateau in " + names.network + ": " + plateau_text(a.larger.plateau, a.network) + little;
    if (!a.laws.empty()) {
        text += "Laws:";
        for (const fit::LawShare& law : a.laws)
            text += " " + law.law + " " + printed("%.2f", law.weight) + (&law == &a.laws.back() ? "" : ",");
        text += "; held-back points: " + std::to_string(a.held_back) + ", inside their interval " +
                printed("%.0f %%", 100 * a.held_back_covered) + ", intervals widened " +
                printed("%.2f", a.possible.widening) + " times\n";
    }
    for (const std::string& note : a.notes) text += "note: " + note + "\n";
    return text;
}

using Json = nlohmann::ordered_json;

Json number(double value) {
    return std::isfinite(value) ? Json(value) : Json(nullptr);
}

Json json_of(const fit::Estimate& e) {
    return {{"value", number(e.value)}, {"lower", number(e.lower)}, {"upper", number(e.upper)}};
}

Json json_of(const fit::Direction& d, const AdviceNames& names, bool plateau) {
    Json json{{"known", d.known}, {"verdict", to_string(d.verdict)}};
    if (!d.known) json["reason"] = d.reason;
    json["gains"] = Json::array();
    for (const fit::ExpectedGain& g : d.gains) {
        Json gain{{"data_factor", g.data_factor},
                  {"network_factor", g.network_factor},
                  {"loss_ratio", json_of(g.ratio)},
                  {"loss_difference", json_of(g.difference)},
                  {"verdict", to_string(g.verdict)}};
        if (names.options.metric == fit::Metric::psnr) gain["psnr_gain_db"] = json_of(g.decibels);
        json["gains"].push_back(std::move(gain));
    }
    if (d.known && plateau) json["plateau"] = json_of(d.plateau);
    return json;
}

std::string json_report(const fit::Advice& a, const AdviceNames& names) {
    Json json{{"file", names.file},
              {"points", a.curve.points()},
              {"metric", fit::label(names.options.metric)},
              {"level", names.options.level},
              {"worth", names.options.worth},
              {"now",
               {{"samples", a.size},
                {"network", names.has_network ? Json(a.network) : Json(nullptr)},
                {"loss", json_of(a.loss)}}},
              {"verdict", a.verdict},
              {"next_step", a.next_step},
              {"data", json_of(a.data, names, true)},
              {"network", json_of(a.larger, names, true)},
              {"both", json_of(a.both, names, false)},
              {"limited_by", to_string(a.limit)},
              {"decisive", a.decisive}};
    json["experiments"] = Json::array();
    for (std::size_t i = 0; i < a.experiments.size(); ++i) {
        const fit::Experiment& e = a.experiments[i];
        json["experiments"].push_back({{"purpose", e.purpose},
                                       {"samples", e.size},
                                       {"network", e.network},
                                       {"runs", e.runs},
                                       {"cost", e.cost},
                                       {"interval_left", e.width},
                                       {"chance_to_decide", e.decides},
                                       {"recommended", static_cast<int>(i) == a.next}});
    }
    json["laws"] = Json::array();
    for (const fit::LawShare& law : a.laws)
        json["laws"].push_back(
            {{"law", law.law},
             {"weight", law.weight},
             {"log_rmse", law.log_rmse},
             {"parameters", std::vector<double>(law.parameters.begin(), law.parameters.end())},
             {"message", law.message}});
    json["held_back"] = {
        {"predictions", a.held_back}, {"covered", a.held_back_covered}, {"widening", a.possible.widening}};
    json["notes"] = a.notes;
    return json.dump(2, ' ', false, Json::error_handler_t::replace) + "\n";
}

void advise_command(const Options& o, const Streams& streams) {
    const bool svg = o.plot.ends_with(".svg"), png = o.plot.ends_with(".png");
    if (!o.plot.empty() && !svg && !png)
        throw std::invalid_argument("--plot: '" + o.plot + "', must end with .svg or .png");
    refuse_shared_paths(o);
    const Input input = read_input(o);
    const fit::Advice advice = fit::advice(input.curve, input.names.options, input.cost);
    // the text first: no gnuplot, or a path that cannot be written, must not lose it
    deliver(o.format == "json" ? json_report(advice, input.names) : text_report(advice, input.names),
            o.output, streams.out);
    streams.out.flush();
    if (!o.html.empty())
        data::write_file_atomically(o.html, advice_html(advice, input.names), data::Links::follow);
    if (!o.plot.empty()) {
        const report::Drawing drawing = report::draw(curves_figure(advice, input.names));
        data::write_file_atomically(o.plot,
                                    svg ? drawing.svg : std::string(drawing.png.begin(), drawing.png.end()),
                                    data::Links::follow);
    }
}

}  // namespace

Run add_advise_command(CLI::App& app) {
    auto options = std::make_shared<Options>();
    Options& o = *options;
    app.add_option("results", o.file, "CSV file with a header line: one row a training run")->required();
    app.add_option("--samples-column", o.samples, "Number of training samples")->capture_default_str();
    app.add_option("--network-column", o.network,
                   "Size of the network, in any unit (default: channels or parameters, whichever exists)");
    app.add_option("--loss-column", o.loss, "Test loss (default: loss, mse, psnr or ssim, whichever exists)");
    app.add_option("--cost-column", o.cost, "Cost of the run, in any unit (default: cost if it exists)");
    app.add_option("--metric", o.metric,
                   "What the loss column holds; by default what its name says, otherwise a loss")
        ->check(CLI::IsMember({"loss", "mse", "psnr", "ssim"}));
    app.add_option("--worth", o.worth, "Smallest part of the loss that is worth saving")
        ->check(CLI::Range(1e-6, 0.999999))
        ->capture_default_str();
    app.add_option("--level", o.level, "Level of the intervals")
        ->check(CLI::Range(0.01, 0.999))
        ->capture_default_str();
    app.add_option("--format", o.format, "Of the output")
        ->check(CLI::IsMember({"text", "json"}))
        ->capture_default_str();
    app.add_option("--html", o.html, "Write a page with figures to this file (needs gnuplot)");
    app.add_option("--plot", o.plot, "Write the curves to this file, .svg or .png (needs gnuplot)");
    app.add_option("--output", o.output, "Write the text to this file instead of standard output");
    app.footer(
        "The loss must fall with more data. PSNR [dB] and SSIM are converted to MSE and 1 - SSIM. Rows with "
        "equal\n"
        "samples and network are seeds. See docs/advise.md.\n\nExample:\n  reconlaw advise results.csv "
        "--metric "
        "psnr --html advice.html");
    return [options](const Streams& streams) { advise_command(*options, streams); };
}

}  // namespace reconlaw::cli
