#include "power_law.hpp"

#include <cmath>

#include "reconlaw/detail/check.hpp"
#include "section.hpp"

namespace reconlaw::report {

PowerLaw fit_power_law(const std::vector<double>& x, const std::vector<double>& y,
                       const std::vector<double>& error) {
    constexpr auto f = "fit_power_law";
    detail::require(x.size() == y.size(), f, "number of y", y.size(),
                    "the number of x = " + std::to_string(x.size()));
    detail::require(error.empty() || error.size() == x.size(), f, "number of errors", error.size(),
                    "0 or the number of x = " + std::to_string(x.size()));
    double mean_x = 0, mean_y = 0;
    const auto count = static_cast<double>(x.size());
    for (std::size_t i = 0; i < x.size(); ++i) {
        detail::require_finite_positive(x[i], f, "x");
        detail::require_finite_positive(y[i], f, "y");
        mean_x += std::log(x[i]) / count, mean_y += std::log(y[i]) / count;
    }
    double sxx = 0, sxy = 0, variance = 0;
    for (std::size_t i = 0; i < x.size(); ++i) {
        const double dx = std::log(x[i]) - mean_x;
        sxx += dx * dx, sxy += dx * (std::log(y[i]) - mean_y);
        if (!error.empty()) variance += std::pow(dx * error[i] / y[i], 2);
    }
    PowerLaw law{nan, nan, nan, x.size()};
    if (x.size() < 2 || sxx == 0) return law;
    law.exponent = sxy / sxx;
    law.prefactor = std::exp(mean_y - law.exponent * mean_x);
    if (!error.empty()) law.exponent_error = std::sqrt(variance) / sxx;
    return law;
}

}  // namespace reconlaw::report
