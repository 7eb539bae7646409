#include "reconlaw/fit/joint.hpp"

#include <Eigen/Dense>
#include <algorithm>
#include <numeric>
#include <optional>
#include <stdexcept>

#include "formulation.hpp"
#include "joint_rows.hpp"
#include "reconlaw/detail/check.hpp"

namespace reconlaw::fit {

namespace {

/// Least squares with non-negative coefficients and relative residuals, by trying every set of active
/// columns. Coefficients that are zero come back as 1e-6 of the mean of the target per mean of the column:
/// they are fitted as logarithms.
Eigen::VectorXd nonnegative(const Eigen::MatrixXd& columns, const Eigen::ArrayXd& target) {
    const Eigen::Index k = columns.cols();
    const Eigen::MatrixXd scaled = target.inverse().matrix().asDiagonal() * columns;
    const Eigen::VectorXd ones = Eigen::VectorXd::Ones(target.size());
    Eigen::VectorXd best = Eigen::VectorXd::Zero(k);
    double least = std::numeric_limits<double>::infinity();
    for (unsigned set = 1; set < 1U << k; ++set) {
        std::vector<Eigen::Index> active;
        for (Eigen::Index j = 0; j < k; ++j)
            if (set >> j & 1U) active.push_back(j);
        const Eigen::MatrixXd part = scaled(Eigen::all, active);
        const Eigen::VectorXd x = part.colPivHouseholderQr().solve(ones);
        const double cost = (part * x - ones).squaredNorm();
        if (!x.allFinite() || x.minCoeff() < 0 || !(cost < least)) continue;
        least = cost;
        best.setZero();
        best(active) = x;
    }
    for (Eigen::Index j = 0; j < k; ++j)
        best[j] = std::max(best[j], 1e-6 * target.mean() / columns.col(j).mean());
    return best;
}

constexpr std::array<double, 5> exponents{0.06, 0.17, 0.4, 0.9, 2.0};

/// A, alpha, B, beta of the interacting form above `floor`: with alpha and beta given, the law to the power
/// 1/alpha is linear in A^(1/alpha) and B^(1/alpha).
std::vector<Eigen::VectorXd> interacting_starts(const JointCurve& curve, double floor) {
    std::vector<Eigen::VectorXd> all;
    for (const double alpha : exponents)
        for (const double beta : exponents) {
            Eigen::MatrixXd columns(curve.points(), 2);
            columns.col(0) = curve.size.inverse();
            columns.col(1) = curve.network.pow(-beta / alpha);
            const Eigen::VectorXd c = nonnegative(columns, (curve.loss - floor).pow(1 / alpha));
            Eigen::VectorXd p(4);
            p << std::pow(c[0], alpha), alpha, std::pow(c[1], alpha), beta;
            all.push_back(p);
        }
    return all;
}

struct Observation {
    double size, network, log_loss;
};

}  // namespace

LearningCurve JointCurve::at_network(double value) const {
    std::vector<Eigen::Index> kept;
    for (Eigen::Index i = 0; i < points(); ++i)
        if (network[i] == value) kept.push_back(i);
    LearningCurve part{size(kept), loss(kept)};
    if (log_error.size() != 0) part.log_error = log_error(kept);
    part.error_freedom = error_freedom;
    return part;
}

LearningCurve JointCurve::at_size(double value) const {
    return JointCurve{network, size, loss, log_error, error_freedom}.at_network(value);  // rows ascend in P
}

JointCurve JointCurve::where(const std::vector<bool>& keep) const {
    std::vector<Eigen::Index> kept;
    for (Eigen::Index i = 0; i < points(); ++i)
        if (keep[static_cast<std::size_t>(i)]) kept.push_back(i);
    JointCurve part{size(kept), network(kept), loss(kept)};
    if (log_error.size() != 0) part.log_error = log_error(kept);
    part.error_freedom = error_freedom;
    return part;
}

std::vector<double> distinct(const Eigen::ArrayXd& values) {
    std::vector<double> all(values.begin(), values.end());
    std::sort(all.begin(), all.end());
    all.erase(std::unique(all.begin(), all.end()), all.end());
    return all;
}

void validate(const JointCurve& curve, std::string_view function) {
    const std::string rows = "the number of sizes = " + std::to_string(curve.points());
    detail::require(curve.points() >= 1, function, "number of points", curve.points(), "at least 1");
    detail::require(curve.network.size() == curve.points(), function, "number of network sizes",
                    curve.network.size(), rows);
    detail::require(curve.loss.size() == curve.points(), function, "number of losses", curve.loss.size(),
                    rows);
    detail::require(curve.log_error.size() == 0 || curve.log_error.size() == curve.points(), function,
                    "number of errors", curve.log_error.size(), "0 or " + rows);
    detail::require(curve.error_freedom > 0, function, "error_freedom", curve.error_freedom, "> 0");
    for (Eigen::Index i = 0; i < curve.points(); ++i) {
        const std::string entry = "[" + std::to_string(i) + "]";
        detail::require_finite_positive(curve.size[i], function, "size" + entry);
        detail::require_finite_positive(curve.network[i], function, "network" + entry);
        detail::require_finite_positive(curve.loss[i], function, "loss" + entry);
        if (curve.log_error.size() != 0)
            detail::require_finite_positive(curve.log_error[i], function, "log_error" + entry);
        if (i > 0)
            detail::require(
                curve.network[i] > curve.network[i - 1] ||
                    (curve.network[i] == curve.network[i - 1] && curve.size[i] > curve.size[i - 1]),
                function, "size" + entry, curve.size[i],
                "after the entry before it, ordered by network size, then size");
    }
}

JointCurve make_joint_curve(const std::vector<double>& size, const std::vector<double>& network,
                            const std::vector<double>& loss) {
    constexpr auto f = "make_joint_curve";
    detail::require(!size.empty(), f, "number of observations", size.size(), "at least 1");
    const std::string rows = "the number of sizes = " + std::to_string(size.size());
    detail::require(size.size() == network.size(), f, "number of network sizes", network.size(), rows);
    detail::require(size.size() == loss.size(), f, "number of losses", loss.size(), rows);
    std::vector<Observation> all;
    all.reserve(size.size());
    for (std::size_t i = 0; i < size.size(); ++i) {
        const auto entry = [i](const char* name) { return name + ("[" + std::to_string(i) + "]"); };
        if (!(std::isfinite(size[i]) && size[i] > 0))
            detail::require_finite_positive(size[i], f, entry("size"));
        if (!(std::isfinite(network[i]) && network[i] > 0))
            detail::require_finite_positive(network[i], f, entry("network"));
        if (!(std::isfinite(loss[i]) && loss[i] > 0))
            detail::require_finite_positive(loss[i], f, entry("loss"));
        all.push_back({size[i], network[i], std::log(loss[i])});
    }
    std::stable_sort(all.begin(), all.end(), [](const Observation& a, const Observation& b) {
        return a.network != b.network ? a.network < b.network : a.size < b.size;
    });
    struct Pair {
        double size, network, mean;
        double count;
    };
    std::vector<Pair> pairs;
    double squares = 0, freedom = 0;
    bool repeated = true;
    for (std::size_t first = 0, last = 0; first < all.size(); first = last) {
        double sum = 0;
        for (; last < all.size() && all[last].size == all[first].size &&
               all[last].network == all[first].network;
             ++last)
            sum += all[last].log_loss;
        const auto count = static_cast<double>(last - first);
        pairs.push_back({all[first].size, all[first].network, sum / count, count});
        double own = 0;
        for (std::size_t i = first; i < last; ++i) own += std::pow(all[i].log_loss - sum / count, 2);
        if (own > 1e-24 * count) squares += own;  // below: equal losses, the mean of logarithms rounds
        freedom += count - 1;
        repeated = repeated && count >= 2;
    }
    const auto n = static_cast<Eigen::Index>(pairs.size());
    JointCurve curve{Eigen::ArrayXd(n), Eigen::ArrayXd(n), Eigen::ArrayXd(n)};
    if (repeated && squares > 0) curve.log_error.resize(n), curve.error_freedom = freedom;
    for (Eigen::Index i = 0; i < n; ++i) {
        const Pair& pair = pairs[static_cast<std::size_t>(i)];
        curve.size[i] = pair.size, curve.network[i] = pair.network, curve.loss[i] = std::exp(pair.mean);
        if (curve.log_error.size() != 0) curve.log_error[i] = std::sqrt(squares / freedom / pair.count);
    }
    return curve;
}

std::vector<Eigen::VectorXd> AdditiveLaw::starts(const JointCurve& curve) {
    std::vector<Eigen::VectorXd> all;
    for (const double alpha : exponents)
        for (const double beta : exponents) {
            Eigen::MatrixXd columns(curve.points(), 3);
            columns.col(0).setOnes();
            columns.col(1) = curve.size.pow(-alpha);
            columns.col(2) = curve.network.pow(-beta);
            const Eigen::VectorXd c = nonnegative(columns, curve.loss);
            Eigen::VectorXd p(5);
            p << c[0], c[1], alpha, c[2], beta;
            all.push_back(p);
        }
    return all;
}

std::vector<Eigen::VectorXd> InteractingLaw::starts(const JointCurve& curve) {
    return interacting_starts(curve, 0);
}

std::vector<Eigen::VectorXd> InteractingFloorLaw::starts(const JointCurve& curve) {
    std::vector<Eigen::VectorXd> all;
    for (const double share : {0.0, 0.5, 0.9}) {
        const double floor = share * curve.loss.minCoeff();
        for (const Eigen::VectorXd& tail : interacting_starts(curve, floor)) {
            Eigen::VectorXd p(5);
            p << floor, tail;
            all.push_back(p);
        }
    }
    return all;
}

const std::vector<JointLaw>& all_joint_laws() {
    static const std::vector<JointLaw> laws{make_joint_law<AdditiveLaw>(), make_joint_law<InteractingLaw>(),
                                            make_joint_law<InteractingFloorLaw>()};
    return laws;
}

const JointLaw& joint_law_named(std::string_view name) {
    std::string known;
    for (const JointLaw& law : all_joint_laws()) {
        if (law.name == name) return law;
        known += (known.empty() ? "" : ", ") + law.name;
    }
    throw std::invalid_argument("joint law '" + std::string(name) + "' is unknown: one of " + known);
}

namespace detail_joint {

Rows in_units(const JointLaw& law, const JointCurve& curve, double size_unit, double network_unit) {
    Rows rows{size_unit, network_unit, geometric_mean(curve.loss), {}, {}};
    const JointCurve scaled{curve.size / size_unit, curve.network / network_unit, curve.loss / rows.loss_unit,
                            curve.log_error, curve.error_freedom};
    rows.law.name = law.name, rows.law.formula = law.formula, rows.law.source = law.source;
    rows.law.parameters = law.parameters;
    rows.law.evaluate = [evaluate = law.evaluate, size = scaled.size, network = scaled.network](
                            const double* p, double row, double* gradient) {
        const auto i = static_cast<Eigen::Index>(row) - 1;
        return evaluate(p, size[i], network[i], gradient);
    };
    rows.law.starts = [starts = law.starts, scaled](const LearningCurve&) { return starts(scaled); };
    const Eigen::Index n = curve.points();
    rows.curve = {Eigen::ArrayXd::LinSpaced(n, 1, static_cast<double>(n)), scaled.loss, scaled.log_error,
                  scaled.error_freedom};
    return rows;
}

Rows in_means(const JointLaw& law, const JointCurve& curve) {
    return in_units(law, curve, geometric_mean(curve.size), geometric_mean(curve.network));
}

}  // namespace detail_joint

namespace {

/// Covariance in the units of the curve: log(A) there is log(A) + alpha log(size_unit) + log(loss_unit), and
/// so on; derivatives by central differences of the law's own rescaling, which is exact to rounding here.
Eigen::MatrixXd natural_covariance(const JointLaw& law, const detail_joint::Rows& rows, const LawFit& fit) {
    const Eigen::Index k = law.dimension();
    const auto natural = [&](Eigen::VectorXd q) {
        for (Eigen::Index j = 0; j < k; ++j)
            if (law.parameters[static_cast<std::size_t>(j)].logarithmic) q[j] = std::exp(q[j]);
        law.rescale(q.data(), rows.size_unit, rows.network_unit, rows.loss_unit);
        for (Eigen::Index j = 0; j < k; ++j)
            if (law.parameters[static_cast<std::size_t>(j)].logarithmic) q[j] = std::log(q[j]);
        return q;
    };
    Eigen::VectorXd at = fit.parameters;
    for (Eigen::Index j = 0; j < k; ++j)
        if (law.parameters[static_cast<std::size_t>(j)].logarithmic) at[j] = std::log(at[j]);
    Eigen::MatrixXd jacobian(k, k);
    for (Eigen::Index j = 0; j < k; ++j) {
        const Eigen::VectorXd step = 1e-5 * Eigen::VectorXd::Unit(k, j);
        jacobian.col(j) = (natural(at + step) - natural(at - step)) / 2e-5;
    }
    return jacobian * fit.covariance * jacobian.transpose();
}

}  // namespace

JointFit fit_joint(const JointLaw& law, const JointCurve& curve, const FitOptions& options) {
    validate(curve, "fit_joint");
    const detail_joint::Rows rows = detail_joint::in_means(law, curve);
    const LawFit fit = fit_law(rows.law, rows.curve, options);
    JointFit joint;
    joint.law = law, joint.curve = curve, joint.options = options, joint.rows = fit;
    joint.parameters = fit.parameters, joint.basins = fit.basins;
    joint.status = fit.status, joint.message = fit.message;
    joint.cost = fit.cost, joint.freedom = fit.freedom;
    joint.noise = fit.noise, joint.noise_freedom = fit.noise_freedom;
    joint.rank = fit.rank, joint.at_bound = fit.at_bound;
    if (!fit.usable()) return joint;
    const auto natural = [&](Eigen::VectorXd& p) {
        law.rescale(p.data(), rows.size_unit, rows.network_unit, rows.loss_unit);
    };
    natural(joint.parameters);
    for (Basin& basin : joint.basins) natural(basin.parameters);
    joint.covariance = natural_covariance(law, rows, fit);
    return joint;
}

Interval profile_interval(const JointFit& fit, Eigen::Index parameter, double level) {
    constexpr auto f = "profile_interval";
    detail::require(fit.usable(), f, "status of the fit", to_string(fit.status), "converged");
    detail::require(parameter >= 0 && parameter < fit.law.dimension(), f, "parameter", parameter,
                    "between 0 and " + std::to_string(fit.law.dimension() - 1));
    // an amplitude is a parameter at N = 1 or P = 1 only: profiled in those units
    const bool amplitude = fit.law.parameters[static_cast<std::size_t>(parameter)].amplitude;
    const detail_joint::Rows rows = amplitude ? detail_joint::in_units(fit.law, fit.curve, 1, 1)
                                              : detail_joint::in_means(fit.law, fit.curve);
    LawFit scaled = fit.rows;
    scaled.law = rows.law, scaled.curve = rows.curve, scaled.parameters = fit.parameters;
    fit.law.rescale(scaled.parameters.data(), 1 / rows.size_unit, 1 / rows.network_unit, 1 / rows.loss_unit);
    Interval interval = profile_interval(scaled, parameter, level);
    const bool in_loss_units =
        amplitude || fit.law.parameters[static_cast<std::size_t>(parameter)].name == "E";
    if (in_loss_units) interval.lower *= rows.loss_unit, interval.upper *= rows.loss_unit;
    return interval;
}

}  // namespace reconlaw::fit
