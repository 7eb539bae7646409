#include "figure.hpp"

#include <algorithm>
#include <cctype>
#include <cmath>
#include <sstream>

#include "gnuplot_text.hpp"
#include "printed.hpp"
#include "reconlaw/detail/check.hpp"

namespace reconlaw::report {

namespace {

std::string plot_number(double value) {
    return std::isfinite(value) ? csv_number(value) : "NaN";
}

void check(const Figure& figure) {
    constexpr auto f = "gnuplot_script";
    detail::require(!figure.panels.empty(), f, "number of panels", figure.panels.size(), "at least 1");
    detail::require(figure.columns >= 1, f, "columns", figure.columns, "at least 1");
    for (const Panel& panel : figure.panels) {
        detail::require(!panel.series.empty(), f, "number of series", panel.series.size(), "at least 1");
        for (const Series& s : panel.series) {
            detail::require(s.x.size() == s.y.size(), f, "size of y of series " + s.name, s.y.size(),
                            "the size of x = " + std::to_string(s.x.size()));
            detail::require(s.error.empty() || s.error.size() == s.x.size(), f,
                            "size of error of series " + s.name, s.error.size(),
                            "0 or the size of x = " + std::to_string(s.x.size()));
            detail::require(s.upper.size() == (s.mark == Mark::band ? s.x.size() : 0), f,
                            "size of upper of series " + s.name, s.upper.size(),
                            "the size of x for a band, otherwise 0");
        }
    }
}

/// x, y and the ends of the error bar; on a logarithmic axis the lower end stays positive.
void write_data(std::ostream& out, const std::string& block, const Series& series, bool log) {
    out << block << " << EOD\n";
    for (std::size_t i = 0; i < series.x.size(); ++i) {
        const double y = series.y[i],
                     e = series.error.empty() || !std::isfinite(series.error[i]) ? 0 : series.error[i];
        out << plot_number(series.x[i]) << ' ' << plot_number(y) << ' '
            << plot_number(log ? std::max(y - e, 1e-3 * y) : y - e) << ' '
            << plot_number(series.mark == Mark::band ? series.upper[i] : y + e) << '\n';
    }
    out << "EOD\n";
}

struct LegendEntry {
    std::string name;
    Look look;
    bool line = false, points = false, band = false;
};

std::vector<LegendEntry> legend(const Figure& figure) {
    std::vector<LegendEntry> entries;
    for (const Panel& panel : figure.panels)
        for (const Series& s : panel.series) {
            auto found =
                std::find_if(entries.begin(), entries.end(), [&](const auto& e) { return e.name == s.name; });
            if (found == entries.end()) found = entries.insert(found, {s.name, s.look});
            (s.mark == Mark::line     ? found->line
             : s.mark == Mark::points ? found->points
                                      : found->band) = true;
        }
    const Look grey{"#888888", 7, false};
    if (!figure.line_meaning.empty()) entries.push_back({figure.line_meaning, grey, true, false});
    if (!figure.point_meaning.empty()) entries.push_back({figure.point_meaning, grey, false, true});
    return entries;
}

std::string line_style(const Look& look) {
    return "lw 2.5 dt " + std::string(look.dashed ? "2" : "1") + " lc rgb " + gnuplot_quoted(look.colour);
}
/// Colour of a band.
std::string pale(const Look& look) {
    return gnuplot_quoted("#b0" + look.colour.substr(1));
}
std::string point_style(const Look& look, double size) {
    return "pt " + std::to_string(look.point) + " ps " + csv_number(size) + " lw 1.6 lc rgb " +
           gnuplot_quoted(look.colour);
}

void write_axis(std::ostream& out, char axis, const Axis& a) {
    if (a.log)
        out << "set logscale " << axis << " 10\nset m" << axis << "tics 10\n";
    else
        out << "unset logscale " << axis << "\nset m" << axis << "tics default\n";
    out << "set " << axis << "range [" << (std::isnan(a.min) ? "*" : csv_number(a.min)) << ':'
        << (std::isnan(a.max) ? "*" : csv_number(a.max)) << "]\n";
    if (!a.ticks.empty()) {
        out << "set format " << axis << " '%g'\nset " << axis << "tics nomirror (";
        for (std::size_t i = 0; i < a.ticks.size(); ++i) out << (i ? ", " : "") << csv_number(a.ticks[i]);
        out << ")\n";
    } else {
        out << "set format " << axis << (a.log ? " '10^{%L}'\n" : " '%g'\n") << "set " << axis
            << "tics nomirror autofreq\n";
    }
}

/// Commands that draw at pixels of the page, x from the left and y from the top. gnuplot's own legend, titles
/// and axis labels would be placed by widths that each terminal estimates in its own way.
class Page {
  public:
    Page(std::ostream& out, const Figure& figure, bool svg)
        : out_(&out), width_(figure.width_px), height_(figure.height_px), svg_(svg) {}

