#include "learning_curves.hpp"

#include <algorithm>
#include <cmath>
#include <limits>
#include <set>

#include "printed.hpp"
#include "reconlaw/risk/pca.hpp"
#include "reconlaw/risk/predict.hpp"
#include "reconlaw/risk/stopping.hpp"
#include "simulation.hpp"

namespace reconlaw::report {

namespace {

using Index = Eigen::Index;

/// The training sizes of the paper's figures.
std::vector<Index> paper_sizes(Index d) {
    std::vector<Index> sizes;
    if (d == 10)
        sizes = {1, 2, 4, 8, 10, 12, 14, 16, 18, 22, 24, 30, 36, 44, 64, 100};
    else if (d == 50)
        sizes = {1, 4, 10, 18, 30, 44, 50, 58, 64, 70, 76, 86, 100, 128};
    else
        sizes = {1, 10, 15, 30, 50, 70, 80, 90, 100, 110, 120, 130, 150, 175, 200};
    for (Index N = 256; N <= 16384; N *= 2) sizes.push_back(N);
    return sizes;
}

/// The simulation's sizes, 24 more per decade, and more around N = d and N = n. Real numbers: the closed
/// forms are smooth in N.
std::vector<double> fine_sizes(const SubspaceModel& model, const std::vector<Index>& sizes) {
    std::set<double> all(sizes.begin(), sizes.end());
    const double last = static_cast<double>(sizes.back());
    const auto d = static_cast<double>(model.signal_dimension), n = static_cast<double>(model.dimension);
    for (int i = 0; std::pow(10.0, i / 24.0) < last; ++i) all.insert(std::pow(10.0, i / 24.0));
    for (const double away : {0.0, 0.01, 0.02, 0.04, 0.06, 0.1, 0.15, 0.2})
        for (const double N : {n * (1 - away), n * (1 + away), d * (1 - away), d * (1 + away)})
            if (N >= 1 && N <= last) all.insert(N);
    if (n + 2 <= last) all.insert(n + 2);  // the first finite mean
    return {all.begin(), all.end()};
}

void predict(SettingCurves& s, int max_steps, const std::vector<double>& N, const Context& context) {
    const auto problem = linear_problem(s.model);
    const double n = static_cast<double>(s.model.dimension),
                 d = static_cast<double>(s.model.signal_dimension);
    std::vector<double> stopped(N.size()), converged(N.size()), pca(N.size());
    std::vector<int> failed(N.size());
    for_each_index(context, N.size(), [&](std::size_t i) {
        const auto best =
            optimal_stopping(problem, N[i], paper_step_size(n, d, s.model.noise_level, N[i]), max_steps);
        const auto last = predict_risk(problem, N[i], MinimumNorm{});
        const PcaRisk top = pca_risk(n, d, s.model.noise_level, N[i]);
        const bool top_ok = top.status == RiskStatus::converged || top.status == RiskStatus::limit_only;
        stopped[i] = best.risk.ok() ? best.risk.total() / d : nan;
        converged[i] = last.ok() || last.status == RiskStatus::infinite ? last.total() / d : nan;
        pca[i] = top_ok ? top.total / d : nan;
        failed[i] = std::isnan(stopped[i]) + std::isnan(converged[i]) + std::isnan(pca[i]);
    });
    for (const int f : failed) s.failed += f;
    s.early_stopped = {N, stopped, {}}, s.converged = {N, converged, {}}, s.pca = {N, pca, {}};
}

void simulate(SettingCurves& s, int max_steps, const Context& context) {
    SimulationOptions options;
    options.monte_carlo.seed = s.seed;
    options.max_steps = max_steps;
    options.monte_carlo.trials = static_cast<std::uint32_t>(s.trials);
    options.monte_carlo.threads = context.threads;
    if (context.progress)
        options.monte_carlo.progress = [&](std::size_t done, std::size_t all) {
            context.progress->update(done, all);
        };
    const auto result = cli::simulate(
        s.model, s.sizes,
        {simulated::EarlyStopped{paper_step_sizes(s.model)}, simulated::Converged{}, simulated::Pca{}},
        options);
    Curve* curves[] = {&s.simulated_early_stopped, &s.simulated_converged, &s.simulated_pca};
    for (const SimulatedRisk& r : result.risks) {
        Curve& c = *curves[r.estimator];
        c.size.push_back(static_cast<double>(r.training_size));
        c.risk.push_back(r.mean), c.error.push_back(r.std_error);
    }
}

}  // namespace

SettingFits fit_setting(const SettingCurves& s) {
    const auto points = [&](const auto& wanted, std::size_t most) {
        const Curve& c = s.simulated_early_stopped;
        std::vector<std::size_t> all;
        for (std::size_t i = 0; i < c.size.size(); ++i)
            if (wanted(c.size[i]) && c.error[i] > 0) all.push_back(i);
        const std::size_t count = std::min(all.size(), most);
        const auto rows = static_cast<Index>(count);
        fit::LearningCurve curve{Eigen::ArrayXd(rows), Eigen::ArrayXd(rows), Eigen::ArrayXd(rows)};
        for (std::size_t k = 0; k < count; ++k) {
            const std::size_t i = all[count > 1 ? k * (all.size() - 1) / (count - 1) : 0];
            const auto at = static_cast<Index>(k);
            curve.size[at] = c.size[i], curve.loss[at] = c.risk[i];
            curve.log_error[at] = c.error[i] / c.risk[i];
        }
        return curve;
    };
    const auto d = static_cast<double>(s.model.signal_dimension);
    const auto late = points([d](double N) { return N >= 2 * d; }, 8);
    const auto falling = falling_sizes(s);
    const auto fall =
        points([&](double N) { return std::find(falling.begin(), falling.end(), N) != falling.end(); },
               s.sizes.size());
    SettingFits fits;
    if (late.points() > 0) {
        fits.theory =
            fit::effective_dimension(late, static_cast<double>(s.model.dimension), {}, 0.9, {.starts = 2});
        fits.floor = fit::fit_law(fit::law_named("floor"), late);
    }
    if (fall.points() > 0) fits.power = fit::fit_law(fit::law_named("power"), fall);
    return fits;
}

std::string describe(const SubspaceModel& m) {
    return cli::printed("d = %ld, n = %ld, σ = %g", static_cast<long>(m.signal_dimension),
                        static_cast<long>(m.dimension), m.noise_level);
}

LearningCurves compute_learning_curves(const Context& context) {
    LearningCurves curves;
    for (const auto& [d, n, sigma] :
         std::initializer_list<std::tuple<Index, Index, double>>{{10, 100, 0.05},
                                                                 {10, 100, 0.1},
                                                                 {10, 100, 0.2},
                                                                 {10, 1000, 0.05},
                                                                 {10, 1000, 0.1},
                                                                 {10, 10000, 0.1},
                                                                 {50, 1000, 0.1},
                                                                 {100, 1000, 0.1}}) {
        SettingCurves s;
        s.model = {.dimension = n, .signal_dimension = d, .noise_level = sigma};
        s.sizes = paper_sizes(d);
        s.trials = d == 10   ? (context.quick ? 50 : 500)
                   : d == 50 ? (context.quick ? 10 : 100)
                             : (context.quick ? 5 : 40);
        s.seed = curves.settings.size() + 1;
        const auto problem = linear_problem(s.model);
        s.floor = problem.floor / problem.normalization;
        begin(context, "learning curves, " + describe(s.model) + ": closed forms");
        predict(s, curves.max_steps, fine_sizes(s.model, s.sizes), context);
        begin(context, "learning curves, " + describe(s.model) + ": " + std::to_string(s.trials) +
                           " simulated trials");
        simulate(s, curves.max_steps, context);
        curves.settings.push_back(std::move(s));
    }
    begin(context, "learning curves: fits of the simulated points");
    curves.fits.resize(curves.settings.size());
    for_each_index(context, curves.settings.size(),
                   [&](std::size_t i) { curves.fits[i] = fit_setting(curves.settings[i]); });
    return curves;
}

}  // namespace reconlaw::report
