#include "advise_page.hpp"

#include <algorithm>
#include <array>
#include <cmath>
#include <tuple>

#include "printed.hpp"
#include "reproduce/gnuplot.hpp"
#include "reproduce/html.hpp"

namespace reconlaw::cli {

using fit::Advice;
using fit::Direction;
using fit::Estimate;
using fit::ExpectedGain;
using fit::Metric;
using report::Axis;
using report::Figure;
using report::html_escape;
using report::Look;
using report::Mark;
using report::Panel;
using report::Series;

namespace {

std::string short_number(double value) {
    if (std::isinf(value)) return value > 0 ? "inf" : "-inf";
    if (value == std::round(value) && std::abs(value) < 1e6) return printed("%.0f", value);
    return printed("%.3g", value);
}

constexpr std::array<const char*, 6> colours{"#0072B2", "#D55E00", "#009E73",
                                             "#B0307A", "#E69F00", "#56B4E9"};
constexpr std::array<int, 6> point_marks{7, 5, 9, 13, 11, 12};

Look look_of(std::size_t index, std::size_t count) {
    const std::size_t i = count <= 1 ? 0 : index % colours.size();
    return {colours[i], point_marks[i], false};
}

/// At most `most` of the values, first and last included.
std::vector<double> thinned(const std::vector<double>& values, std::size_t most) {
    if (values.size() <= most) return values;
    std::vector<double> some;
    for (std::size_t i = 0; i < most; ++i) some.push_back(values[i * (values.size() - 1) / (most - 1)]);
    return some;
}

Axis value_axis(const AdviceNames& names) {
    const bool similarity = fit::larger_is_better(names.options.metric);
    return {names.options.metric == Metric::loss ? names.loss : fit::label(names.options.metric),
            !similarity};
}

/// Points of one curve, and with possible curves its median and interval from `first` to `last`.
void add_curve(Panel& panel, const Advice& advice, const AdviceNames& names, const std::string& name,
               const Look& look, const fit::LearningCurve& points, double first, double last, bool band,
               const auto& estimate) {
    const Metric metric = names.options.metric;
    const auto shown = [&](double loss) { return fit::from_loss(metric, loss); };
    Series measured{name, look, Mark::points, {}, {}};
    for (Eigen::Index i = 0; i < points.points(); ++i) {
        measured.x.push_back(points.size[i]);
        measured.y.push_back(shown(points.loss[i]));
    }
    panel.series.push_back(std::move(measured));
    if (advice.possible.count == 0) return;
    Series line{name, look, Mark::line, {}, {}},
        area{printed("%g", 100 * names.options.level) + " % interval", look, Mark::band, {}, {}, {}, {}};
    for (int i = 0; i <= 60; ++i) {
        const double x = first * std::pow(last / first, i / 60.0);
        const Estimate e = estimate(x);
        line.x.push_back(x), line.y.push_back(shown(e.value));
        area.x.push_back(x);
        area.y.push_back(std::min(shown(e.lower), shown(e.upper)));
        area.upper.push_back(std::max(shown(e.lower), shown(e.upper)));
    }
    if (band) panel.series.push_back(std::move(area));
    panel.series.push_back(std::move(line));
}

/// Ticks for a logarithmic axis over less than two decades: in equal steps below a factor of four, then at 1,
/// 2, 3, 5, 7, and above a factor of twenty at 1, 2 and 5 times powers of ten.
std::vector<double> short_ticks(double first, double last) {
    if (last > 20 * first) return report::one_two_five(first, last);
    if (last > 4 * first) {
        std::vector<double> ticks;
        for (double decade = std::pow(10.0, std::floor(std::log10(first))); decade <= last; decade *= 10)
            for (const double digit : {1.0, 2.0, 3.0, 5.0, 7.0})
                if (digit * decade >= first && digit * decade <= last) ticks.push_back(digit * decade);
        return ticks;
    }
    const double decade = std::pow(10.0, std::floor(std::log10(last - first)));
    double step = decade;
    for (const double multiple : {0.2, 0.5, 1.0, 2.0})
        if ((last - first) / (multiple * decade) <= 8) {
            step = multiple * decade;
            break;
        }
    std::vector<double> ticks;
    for (double k = std::ceil(first / step); k * step <= last; k += 1) ticks.push_back(k * step);
    return ticks;
}

/// Close around the data and the curves.
void fit_range(Axis& axis, double first, double last) {
    if (!(first > 0) || !axis.log) return;
    const double margin = std::clamp(std::pow(last / first, 0.05), 1.01, 1.2);
    axis.min = first / margin, axis.max = last * margin;
    if (last < 150 * first) axis.ticks = short_ticks(axis.min, axis.max);
}

void fit_ranges(Panel& panel, double last_x) {
    double first_x = last_x, low = HUGE_VAL, high = 0;
    for (const Series& s : panel.series) {
        for (const double x : s.x) first_x = std::min(first_x, x);
        for (const std::vector<double>* values : {&s.y, &s.upper})
            for (const double y : *values) low = std::min(low, y), high = std::max(high, y);
    }
    fit_range(panel.x, first_x, last_x);
    for (report::Vertical& v : panel.verticals) v.label_left = v.x > std::sqrt(first_x * last_x);
    fit_range(panel.y, low, high);
}

Panel over_size(const Advice& a, const AdviceNames& names) {
    const double last = names.options.data_factors.back() * a.size;
    const bool several = fit::distinct(a.curve.network).size() > 1;
    Panel panel{several ? "By " + names.samples + ", one curve a network size" : "Learning curve",
                {names.samples, true},
                value_axis(names),
                {}};
    const auto networks = thinned(fit::distinct(a.curve.network), 6);
    for (std::size_t i = 0; i < networks.size(); ++i) {
        const double p = networks[i];
        const std::string name = names.has_network ? names.network + " = " + short_number(p) : "measured";
        // one band where several would hide each other
        add_curve(panel, a, names, name, look_of(i, networks.size()), a.curve.at_network(p),
                  a.curve.size.minCoeff(), last, networks.size() <= 2 || p == a.network,
                  [&](double n) { return a.possible.loss_at(n, p, names.options.level); });
    }
    panel.verticals.push_back({a.size, "now"});
    fit_ranges(panel, a.possible.count > 0 ? last : a.curve.size.maxCoeff());
    return panel;
}

Panel over_network(const Advice& a, const AdviceNames& names) {
    const double last = names.options.network_factors.back() * a.network;
    Panel panel{"By " + names.network, {names.network, true}, value_axis(names), {}};
    const auto sizes = thinned(fit::distinct(a.curve.size), 4);
    for (std::size_t i = 0; i < sizes.size(); ++i) {
        const double n = sizes[i];
        Look look = look_of(i, sizes.size());
        look.dashed = true;
        add_curve(panel, a, names, names.samples + " = " + short_number(n), look, a.curve.at_size(n),
                  a.curve.network.minCoeff(), last, sizes.size() <= 2 || n == a.size,
                  [&](double p) { return a.possible.loss_at(n, p, names.options.level); });
    }
    panel.verticals.push_back({a.network, "now"});
    fit_ranges(panel, a.possible.count > 0 ? last : a.curve.network.maxCoeff());
    return panel;
}

}  // namespace

Estimate gain_shown(const ExpectedGain& gain, Metric metric) {
    if (metric == Metric::psnr) return gain.decibels;
    return {100 * (1 - gain.ratio.value), 100 * (1 - gain.ratio.upper), 100 * (1 - gain.ratio.lower)};
}

namespace {

std::string shown_number(double value, Metric metric) {
    if (metric == Metric::psnr) return printed("%.2f", value);
    return printed(std::abs(value) < 9.95 ? "%.1f" : "%.0f", value == 0 ? 0.0 : value);
}

}  // namespace

std::string gain_text(const ExpectedGain& gain, Metric metric) {
    return shown_number(gain_shown(gain, metric).value, metric) + (metric == Metric::psnr ? " dB" : " %");
}

std::string gain_interval_text(const ExpectedGain& gain, Metric metric) {
    const Estimate e = gain_shown(gain, metric);
    return shown_number(e.lower, metric) + " to " + shown_number(e.upper, metric);
}

std::string plateau_text(const Estimate& plateau, double present) {
    const auto end = [&](double value) {
        if (value > 1e6 * present) return std::string("out of reach");
        if (value < 1e-3 * present) return "below " + short_number(1e-3 * present);
        return printed("%.2g", value);
    };
    const std::string middle = end(plateau.value), low = end(plateau.lower), high = end(plateau.upper);
    return low == high ? middle : middle + " (" + low + " to " + high + ")";
}

Figure curves_figure(const Advice& advice, const AdviceNames& names) {
    Figure figure{"advice-curves",
                  "Measured points, and the curves that the laws allow",
                  "How far the band opens to the right of \"now\": that is what the points leave open.",
                  {}};
    if (fit::distinct(advice.curve.size).size() > 1 || !names.has_network)
        figure.panels.push_back(over_size(advice, names));
    if (fit::distinct(advice.curve.network).size() > 1) figure.panels.push_back(over_network(advice, names));
    if (figure.panels.empty()) figure.panels.push_back(over_size(advice, names));
    figure.columns = static_cast<int>(figure.panels.size());
    figure.width_px = figure.columns == 2 ? 1300 : 900, figure.height_px = 620;
    return figure;
}

Figure gains_figure(const Advice& advice, const AdviceNames& names) {
    const bool db = names.options.metric == Metric::psnr;
    Panel panel{db ? "PSNR gained" : "Part of the loss that is saved",
                {"factor (of the data; of the network for a larger network)", true},
                {db ? "gain (dB)" : "gain (percent)", false},
                {}};
    double last = 1, lowest = 0;
    const std::array<std::tuple<const char*, const Direction*, Look, double>, 3> directions{
        std::tuple{"more data", &advice.data, Look{"#0072B2", 7, false}, 1.0},
        std::tuple{"larger network", &advice.larger, Look{"#D55E00", 5, false}, 1.06},
        std::tuple{"both", &advice.both, Look{"#009E73", 9, false}, 1.0 / 1.06}};
    for (const auto& [name, direction, look, shift] : directions) {
        Series points{name, look, Mark::points, {}, {}}, bars{name, look, Mark::line, {}, {}};
        for (const ExpectedGain& gain : direction->gains) {
            const double factor = shift * (gain.data_factor > 1 ? gain.data_factor : gain.network_factor);
            const Estimate e = gain_shown(gain, names.options.metric);
            points.x.push_back(factor), points.y.push_back(e.value);
            for (const double y : {e.lower, e.upper, std::nan("")})
                bars.x.push_back(factor), bars.y.push_back(y);
            last = std::max(last, factor), lowest = std::min(lowest, e.lower);
            panel.x.ticks.push_back(gain.data_factor > 1 ? gain.data_factor : gain.network_factor);
        }
        if (points.x.empty()) continue;
        panel.series.push_back(std::move(bars));
        panel.series.push_back(std::move(points));
    }
    const double worth = db ? -10 * std::log10(1 - names.options.worth) : 100 * names.options.worth;
    if (!panel.series.empty())
        panel.series.push_back(
            {"worth it from here", {"#777777", 7, true}, Mark::line, {1.5, 1.5 * last}, {worth, worth}});
    panel.x.min = 1.5, panel.x.max = 1.5 * last;
    std::sort(panel.x.ticks.begin(), panel.x.ticks.end());
    panel.x.ticks.erase(std::unique(panel.x.ticks.begin(), panel.x.ticks.end()), panel.x.ticks.end());
    if (lowest >= 0) panel.y.min = 0;
    Figure figure{"advice-gains",
                  "Expected gains with their intervals",
                  "An interval above the dashed line: worth it; below it: not; across it: not known yet.",
                  {panel}};
    figure.width_px = 900, figure.height_px = 520;
    return figure;
}

namespace {

constexpr auto style = R"(
:root { color-scheme: light dark; --text: #1c1c1e; --soft: #5a5a60; --line: #d8d8dc; --back: #ffffff; --tint: #f4f5f7; }
@media (prefers-color-scheme: dark) {
  :root { --text: #e6e6e8; --soft: #a2a2aa; --line: #3c3c42; --back: #17181b; --tint: #212327; } }
* { box-sizing: border-box; }
body { margin: 0 auto; padding: 2.2rem 1.2rem 3rem; max-width: 60rem; color: var(--text); background: var(--back);
       font: 16px/1.55 system-ui, "Segoe UI", "Helvetica Neue", Arial, sans-serif; }
h1 { font-size: 1.7rem; margin: 0; } h2 { font-size: 1.2rem; margin: 2.2rem 0 .6rem; }
.lead, figcaption, .notes { color: var(--soft); } figcaption, .notes { font-size: .92rem; }
.verdict { background: var(--tint); border-left: 4px solid #0072B2; border-radius: 4px; padding: .7rem 1rem; }
.verdict p { margin: .3rem 0; }
figure { margin: 1.2rem 0; } .sheet { background: #ffffff; border: 1px solid var(--line); border-radius: 6px; padding: .4rem; }
figure svg { display: block; width: 100%; height: auto; }
.scroll { overflow-x: auto; } table { border-collapse: collapse; font-size: .9rem; font-variant-numeric: tabular-nums; }
th, td { text-align: right; padding: .28rem .7rem; border-bottom: 1px solid var(--line); white-space: nowrap; }
th { border-bottom: 1.5px solid var(--text); } th:first-child, td:first-child { text-align: left; padding-left: 0; }
.chosen td { font-weight: 600; }
)";

std::string row(const std::vector<std::string>& cells, const char* tag, bool chosen = false) {
    std::string html = chosen ? "<tr class=\"chosen\">" : "<tr>";
    for (const std::string& cell : cells)
        html += std::string("<") + tag + ">" + html_escape(cell) + "</" + tag + ">";
    return html + "</tr>\n";
}

std::string gains_table(const Advice& a, const AdviceNames& names) {
    const Metric metric = names.options.metric;
    std::string html = "<div class=\"scroll\"><table>" +
                       row({"", metric == Metric::psnr ? "PSNR gained" : "loss saved",
                            printed("%g", 100 * names.options.level) + " % interval", "verdict"},
                           "th");
    for (const Direction* d : {&a.data, &a.larger, &a.both})
        for (const ExpectedGain& g : d->gains) {
            std::string what = g.data_factor > 1 ? short_number(g.data_factor) + "x data" : "";
            if (g.network_factor > 1)
                what += (what.empty() ? "" : ", ") + short_number(g.network_factor) + "x network";
            html +=
                row({what, gain_text(g, metric), gain_interval_text(g, metric), to_string(g.verdict)}, "td");
        }
    return html + "</table></div>\n";
}

std::string experiments_table(const Advice& a, const AdviceNames& names) {
    if (a.experiments.empty()) return "";
    std::string html =
        "<div class=\"scroll\"><table>" +
        row({"experiment", names.samples, names.network, "runs",
             names.has_cost ? "cost" : "cost (present runs)", "interval left", "chance to decide"},
            "th");
    for (std::size_t i = 0; i < a.experiments.size(); ++i) {
        const fit::Experiment& e = a.experiments[i];
        html += row({e.purpose, short_number(e.size), names.has_network ? short_number(e.network) : "",
                     std::to_string(e.runs), printed("%.3g", e.cost),
                     a.decisive.empty() ? "" : printed("%.0f %%", 100 * e.width),
                     a.decisive.empty() ? "" : printed("%.0f %%", 100 * e.decides)},
                    "td", static_cast<int>(i) == a.next);
    }
    return html + "</table></div>\n";
}

std::string figure_html(const Figure& figure) {
    return "<figure><div class=\"sheet\" role=\"img\" aria-label=\"" + html_escape(figure.title) + "\">" +
           report::inline_svg(report::draw(figure).svg, figure.name + "_") + "</div><figcaption><b>" +
           html_escape(figure.title) + ".</b> " + html_escape(figure.what_to_see) +
           "</figcaption></figure>\n";
}

std::string paragraphs(const std::string& text) {
    std::string html;
    for (std::size_t at = 0; at < text.size();) {
        const std::size_t end = std::min(text.find('\n', at), text.size());
        html += "<p>" + html_escape(text.substr(at, end - at)) + "</p>\n";
        at = end + 1;
    }
    return html;
}

}  // namespace

std::string advice_html(const Advice& a, const AdviceNames& names) {
    std::string html =
        "<!DOCTYPE html>\n<html lang=\"en\">\n<head>\n<meta charset=\"utf-8\">\n"
        "<meta name=\"viewport\" content=\"width=device-width, initial-scale=1\">\n<title>" +
        html_escape("Advice: " + names.file) + "</title>\n<style>" + style +
        "</style>\n</head>\n<body>\n<h1>More data, or a larger network?</h1>\n<p class=\"lead\">" +
        html_escape(names.file) + ": " + std::to_string(a.curve.points()) + " points, now at " +
        html_escape(names.samples) + " = " + short_number(a.size);
    if (names.has_network) html += ", " + html_escape(names.network) + " = " + short_number(a.network);
    html += ".</p>\n<div class=\"verdict\">" + paragraphs(a.verdict) + "<p><b>Next:</b> " +
            html_escape(a.next_step) + "</p></div>\n";
    html += figure_html(curves_figure(a, names));
    if (a.data.known || a.larger.known)
        html +=
            "<h2>What it would bring</h2>\n" + figure_html(gains_figure(a, names)) + gains_table(a, names);
    if (a.both.known) html += "<p>What limits now: <b>" + to_string(a.limit) + "</b>.</p>\n";
    const std::string little = printed("%.3g", 100 * names.options.worth) + " %";
    if (a.data.known)
        html += "<p>Ten times the data saves less than " + little + " from " + html_escape(names.samples) +
                " = " + html_escape(plateau_text(a.data.plateau, a.size)) + " on.</p>\n";
    if (a.larger.known)
        html += "<p>A network ten times larger saves less than " + little + " from " +
                html_escape(names.network) + " = " + html_escape(plateau_text(a.larger.plateau, a.network)) +
                " on.</p>\n";
    if (!a.experiments.empty())
        html +=
            "<h2>What to measure next</h2>\n" + experiments_table(a, names) +
            "<p class=\"notes\">Interval left: expected width of the deciding gain's interval after the "
            "experiment, as a part of the present one. Chance to decide: that the interval then lies on one "
            "side of what is worth it. Costs beyond the measured points follow a power law" +
            std::string(names.has_cost ? " through the cost column" : " in both sizes") + ".</p>\n";
    if (!a.laws.empty()) {
        html += "<h2>How sure is this?</h2>\n<div class=\"scroll\"><table>" +
                row({"law", "weight", "log RMSE of its fit", ""}, "th");
        for (const fit::LawShare& law : a.laws)
            html +=
                row({law.law, printed("%.2f", law.weight), printed("%.4f", law.log_rmse), law.message}, "td");
        html += "</table></div>\n<p class=\"notes\">" + std::to_string(a.held_back) +
                " predictions of held-back points, " + printed("%.0f", 100 * a.held_back_covered) +
                " % inside their interval; intervals widened " + printed("%.2f", a.possible.widening) +
                " times.</p>\n";
    }
    if (!a.notes.empty()) {
        html += "<ul class=\"notes\">\n";
        for (const std::string& note : a.notes) html += "<li>" + html_escape(note) + "</li>\n";
        html += "</ul>\n";
    }
    return html + "</body>\n</html>\n";
}

}  // namespace reconlaw::cli
