#pragma once
/// Laws in training size N and network size P, and their fits. L: loss.

#include <ceres/jet.h>

#include <Eigen/Core>
#include <array>
#include <cmath>
#include <functional>
#include <limits>
#include <string>
#include <string_view>
#include <vector>

#include "reconlaw/fit/fit_law.hpp"
#include "reconlaw/fit/laws.hpp"

namespace reconlaw::fit {

/// Losses measured at pairs (N, P). P is any measure of the network: parameters, channels, layers.
struct JointCurve {
    Eigen::ArrayXd size;            ///< N > 0
    Eigen::ArrayXd network;         ///< P > 0; sorted by P, then N, each pair once
    Eigen::ArrayXd loss;            ///< > 0
    Eigen::ArrayXd log_error = {};  ///< standard error of log(loss); empty where no seeds were repeated
    /// Degrees of freedom of log_error as an estimate; infinite: known.
    double error_freedom = std::numeric_limits<double>::infinity();

    Eigen::Index points() const { return size.size(); }
    /// The points of one network size, as a curve in N.
    LearningCurve at_network(double value) const;
    /// The points of one training size, as a curve in P.
    LearningCurve at_size(double value) const;
    /// The points for which `keep` is true.
    JointCurve where(const std::vector<bool>& keep) const;
};

/// The different values, ascending.
std::vector<double> distinct(const Eigen::ArrayXd& values);

/// Checks order, signs and lengths. @throws std::invalid_argument naming function, entry and range
void validate(const JointCurve& curve, std::string_view function);

/// Sorts the observations and merges those of equal (N, P): geometric mean of their losses. If every pair has
/// two observations or more, log_error is the standard error of that mean, its variance pooled over the
/// pairs, with error_freedom = observations - pairs. Equal losses everywhere: no log_error.
/// @throws std::invalid_argument  different lengths, no observation, an entry that is not finite and > 0
JointCurve make_joint_curve(const std::vector<double>& size, const std::vector<double>& network,
                            const std::vector<double>& loss);

/// A law in N and P, as a value; see make_joint_law. Compare Law.
struct JointLaw {
    std::string name, formula, source;
    std::vector<Parameter> parameters;
    /// L(N, P); d L/d parameters goes to the fourth argument unless it is null.
    std::function<double(const double* parameters, double size, double network, double* gradient)> evaluate;
    /// Turns the parameters of the law for N/size_unit, P/network_unit, L/loss_unit into those for N, P, L.
    std::function<void(double* parameters, double size_unit, double network_unit, double loss_unit)> rescale;
    /// Where to begin, for a curve with N, P and L near 1.
    std::function<std::vector<Eigen::VectorXd>(const JointCurve&)> starts;

