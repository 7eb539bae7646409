#pragma once
/// Whether a curve determines a floor, an exponent, or shows a power law at all; and which law describes it
/// best.

#include <string>
#include <vector>

#include "reconlaw/fit/forecast.hpp"

namespace reconlaw::fit {

/// What a curve determines. Intervals of one law on one window would be too narrow: they leave out that
/// another law or window says something else. These are of the whole combination (Forecast::floor,
/// Forecast::exponent).
struct Identifiability {
    Estimate floor;     ///< NaN without a forecast
    Estimate exponent;  ///< above the floor
    LawFit tail;        ///< power law on the last half of the range of log(N), of three points at least
    Interval slope;     ///< of the tail, by profile likelihood

    bool floor_identified = false;  ///< its interval excludes 0
    bool exponent_identified =
        false;           ///< the curve falls, and the ends of its interval differ by less than a factor 3
    bool falls = false;  ///< the interval of the tail's slope is above 0
    /// One sentence each, for people: "floor not identifiable: ...", "no power-law regime: ...".
    std::vector<std::string> statements;
};

/// @param forecast  of the same curve, at the same level
/// @param loss      of the residuals of the tail
/// @throws std::invalid_argument  an invalid curve, or a level outside (0, 1)
Identifiability identify(const LearningCurve& curve, const Forecast& forecast, double level = 0.9,
                         RobustLoss loss = RobustLoss::none);

/// One law beside the others.
struct LawScore {
    LawFit fit;                       ///< on all points
    std::vector<Interval> intervals;  ///< of its parameters; empty for an unusable fit
    double held_back =
        0;  ///< root mean square log error of the law over windows, predicting held-back points; NaN
    double aicc_weight = 0;  ///< Akaike weight among the laws
};

struct Comparison {
    std::vector<LawScore> laws;  ///< best held-back error first, then by AICc
    std::string sentence;        ///< which law, by how much, and whether AICc and BIC agree
};

/// Fits every law on all points and, over windows, on the past of every origin (forecast.hpp).
/// @param size  as for forecast: sets how far the held-back predictions look
/// @throws std::invalid_argument  as forecast; no law
Comparison compare(const LearningCurve& curve, const std::vector<Law>& laws, const Eigen::ArrayXd& size,
                   const ForecastOptions& options = {});

}  // namespace reconlaw::fit
