#pragma once
/// What a learning-curve law is to the fits: a formula with parameters, its gradient, and where to start.

#include <ceres/jet.h>

#include <Eigen/Core>
#include <array>
#include <concepts>
#include <functional>
#include <limits>
#include <string>
#include <string_view>
#include <vector>

#include "reconlaw/fit/curve.hpp"

namespace reconlaw::fit {

/// A parameter of a law, with its natural range.
struct Parameter {
    std::string_view name;
    double lower = -std::numeric_limits<double>::infinity();
    double upper = std::numeric_limits<double>::infinity();
    bool logarithmic = false;  ///< positive over orders of magnitude: fitted as its logarithm
    bool amplitude = false;    ///< its value changes with the unit of N by a power that is fitted too (beta)
    std::string_view meaning = {};
};

namespace parameter {
constexpr double infinity = std::numeric_limits<double>::infinity();
constexpr Parameter floor{"E", 0, infinity, false, false, "loss with unlimited data"};
constexpr Parameter amplitude{"beta", 0, infinity, true, true, "loss above the floor at N = 1"};
constexpr Parameter exponent{"alpha", 1e-3, 20, true, false, "rate of the power law"};
}  // namespace parameter

/// A law in one training size N, given as a type with static members (see laws.hpp for examples):
/// name, formula, source; parameters; value(p, N), for any scalar type; rescale(p, size_unit, loss_unit),
/// which turns the parameters of the law for N/size_unit and L/loss_unit into those for N and L; and
/// starts(curve), a grid of parameters to begin from, best guesses for a curve with N and L near 1.
template <class F>
concept LawForm = requires(const double* p, double* q, const LearningCurve& curve) {
    { F::name } -> std::convertible_to<std::string_view>;
    { F::formula } -> std::convertible_to<std::string_view>;
    { F::source } -> std::convertible_to<std::string_view>;
    { F::parameters.size() } -> std::convertible_to<std::size_t>;
    { F::value(p, 1.0) } -> std::convertible_to<double>;
    F::rescale(q, 1.0, 1.0);
    { F::starts(curve) } -> std::convertible_to<std::vector<Eigen::VectorXd>>;
};

/// Any law, as a value: make_law of a type, or the members filled at run time (theory.hpp).
struct Law {
    std::string name, formula, source;
    std::vector<Parameter> parameters;
    /// L(N); d L/d parameters is written to the third argument unless it is null. Not finite outside the
    /// domain.
    std::function<double(const double* parameters, double size, double* gradient)> evaluate;
    /// Empty where the law has units of its own: then nothing is rescaled before the fit.
    std::function<void(double* parameters, double size_unit, double loss_unit)> rescale;
    std::function<std::vector<Eigen::VectorXd>(const LearningCurve&)> starts;

    Eigen::Index dimension() const { return static_cast<Eigen::Index>(parameters.size()); }
    /// L(N) for each N.
    Eigen::ArrayXd values(const Eigen::VectorXd& p, const Eigen::ArrayXd& size) const;
};

/// The law of a type; gradients by automatic differentiation.
template <LawForm F>
Law make_law() {
    constexpr int k = static_cast<int>(F::parameters.size());
    Law law{std::string(F::name),
            std::string(F::formula),
            std::string(F::source),
            std::vector<Parameter>(F::parameters.begin(), F::parameters.end()),
            {},
            &F::rescale,
            &F::starts};
    law.evaluate = [](const double* p, double size, double* gradient) {
        if (gradient == nullptr) return F::value(p, size);
        std::array<ceres::Jet<double, k>, static_cast<std::size_t>(k)> jets;
        for (int j = 0; j < k; ++j) jets[static_cast<std::size_t>(j)] = ceres::Jet<double, k>(p[j], j);
        const ceres::Jet<double, k> value = F::value(jets.data(), size);
        Eigen::Map<Eigen::Matrix<double, k, 1>>(gradient, k) = value.v;
        return value.a;
    };
    return law;
}

/// The laws of laws.hpp: power, floor, shifted, saturating, broken-1, broken-2, broken-3, piecewise-1,
/// piecewise-2, exponential, logarithmic.
const std::vector<Law>& all_laws();

/// @throws std::invalid_argument  unknown name: lists those that exist
const Law& law_named(std::string_view name);

}  // namespace reconlaw::fit
