#pragma once
/// Slope of a curve on logarithmic axes.

#include <vector>

namespace reconlaw::report {

struct PowerLaw {
    double exponent = 0;        ///< NaN with fewer than two points
    double exponent_error = 0;  ///< standard error from the points' own errors; NaN without them
    double prefactor = 0;
    std::size_t points = 0;
};

/// y = prefactor x^exponent by ordinary least squares of log y on log x, all points alike.
/// @param error  standard errors of y, or empty
/// @throws std::invalid_argument  different lengths; x or y not positive and finite
PowerLaw fit_power_law(const std::vector<double>& x, const std::vector<double>& y,
                       const std::vector<double>& error = {});

}  // namespace reconlaw::report
