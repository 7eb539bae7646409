#pragma once
/// What a learning curve will do next: laws and fitting windows combined by held-back prediction, with
/// intervals calibrated on it.

#include <Eigen/Core>
#include <string>
#include <vector>

#include "reconlaw/fit/fit_law.hpp"

namespace reconlaw::fit {

struct ForecastOptions {
    double level = 0.9;  ///< of the intervals
    /// Empty: floor, shifted, saturating, broken-1. A power law is the floor law whose floor is at its bound
    /// 0.
    std::vector<Law> laws;
    /// Where fits begin, as the part of the range of log(N) that they keep, counted from its end. Empty:
    /// twelve, from 1 to 0.12 in equal ratios. Laws of five parameters or more take those above 0.45 only.
    std::vector<double> windows;
    int origins = 12;  ///< training sizes at which the past is cut off to predict what followed
    double memory =
        1.0 / 3;  ///< part of the range of log(N) over which a test loses a factor e of its weight
    /// Largest exponent of a member, and largest change of one at a break. The excess loss of a regular
    /// learner falls like 1/N in the end; somewhat steeper is let in for windows that still see the
    /// transition before it, much steeper means that noise was fitted.
    double fastest = 1.5;
    std::vector<double> factors{2, 10, 100};  ///< of Forecast::gains
    FitOptions fit{Residual::log, RobustLoss::none, 2, 60, 1e-8};
};

/// A value with its interval.
struct Estimate {
    double value = 0, lower = 0, upper = 0;
};

/// One law on one window.
struct Member {
    double window = 1;  ///< part of the range of log(N)
    LawFit fit;
    double held_back =
        0;  ///< root of the discounted mean square of log(prediction/measured), NaN without a test
    double weight = 0;  ///< in the combination; all sum to one
};

/// What more data brings.
struct Gain {
    double factor = 1;  ///< of the largest training size
    Estimate ratio;     ///< loss at factor N over loss at N; its interval ends at 1, as members do not rise
};

/// The combination put to the test: fitted up to a size, it predicted what followed.
struct PastForecast {
    double size = 0;
    double log_rmse = 0;
    double weight = 0;  ///< discount for its age
};

struct Forecast {
    Eigen::ArrayXd size;
    /// A measurement at each size, its noise included: the mean of as many seeds as the curve's points are.
    std::vector<Estimate> loss;
    std::vector<Estimate> curve;  ///< the learning curve itself at each size
    std::vector<Gain> gains;
    /// The loss with unlimited data: E of the members that have one, combined as the forecast is. Lower end
    /// 0: not known to be above zero. NaN without such a member.
    Estimate floor;
    Estimate exponent;            ///< alpha of the members of the law `floor`, likewise
    std::vector<Member> members;  ///< heaviest first
    /// Standard deviation of log(loss) about the laws; with measured errors, at the last points.
    double noise = 0;
    std::vector<PastForecast> past;  ///< oldest first
    double tested_factor = 1;        ///< how far beyond its last size it was tested
    double held_back = 0;            ///< root mean square of its log errors there; NaN without a test
    double inflation = 1;            ///< root mean square of its errors there in units of what it expected
    double freedom = 0;              ///< of Student's t: tests that do not overlap

    /// Total weight of a law over its windows.
    double weight_of(const std::string& law) const;
};

/// Points that a window must have for a law to be a member: one more than parameters, and two a parameter
/// where there are many.
Eigen::Index fewest_points(const Law& law);

/// Combined forecast.
///
/// Every law is fitted on every window; a fit that turns upward beyond the last point is left out. At each
/// origin the same is done with the points up to it, and the points that followed, up to the largest
/// requested factor beyond it (at least 1.2), are predicted. A member's score s is the mean square of its log
/// errors at the origins, older ones discounted, plus the mean square of its residuals over the last such
/// factor of the data. Its weight is proportional to 1/(1 + (s/(F s_best))^2), F the 90 % quantile of
/// Fisher's F with as many degrees of freedom as there are tests that do not overlap: members that the tests
/// cannot tell apart count alike, as weights estimated from few tests do worse than equal ones.
///
/// The forecast is the weighted mean of the members' log losses. Its variance sigma^2 is the members'
/// weighted variance, plus the weighted mean square of their own standard errors (each counted up to ten
/// times their median), plus, for a measurement, that of the noise. The same combination, with the weights
/// known then, is tested at every origin: `inflation` is the root mean square of its standardised errors
/// there (discounted, with one test of size 1 added), and intervals are the forecast times exp(-+ t inflation
/// sigma), t the quantile of Student's t with `freedom` degrees.
///
/// With fewer than six points there is no test: inflation 1 and two degrees of freedom. Where no member can
/// be fitted there are no members, and every value is NaN. Weights by past squared errors: Bates & Granger
/// (1969); why nearly equal ones are hard to beat: Smith & Wallis (2009).
/// @param size  ascending or not, each > 0; within the data too
/// @throws std::invalid_argument  an invalid curve or option; fewer points than fewest_points of every law
Forecast forecast(const LearningCurve& curve, const Eigen::ArrayXd& size,
                  const ForecastOptions& options = {});

}  // namespace reconlaw::fit
