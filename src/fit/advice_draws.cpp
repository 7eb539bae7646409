#include "advice_draws.hpp"

#include <Eigen/Eigenvalues>
#include <algorithm>
#include <array>
#include <boost/math/distributions/chi_squared.hpp>
#include <boost/math/special_functions/gamma.hpp>
#include <cmath>
#include <limits>
#include <memory>
#include <utility>

#include "constants.hpp"
#include "formulation.hpp"
#include "joint_rows.hpp"
#include "reconlaw/simulate/random.hpp"

namespace reconlaw::fit::advice_detail {

namespace {

/// A law fitted in units that make its parameters of order one.
struct Model {
    LawFit fit;
    /// First and last x of the power law that each amplitude belongs to, in fitted units; by parameter.
    std::vector<std::pair<double, double>> range;
    std::function<double(const double* p, double size, double network)> loss;  ///< in the units of the curve
    std::function<Eigen::VectorXd(const Eigen::VectorXd&)> natural;            ///< parameters in those units
};

std::pair<double, double> ends(const Eigen::ArrayXd& x) {
    return {x.minCoeff(), x.maxCoeff()};
}

FitOptions fit_options() {
    FitOptions options;
    options.starts = 3, options.max_iterations = 100, options.tolerance = 1e-8;
    return options;
}

Model joint_model(const JointLaw& law, const JointCurve& curve) {
    const detail_joint::Rows rows = detail_joint::in_means(law, curve);
    Model model;
    model.fit = fit_law(rows.law, rows.curve, fit_options());
    const double n = rows.size_unit, p = rows.network_unit, l = rows.loss_unit;
    model.loss = [=, evaluate = law.evaluate](const double* q, double size, double network) {
        return l * evaluate(q, size / n, network / p, nullptr);
    };
    for (const Parameter& parameter : law.parameters)
        model.range.push_back(
            ends(parameter.name == "A" ? Eigen::ArrayXd(curve.size / n) : Eigen::ArrayXd(curve.network / p)));
    model.natural = [=, rescale = law.rescale](Eigen::VectorXd q) {
        rescale(q.data(), n, p, l);
        return q;
    };
    return model;
}

/// A law in one input. To forecast a single network size in another way, replace this and models().
Model single_model(const Law& law, const JointCurve& curve, bool of_network) {
    const Eigen::ArrayXd& x = of_network ? curve.network : curve.size;
    const double unit = geometric_mean(x), l = geometric_mean(curve.loss);
    Model model;
    model.fit = fit_law(law, LearningCurve{x / unit, curve.loss / l, curve.log_error, curve.error_freedom},
                        fit_options());
    model.loss = [=, evaluate = law.evaluate](const double* q, double size, double network) {
        return l * evaluate(q, (of_network ? network : size) / unit, nullptr);
    };
    model.range.assign(law.parameters.size(), ends(x / unit));
    model.natural = [=, rescale = law.rescale](Eigen::VectorXd q) {
        rescale(q.data(), unit, l);
        return q;
    };
    return model;
}

std::vector<Model> models(const JointCurve& curve, Inputs inputs) {
    std::vector<Model> all;
    if (inputs == Inputs::both)
        for (const JointLaw& law : all_joint_laws()) all.push_back(joint_model(law, curve));
    else
        for (const char* name : {"power", "floor", "shifted"})
            all.push_back(single_model(law_named(name), curve, inputs == Inputs::network));
    return all;
}

constexpr double rounding = 1e-5;     ///< relative: losses are not known better
constexpr double largest_miss = 0.2;  ///< of log(loss), root mean square: above it a law describes nothing

/// What is known of the errors of log(loss), for all laws alike; in units of the measured errors, if any.
struct Noise {
    double typical = 1;  ///< of these units
    /// Degrees of freedom that the measured errors add; 0: none, or residuals that are too large for them.
    double measured_freedom = 0;
    double bound = infinity;  ///< of the standard deviation

