#pragma once
/// What more data or a larger network will bring, whether it is worth it, and what to measure next.

#include <cstdint>
#include <functional>
#include <string>
#include <vector>

#include "reconlaw/fit/forecast.hpp"
#include "reconlaw/fit/joint.hpp"

namespace reconlaw::fit {

/// Curves that the points allow, each as likely as the other: a sample of laws and parameters.
struct PossibleCurves {
    /// L(N, P) of curve number `index`.
    std::function<double(Eigen::Index index, double size, double network)> loss;
    Eigen::Index count = 0;
    /// Intervals are widened about the median by this factor, in log(loss): 1, or what held-back points
    /// needed.
    double widening = 1;

    /// Median and central interval of L(N, P).
    Estimate loss_at(double size, double network, double level = 0.9) const;
    /// Of L(to)/L(from), compared curve by curve.
    Estimate ratio(double from_size, double from_network, double to_size, double to_network,
                   double level = 0.9) const;
};

struct AdviceOptions {
    double level = 0.9;   ///< of all intervals, in (0, 1)
    double worth = 0.05;  ///< smallest fall of the loss, as a part of it, that is worth it; in (0, 1)
    std::vector<double> data_factors{2, 10, 100};   ///< the second one decides
    std::vector<double> network_factors{2, 4, 16};  ///< as many; the second one decides
    Metric metric = Metric::loss;                   ///< of the sentences: gains in dB for psnr
    std::string data_name = "samples";
    std::string network_name = "network size";  ///< empty: never recorded, all entries of `network` are 1
    int curves = 1000;                          ///< PossibleCurves::count, at least 100
    std::uint64_t seed = 1;
};

enum class Verdict { worth_it, not_worth_it, cannot_tell };

/// "worth it", "not worth it", "cannot be told from these points"
std::string to_string(Verdict verdict);

/// What data_factor N and network_factor P bring.
struct ExpectedGain {
    double data_factor = 1, network_factor = 1;
    Estimate ratio;       ///< loss there over loss now
    Estimate difference;  ///< loss now minus loss there
    Estimate decibels;    ///< 10 log10(loss now/loss there)
    Verdict verdict = Verdict::cannot_tell;
};

/// One direction: data, network, or both.
struct Direction {
    bool known = false;  ///< false: the points say nothing of it, see `reason`; no gains then
    std::string reason;
    std::vector<ExpectedGain> gains;
    Verdict verdict = Verdict::cannot_tell;  ///< of the deciding gain
    /// Smallest N (P) from which ten times as much lowers the loss by less than `worth`; infinite beyond 10^6
    /// times the present one, and 0 below a thousandth of it. Not of `both`.
    Estimate plateau;
};

/// What holds the loss up now: whichever of ten times N and ten times P lowers it more.
enum class Limit { data, network, neither, unknown };

/// "data", "network", "neither", "cannot be told"
std::string to_string(Limit limit);

/// A measurement that could be made next.
struct Experiment {
    double size = 0, network = 0;
    int runs = 1;         ///< above 1: seeds that repeat a measured point
    double cost = 0;      ///< in the unit of the cost column; without one, in present runs
    double width = 1;     ///< expected width of the deciding gain's interval after it, as part of that before
    double decides = 0;   ///< chance that the deciding gain is then known to be worth it, or not to be
    std::string purpose;  ///< "more data", "a larger network", "both", "repeat", "a second network size", ...
};

struct LawShare {
    std::string law;
    double weight = 0;    ///< of the possible curves
    double log_rmse = 0;  ///< of its best fit
    Eigen::VectorXd parameters;
    std::string message;  ///< what is wrong with it: not converged, parameters not determined
};

struct Advice {
    JointCurve curve;              ///< what was fitted
    double size = 0, network = 0;  ///< the present: the measured pair with the largest N P
    Estimate loss;                 ///< of the curve there
    Direction data, larger, both;  ///< more data, a larger network, both
    Limit limit = Limit::unknown;
    double data_chance = 0.5;  ///< part of the possible curves in which ten times N lowers the loss more
    std::string decisive;  ///< "data", "network" or "both": the gain that the next experiment is to decide
    std::vector<Experiment> experiments;  ///< cheapest first
    int next = -1;                        ///< index of the one recommended; -1: none is needed or known
    std::vector<LawShare> laws;           ///< heaviest first
    int held_back = 0;                    ///< predictions of held-back points
    double held_back_covered = 0;         ///< part of them inside the interval before widening
    PossibleCurves possible;              ///< count 0 where nothing can be said
    std::string verdict;                  ///< one or two sentences
    std::string next_step;                ///< one or two sentences
    std::vector<std::string> notes;
};

/// Advice from losses at pairs (N, P).
///
/// The laws (additive, interacting, interacting-floor; power, floor and shifted in N where there is one
/// network size, in P where there is one training size) are fitted, and for each a sample of its parameters
/// is drawn from their posterior: Gaussian errors of log(loss) of unknown standard deviation s (of measured
/// one where seeds were repeated, with its degrees of freedom), prior 1/s up to a bound: the least of 0.2,
/// the scatter of log(loss) about its mean, and the 99 % limit that the scatter about each law sets; other
/// priors flat in the floor and in what each power law changes over the points; exponents
/// log-normal about 0.4 with a factor e as standard deviation, which matters only where the points leave them
/// open. Laws are weighted by exp(-AIC/2); of the three in one input, those with a floor share one vote. A
/// law needs two points more than it has parameters to vote; the freest law with a floor, and the freest
/// without, do with one more. Then the largest N, the largest P and the corner of both are left out in turn
/// (one input: the last points) and predicted; `widening` is what a part `level` of these predictions would
/// have needed.
///
/// More than 400 different pairs are binned first. A loss that grows with N or P, that never changes, that no
/// law describes (the closest misses it by more than 20 %, root mean square of log(loss)), or too few points
/// are outcomes with a reason, not exceptions.
/// @param cost  of each pair of the curve, or empty: N P, in units of the present one
/// @throws std::invalid_argument  an invalid curve, cost or option
Advice advice(const JointCurve& curve, const AdviceOptions& options = {}, const Eigen::ArrayXd& cost = {});

}  // namespace reconlaw::fit
