#pragma once
/// Which measurement to make next.

#include "advice_draws.hpp"

namespace reconlaw::fit::advice_detail {

/// c N^a P^b through the costs; without costs N P in units of the present pair. Exponents that the points do
/// not determine (one size only) are 1.
std::function<double(double size, double network)> cost_law(const JointCurve& curve,
                                                            const Eigen::ArrayXd& cost, double size,
                                                            double network);

/// Experiments for the advice's deciding gain, cheapest first, with what each is expected to bring.
void plan_experiments(Advice& advice, const Sample& sample, const AdviceOptions& options,
                      const std::function<double(double, double)>& cost);

}  // namespace reconlaw::fit::advice_detail
