// Large-N expansions against the closed forms they come from: excess risk over the floor,
// prediction/expansion.
//
//     early stopping   R/d - floor/d ~ sigma^2 (d + n sigma^2)/N
//     least squares    R/d - floor/d ~ (floor/d) n/N
//
// Prints, per setting, both ratios along N/(d + n sigma^2) and N/n, and from which N on the ratio stays
// within 5 %.
//
// Sample run:   theory_expansions

#include "reconlaw/risk/expansions.hpp"

#include <cmath>
#include <cstdio>
#include <string>

#include "reconlaw/risk/stopping.hpp"
#include "theory/paper_settings.hpp"

int main() {
    using namespace reconlaw;
    std::string summary =
        "| setting | n sigma^2/d | early stopping within 5 % from N | N/(d + n sigma^2) there | least "
        "squares within 5 % from "
        "N | N/n there |\n|---|---|---|---|---|---|\n";
    for (const auto& setting : theory::paper_settings()) {
        const auto problem = setting.problem();
        const auto n = static_cast<double>(setting.model.dimension);
        const double d = problem.normalization, sigma = setting.model.noise_level;
        const double effective = d + n * sigma * sigma;
        std::printf(
            "\n### %s\n\n| N | N/(d + n sigma^2) | k* | early stopping | N/n | least squares |\n"
            "|---|---|---|---|---|---|\n",
            setting.name().c_str());
        double early_from = 0, least_from = 0;
        for (const Eigen::Index N : setting.training_size) {
            const auto size = static_cast<double>(N);
            const auto stop = optimal_stopping(problem, size, setting.step_size(N));
            const double early =
                (stop.risk.total() - problem.floor) / early_stopping_excess(n, d, sigma, size);
            const Risk<> converged = predict_risk(problem, size, MinimumNorm{});
            const double least = (converged.total() - problem.floor) / least_squares_excess(problem, size);
            std::printf("| %td | %.2f | %.0f | %.3f | %.3f |", N, size / effective, stop.parameter, early,
                        size / n);
            std::isfinite(least) ? std::printf(" %.3f |\n", least) : std::printf(" infinite |\n");
            auto mark = [&](double ratio, double& from) {
                if (!(std::abs(ratio - 1.0) <= 0.05))
                    from = 0;
                else if (from == 0)
                    from = size;
            };
            mark(early, early_from), mark(least, least_from);
        }
        auto from = [](double N, double unit) {
            char text[60];
            if (N == 0) return std::string(" none listed | |");
            std::snprintf(text, sizeof text, " %.0f | %.0f |", N, N / unit);
            return std::string(text);
        };
        char ratio[40];
        std::snprintf(ratio, sizeof ratio, " | %.3g |", n * sigma * sigma / d);
        summary += "| " + setting.name() + ratio + from(early_from, effective) + from(least_from, n) + "\n";
    }
    std::printf("\n### Summary\n\n%s", summary.c_str());
}
