// NIST StRD nonlinear regression, twenty problems from both published starts.
//
// Solved: every parameter and the residual sum of squares agree with the certified values to 6 digits or
// more, digits = -log10(|value/certified - 1|). Certified to eleven.

#include <ceres/jet.h>
#include <doctest/doctest.h>

#include <algorithm>
#include <cmath>
#include <cstdio>
#include <fstream>
#include <map>
#include <sstream>
#include <string>
#include <vector>

#include "fit/example_laws.hpp"
#include "support/check_close.hpp"

using namespace reconlaw::fit;

namespace {

struct Problem {
    Eigen::VectorXd start[2], certified;
    double squares = 0;
    Eigen::ArrayXd y, x, x2;  ///< x2: second input, Nelson only
};

Problem read(const std::string& name) {
    const std::string path = std::string(RECONLAW_NIST_DIR) + "/" + name + ".txt";
    std::ifstream in(path);
    REQUIRE_MESSAGE(in.good(), path);
    std::vector<std::array<double, 3>> parameters, rows;
    Problem problem;
    std::string line;
    std::size_t expected = 0;
    while (std::getline(in, line)) {
        if (line.empty() || line[0] == '#') continue;
        std::istringstream words(line);
        std::array<double, 3> row{};
        std::string key;
        if (expected == 0) {
            words >> key;
            if (key == "rss")
                words >> problem.squares;
            else if (key == "points")
                words >> expected;
            else
                words >> row[0] >> row[1] >> row[2], parameters.push_back(row);
        } else {
            words >> row[0] >> row[1];
            if (!(words >> row[2])) row[2] = 0;
            rows.push_back(row);
        }
    }
    REQUIRE(rows.size() == expected);
    REQUIRE(expected > 0);
    const auto column = [](const std::vector<std::array<double, 3>>& table, std::size_t c) {
        Eigen::ArrayXd all(static_cast<Eigen::Index>(table.size()));
        for (std::size_t i = 0; i < table.size(); ++i) all[static_cast<Eigen::Index>(i)] = table[i][c];
        return all;
    };
    problem.start[0] = column(parameters, 0), problem.start[1] = column(parameters, 1);
    problem.certified = column(parameters, 2);
    problem.y = column(rows, 0), problem.x = column(rows, 1), problem.x2 = column(rows, 2);
    return problem;
}

/// Residual of a model b, x, x2 -> y, with derivatives by ceres::Jet.
template <int k, class F>
ResidualFunction residual(const Problem& problem, F model) {
    return [&problem, model](Eigen::Index row, const double* b, double* r, double* gradient) {
        std::array<ceres::Jet<double, k>, k> jets;
        for (int j = 0; j < k; ++j) jets[static_cast<std::size_t>(j)] = ceres::Jet<double, k>(b[j], j);
        const ceres::Jet<double, k> value = model(jets.data(), problem.x[row], problem.x2[row]);
        *r = value.a - problem.y[row];
        if (gradient != nullptr) std::copy(value.v.begin(), value.v.end(), gradient);
        return true;
    };
}

ResidualFunction model(const std::string& name, Problem& problem) {
    const auto& p = problem;
    constexpr double pi = 3.14159265358979323846;
    if (name == "DanWood")
        return residual<2>(p, [](auto* b, double x, double) { return b[0] * pow(x, b[1]); });
    if (name == "Bennett5")
        return residual<3>(p, [](auto* b, double x, double) { return b[0] * pow(b[1] + x, -1.0 / b[2]); });
    if (name == "BoxBOD" || name == "Misra1a")
        return residual<2>(p, [](auto* b, double x, double) { return b[0] * (1.0 - exp(-b[1] * x)); });
    if (name == "Misra1b")
        return residual<2>(p, [](auto* b, double x, double) {
            const auto u = 1.0 + b[1] * x / 2.0;
            return b[0] * (1.0 - 1.0 / (u * u));
        });
    if (name == "Chwirut2")
        return residual<3>(p, [](auto* b, double x, double) { return exp(-b[0] * x) / (b[1] + b[2] * x); });
    if (name == "Lanczos3")
        return residual<6>(p, [](auto* b, double x, double) {
            return b[0] * exp(-b[1] * x) + b[2] * exp(-b[3] * x) + b[4] * exp(-b[5] * x);
        });
    if (name == "MGH17")
        return residual<5>(p, [](auto* b, double x, double) {
            return b[0] + b[1] * exp(-x * b[3]) + b[2] * exp(-x * b[4]);
        });
    if (name == "Gauss1")
        return residual<8>(p, [](auto* b, double x, double) {
            const auto u = (x - b[3]) / b[4], v = (x - b[6]) / b[7];
            return b[0] * exp(-b[1] * x) + b[2] * exp(-u * u) + b[5] * exp(-v * v);
        });
    if (name == "Eckerle4")
        return residual<3>(p, [](auto* b, double x, double) {
            const auto u = (x - b[2]) / b[1];
            return b[0] / b[1] * exp(-0.5 * u * u);
        });
    if (name == "Kirby2")
        return residual<5>(p, [](auto* b, double x, double) {
            return (b[0] + x * (b[1] + x * b[2])) / (1.0 + x * (b[3] + x * b[4]));
        });
    if (name == "Hahn1" || name == "Thurber")
        return residual<7>(p, [](auto* b, double x, double) {
            return (b[0] + x * (b[1] + x * (b[2] + x * b[3]))) / (1.0 + x * (b[4] + x * (b[5] + x * b[6])));
        });
    if (name == "MGH09")
        return residual<4>(p, [](auto* b, double x, double) {
            return b[0] * (x * x + x * b[1]) / (x * x + x * b[2] + b[3]);
        });
    if (name == "MGH10")
        return residual<3>(p, [](auto* b, double x, double) { return b[0] * exp(b[1] / (x + b[2])); });
    if (name == "Rat42")
        return residual<3>(p, [](auto* b, double x, double) { return b[0] / (1.0 + exp(b[1] - b[2] * x)); });
    if (name == "Rat43")
        return residual<4>(
            p, [](auto* b, double x, double) { return b[0] / pow(1.0 + exp(b[1] - b[2] * x), 1.0 / b[3]); });
    if (name == "Roszman1")
        return residual<4>(
            p, [](auto* b, double x, double) { return b[0] - b[1] * x - atan(b[2] / (x - b[3])) / pi; });
    if (name == "ENSO")
        return residual<9>(p, [](auto* b, double x, double) {
            const double year = 2 * pi * x / 12;
            const auto u = 2 * pi * x / b[3], v = 2 * pi * x / b[6];
            return b[0] + b[1] * std::cos(year) + b[2] * std::sin(year) + b[4] * cos(u) + b[5] * sin(u) +
                   b[7] * cos(v) + b[8] * sin(v);
        });
    REQUIRE(name == "Nelson");
    problem.y = problem.y.log().eval();
    return residual<3>(p, [](auto* b, double x, double x2) { return b[0] - b[1] * x * exp(-b[2] * x2); });
}

double digits(double value, double certified) {
    const double error = std::abs(value / certified - 1);
    return std::isfinite(error) ? std::min(11.0, -std::log10(std::max(error, 1e-16))) : 0;
}

/// The least digits over the parameters and the sum of squares.
double digits(const Eigen::VectorXd& b, double squares, const Problem& problem) {
    double least = digits(squares, problem.squares);
    for (Eigen::Index j = 0; j < b.size(); ++j) least = std::min(least, digits(b[j], problem.certified[j]));
    return least;
}

/// Starts from which Levenberg-Marquardt ends elsewhere, and why. Measured: BoxBOD 1 ends at b1 = 172.7 (the
/// mean), b2 = 70 with a sum of squares of 9771.5, -2.1 digits.
const std::map<std::string, std::string> known_failures{
    {"BoxBOD 1", "its first step leads to a large b2, where exp(-b2 x) has vanished and the cost is flat"}};

/// Bennett5 as a law, with the sign of y changed: beta (N + N0)^-alpha.
struct ShiftedWithoutFloor {
    static constexpr std::string_view name = "shifted-0", formula = "beta (N + N0)^-alpha", source = "test";
    static constexpr std::array parameters{parameter::amplitude, parameter::exponent,
                                           Parameter{"N0", 0, parameter::infinity, false, false, "shift"}};
    template <class T>
    static T value(const T* p, double size) {
        return p[0] * exp(-p[1] * log(p[2] + size));
    }
    static void rescale(double* p, double size_unit, double loss_unit) {
        p[0] *= loss_unit * std::pow(size_unit, p[1]), p[2] *= size_unit;
    }
    static std::vector<Eigen::VectorXd> starts(const LearningCurve& curve) {
        std::vector<Eigen::VectorXd> all;
        for (const double shift : {0.1, 1.0, 10.0}) {
            Eigen::VectorXd p(3);
            p << curve.loss.mean(), 1, shift;
            all.push_back(p);
        }
        return all;
    }
};

FitOptions exact() {
    FitOptions options;
    options.residual = Residual::absolute;
    options.tolerance = 1e-15;
    options.max_iterations = 20000;
    return options;
}

}  // namespace

