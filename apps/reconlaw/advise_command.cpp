#include <cmath>
#include <limits>
#include <map>
#include <memory>
#include <nlohmann/json.hpp>
#include <optional>
#include <ostream>
#include <utility>

#include "advise_page.hpp"
#include "commands.hpp"
#include "numbers.hpp"
#include "printed.hpp"
#include "reconlaw/data/atomic_file.hpp"
#include "reconlaw/data/in_quotes.hpp"
#include "reproduce/gnuplot.hpp"
#include "results_table.hpp"
#include "table.hpp"
#include "table_options.hpp"

namespace reconlaw::cli {
namespace {

struct AdviseArguments {
    std::optional<std::string> file, html, plot, output;
    ResultColumns columns;
    std::string format = "text";
    double worth = 0.05, level = 0.9;
};

struct Input {
    AdviceNames names;
    fit::JointCurve curve;
    Eigen::ArrayXd cost;
    std::vector<std::string> notes;
};

/// Measured standard errors instead of the scatter of repeats, those of equal pairs combined.
void use_errors(Results& results, const std::vector<double>& network, fit::JointCurve& curve) {
    const std::vector<double> errors = log_errors(results);
    if (errors.empty()) return;
    std::map<std::pair<double, double>, std::pair<double, int>> variances;  // by P, then N, as the curve
    for (std::size_t i = 0; i < errors.size(); ++i) {
        auto& [sum, count] = variances[{network[i], results.size[i]}];
        sum += errors[i] * errors[i], ++count;
    }
    curve.log_error.resize(curve.points());
    curve.error_freedom = std::numeric_limits<double>::infinity();
    Eigen::Index at = 0;
    for (const auto& [pair, variance] : variances)
        curve.log_error[at++] = std::sqrt(variance.first) / variance.second;
}

Input read_input(const AdviseArguments& o) {
    Results results = read_results(read_table(*o.file, o.columns.skip_bad_rows), o.columns);
    if (results.error.empty()) drop_repeated_rows(results);
    refuse_mixture(results);
    Input input;
    const std::vector<double> network =
        results.network.empty() ? std::vector<double>(results.rows(), 1.0) : results.networks;
    input.curve = fit::make_joint_curve(results.size, network, results.loss);
    if (!results.error.empty()) use_errors(results, network, input.curve);
    if (!results.cost.empty()) input.cost = fit::make_joint_curve(results.size, network, results.costs).loss;
    AdviceNames& names = input.names;
    names.file = *o.file == "-" ? "standard input" : data::printable(*o.file);
    names.samples = shown_name(results.x), names.loss = shown_name(results.y);
    names.network = shown_name(results.network);
    names.has_network = !results.network.empty(), names.has_cost = !results.cost.empty();
    names.options.metric = results.scale.metric();
    names.options.worth = o.worth, names.options.level = o.level;
    names.options.data_name = names.samples, names.options.network_name = names.network;
    if (!names.has_network) names.network = "network size";
    names.hint = results.hint, input.notes = results.notes;
    return input;
}

std::string in_column(std::string text, std::size_t width) {
    return text.size() < width ? text + std::string(width - text.size(), ' ') : text + " ";
}

std::string text_report(const fit::Advice& a, const AdviceNames& names) {
    const fit::Metric metric = names.options.metric;
    const std::string percent = printed("%g", 100 * names.options.level) + " % interval";
    std::string text = names.file + ": " + std::to_string(a.curve.points()) +
                       (a.curve.points() == 1 ? " point; now " : " points; now ") + names.samples + " = " +
                       printed("%g", a.size);
    if (names.has_network) text += ", " + names.network + " = " + printed("%g", a.network);
    text += ", " + fit::label(metric) + " " + printed("%.4g", fit::from_loss(metric, a.loss.value)) + "\n\n" +
            a.verdict + "\nNext: " + a.next_step + "\n";
    if (a.data.known || a.larger.known)
        text += "\n" + in_column("", 26) +
                in_column(metric == fit::Metric::psnr ? "PSNR gained" : "loss saved", 13) +
                in_column(percent, 18) + "verdict\n";
    for (const fit::Direction* d : {&a.data, &a.larger, &a.both})
        for (const fit::ExpectedGain& g : d->gains) {
            std::string what = g.data_factor > 1 ? printed("%gx data", g.data_factor) : "";
            if (g.network_factor > 1)
                what += (what.empty() ? "" : ", ") + printed("%gx network", g.network_factor);
            text += in_column("  " + what, 26) + in_column(gain_text(g, metric), 13) +
                    in_column(gain_interval_text(g, metric), 18) + to_string(g.verdict) + "\n";
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

Json json_number(double value) {
    return std::isfinite(value) ? Json(value) : Json(nullptr);
}

Json json_of(const fit::Estimate& e) {
    return {
        {"value", json_number(e.value)}, {"lower", json_number(e.lower)}, {"upper", json_number(e.upper)}};
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

std::string json_report(const fit::Advice& a, const Input& input) {
    const AdviceNames& names = input.names;
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
    json["notes"] = input.notes;
    for (const std::string& note : a.notes) json["notes"].push_back(note);
    return json.dump(2, ' ', false, Json::error_handler_t::replace) + "\n";
}

void advise_command(const AdviseArguments& o, const Streams& streams) {
    require_figure_path(o.plot);
    check_outputs(*o.file, {{"--html", o.html}, {"--plot", o.plot}, {"--output", o.output}});
    const Input input = read_input(o);
    for (const std::string& note : input.notes) streams.err << "note: " << note << '\n';
    fit::Advice advice = fit::advice(input.curve, input.names.options, input.cost);
    if (!advice.data.known && !input.names.hint.empty())
        advice.notes.push_back(data::in_quotes(input.names.loss) + " grows with " + input.names.samples +
                               input.names.hint);
    // the text first: no gnuplot must not lose it
    deliver(o.format == "json" ? json_report(advice, input) : text_report(advice, input.names),
            o.output.value_or(""), streams.out);
    streams.out.flush();
    if (o.html) data::write_file_atomically(*o.html, advice_html(advice, input.names), data::Links::follow);
    if (o.plot) {
        const report::Drawing drawing = report::draw(curves_figure(advice, input.names));
        data::write_file_atomically(
            *o.plot,
            o.plot->ends_with(".svg") ? drawing.svg : std::string(drawing.png.begin(), drawing.png.end()),
            data::Links::follow);
    }
}

}  // namespace

Run add_advise_command(CLI::App& app) {
    auto options = std::make_shared<AdviseArguments>();
    AdviseArguments& o = *options;
    o.columns.with_network = true;
    add_text(app, "results", o.file, "FILE",
             "CSV file with a header line, one row a training run; - is the standard input")
        ->required();
    add_table_options(app, o.columns);
    add_number(app, "--worth", o.worth, Interval{1e-6, 0.999999},
               "Smallest part of the loss that is worth saving");
    add_number(app, "--level", o.level, Interval{0.01, 0.999}, "Level of the intervals");
    add_choice(app, "--format", o.format, {"text", "json"}, "Of the output");
    add_text(app, "--html", o.html, "FILE", "Write a page with figures to this file (needs gnuplot)");
    add_text(app, "--plot", o.plot, "FILE", "Write the curves to this file, .svg or .png (needs gnuplot)");
    add_text(app, "--output", o.output, "FILE", "Write the text to this file instead of standard output");
    app.footer(
        "The loss must fall with more data. PSNR [dB] is converted to MSE, SSIM, accuracy and R2 to 1 - "
        "value. Rows\n"
        "with equal samples and network are seeds. See docs/advise.md.\n\nExample:\n"
        "  reconlaw advise results.csv --y psnr --html advice.html");
    return [options](const Streams& streams) { advise_command(*options, streams); };
}

}  // namespace reconlaw::cli
