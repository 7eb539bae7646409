// A learning curve measured with three seeds: what does it determine, and what would ten times the data bring?
#include <cstdio>
#include <reconlaw/fit/forecast.hpp>
#include <reconlaw/fit/identify.hpp>

int main() {
    namespace fit = reconlaw::fit;
    // training images and test errors (mean squared, range 1), three trainings each
    const fit::LearningCurve curve = fit::make_curve(
        {100, 100, 100, 300, 300, 300, 1000, 1000, 1000, 3000, 3000, 3000, 10000, 10000, 10000},
        {4.05e-3, 3.98e-3, 4.02e-3, 2.85e-3, 2.80e-3, 2.83e-3, 2.07e-3, 2.05e-3, 2.04e-3, 1.60e-3, 1.62e-3, 1.61e-3,
         1.306e-3, 1.312e-3, 1.300e-3});

    const fit::LawFit law = fit::fit_law(fit::law_named("floor"), curve);
    for (Eigen::Index j = 0; j < 3; ++j) {
        const fit::Interval interval = fit::profile_interval(law, j);
        std::printf("%-6s %8.5f  [%.5f, %.5f]\n", law.law.parameters[static_cast<std::size_t>(j)].name.data(),
                    law.parameters[j], interval.lower, interval.upper);
    }
    const fit::Forecast ahead = fit::forecast(curve, Eigen::ArrayXd::Constant(1, 1e5));
    std::printf("N = 1e5: %.2e [%.2e, %.2e]\n", ahead.loss[0].value, ahead.loss[0].lower, ahead.loss[0].upper);
    for (const std::string& statement : fit::identify(curve, ahead).statements) std::printf("- %s\n", statement.c_str());
}
