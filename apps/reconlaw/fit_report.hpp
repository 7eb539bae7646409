#pragma once
/// What `reconlaw fit` finds out about one curve, and how it says so.

#include <optional>
#include <string>
#include <vector>

#include "fit_input.hpp"
#include "reconlaw/fit/identify.hpp"
#include "reproduce/figure.hpp"

namespace reconlaw::cli {

struct FitReport {
    CurveInput input;
    std::string source;         ///< file name, for headings
    std::vector<double> asked;  ///< sizes of --predict
    fit::Comparison comparison;
    std::optional<fit::Forecast> forecast;
    std::string no_forecast;       ///< why there is none
    fit::ForecastOptions options;  ///< of the forecast
    std::optional<fit::Identifiability> identifiability;
    std::vector<fit::LawScore> theory;  ///< of --theory
    double level = 0.9;
    std::vector<std::string> notes;
};

struct FitRequest {
    std::vector<fit::Law> laws, theory;
    std::vector<double> predict;  ///< empty: 2, 10 and 100 times the largest size
    double level = 0.9;
    fit::RobustLoss loss = fit::RobustLoss::none;
};

/// Fits, compares and forecasts.
FitReport make_fit_report(const CurveInput& input, const std::string& source, const FitRequest& request);

std::string fit_text(const FitReport& report);
std::string fit_json(const FitReport& report);
/// Columns record,law,name,value,lower,upper: one row a parameter, score, forecast and gain.
std::string fit_csv(const FitReport& report);

/// Points, the laws within the data, the forecast with its band and, where it is determined, the floor.
report::Figure fit_figure(const FitReport& report);

}  // namespace reconlaw::cli
