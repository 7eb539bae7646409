#include <cmath>
#include <memory>
#include <ostream>
#include <set>

#include "commands.hpp"
#include "numbers.hpp"
#include "outputs.hpp"
#include "printed.hpp"
#include "reconlaw/risk/pca.hpp"
#include "reconlaw/risk/stopping.hpp"
#include "study.hpp"

namespace reconlaw::cli {
namespace {

struct RiskArguments {
    StudyOptions study;
    Order order = Order::corrected;
};

/// Risk, parameter used and status of one estimator at one N.
struct Prediction {
    Risk<double> risk;
    std::optional<double> parameter;
    bool split = true;      ///< variance and bias, and the training loss, are known
    bool at_limit = false;  ///< the optimum lies at the end of the range searched
};

Prediction predict(const Study& study, const EstimatorChoice& choice, long training_size,
                   const RiskOptions& options) {
    const auto& problem = study.problem;
    const double n = static_cast<double>(training_size);
    auto plain = [&](const auto& filter) {
        return Prediction{predict_risk(problem, n, filter, options), choice.parameter};
    };
    auto optimum = [](const Optimum<double>& best) {
        return Prediction{best.risk, best.parameter, true, best.at_limit};
    };
    switch (choice.kind) {
        case EstimatorKind::early_stopped:
            return optimum(optimal_stopping(problem, n, study.step_size(training_size),
                                            study.options.max_steps, options));
        case EstimatorKind::converged:
            return plain(MinimumNorm{});
        case EstimatorKind::gd:
            return plain(GradientDescent<>{study.step_size(training_size), *choice.parameter});
        case EstimatorKind::heavy_ball:
            return plain(HeavyBall<>{study.step_size(training_size), study.options.momentum,
                                     static_cast<int>(*choice.parameter)});
        case EstimatorKind::nesterov:
            return plain(Nesterov<>{study.step_size(training_size), static_cast<int>(*choice.parameter)});
        case EstimatorKind::ridge:
            return choice.parameter ? plain(Ridge<>{*choice.parameter})
                                    : optimum(optimal_ridge(problem, n, options));
        case EstimatorKind::flow:
            return choice.parameter ? plain(GradientFlow<>{*choice.parameter})
                                    : optimum(optimal_flow(problem, n, options));
        case EstimatorKind::floor: {
            Risk<double> risk;
            risk.floor = problem.floor, risk.status = RiskStatus::converged,
            risk.training_loss = problem.training_noise;
            return {risk, {}};
        }
        case EstimatorKind::pca: {
            const SubspaceModel& m = *study.subspace;
            const PcaRisk pca = pca_risk(static_cast<double>(m.dimension),
                                         static_cast<double>(m.signal_dimension), m.noise_level, n, options);
            Risk<double> risk;
            risk.floor = problem.floor, risk.variance = pca.total - problem.floor;
            risk.status = pca.status, risk.error = pca.error;
            return {risk, {}, false};
        }
    }
    throw std::logic_error("unhandled estimator");
}

void risk_command(const RiskArguments& options, const CLI::App& app, const Streams& streams) {
    require_writable(options.study.output, "--output");
    const Study study = make_study(options.study, app);
    RiskOptions risk_options;
    risk_options.order = options.order;

    Table table;
    table.columns = {"samples", "estimator", "risk", "floor", "variance", "bias", "step"};
    if (options.study.train_loss) table.columns.emplace_back("train_loss");
    if (options.study.format == Format::json) table.columns.emplace_back("status");
    std::set<std::string> notes;
    const double scale = study.problem.normalization;
    for (const long n : study.samples) {
        for (const auto& choice : study.estimators) {
            const Prediction p = predict(study, choice, n, risk_options);
            std::vector<Cell> row{n,      choice.name, p.risk.total() / scale, p.risk.floor / scale, Cell{},
                                  Cell{}, Cell{}};
            if (p.split) row[4] = p.risk.variance / scale, row[5] = p.risk.bias / scale;
            if (p.parameter) {
                if (*p.parameter == std::round(*p.parameter) && *p.parameter < 1e15)
                    row[6] = static_cast<long>(*p.parameter);
                else
                    row[6] = *p.parameter;
            }
            if (options.study.train_loss)
                row.push_back(p.split ? Cell(p.risk.training_loss / scale) : Cell());
            if (options.study.format == Format::json) row.emplace_back(std::string(to_string(p.risk.status)));
            table.rows.push_back(std::move(row));
            if (p.risk.status == RiskStatus::infinite)
                notes.insert("the mean risk of least squares is infinite at N = p - 1, p and p + 1");
            const std::string where = choice.label() + " at N = " + std::to_string(n);
            if (p.risk.status == RiskStatus::not_converged) {
                notes.insert(where + printed(": not converged, estimated relative error %.1e", p.risk.error));
            }
            if (p.at_limit)
                notes.insert(
                    where +
                    ": the risk still falls at the end of the range searched (--max-steps, or the smallest "
                    "lambda or longest time)");
            if (options.order == Order::corrected && p.risk.status == RiskStatus::converged) {
                const double limit = predict(study, choice, n, {Order::limit}).risk.total();
                if (std::abs(limit - p.risk.total()) > 0.3 * p.risk.total())
                    notes.insert(
                        where +
                        ": the finite-size correction exceeds 30 % of the value; expect errors of that order "
                        "squared (docs/accuracy.md)");
            }
            if (p.risk.status == RiskStatus::limit_only)
                notes.insert(choice.label() + ": large-N limit, without the finite-size correction");
        }
    }
    deliver(render(table, options.study.format), options.study.output, streams.out);
    for (const auto& note : notes) streams.err << "note: " << note << '\n';
}

}  // namespace

Run add_risk_command(CLI::App& app) {
    auto options = std::make_shared<RiskArguments>();
    add_study_options(app, options->study, "--seed,--problem-seed");
    add_choice(app, "--order", options->order, {{"corrected", Order::corrected}, {"limit", Order::limit}},
               "corrected: with the first finite-size correction; limit: N and n large");
    app.footer(
        "Columns: risk = floor + variance + bias, per signal dimension for subspace and compressive "
        "problems, per\n"
        "coordinate otherwise; step is the parameter used: k, lambda (ridge) or t (flow), the optimal one "
        "where none was\n"
        "given.\n\nExample:\n  reconlaw risk --problem subspace --n 100 --d 10 --sigma 0.05 --samples "
        "1,2,4,8 "
        "--estimator early-stopped,converged,pca,floor");
    return [options, &app](const Streams& streams) { risk_command(*options, app, streams); };
}

}  // namespace reconlaw::cli
