#pragma once
/// Section 2 of the report: the risk along the iterations.

#include <vector>

#include "reconlaw/simulate/subspace_model.hpp"
#include "section.hpp"

namespace reconlaw::report {

/// Risk per signal dimension after k gradient steps, at one training size.
struct IterationCurve {
    Eigen::Index training_size = 0;
    std::vector<double> steps, total, bias, variance;                 ///< closed form
    std::vector<double> simulated_steps, simulated, simulated_error;  ///< mean over trials
    double best_step = 0, best_risk = 0;                              ///< predicted optimum
    double simulated_best_step = 0, simulated_best_risk = 0;  ///< each trial stopped at its own optimum
};

struct Iterations {
    SubspaceModel model;
    int trials = 0;
    int last_step = 5000;
    double floor = 0;
    std::vector<IterationCurve> curves;
};

Iterations compute_iterations(const Context& context);
Section present(const Iterations& iterations);

inline Section iterations_section(const Context& context) {
    return present(compute_iterations(context));
}

}  // namespace reconlaw::report
