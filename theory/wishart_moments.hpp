#pragma once
/// Exact moments of the sample covariance of real Gaussian data, by Wick's theorem.

#include <Eigen/Core>
#include <cmath>
#include <cstdint>
#include <unordered_map>
#include <vector>

#include "reconlaw/problem/linear_gaussian.hpp"

namespace reconlaw::theory {

/// E[S^a Sigma S^b] for S = YY'/N, a + b <= 7: a function of Sigma, so one number per population eigenvalue.
///
/// S^a Sigma S^b is a chain of 2 (a + b) Gaussian vectors y, two per sample index. Each of the (2(a+b) - 1)!!
/// ways to pair them contributes N^(free sample indices - a - b) times a power of Sigma (the open chain
/// through the product) times traces of powers of Sigma (the closed loops):
///
///     E[S^a Sigma S^b] = sum over pairings N^(q - a - b) Sigma^(length of the chain) prod over loops tr
///     Sigma^(length)
class WishartMoment {
  public:
    WishartMoment(int a, int b) : factors_(a + b), break_(a) {
        partner_.assign(static_cast<std::size_t>(2 * factors_), -1);
        pair_up();
    }

    /// For p eigenvalues with multiplicities and N samples; element i belongs to eigenvalue i.
    Eigen::ArrayXd operator()(const LinearGaussianProblem<double>& problem, double training_size) const {
        std::vector<Eigen::ArrayXd> power{Eigen::ArrayXd::Ones(problem.size())};  // lambda^p
        std::vector<double> trace{0.0};
        for (int p = 1; p <= max_length; ++p) {
            power.emplace_back(power.back() * problem.eigenvalue);
            trace.push_back((problem.multiplicity * power.back()).sum());
        }
        Eigen::ArrayXd sum = Eigen::ArrayXd::Zero(problem.size());
        for (const auto& [key, count] : terms_) {
            double value = count * std::pow(training_size, digit(key, 0) - factors_);
            for (int p = 1; p <= max_length; ++p) value *= std::pow(trace[at(p)], digit(key, p + 1));
            sum += value * power[at(digit(key, 1))];
        }
        return sum;
    }

  private:
    static constexpr int max_length = 9;
    // Four bits each: free sample indices, chain length, loops of length 1, 2, ..., 9.
    static int digit(std::uint64_t key, int place) { return static_cast<int>(key >> (4 * place) & 15U); }

    void pair_up() {
        int first = 0;
        while (first < 2 * factors_ && partner_[at(first)] >= 0) ++first;
        if (first == 2 * factors_) {
            ++terms_[term()];
            return;
        }
        for (int second = first + 1; second < 2 * factors_; ++second) {
            if (partner_[at(second)] >= 0) continue;
            partner_[at(first)] = second, partner_[at(second)] = first;
            pair_up();
            partner_[at(first)] = partner_[at(second)] = -1;
        }
    }

    /// The term of a complete pairing: vectors 2i and 2i + 1 share sample i; 2i + 1 is multiplied onto 2i
    /// + 2.
    std::uint64_t term() const {
        const int last = 2 * factors_ - 1;
        unsigned seen = 0;
        // Walks pair, product, pair, ... from `start` until the walk ends or closes; its power of Sigma.
        auto walk = [&](int start) {
            int length = 0, v = start;
            for (;;) {
                const int w = partner_[at(v)];
                seen |= 1U << v | 1U << w;
                ++length;
                if (w == 0 || w == last) return length;
                v = w % 2 == 1 ? w + 1 : w - 1;
                if ((w + 1) / 2 == break_ && break_ > 0 && break_ < factors_) ++length;
                if (v == start) return length;
            }
        };
        int chain = factors_ > 0 ? walk(0) : 0;
        if (break_ == 0 || break_ == factors_) ++chain;  // Sigma stands outside the product
        std::uint64_t key = static_cast<std::uint64_t>(chain) << 4;
        for (int v = 1; v < last; ++v)
            if (!(seen >> v & 1U)) key += std::uint64_t{1} << (4 * (walk(v) + 1));
        // Sample indices left free: components of the pairs of samples.
        unsigned visited = 0;
        for (int s = 0; s < factors_; ++s) {
            if (visited >> s & 1U) continue;
            ++key;
            for (int t = s, side = 0;;) {  // each sample has two vectors, so its component is a cycle
                visited |= 1U << t;
                const int w = partner_[at(2 * t + side)];
                t = w / 2, side = 1 - w % 2;
                if (t == s && side == 0) break;
            }
        }
        return key;
    }

    static std::size_t at(int i) { return static_cast<std::size_t>(i); }

    int factors_, break_;
    std::vector<int> partner_;
    std::unordered_map<std::uint64_t, double> terms_;
};

/// Exact expected test risk and training loss of k <= 3 gradient steps at any n and N, summed over
/// coordinates:
///
///     R = floor + eps/N E tr(phi S phi Sigma) + sum_i c_i w_i E[r Sigma r]_i
///     L = sum_i c_i w_i E[r S r]_i + eps (1 + (1/N) E tr(r(S)^2 - 1))
class ExactDescent {
  public:
    static constexpr int max_steps = 3;
    ExactDescent() {
        for (int a = 0; a <= max_steps; ++a)
            for (int b = 0; b <= max_steps; ++b) sandwich_.emplace_back(a, b);
        for (int j = 0; j <= 2 * max_steps + 1; ++j) power_.emplace_back(j, 0);
    }

    struct Result {
        double test_risk, training_loss;
    };
    Result operator()(const LinearGaussianProblem<double>& problem, double training_size, double step_size,
                      int steps) const {
        std::vector<double> r(static_cast<std::size_t>(steps) + 1), square(2 * r.size() - 1);
        r[0] = 1.0;
        for (std::size_t j = 1; j < r.size(); ++j)
            r[j] = -r[j - 1] * step_size * static_cast<double>(r.size() - j) / static_cast<double>(j);
        for (std::size_t i = 0; i < r.size(); ++i)
            for (std::size_t j = 0; j < r.size(); ++j) square[i + j] += r[i] * r[j];

        const Eigen::ArrayXd signal = problem.multiplicity * problem.weight;
        Result out{problem.floor, problem.training_noise};
        for (std::size_t a = 0; a < r.size(); ++a)
            for (std::size_t b = 0; b < r.size(); ++b)
                out.test_risk +=
                    r[a] * r[b] * (signal * sandwich_[a * (max_steps + 1) + b](problem, training_size)).sum();
        for (std::size_t j = 0; j < square.size(); ++j) {
            // E[S^j]_i: the moment with Sigma outside, over lambda_i
            const Eigen::ArrayXd moment = power_[j](problem, training_size) / problem.eigenvalue;
            if (j > 0)
                out.training_loss += problem.training_noise / training_size * square[j] *
                                     (problem.multiplicity * moment).sum();
            out.training_loss +=
                square[j] * (signal * power_[j + 1](problem, training_size) / problem.eigenvalue).sum();
            // (1 - r)^2/s = (1 - 2 r + r^2)/s has the coefficients of s^(j + 1)
            if (j > 0) {
                const double q = square[j] - (j < r.size() ? 2.0 * r[j] : 0.0);
                const Eigen::ArrayXd lower = power_[j - 1](problem, training_size);  // E[S^(j-1) Sigma]
                out.test_risk +=
                    problem.training_noise / training_size * q * (problem.multiplicity * lower).sum();
            }
        }
        return out;
    }

  private:
    std::vector<WishartMoment> sandwich_, power_;
};

}  // namespace reconlaw::theory