    std::string at(double x, double y) const {
        return "screen " + csv_number(x / width_) + ", screen " + csv_number(1 - y / height_);
    }
    void text(double x, double y, const std::string& text, const std::string& how) {
        label(text, at(x, y), how);
    }
    void label(const std::string& text, const std::string& where, const std::string& how) {
        *out_ << "set label " << (svg_ ? gnuplot_quoted_for_svg(text) : gnuplot_quoted(text)) << " at "
              << where << ' ' << how << " noenhanced\n";
    }

  private:
    std::ostream* out_;
    double width_, height_;
    bool svg_;
};

constexpr double legend_row_px = 25, sample_px = 40;

/// Width of a legend entry with the space after it, from 9.4 px a character.
double entry_px(const LegendEntry& entry) {
    const std::string shown = shown_text(entry.name);
    const auto characters =
        std::count_if(shown.begin(), shown.end(), [](char c) { return (c & 0xC0) != 0x80; });  // of UTF-8
    return sample_px + 10 + 9.4 * static_cast<double>(characters) + 30;
}

/// The entries cut into rows that fit the width.
std::vector<std::vector<LegendEntry>> legend_rows(const Figure& figure) {
    std::vector<std::vector<LegendEntry>> rows{{}};
    double used = 0;
    for (const LegendEntry& entry : legend(figure)) {
        if (!rows.back().empty() && used + entry_px(entry) > figure.width_px - 20)
            rows.emplace_back(), used = 0;
        rows.back().push_back(entry);
        used += entry_px(entry);
    }
    return rows;
}

void write_legend(std::ostream& out, Page& page, const Figure& figure, double point_size) {
    double y = 20;
    for (const auto& row : legend_rows(figure)) {
        double width = -30;
        for (const LegendEntry& entry : row) width += entry_px(entry);
        double x = 0.5 * (figure.width_px - width);
        for (const LegendEntry& entry : row) {
            if (entry.band)
                out << "set arrow from " << page.at(x, y) << " to " << page.at(x + sample_px, y)
                    << " nohead lw 14 lc rgb " << pale(entry.look) << " back\n";
            if (entry.line)
                out << "set arrow from " << page.at(x, y) << " to " << page.at(x + sample_px, y) << " nohead "
                    << line_style(entry.look) << '\n';
            if (entry.points)
                out << "set label '' at " << page.at(x + 0.5 * sample_px, y) << " point "
                    << point_style(entry.look, point_size) << '\n';
            page.text(x + sample_px + 10, y, entry.name, "left");
            x += entry_px(entry);
        }
        y += legend_row_px;
    }
}

}  // namespace

std::vector<double> one_two_five(double min, double max) {
    std::vector<double> ticks;
    for (double decade = std::pow(10.0, std::floor(std::log10(min))); decade <= max; decade *= 10)
        for (const double factor : {1.0, 2.0, 5.0})
            if (factor * decade >= min && factor * decade <= max) ticks.push_back(factor * decade);
    return ticks;
}

std::string csv_number(double value) {
    if (std::isnan(value)) return "nan";
    if (std::isinf(value)) return value > 0 ? "inf" : "-inf";
    return cli::printed("%.10g", value);
}

std::string figure_csv(const Figure& figure) {
    std::string csv = csv_line({"panel", "series", "mark", "x", "y", "error", "upper"});
    for (const Panel& panel : figure.panels)
        for (const Series& s : panel.series)
            for (std::size_t i = 0; i < s.x.size(); ++i)
                csv += csv_line({panel.title, s.name,
                                 s.mark == Mark::line     ? "line"
                                 : s.mark == Mark::points ? "points"
                                                          : "band",
                                 csv_number(s.x[i]), csv_number(s.y[i]),
                                 s.error.empty() ? "" : csv_number(s.error[i]),
                                 s.upper.empty() ? "" : csv_number(s.upper[i])});
    return csv;
}

std::string gnuplot_script(const Figure& figure, const std::string& terminal) {
    check(figure);
    detail::require(terminal == "png" || terminal == "svg", "gnuplot_script", "terminal", terminal,
                    "png or svg");
    const int columns = std::min<int>(figure.columns, static_cast<int>(figure.panels.size()));
    const int rows = (static_cast<int>(figure.panels.size()) + columns - 1) / columns;
    const double width = figure.width_px, height = figure.height_px;

    const double top_px = 12 + legend_row_px * static_cast<double>(legend_rows(figure).size());
    const double point_size = terminal == "png" ? 1.1 : 0.6;  // the terminals' units differ

    std::string id = figure.name;  // prefix of the SVG's ids: distinct where several are inside one page
    std::replace_if(
        id.begin(), id.end(), [](unsigned char c) { return !std::isalnum(c); }, '_');
    std::ostringstream out;
    if (terminal == "png")
        out << "set terminal pngcairo size " << width << ',' << height
            << " font 'DejaVu Sans,13' background '#ffffff'\n";
    else
        out << "set terminal svg size " << width << ',' << height
            << " font 'DejaVu Sans,Helvetica,Arial,sans-serif,16' background '#ffffff' name "
            << gnuplot_quoted(id) << "\n";
    out << "set encoding utf8\nunset key\nset border 3 lw 1.2 "
           "lc rgb '#444444'\n"
        << "set tics nomirror out scale 0.8,0.4\nset grid xtics ytics lt 1 lw 0.7 lc rgb '#e2e2e2'\n";
    int number = 0;
    for (const Panel& panel : figure.panels)
        for (const Series& s : panel.series) write_data(out, "$d" + std::to_string(number++), s, panel.y.log);

    out << "set multiplot\n";
    Page page(out, figure, terminal == "svg");
    number = 0;
    for (std::size_t i = 0; i < figure.panels.size(); ++i) {
        const Panel& panel = figure.panels[i];
        const int row = static_cast<int>(i) / columns, column = static_cast<int>(i) % columns;
        const double cell_width = width / columns, cell_height = (height - top_px) / rows;
        const double x0 = column * cell_width + 98, x1 = (column + 1) * cell_width - 22;
        const double y1 = height - top_px - row * cell_height - 38,
                     y0 = height - top_px - (row + 1) * cell_height + 74;
        out << "set lmargin at screen " << x0 / width << "\nset rmargin at screen " << x1 / width
            << "\nset bmargin at screen " << y0 / height << "\nset tmargin at screen " << y1 / height << '\n';
        out << "unset label\nunset arrow\n";
        if (i == 0) write_legend(out, page, figure, point_size);
        const double middle = 0.5 * (x0 + x1);
        page.text(middle, height - y1 - 18, panel.title, "center");
        page.text(middle, height - y0 + 54, panel.x.label, "center");
        page.text(x0 - 78, height - 0.5 * (y0 + y1), panel.y.label, "center rotate by 90");
        write_axis(out, 'x', panel.x);
        write_axis(out, 'y', panel.y);
        for (const Vertical& v : panel.verticals) {
            out << "set arrow from first " << csv_number(v.x) << ", graph 0 to first " << csv_number(v.x)
                << ", graph 1 nohead dt 3 lw 1.5 lc rgb '#777777' back\n";
            page.label(v.label, "first " + csv_number(v.x) + ", graph 0.97",
                       std::string("offset character ") + (v.label_left ? "-0.5,0 right" : "0.5,0 left") +
                           " textcolor rgb '#555555' front");
        }
        out << "plot ";
        bool first = true;
        for (const Mark pass : {Mark::band, Mark::line, Mark::points})  // points on top of all lines
            for (std::size_t j = 0; j < panel.series.size(); ++j) {
                const Series& s = panel.series[j];
                if (s.mark != pass) continue;
                const std::string data = "$d" + std::to_string(number + static_cast<int>(j));
                out << (first ? "" : ", \\\n  ");
                first = false;
                if (s.mark == Mark::band)
                    out << data << " using 1:2:4 with filledcurves fs solid noborder lc rgb " << pale(s.look)
                        << " notitle";
                else if (s.mark == Mark::line)
                    out << data << " using 1:2 with lines " << line_style(s.look) << " notitle";
                else if (!s.error.empty())  // not `yerrorbars`, which blanks a box around each point
                    out << data << " using 1:3:(0):($4-$3) with vectors nohead lw 1.6 lc rgb "
                        << gnuplot_quoted(s.look.colour) << " notitle, \\\n  ";
                if (s.mark == Mark::points)
                    out << data << " using 1:2 with points " << point_style(s.look, point_size) << " notitle";
            }
        number += static_cast<int>(panel.series.size());
        out << '\n';
    }
    out << "unset multiplot\n";
    return out.str();
}

}  // namespace reconlaw::report