    Eigen::Index dimension() const { return static_cast<Eigen::Index>(parameters.size()); }
};

namespace parameter {
constexpr Parameter network_amplitude{"B",  0,    infinity,
                                      true, true, "loss above the floor at P = 1 with unlimited data"};
constexpr Parameter data_amplitude{"A",  0,    infinity,
                                   true, true, "loss above the floor at N = 1 with an unlimited network"};
constexpr Parameter network_exponent{"beta", 1e-3, 20, true, false, "rate in P"};
constexpr Parameter data_exponent{"alpha", 1e-3, 20, true, false, "rate in N"};
}  // namespace parameter

/// E + A N^-alpha + B P^-beta: what data and network leave adds up.
struct AdditiveLaw {
    static constexpr std::string_view name = "additive", formula = "E + A N^-alpha + B P^-beta",
                                      source = "Hoffmann et al. 2022, arXiv 2203.15556, eq. (2)";
    static constexpr std::array parameters{parameter::floor, parameter::data_amplitude,
                                           parameter::data_exponent, parameter::network_amplitude,
                                           parameter::network_exponent};
    template <class T>
    static T value(const T* p, double size, double network) {
        using std::exp;
        return p[0] + p[1] * exp(-p[2] * std::log(size)) + p[3] * exp(-p[4] * std::log(network));
    }
    static void rescale(double* p, double size_unit, double network_unit, double loss_unit) {
        p[0] *= loss_unit, p[1] *= loss_unit * std::pow(size_unit, p[2]),
            p[3] *= loss_unit * std::pow(network_unit, p[4]);
    }
    static std::vector<Eigen::VectorXd> starts(const JointCurve& curve);
};

/// [(A N^-alpha)^(1/alpha) + (B P^-beta)^(1/alpha)]^alpha, which is the form of Kaplan et al.,
/// [(P0/P)^(beta/alpha) + N0/N]^alpha, with A = N0^alpha and B = P0^beta: the slower of the two power laws
/// rules, and the overfitting is a function of P^(beta/alpha)/N.
struct InteractingLaw {
    static constexpr std::string_view name = "interacting",
                                      formula = "[(A N^-alpha)^(1/alpha) + (B P^-beta)^(1/alpha)]^alpha",
                                      source = "Kaplan et al. 2020, arXiv 2001.08361, eq. (1.5)";
    static constexpr std::array parameters{parameter::data_amplitude, parameter::data_exponent,
                                           parameter::network_amplitude, parameter::network_exponent};
    template <class T>
    static T value(const T* p, double size, double network) {
        using std::exp, std::log;
        const T data = log(p[0]) - p[1] * std::log(size), net = log(p[2]) - p[3] * std::log(network);
        return exp(data + p[1] * reconlaw::detail::softplus(T((net - data) / p[1])));
    }
    static void rescale(double* p, double size_unit, double network_unit, double loss_unit) {
        p[0] *= loss_unit * std::pow(size_unit, p[1]), p[2] *= loss_unit * std::pow(network_unit, p[3]);
    }
    static std::vector<Eigen::VectorXd> starts(const JointCurve& curve);
};

/// The interacting form above a floor.
struct InteractingFloorLaw {
    static constexpr std::string_view name = "interacting-floor",
                                      formula = "E + [(A N^-alpha)^(1/alpha) + (B P^-beta)^(1/alpha)]^alpha",
                                      source =
                                          "Kaplan et al. 2020, arXiv 2001.08361, eq. (1.5), with a floor";
    static constexpr std::array parameters{parameter::floor, parameter::data_amplitude,
                                           parameter::data_exponent, parameter::network_amplitude,
                                           parameter::network_exponent};
    template <class T>
    static T value(const T* p, double size, double network) {
        return p[0] + InteractingLaw::value(p + 1, size, network);
    }
    static void rescale(double* p, double size_unit, double network_unit, double loss_unit) {
        p[0] *= loss_unit;
        InteractingLaw::rescale(p + 1, size_unit, network_unit, loss_unit);
    }
    static std::vector<Eigen::VectorXd> starts(const JointCurve& curve);
};

/// The law of a type; gradients by automatic differentiation.
template <class F>
JointLaw make_joint_law() {
    constexpr int k = static_cast<int>(F::parameters.size());
    JointLaw law{std::string(F::name),
                 std::string(F::formula),
                 std::string(F::source),
                 std::vector<Parameter>(F::parameters.begin(), F::parameters.end()),
                 {},
                 &F::rescale,
                 &F::starts};
    law.evaluate = [](const double* p, double size, double network, double* gradient) {
        if (gradient == nullptr) return F::value(p, size, network);
        std::array<ceres::Jet<double, k>, static_cast<std::size_t>(k)> jets;
        for (int j = 0; j < k; ++j) jets[static_cast<std::size_t>(j)] = ceres::Jet<double, k>(p[j], j);
        const ceres::Jet<double, k> value = F::value(jets.data(), size, network);
        Eigen::Map<Eigen::Matrix<double, k, 1>>(gradient, k) = value.v;
        return value.a;
    };
    return law;
}

/// additive, interacting, interacting-floor
const std::vector<JointLaw>& all_joint_laws();

/// @throws std::invalid_argument  unknown name: lists those that exist
const JointLaw& joint_law_named(std::string_view name);

/// A fitted joint law; members as in LawFit.
struct JointFit {
    JointLaw law;
    JointCurve curve;
    FitOptions options;
    Eigen::VectorXd parameters;  ///< of the best basin, in the units of the curve
    std::vector<Basin> basins;   ///< best first
    FitStatus status = FitStatus::failed;
    std::string message;
    double cost = 0;
    Eigen::Index freedom = 0;
    double noise = 0, noise_freedom = 0;
    Eigen::Index rank = 0;  ///< below the number of parameters: the points do not determine all of them
    std::vector<bool> at_bound;
    /// Of the parameters, logarithms of the logarithmic ones, in the units of the curve; zero for those at a
    /// bound.
    Eigen::MatrixXd covariance;
    /// The same fit as that of a law in the number of the row, in units of the geometric means.
    LawFit rows;

    bool usable() const { return status == FitStatus::converged || status == FitStatus::iteration_limit; }
    double operator()(double size, double network) const {
        return law.evaluate(parameters.data(), size, network, nullptr);
    }
};

/// Least squares from several starts, in units of the geometric means of sizes, network sizes and losses: the
/// answer does not depend on units. Too few points is an outcome (status `failed` and a message).
/// @throws std::invalid_argument  an invalid curve
JointFit fit_joint(const JointLaw& law, const JointCurve& curve, const FitOptions& options = {});

/// Profile-likelihood interval of a parameter, see the one for LawFit.
/// @throws std::invalid_argument  an unusable fit, an index or level outside its range
Interval profile_interval(const JointFit& fit, Eigen::Index parameter, double level = 0.9);

}  // namespace reconlaw::fit
