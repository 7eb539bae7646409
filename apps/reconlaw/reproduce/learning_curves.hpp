#pragma once
/// Section 1 of the report: the paper's eight settings.

#include <Eigen/Core>
#include <vector>

#include "reconlaw/fit/theory.hpp"
#include "reconlaw/simulate/subspace_model.hpp"
#include "section.hpp"

namespace reconlaw::report {

/// Risk per signal dimension over the training size.
struct Curve {
    std::vector<double> size, risk, error;  ///< error empty for closed forms
};

/// One setting: closed forms on a fine grid (which contains `sizes`), simulation at `sizes`.
struct SettingCurves {
    SubspaceModel model;
    std::vector<Eigen::Index> sizes;
    int trials = 0;
    std::uint64_t seed = 1;  ///< one for each setting: draws are independent between settings
    double floor = 0;        ///< of the optimal estimator
    Curve early_stopped, converged, pca;
    Curve simulated_early_stopped, simulated_converged, simulated_pca;
    int failed = 0;  ///< closed forms that did not converge; they are NaN
};

/// "d = 10, n = 100, σ = 0.05"
std::string describe(const SubspaceModel& model);

/// Laws fitted to at most eight simulated points of an early-stopped curve, N >= 2d, by their standard
/// errors.
struct SettingFits {
    fit::EffectiveDimension theory;  ///< the closed form, (d, sigma) free
    fit::LawFit floor;               ///< E + beta N^-alpha
    fit::LawFit power;               ///< beta N^-alpha, on all falling_sizes instead
};

struct LearningCurves {
    std::vector<SettingCurves> settings;
    std::vector<SettingFits> fits = {};  ///< one for each setting, or none
    int max_steps = 5000;
};

LearningCurves compute_learning_curves(const Context& context);

/// The part of a curve where it falls: N >= d and predicted early-stopped risk at least twice the optimum,
/// at the sizes of the simulation.
std::vector<Eigen::Index> falling_sizes(const SettingCurves& setting);

SettingFits fit_setting(const SettingCurves& setting);

Section present(const LearningCurves& curves);

inline Section learning_curves_section(const Context& context) {
    return present(compute_learning_curves(context));
}

}  // namespace reconlaw::report
