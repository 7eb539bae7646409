#pragma once
/// A joint law on a joint curve as a law in the number of the row (1, 2, ...): what fit_law can fit.

#include "reconlaw/fit/joint.hpp"

namespace reconlaw::fit::detail_joint {

struct Rows {
    double size_unit, network_unit, loss_unit;
    Law law;  ///< without rescaling: parameters in the units above
    LearningCurve curve;
};

Rows in_units(const JointLaw& law, const JointCurve& curve, double size_unit, double network_unit);

/// In units of the geometric means.
Rows in_means(const JointLaw& law, const JointCurve& curve);

}  // namespace reconlaw::fit::detail_joint