    /// -2 log of the likelihood of a sum of squared residuals. The standard deviation is integrated out with
    /// weight 1/deviation up to the bound; known errors: it is 1.
    double misfit(double cost, Eigen::Index points) const {
        if (std::isinf(measured_freedom)) return cost;
        const double n = freedom(points), squares = with_errors(cost, points);
        const double shape = n / 2, x = squares / (2 * bound * bound);
        return n * std::log(squares) - 2 * log_upper_gamma(shape, x);
    }
    double freedom(Eigen::Index points) const { return static_cast<double>(points) + measured_freedom; }
    double with_errors(double cost, Eigen::Index points) const {
        return cost + measured_freedom + static_cast<double>(points) * std::pow(rounding / typical, 2);
    }

  private:
    /// log Q(a, x), the regularised upper incomplete gamma function.
    static double log_upper_gamma(double a, double x) {
        if (x < 300 + a) return std::log(std::max(boost::math::gamma_q(a, x), 1e-300));
        return (a - 1) * std::log(x) - x - boost::math::lgamma(a) - std::log1p((1 - a) / x);
    }
};

/// The deviation is at most what the scatter about each law allows (99 % limit; a law that misses the points
/// adds to it), the scatter of log(loss) about its mean, and largest_miss. Without a bound the few degrees of
/// freedom of five or six points allow any noise, hence any curve.
Noise noise_of(const std::vector<Model>& models) {
    const LearningCurve& curve = models.front().fit.curve;
    const Eigen::Index n = curve.points();
    Noise noise;
    if (curve.log_error.size() != 0) {
        noise.typical = geometric_mean(curve.log_error);
        for (const Model& model : models)
            if (model.fit.noise_freedom > static_cast<double>(model.fit.freedom))
                noise.measured_freedom = curve.error_freedom;
    }
    if (std::isinf(noise.measured_freedom)) return noise;
    const Eigen::ArrayXd log_loss = curve.loss.log();
    const double scatter =
        std::sqrt((log_loss - log_loss.mean()).square().sum() / std::max(1.0, static_cast<double>(n - 1)));
    noise.bound = std::clamp(scatter, rounding, largest_miss) / noise.typical;
    for (const Model& model : models) {
        const double freedom = static_cast<double>(model.fit.freedom) + noise.measured_freedom;
        const double low = boost::math::quantile(boost::math::chi_squared(freedom), 0.01);
        noise.bound = std::min(noise.bound, std::sqrt(noise.with_errors(model.fit.cost, n) / low));
    }
    return noise;
}

/// Logarithm of the posterior density in the fitted coordinates (logarithms of the logarithmic parameters):
/// errors of log(loss) Gaussian.
class Posterior {
  public:
    Posterior(const Model& model, const Noise& noise)
        : fit_(model.fit),
          range_(model.range),
          noise_(noise),
          form_(model.fit.law, model.fit.curve, Residual::log, 1, 1) {}

    double operator()(const Eigen::VectorXd& q) const {
        double prior = 0, begin = 0;  // where the power law begins: N0 of the shifted law
        if (q.cwiseAbs().maxCoeff() > log_limit) return -infinity;
        const Eigen::VectorXd p = form_.parameters(q);
        for (Eigen::Index j = 0; j < q.size(); ++j) {
            const Parameter& parameter = fit_.law.parameters[static_cast<std::size_t>(j)];
            if (!(p[j] >= parameter.lower && p[j] <= parameter.upper)) return -infinity;
            if (parameter.logarithmic && !parameter.amplitude)
                prior -= 0.5 * std::pow(q[j] - std::log(0.4), 2);
            else if (parameter.name == "N0")
                begin = p[j], prior -= 2 * std::log1p(begin);
        }
        // Flat in what an amplitude changes over the points, not in the amplitude: where the points leave its
        // exponent (the next parameter) open, this does not favour slow power laws.
        for (Eigen::Index j = 0; j + 1 < q.size(); ++j)
            if (fit_.law.parameters[static_cast<std::size_t>(j)].amplitude) {
                const auto [first, last] = range_[static_cast<std::size_t>(j)];
                const double e = std::abs(p[j + 1]), change = e * std::log((last + begin) / (first + begin));
                prior += q[j] - e * std::log(first + begin) + std::log(-std::expm1(-std::max(change, 1e-12)));
            }
        const double cost = form_.cost(q);
        return std::isfinite(cost) ? prior - 0.5 * noise_.misfit(cost, form_.points()) : -infinity;
    }