TEST_CASE("NIST StRD: six digits and more") {
    std::string table = "problem    level    start  digits  iterations  status\n";
    for (const char* name : {"Bennett5", "BoxBOD", "Chwirut2", "DanWood", "ENSO",     "Eckerle4", "Gauss1",
                             "Hahn1",    "Kirby2", "Lanczos3", "MGH09",   "MGH10",    "MGH17",    "Misra1a",
                             "Misra1b",  "Nelson", "Rat42",    "Rat43",   "Roszman1", "Thurber"}) {
        Problem data = read(name);
        LeastSquaresProblem problem;
        problem.residuals = data.y.size();
        problem.residual = model(name, data);
        LeastSquaresOptions options;
        options.max_iterations = 20000;
        options.tolerance = 1e-20;
        for (int start = 0; start < 2; ++start) {
            const LeastSquaresResult found = least_squares(problem, data.start[start], options);
            const double reached = digits(found.parameters, found.cost, data);
            char line[120];
            std::snprintf(line, sizeof line, "%-10s %d      %5.1f  %10d  %s\n", name, start + 1, reached,
                          found.iterations, to_string(found.status).c_str());
            table += line;
            INFO(line);
            const auto known = known_failures.find(std::string(name) + " " + std::to_string(start + 1));
            if (known == known_failures.end()) {
                CHECK(reached >= 6);
                CHECK(found.status == FitStatus::converged);
            } else {
                INFO("if this now converges, take it off the list: ", known->second);
                CHECK(reached < 6);
            }
        }
    }
    MESSAGE(table);
}

