#include "simulation.hpp"

#include "reconlaw/simulate/simulate_risk.hpp"

namespace reconlaw::cli {

SimulationResult simulate(const SubspaceModel& model, const std::vector<Eigen::Index>& training_sizes,
                          const std::vector<SimulatedEstimator>& estimators,
                          const SimulationOptions& options) {
    return simulate_risk(model, training_sizes, estimators, options);
}

SimulationResult simulate(const MeasurementModel& model, const std::vector<Eigen::Index>& training_sizes,
                          const std::vector<SimulatedEstimator>& estimators,
                          const SimulationOptions& options) {
    return simulate_risk(model, training_sizes, estimators, options);
}

}  // namespace reconlaw::cli
