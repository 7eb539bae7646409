#pragma once
/// The laws that learning curves are compared with, in the training size N. L: loss, E: floor.
///
/// Each is a type with static members (concept LawForm), for any scalar, an automatic-differentiation type
/// included.

#include <algorithm>
#include <array>
#include <cmath>
#include <string_view>
#include <vector>

#include "reconlaw/detail/check.hpp"
#include "reconlaw/fit/law.hpp"

namespace reconlaw::detail {

/// log(1 + e^x) without overflow.
template <class T>
T softplus(const T& x) {
    using std::exp, std::log1p;
    return x > T(0.0) ? x + log1p(exp(-x)) : log1p(exp(x));
}

}  // namespace reconlaw::detail

namespace reconlaw::fit {

/// beta N^-alpha: a straight line in log-log axes. alpha may have either sign: negative where the loss grows.
struct PowerLaw {
    static constexpr std::string_view name = "power", formula = "beta N^-alpha",
                                      source = "Hestness et al. 2017, arXiv 1712.00409";
    static constexpr std::array parameters{
        parameter::amplitude, Parameter{"alpha", -20, 20, false, false, "rate of the power law"}};
    template <class T>
    static T value(const T* p, double size) {
        using std::exp;
        return p[0] * exp(-p[1] * std::log(size));
    }
    static void rescale(double* p, double size_unit, double loss_unit) {
        p[0] *= loss_unit * std::pow(size_unit, p[1]);
    }
    static std::vector<Eigen::VectorXd> starts(const LearningCurve& curve);
};

/// E + beta N^-alpha.
struct FloorLaw {
    static constexpr std::string_view name = "floor", formula = "E + beta N^-alpha",
                                      source = "Rosenfeld et al. 2020, arXiv 1909.12673";
    static constexpr std::array parameters{parameter::floor, parameter::amplitude, parameter::exponent};
    template <class T>
    static T value(const T* p, double size) {
        using std::exp;
        return p[0] + p[1] * exp(-p[2] * std::log(size));
    }
    static void rescale(double* p, double size_unit, double loss_unit) {
        p[0] *= loss_unit, p[1] *= loss_unit * std::pow(size_unit, p[2]);
    }
    static std::vector<Eigen::VectorXd> starts(const LearningCurve& curve);
};

/// E + beta (N + N0)^-alpha: a power law that begins late.
struct ShiftedLaw {
    static constexpr std::string_view name = "shifted", formula = "E + beta (N + N0)^-alpha",
                                      source = "Alabdulmohsin et al. 2022, arXiv 2209.06640 (M3)";
    static constexpr std::array parameters{
        parameter::floor, parameter::amplitude, parameter::exponent,
        Parameter{"N0", 0, parameter::infinity, false, false, "training size where the power law begins"}};
    template <class T>
    static T value(const T* p, double size) {
        using std::exp, std::log;
        return p[0] + p[1] * exp(-p[2] * log(p[3] + size));
    }
    static void rescale(double* p, double size_unit, double loss_unit) {
        p[0] *= loss_unit, p[1] *= loss_unit * std::pow(size_unit, p[2]), p[3] *= size_unit;
    }
    static std::vector<Eigen::VectorXd> starts(const LearningCurve& curve);
};

/// (L - E)/(1 - (L - E)/R)^gamma = beta N^-alpha, solved for L: from E + R without data to E + beta N^-alpha
/// at large N; the power law with floor for gamma = 0 or R infinite. The source writes (L - E)/(L0 - L)^gamma
/// = beta0 N^-alpha: L0 = E + R and beta = beta0 R^gamma, which stays finite where the data do not show the
/// begin.
struct SaturatingLaw {
    static constexpr std::string_view name = "saturating",
                                      formula = "(L - E)/(1 - (L - E)/R)^gamma = beta N^-alpha",
                                      source = "Alabdulmohsin et al. 2022, arXiv 2209.06640 (M4)";
    static constexpr std::array parameters{
        parameter::floor, parameter::amplitude, parameter::exponent,
        Parameter{"R", 0, parameter::infinity, true, false, "loss without data above the floor"},
        Parameter{"gamma", 0.02, 10, false, false, "how slowly learning begins"}};
    /// With L = E + R s(t), s the logistic function, t solves gamma softplus(t) - softplus(-t) = c,
    /// c = log(beta/R) - alpha log(N): increasing, by Halley's method; one step of Newton's in T brings the
    /// derivatives.
    template <class T>
    static T value(const T* p, double size) {
        using std::exp, std::log;
        const T c = log(p[1] / p[3]) - p[2] * std::log(size);
        const double target = detail::value_of(c), gamma = detail::value_of(p[4]);
        double t = target < 0 ? target : target / gamma, left = 0, slope = 1;
        for (int i = 0; i < 100; ++i) {
            const double e = std::exp(-std::abs(t)), s = t > 0 ? 1 / (1 + e) : e / (1 + e), l = std::log1p(e);
            left = (t > 0 ? gamma * t : t) + (gamma - 1) * l - target, slope = (1 - s) + gamma * s;
            const double newton = left / slope, bend = 0.5 * newton * (gamma - 1) * s * (1 - s) / slope;
            const double step = newton / (1 - std::clamp(bend, -0.5, 0.5));
            if (std::abs(step) <= 1e-9 * (1 + std::abs(t))) break;  // the last one follows
            t -= step;
        }
        const T root = T(t) - (p[4] * T(detail::softplus(t)) - T(detail::softplus(-t)) - c) / T(slope);
        return p[0] + p[3] * exp(-detail::softplus(-root));
    }
    static void rescale(double* p, double size_unit, double loss_unit) {
        p[0] *= loss_unit, p[1] *= loss_unit * std::pow(size_unit, p[2]), p[3] *= loss_unit;
    }
    static std::vector<Eigen::VectorXd> starts(const LearningCurve& curve);
};

/// Starts of the laws with breaks: continuous piecewise straight lines through log(L - E), their breaks on a
/// grid. Parameters E, b, c0, then for each break (c_i, d_i, f_i) or, if not `smooth`, without E and f.
std::vector<Eigen::VectorXd> broken_starts(const LearningCurve& curve, int breaks, bool smooth);

template <int breaks, bool smooth>
constexpr auto broken_parameters() {
    constexpr std::array<std::string_view, 3> c{"c1", "c2", "c3"}, d{"d1", "d2", "d3"}, f{"f1", "f2", "f3"};
    std::array<Parameter, static_cast<std::size_t>(smooth ? 3 + 3 * breaks : 2 + 2 * breaks)> all;
    std::size_t at = 0;
    if (smooth) all[at++] = parameter::floor;
    all[at++] =
        Parameter{"beta", 0, parameter::infinity, true, true, "loss above the floor at N = 1, before breaks"};
    all[at++] = Parameter{"c0", -20, 20, false, false, "exponent before the first break"};
    for (std::size_t i = 0; i < static_cast<std::size_t>(breaks); ++i) {
        all[at++] = Parameter{c[i], -20, 20, false, false, "what the exponent gains at the break"};
        all[at++] = Parameter{d[i], 0, parameter::infinity, true, false, "training size of the break"};
        if (smooth) all[at++] = Parameter{f[i], 0.02, 5, true, false, "width of the break in log(N)"};
    }
    return all;
}

/// E + beta N^-c0 prod_i (1 + (N/d_i)^(1/f_i))^(-c_i f_i): power laws joined smoothly at 1 to 3 breaks.
template <int breaks>
struct BrokenLaw {
    static_assert(breaks >= 1 && breaks <= 3, "one to three breaks");
    static constexpr std::string_view name = breaks == 1   ? "broken-1"
                                             : breaks == 2 ? "broken-2"
                                                           : "broken-3",
                                      formula = "E + beta N^-c0 prod_i (1 + (N/d_i)^(1/f_i))^(-c_i f_i)",
                                      source = "Caballero et al. 2023, arXiv 2210.14891";
    static constexpr auto parameters = broken_parameters<breaks, true>();
    template <class T>
    static T value(const T* p, double size) {
        using std::exp, std::log;
        T exponent = log(p[1]) - p[2] * std::log(size);
        for (int i = 0; i < breaks; ++i) {
            const T *c = p + 3 + 3 * i, &d = c[1], &f = c[2];
            exponent -= *c * f * detail::softplus(T((std::log(size) - log(d)) / f));
        }
        return p[0] + exp(exponent);
    }
    static void rescale(double* p, double size_unit, double loss_unit) {
        p[0] *= loss_unit, p[1] *= loss_unit * std::pow(size_unit, p[2]);
        for (int i = 0; i < breaks; ++i) p[4 + 3 * i] *= size_unit;
    }
    static std::vector<Eigen::VectorXd> starts(const LearningCurve& curve) {
        return broken_starts(curve, breaks, true);
    }
};

/// beta N^-c0 prod_i max(1, N/d_i)^-c_i: power laws of different exponents that meet at breaks, which the
/// data choose.
template <int breaks>
struct PiecewiseLaw {
    static_assert(breaks == 1 || breaks == 2, "one or two breaks");
    static constexpr std::string_view
        name = breaks == 1 ? "piecewise-1" : "piecewise-2",
        formula = "beta N^-c0 prod_i max(1, N/d_i)^-c_i",
        source = "Klug & Heckel 2023, arXiv 2209.13435 (there with breaks set by hand)";
    static constexpr auto parameters = broken_parameters<breaks, false>();
    template <class T>
    static T value(const T* p, double size) {
        using std::exp, std::log;
        T exponent = log(p[0]) - p[1] * std::log(size);
        for (int i = 0; i < breaks; ++i) {
            const T past = std::log(size) - log(p[3 + 2 * i]);
            if (past > T(0.0)) exponent -= p[2 + 2 * i] * past;
        }
        return exp(exponent);
    }
    static void rescale(double* p, double size_unit, double loss_unit) {
        p[0] *= loss_unit * std::pow(size_unit, p[1]);
        for (int i = 0; i < breaks; ++i) p[3 + 2 * i] *= size_unit;
    }
    static std::vector<Eigen::VectorXd> starts(const LearningCurve& curve) {
        return broken_starts(curve, breaks, false);
    }
};

/// E + beta exp(-N/N1). A control: no learning curve of this field is known to be exponential.
struct ExponentialLaw {
    static constexpr std::string_view name = "exponential", formula = "E + beta exp(-N/N1)",
                                      source = "control";
    static constexpr std::array parameters{
        parameter::floor,
        Parameter{"beta", 0, parameter::infinity, true, false, "loss above the floor at N = 0"},
        Parameter{"N1", 0, parameter::infinity, true, false, "training size of one e-folding"}};
    template <class T>
    static T value(const T* p, double size) {
        using std::exp;
        return p[0] + p[1] * exp(T(-size) / p[2]);
    }
    static void rescale(double* p, double size_unit, double loss_unit) {
        p[0] *= loss_unit, p[1] *= loss_unit, p[2] *= size_unit;
    }
    static std::vector<Eigen::VectorXd> starts(const LearningCurve& curve);
};

/// a - b log(N). A control: reaches zero at a finite N, beyond which it says nothing (a negative loss).
struct LogarithmicLaw {
    static constexpr std::string_view name = "logarithmic", formula = "a - b log(N)", source = "control";
    static constexpr std::array parameters{
        Parameter{"a", -parameter::infinity, parameter::infinity, false, true, "loss at N = 1"},
        Parameter{"b", -parameter::infinity, parameter::infinity, false, false, "fall per e-folding of N"}};
    template <class T>
    static T value(const T* p, double size) {
        return p[0] - p[1] * std::log(size);
    }
    static void rescale(double* p, double size_unit, double loss_unit) {
        p[1] *= loss_unit, p[0] = p[0] * loss_unit + p[1] * std::log(size_unit);
    }
    static std::vector<Eigen::VectorXd> starts(const LearningCurve& curve);
};

}  // namespace reconlaw::fit