TEST_CASE("NIST StRD: BoxBOD from its far start, with b2 kept in a range") {
    Problem data = read("BoxBOD");
    LeastSquaresProblem problem;
    problem.residuals = data.y.size();
    problem.residual = model("BoxBOD", data);
    problem.lower = Eigen::VectorXd::Zero(2), problem.upper = Eigen::VectorXd::Constant(2, 2);
    problem.upper[0] = 1e4;
    LeastSquaresOptions options;
    options.tolerance = 1e-15;
    const LeastSquaresResult found = least_squares(problem, data.start[0], options);
    CHECK(digits(found.parameters, found.cost, data) >= 6);
}

TEST_CASE("NIST StRD as laws: DanWood is a power law, Bennett5 a shifted one") {
    const Problem wood = read("DanWood");
    const LawFit power = fit_law(law_named("power"), {wood.x, wood.y}, exact());
    REQUIRE(power.usable());
    CHECK(digits(power.parameters[0], wood.certified[0]) >= 6);
    CHECK(digits(-power.parameters[1], wood.certified[1]) >= 6);
    CHECK(digits(power.cost, wood.squares) >= 6);

    const Problem bennett = read("Bennett5");
    const LawFit shifted = fit_law(make_law<ShiftedWithoutFloor>(), {bennett.x, -bennett.y}, exact());
    REQUIRE(shifted.usable());
    CHECK(digits(-shifted.parameters[0], bennett.certified[0]) >= 6);
    CHECK(digits(shifted.parameters[2], bennett.certified[1]) >= 6);
    CHECK(digits(1 / shifted.parameters[1], bennett.certified[2]) >= 6);
    CHECK(digits(shifted.cost, bennett.squares) >= 6);
}
