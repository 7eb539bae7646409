#pragma once
#include <random>

#include "reconlaw/problem/linear_gaussian.hpp"

/// A problem with `groups` distinct eigenvalues over two decades, random multiplicities and weights, p
/// about 60.
inline reconlaw::LinearGaussianProblem<double> random_problem(unsigned seed, int groups) {
    std::mt19937 g(seed);
    std::uniform_real_distribution<double> u(0.0, 1.0);
    reconlaw::LinearGaussianProblem<double> p;
    p.eigenvalue.resize(groups), p.multiplicity.resize(groups), p.weight.resize(groups);
    for (int i = 0; i < groups; ++i) {
        p.eigenvalue[i] = std::pow(10.0, 0.5 - 2.0 * (i + 0.6 * u(g)) / groups);
        p.multiplicity[i] = 1 + std::floor(u(g) * 120.0 / groups);
        p.weight[i] = u(g);
    }
    p.floor = 0.1 + u(g);
    p.training_noise = p.floor * (1.0 + u(g));
    return p;
}
