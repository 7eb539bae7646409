#pragma once
/// Simulated Gaussian signals against the closed forms, for section 4 of the report.

#include "section.hpp"
#include "simulation.hpp"

namespace reconlaw::report {

/// Risk over N divided by the problem's normalization: closed forms on a grid, simulation at fewer sizes.
struct Curves {
    std::vector<double> grid, stopped;  ///< closed forms
    std::vector<double> peak_grid, converged;
    std::vector<double> size, simulated_stopped, stopped_error, simulated_converged, converged_error;
    double floor = 0, measurements = 0;
};

/// Adds simulated points of early-stopped and converged estimators to `curves`.
void simulate_curves(const Context& context, const MeasurementModel& model, const StepSize& step_size,
                     int max_steps, const std::vector<Eigen::Index>& sizes, int trials, Curves& curves);

Curves compressive_sensing_curves(const Context& context, Eigen::Index n, Eigen::Index m, Eigen::Index d,
                                  double sigma, int trials);

}  // namespace reconlaw::report