    /// The best fit with coordinate `held` at a given value, from `start`.
    Eigen::VectorXd refit(Eigen::VectorXd start, Eigen::Index held, double value) {
        start[held] = value;
        LeastSquaresProblem& problem = form_.problem();
        problem.fixed.assign(static_cast<std::size_t>(start.size()), false);
        problem.fixed[static_cast<std::size_t>(held)] = true;
        LeastSquaresOptions options;
        options.max_iterations = 50, options.tolerance = 1e-8;
        return least_squares(problem, start, options).parameters;
    }

  private:
    const LawFit& fit_;
    const std::vector<std::pair<double, double>>& range_;
    const Noise& noise_;
    Formulation form_;
};

/// Uniform numbers in (0, 1), a pure function of their place.
std::array<double, 3> uniforms(const DrawKey& key, std::uint64_t step, std::uint64_t walker) {
    using random_detail::Philox;
    const auto bits = Philox()(Philox::ctr_type{{step, walker, 0, 2}}, random_detail::philox_key(key));
    const auto u = [](std::uint64_t b) { return (static_cast<double>(b >> 11) + 0.5) * 0x1p-53; };
    return {u(bits[0]), u(bits[1]), u(bits[2])};
}

/// Draws from the posterior of a fitted law, one a column, in natural form (no logarithms): ensemble sampler
/// with stretch moves (Goodman & Weare 2010), started around the best fit.
Eigen::MatrixXd sample_parameters(const Model& model, const Noise& noise, int count, const DrawKey& key) {
    const LawFit& fit = model.fit;
    const Eigen::Index k = fit.law.dimension(), walkers = 8 * ((4 * k + 7) / 8);
    const int thin = 5, kept = static_cast<int>((count + walkers - 1) / walkers), warm_up = 40 * thin;
    Posterior density(model, noise);
    Eigen::VectorXd best = fit.parameters;
    for (Eigen::Index j = 0; j < k; ++j)
        if (fit.law.parameters[static_cast<std::size_t>(j)].logarithmic)
            best[j] = std::log(std::max(best[j], 1e-6));

    // covariance with standard deviations of at most one along its axes
    Eigen::MatrixXd covariance = fit.covariance;
    for (Eigen::Index j = 0; j < k; ++j)
        if (covariance(j, j) == 0) covariance(j, j) = 0.05 * 0.05;  // at a bound
    const Eigen::SelfAdjointEigenSolver<Eigen::MatrixXd> axes(covariance);
    const Eigen::VectorXd lengths = axes.eigenvalues().cwiseMax(1e-8).cwiseMin(1.0).cwiseSqrt();
    const Eigen::MatrixXd normals = normal_matrix(key, 0, k, walkers);
    Eigen::MatrixXd at(k, walkers);
    Eigen::VectorXd height(walkers);
    // exponents that the points leave open: walkers are spread along the valley, where a few moves would not
    // carry them
    std::vector<Eigen::Index> open;
    const double highest = density(best);
    for (Eigen::Index j = 0; j < k; ++j) {
        const Parameter& p = fit.law.parameters[static_cast<std::size_t>(j)];
        if (!p.logarithmic || p.amplitude) continue;
        const auto holds = [&](double step) {
            return density(density.refit(best, j, best[j] + step)) > highest - 3;
        };
        if (holds(0.3) || holds(-0.3)) open.push_back(j);
    }
    for (Eigen::Index w = 0; w < walkers; ++w) {
        double shrink = 1;
        do {
            at.col(w) = best + shrink * axes.eigenvectors() * lengths.cwiseProduct(normals.col(w));
            for (Eigen::Index j = 0; j < k; ++j)
                if (!fit.law.parameters[static_cast<std::size_t>(j)].logarithmic &&
                    fit.law.parameters[static_cast<std::size_t>(j)].lower == 0)
                    at(j, w) = std::abs(at(j, w));
            height[w] = density(at.col(w));
            shrink *= 0.5;
        } while (!std::isfinite(height[w]) && shrink > 1e-6);
        if (open.empty() || w % 2 == 0) continue;
        const Eigen::Index held = open[static_cast<std::size_t>(w / 2) % open.size()];
        for (std::uint64_t attempt = 0; attempt < 8; ++attempt) {
            const double exponent = normal_value(key, 1, attempt, static_cast<std::uint64_t>(w));
            const Eigen::VectorXd far = density.refit(best, held, std::log(0.4) + exponent);
            const double there = density(far);
            if (!(there > highest - 6)) continue;
            at.col(w) = far, height[w] = there;
            break;
        }
    }
    Eigen::MatrixXd draws(k, kept * walkers);
    const Eigen::Index half = walkers / 2;
    for (int step = 0; step < warm_up + kept * thin; ++step) {
        for (Eigen::Index w = 0; w < walkers; ++w) {
            const auto [a, b, c] =
                uniforms(key, static_cast<std::uint64_t>(step), static_cast<std::uint64_t>(w));
            const Eigen::Index other =
                (w < half ? half : 0) +
                std::min(half - 1, static_cast<Eigen::Index>(a * static_cast<double>(half)));
            const double z = std::pow(b + 1, 2) / 2;  // density 1/sqrt(z) on [1/2, 2]
            const Eigen::VectorXd proposal = at.col(other) + z * (at.col(w) - at.col(other));
            const double there = density(proposal);
            if (std::log(c) < static_cast<double>(k - 1) * std::log(z) + there - height[w])
                at.col(w) = proposal, height[w] = there;
        }
        const int after = step - warm_up;
        if (after >= 0 && after % thin == thin - 1) draws.middleCols(after / thin * walkers, walkers) = at;
    }
    for (Eigen::Index j = 0; j < k; ++j)
        if (fit.law.parameters[static_cast<std::size_t>(j)].logarithmic)
            draws.row(j) = draws.row(j).array().exp();
    return draws;
}

/// Akaike's criterion without the small-sample correction: the laws with a floor contain those without, and
/// at few points that correction would drop them, and hide what is not known (docs/advise.md's table: with it
/// the curve at eight sizes that is none of the laws is covered in a third, not 92 %).
double criterion(const LawFit& fit, const Noise& noise) {
    const Eigen::Index n = fit.curve.points();
    const double parameters = 2 * static_cast<double>(fit.law.dimension());
    if (std::isinf(noise.measured_freedom)) return fit.cost + parameters;
    return noise.freedom(n) * std::log(noise.with_errors(fit.cost, n)) + parameters;
}

bool has_floor(const Law& law) {
    return law.parameters.front().name == "E";
}

/// Laws that may vote: two degrees of freedom or more; fewer only for the freest of those with a floor, or
/// of those without, as either kind has to be heard.
void keep_voters(std::vector<Model>& models, std::vector<std::string>& notes) {
    const auto usable = [](const Model& m) { return m.fit.usable() && m.fit.freedom >= 1; };
    std::array<Eigen::Index, 2> most{0, 0};
    for (const Model& m : models)
        if (usable(m)) most[has_floor(m.fit.law)] = std::max(most[has_floor(m.fit.law)], m.fit.freedom);
    const auto votes = [&](const Model& m) {
        return usable(m) && m.fit.freedom >= std::min<Eigen::Index>(2, most[has_floor(m.fit.law)]);
    };
    for (const Model& m : models)
        if (!votes(m))
            notes.push_back(m.fit.law.name + " law left out: " +
                            (m.fit.message.empty()
                                 ? std::to_string(m.fit.law.dimension()) + " parameters for " +
                                       std::to_string(m.fit.curve.points()) + " points"
                                 : m.fit.message));
    std::erase_if(models, [&](const Model& m) { return !votes(m); });
}

std::string trouble(const LawFit& fit) {
    if (fit.status != FitStatus::converged) return fit.message;
    if (fit.rank < fit.law.dimension())
        return "only " + std::to_string(fit.rank) + " of " + std::to_string(fit.law.dimension()) +
               " parameters are determined";
    return "";
}

}  // namespace

Inputs inputs_of(const JointCurve& curve) {
    const std::size_t sizes = distinct(curve.size).size(), networks = distinct(curve.network).size();
    if (sizes > 1 && networks > 1) return Inputs::both;
    if (sizes > 1) return Inputs::data;
    return networks > 1 ? Inputs::network : Inputs::none;
}

Sample draw_curves(const JointCurve& curve, Inputs inputs, int count, std::uint64_t seed) {
    Sample sample;
    std::vector<Model> all = models(curve, inputs);
    keep_voters(all, sample.notes);
    if (all.empty()) {
        sample.reason = "too few points: " + std::to_string(curve.points()) +
                        " different ones, and no law has fewer parameters";
        return sample;
    }
    double closest = infinity;
    for (const Model& model : all) closest = std::min(closest, model.fit.log_rmse());
    if (closest > largest_miss) {
        sample.reason = "no law describes these points: the closest misses them by " +
                        std::to_string(std::lround(100 * closest)) +
                        " % (mixed units, or runs of different kinds?)";
        return sample;
    }

    const Noise noise = noise_of(all);
    double least = infinity;
    std::vector<double> weight;
    for (const Model& model : all) {
        weight.push_back(criterion(model.fit, noise));
        least = std::min(least, weight.back());
    }
    double sum = 0;
    // a floor or none as likely before the fit: the two laws of one input with a floor share one vote
    for (std::size_t i = 0; i < all.size(); ++i)
        sum += weight[i] = std::exp(-0.5 * (weight[i] - least)) *
                           (inputs != Inputs::both && all[i].fit.law.name != "power" ? 0.5 : 1.0);

    struct Curve {
        std::size_t model;
        Eigen::VectorXd parameters;
    };
    const auto curves = std::make_shared<std::vector<Curve>>();
    double cumulated = 0;
    for (std::size_t i = 0; i < all.size(); ++i) {
        weight[i] /= sum;
        const auto first = static_cast<Eigen::Index>(std::lround(cumulated * count));
        cumulated += weight[i];
        const Eigen::Index wanted = static_cast<Eigen::Index>(std::lround(cumulated * count)) - first;
        const LawFit& fit = all[i].fit;
        sample.noise += weight[i] * fit.noise * noise.typical;
        sample.laws.push_back(
            {fit.law.name, weight[i], fit.log_rmse(), all[i].natural(fit.parameters), trouble(fit)});
        if (wanted == 0) continue;
        const Eigen::MatrixXd draws =
            sample_parameters(all[i], noise, static_cast<int>(std::max<Eigen::Index>(wanted, 50)),
                              {seed, static_cast<std::uint32_t>(i), 0});
        for (Eigen::Index d = 0; d < wanted; ++d)
            curves->push_back({i, draws.col(d * draws.cols() / wanted)});
    }
    std::stable_sort(sample.laws.begin(), sample.laws.end(),
                     [](const LawShare& a, const LawShare& b) { return a.weight > b.weight; });
    sample.curves.count = static_cast<Eigen::Index>(curves->size());
    const auto shared_models = std::make_shared<std::vector<Model>>(std::move(all));
    sample.curves.loss = [curves, shared_models](Eigen::Index index, double size, double network) {
        const Curve& c = (*curves)[static_cast<std::size_t>(index)];
        return (*shared_models)[c.model].loss(c.parameters.data(), size, network);
    };
    return sample;
}

Estimate summary(std::vector<double> values, double level, double widening) {
    std::sort(values.begin(), values.end());
    const auto quantile = [&](double q) {
        const double place = q * static_cast<double>(values.size() - 1);
        const auto below = static_cast<std::size_t>(place);
        const std::size_t above = std::min(below + 1, values.size() - 1);
        if (values[below] == values[above]) return values[below];  // also where both are infinite
        return values[below] + (place - static_cast<double>(below)) * (values[above] - values[below]);
    };
    const double middle = quantile(0.5), low = quantile(0.5 - level / 2), high = quantile(0.5 + level / 2);
    if (!std::isfinite(middle)) return {middle, low, high};
    return {middle, middle + widening * (low - middle), middle + widening * (high - middle)};
}

}  // namespace reconlaw::fit::advice_detail
