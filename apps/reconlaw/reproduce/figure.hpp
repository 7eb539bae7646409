#pragma once
/// What a figure shows, apart from how it is drawn.

#include <limits>
#include <optional>
#include <string>
#include <vector>

#include "reconlaw/data/csv_writer.hpp"

namespace reconlaw::report {

/// One look per quantity in all figures; colours of Okabe and Ito, distinct for colour-blind readers.
struct Look {
    std::string colour;   ///< #rrggbb
    int point = 7;        ///< gnuplot's number: 7 disc, 5 square, 9 triangle, 12 open diamond
    bool dashed = false;  ///< of its line
};

namespace look {
inline const Look early_stopped{"#0072B2", 7, false};
inline const Look converged{"#D55E00", 5, false};
inline const Look pca{"#009E73", 9, false};
inline const Look optimum{"#444444", 7, true};
inline const Look total{"#000000", 7, false};
inline const Look bias{"#56B4E9", 7, false};
inline const Look variance{"#E69F00", 7, false};
inline const Look real_images{"#B0307A", 12, false};
}  // namespace look

enum class Mark { line, points, band };

/// Points (x, y) with error bars of `error` above and below, if not empty. Where y is not finite a line is
/// interrupted and a point left out. A band fills the area between `y` and `upper`, pale, behind everything.
struct Series {
    std::string name;  ///< in the legend; lines and points of the same name share an entry
    Look look;
    Mark mark = Mark::line;
    std::vector<double> x, y;
    std::vector<double> error = {};
    std::vector<double> upper = {};  ///< of a band
};

struct Axis {
    std::string label;
    bool log = true;
    double min = std::numeric_limits<double>::quiet_NaN();  ///< NaN: from the data
    double max = std::numeric_limits<double>::quiet_NaN();
    std::vector<double> ticks = {};  ///< empty: gnuplot's choice
};

struct Vertical {
    double x = 0;
    std::string label;
    bool label_left = false;  ///< of the line
};

struct Panel {
    std::string title;
    Axis x, y;
    std::vector<Series> series;
    std::vector<Vertical> verticals = {};
};

struct Figure {
    std::string name;  ///< of its files
    std::string title;
    std::string what_to_see;  ///< one sentence
    std::vector<Panel> panels;
    int columns = 1;
    int width_px = 1200, height_px = 800;
    std::string line_meaning = {},
                point_meaning = {};  ///< grey entries at the end of the legend, if not empty
};

/// The script that draws the figure on `terminal` ("png" or "svg") to gnuplot's standard output, data
/// included. Names, titles and labels are data: they are drawn as they read (gnuplot_text.hpp), without
/// markup; what is drawn on "svg" goes through finished_svg.
/// @throws std::invalid_argument  no panel, a panel without series, series of different lengths, another
/// terminal
std::string gnuplot_script(const Figure& figure, const std::string& terminal);

/// Every plotted number: panel,series,mark,x,y,error,upper (upper: of bands, whose y is the lower edge).
std::string figure_csv(const Figure& figure);

/// 1, 2 and 5 times powers of ten within [min, max]: for logarithmic axes of one or two decades.
std::vector<double> one_two_five(double min, double max);

/// A number as in the CSV files: 10 significant digits, "nan", "inf".
std::string csv_number(double value);

using data::csv_line;

}  // namespace reconlaw::report
