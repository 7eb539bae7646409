#pragma once
/// The figures and the one-page report of `reconlaw advise`.

#include <string>
#include <vector>

#include "reconlaw/fit/advice.hpp"
#include "reproduce/figure.hpp"

namespace reconlaw::cli {

/// What the numbers of an advice are called.
struct AdviceNames {
    std::string file;  ///< as the user gave it
    std::string samples = "samples", network = "network size", loss = "loss";
    bool has_network = true;  ///< the file has a column of network sizes
    bool has_cost = false;    ///< the file has a column of costs
    std::string hint;         ///< which metric the losses may be instead; see Results
    fit::AdviceOptions options;
};

/// "lowers" as a number: dB gained for PSNR, otherwise percent of the loss.
fit::Estimate gain_shown(const fit::ExpectedGain& gain, fit::Metric metric);

/// "21 %", "1.35 dB", and the interval.
std::string gain_text(const fit::ExpectedGain& gain, fit::Metric metric);
std::string gain_interval_text(const fit::ExpectedGain& gain, fit::Metric metric);

/// "1.3e+04 (6e+03 to out of reach)": value and interval; "out of reach" beyond 10^6 times the present size,
/// "below ..." under a thousandth of it; once where all three read the same.
std::string plateau_text(const fit::Estimate& plateau, double present);

/// Measured points, curves and bands: over N up to 100 times the largest, over P up to 16 times.
report::Figure curves_figure(const fit::Advice& advice, const AdviceNames& names);

/// Expected gains with their intervals. @throws std::invalid_argument  no direction is known
report::Figure gains_figure(const fit::Advice& advice, const AdviceNames& names);

/// A whole page; needs nothing else. @throws std::runtime_error  gnuplot is missing or fails
std::string advice_html(const fit::Advice& advice, const AdviceNames& names);

}  // namespace reconlaw::cli
