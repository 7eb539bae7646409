#pragma once
/// Drawing figures with gnuplot, run as a program.

#include <string>

#include "figure.hpp"
#include "reconlaw/data/bytes.hpp"

namespace reconlaw::report {

struct Drawing {
    std::string svg;
    data::Bytes png;
};

/// "gnuplot 5.4 patchlevel 4".
/// @throws std::runtime_error  gnuplot is not installed: names the package
std::string gnuplot_version();

/// Draws the figure twice, from the same description.
/// @throws std::runtime_error  gnuplot missing, ending with an error (with its message), or drawing nothing
Drawing draw(const Figure& figure);

}  // namespace reconlaw::report
