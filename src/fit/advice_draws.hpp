#pragma once
/// The sample of possible curves behind advice().

#include <cstdint>
#include <string>
#include <vector>

#include "reconlaw/fit/advice.hpp"

namespace reconlaw::fit::advice_detail {

/// Which inputs the points resolve.
enum class Inputs { none, data, network, both };

Inputs inputs_of(const JointCurve& curve);

struct Sample {
    PossibleCurves curves;  ///< not widened; count 0 if no law could be fitted
    std::string reason;     ///< why it is 0
    std::vector<LawShare> laws;
    double noise = 0;  ///< standard deviation of log(loss) of one point about the laws
    std::vector<std::string> notes;
};

/// Fits the laws and draws from them.
Sample draw_curves(const JointCurve& curve, Inputs inputs, int count, std::uint64_t seed);

/// Held-back prediction: how wide intervals would have to be.
struct Calibration {
    double widening = 1;
    int predictions = 0;
    double covered = 0;
};
Calibration calibrate(const JointCurve& curve, Inputs inputs, double level, std::uint64_t seed);

/// Median and central interval of values, `widening` applied about the median.
Estimate summary(std::vector<double> values, double level, double widening);

/// At most 24 bins in log(N) and 16 in log(P): geometric means, without errors. Few different values stay
/// themselves.
JointCurve binned(const JointCurve& curve);

}  // namespace reconlaw::fit::advice_detail
