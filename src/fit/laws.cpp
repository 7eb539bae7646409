#include "reconlaw/fit/laws.hpp"

#include <Eigen/QR>
#include <algorithm>
#include <cmath>
#include <initializer_list>
#include <stdexcept>

namespace reconlaw::fit {

namespace {

Eigen::VectorXd vector(std::initializer_list<double> values) {
    Eigen::VectorXd v(static_cast<Eigen::Index>(values.size()));
    std::copy(values.begin(), values.end(), v.begin());
    return v;
}

/// Minimises sum ((E + B phi - L)/L)^2 over E >= 0 and B > 0: two linear parameters, relative residuals.
std::pair<double, double> floor_and_amplitude(const Eigen::ArrayXd& phi, const Eigen::ArrayXd& loss) {
    const Eigen::ArrayXd w = loss.square().inverse(), wp = w * phi;
    const double a = w.sum(), b = wp.sum(), c = (wp * phi).sum(), y = (w * loss).sum(), z = (wp * loss).sum();
    const double determinant = a * c - b * b;
    double floor = determinant > 1e-12 * a * c ? (c * y - b * z) / determinant : 0;
    floor = std::clamp(floor, 0.0, 0.999 * loss.minCoeff());
    return {floor, std::max((z - b * floor) / c, 1e-6 * loss.mean())};
}

std::vector<double> geometric(double first, double last, int count) {
    std::vector<double> grid;
    for (int i = 0; i < count; ++i)
        grid.push_back(first *
                       std::pow(last / first, count == 1 ? 0.0 : static_cast<double>(i) / (count - 1)));
    return grid;
}

constexpr double slowest = 0.03, fastest = 3;  // exponents of the grids

}  // namespace

std::vector<Eigen::VectorXd> PowerLaw::starts(const LearningCurve& curve) {
    const Eigen::ArrayXd u = curve.size.log(), v = curve.loss.log();
    const Eigen::ArrayXd centred = u - u.mean();
    const double spread = centred.square().sum();
    const double slope = spread > 0 ? (centred * v).sum() / spread : 0;
    return {vector({std::exp(v.mean() - slope * u.mean()), -slope})};
}

std::vector<Eigen::VectorXd> FloorLaw::starts(const LearningCurve& curve) {
    std::vector<Eigen::VectorXd> all;
    for (const double alpha : geometric(slowest, fastest, 12)) {
        const auto [floor, amplitude] = floor_and_amplitude(curve.size.pow(-alpha), curve.loss);
        all.push_back(vector({floor, amplitude, alpha}));
    }
    return all;
}

std::vector<Eigen::VectorXd> ShiftedLaw::starts(const LearningCurve& curve) {
    std::vector<Eigen::VectorXd> all;
    for (const double shift : {0.0, 1.0, 10.0, 100.0})
        for (const double alpha : geometric(slowest, fastest, 8)) {
            const double begin = shift * curve.size.minCoeff();
            const auto [floor, amplitude] = floor_and_amplitude((curve.size + begin).pow(-alpha), curve.loss);
            all.push_back(vector({floor, amplitude, alpha, begin}));
        }
    return all;
}

std::vector<Eigen::VectorXd> SaturatingLaw::starts(const LearningCurve& curve) {
    std::vector<Eigen::VectorXd> all;
    const Eigen::ArrayXd u = curve.size.log() - curve.size.log().mean();
    const double spread = std::max(u.square().sum(), 1e-12);
    for (const double floor : {0.0, 0.5, 0.8, 0.95})
        for (const double ceiling : {1.02, 1.3, 2.0})
            for (const double gamma : {0.2, 0.7, 2.0}) {
                const double e = floor * curve.loss.minCoeff(), r = ceiling * curve.loss.maxCoeff() - e;
                const Eigen::ArrayXd v = (curve.loss - e).log() - gamma * (1 - (curve.loss - e) / r).log();
                const double alpha = std::clamp(-(u * v).sum() / spread, slowest, 2 * fastest);
                all.push_back(
                    vector({e, std::exp(v.mean() + alpha * curve.size.log().mean()), alpha, r, gamma}));
            }
    return all;
}

std::vector<Eigen::VectorXd> ExponentialLaw::starts(const LearningCurve& curve) {
    std::vector<Eigen::VectorXd> all;
    for (const double scale : geometric(curve.size.minCoeff() / 3, 3 * curve.size.maxCoeff(), 12)) {
        const auto [floor, amplitude] = floor_and_amplitude((-curve.size / scale).exp(), curve.loss);
        all.push_back(vector({floor, amplitude, scale}));
    }
    return all;
}

std::vector<Eigen::VectorXd> LogarithmicLaw::starts(const LearningCurve& curve) {
    const Eigen::ArrayXd u = curve.size.log(), w = curve.loss.square().inverse();
    const double mean = (w * u).sum() / w.sum(), height = (w * curve.loss).sum() / w.sum();
    const double spread = (w * (u - mean).square()).sum();
    const double slope = spread > 0 ? (w * (u - mean) * curve.loss).sum() / spread : 0;
    const double positive = std::min(-slope, 0.99 * height / std::max(u.maxCoeff() - mean, 1e-12));
    return {vector({height + positive * mean, positive})};
}

std::vector<Eigen::VectorXd> broken_starts(const LearningCurve& curve, int breaks, bool smooth) {
    const Eigen::ArrayXd u = curve.size.log();
    const double first = u.minCoeff(), range = u.maxCoeff() - first;
    // breaks at k/6 of the range of log N, in ascending order
    std::vector<std::vector<double>> places{{}};
    for (int b = 0; b < breaks; ++b) {
        std::vector<std::vector<double>> longer;
        for (const auto& before : places)
            for (int k = 1; k < 6; ++k) {
                const double place = first + range * k / 6.0;
                if (!before.empty() && place <= before.back() + range / 100) continue;
                longer.push_back(before);
                longer.back().push_back(place);
            }
        places = std::move(longer);
    }
    std::vector<Eigen::VectorXd> all;
    for (const double share : smooth ? std::vector<double>{0, 0.6, 0.9} : std::vector<double>{0}) {
        const double floor = share * curve.loss.minCoeff();
        const Eigen::VectorXd v = (curve.loss - floor).log();
        for (const auto& place : places) {
            Eigen::MatrixXd basis(u.size(), 2 + breaks);
            basis.col(0).setOnes();
            basis.col(1) = -u;
            for (int b = 0; b < breaks; ++b)
                basis.col(2 + b) = -(u - place[static_cast<std::size_t>(b)]).max(0.0);
            const Eigen::VectorXd line = basis.completeOrthogonalDecomposition().solve(v);
            for (const double width : smooth ? std::vector<double>{0.1, 0.5} : std::vector<double>{0}) {
                std::vector<double> p;
                if (smooth) p.push_back(floor);
                p.push_back(std::exp(std::clamp(line[0], -100.0, 100.0)));
                p.push_back(std::clamp(line[1], -20.0, 20.0));
                for (int b = 0; b < breaks; ++b) {
                    p.push_back(std::clamp(line[2 + b], -20.0, 20.0));
                    p.push_back(std::exp(place[static_cast<std::size_t>(b)]));
                    if (smooth) p.push_back(width);
                }
                all.push_back(Eigen::Map<Eigen::VectorXd>(p.data(), static_cast<Eigen::Index>(p.size())));
            }
        }
    }
    return all;
}

Eigen::ArrayXd Law::values(const Eigen::VectorXd& p, const Eigen::ArrayXd& size) const {
    Eigen::ArrayXd all(size.size());
    for (Eigen::Index i = 0; i < size.size(); ++i) all[i] = evaluate(p.data(), size[i], nullptr);
    return all;
}

const std::vector<Law>& all_laws() {
    static const std::vector<Law> laws{
        make_law<PowerLaw>(),       make_law<FloorLaw>(),        make_law<ShiftedLaw>(),
        make_law<SaturatingLaw>(),  make_law<BrokenLaw<1>>(),    make_law<BrokenLaw<2>>(),
        make_law<BrokenLaw<3>>(),   make_law<PiecewiseLaw<1>>(), make_law<PiecewiseLaw<2>>(),
        make_law<ExponentialLaw>(), make_law<LogarithmicLaw>()};
    return laws;
}

const Law& law_named(std::string_view name) {
    std::string known;
    for (const Law& law : all_laws()) {
        if (law.name == name) return law;
        known += (known.empty() ? "" : ", ") + law.name;
    }
    throw std::invalid_argument("law '" + std::string(name) + "' is unknown: one of " + known);
}

}  // namespace reconlaw::fit
