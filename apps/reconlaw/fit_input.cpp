#include "fit_input.hpp"

#include <algorithm>
#include <cmath>
#include <map>

#include "printed.hpp"
#include "reconlaw/data/file_error.hpp"

namespace reconlaw::cli {

namespace {

constexpr Eigen::Index most_points = 400, merged_points = 150;

/// Many sizes merged: geometric means within bins of equal width in log(x).
fit::LearningCurve merged(const fit::LearningCurve& curve) {
    const double first = std::log(curve.size[0]), range = std::log(curve.size[curve.points() - 1]) - first;
    struct Bin {
        double size = 0, loss = 0, variance = 0, count = 0;
    };
    std::vector<Bin> bins(merged_points);
    for (Eigen::Index i = 0; i < curve.points(); ++i) {
        const double place = (std::log(curve.size[i]) - first) / range * merged_points;
        Bin& bin = bins[static_cast<std::size_t>(std::min<double>(place, merged_points - 1))];
        bin.size += std::log(curve.size[i]), bin.loss += std::log(curve.loss[i]), bin.count += 1;
        if (curve.log_error.size() != 0) bin.variance += std::pow(curve.log_error[i], 2);
    }
    std::erase_if(bins, [](const Bin& bin) { return bin.count == 0; });
    const auto points = static_cast<Eigen::Index>(bins.size());
    fit::LearningCurve few{Eigen::ArrayXd(points), Eigen::ArrayXd(points)};
    if (curve.log_error.size() != 0) few.log_error.resize(points), few.error_freedom = curve.error_freedom;
    for (Eigen::Index b = 0; b < points; ++b) {
        const Bin& bin = bins[static_cast<std::size_t>(b)];
        few.size[b] = std::exp(bin.size / bin.count), few.loss[b] = std::exp(bin.loss / bin.count);
        if (few.log_error.size() != 0) few.log_error[b] = std::sqrt(bin.variance) / bin.count;
    }
    return few;
}

void merge_if_long(CurveInput& input) {
    if (input.curve.points() <= most_points) return;
    const Eigen::Index before = input.curve.points();
    input.curve = merged(input.curve);
    input.notes.push_back(std::to_string(before) + " different " + input.x + " were merged into " +
                          std::to_string(input.curve.points()) + ", of equal width in log(" + input.x + ")");
}

/// Measured standard errors of y as errors of log(loss), those of equal x combined.
void use_errors(Results& results, CurveInput& input) {
    const std::vector<double> errors = log_errors(results);
    if (errors.empty()) return;
    std::map<double, std::pair<double, int>> variances;
    for (std::size_t i = 0; i < errors.size(); ++i) {
        auto& [sum, count] = variances[results.size[i]];
        sum += errors[i] * errors[i], ++count;
    }
    input.curve.log_error.resize(input.curve.points());
    Eigen::Index at = 0;
    for (const auto& [size, variance] : variances)
        input.curve.log_error[at++] = std::sqrt(variance.first) / variance.second;
}

}  // namespace

CurveInput read_curve(Results results) {
    CurveInput input;
    input.x = shown_name(results.x), input.y = shown_name(results.y),
    input.errors_given = !results.error.empty();
    input.scale = results.scale, input.hint = results.hint;
    if (!input.errors_given) drop_repeated_rows(results);
    refuse_mixture(results);
    input.rows = results.rows();
    input.curve = fit::make_curve(results.size, results.loss, !input.errors_given);
    if (input.curve.points() == 1)
        throw data::FileError(results.table.path, "one training size only, " + input.x + " = " +
                                                      printed("%.6g", results.size[0]) +
                                                      ": a curve needs two or more, and a forecast four");
    if (input.errors_given) use_errors(results, input);
    input.notes = results.notes;
    const auto rows = static_cast<Eigen::Index>(input.rows);
    if (!input.errors_given && input.curve.points() < rows && input.curve.points() <= most_points)
        input.notes.push_back(
            std::to_string(rows) + " rows are " + std::to_string(input.curve.points()) + " different " +
            input.x +
            (input.curve.log_error.size() != 0
                 ? ", each repeated: residuals are in units of their scatter"
                 : "; their scatter is not used (not all are repeated, or repeats are equal)"));
    merge_if_long(input);
    return input;
}

}  // namespace reconlaw::cli
