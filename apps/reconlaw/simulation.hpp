#pragma once
/// simulate_risk compiled once: the header's algebra takes half a minute in every translation unit that calls
/// it.

#include "reconlaw/simulate/simulated_estimators.hpp"

namespace reconlaw::cli {

SimulationResult simulate(const SubspaceModel& model, const std::vector<Eigen::Index>& training_sizes,
                          const std::vector<SimulatedEstimator>& estimators,
                          const SimulationOptions& options);
SimulationResult simulate(const MeasurementModel& model, const std::vector<Eigen::Index>& training_sizes,
                          const std::vector<SimulatedEstimator>& estimators,
                          const SimulationOptions& options);

}  // namespace reconlaw::cli
