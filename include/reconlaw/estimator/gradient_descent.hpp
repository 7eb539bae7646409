#pragma once
/// Gradient methods iterated literally on the training loss (1/2N)|WY - X|^2: the reference for GradientPath,
/// which gets the same W from one factorisation. Each step costs 2 n p N operations.

#include <Eigen/Core>
#include <Eigen/Eigenvalues>
#include <cmath>
#include <string>

#include "reconlaw/estimator/gradient_path.hpp"

namespace reconlaw {

/// Gradient of (1/2N)|WY - X|^2 with respect to W: (WY - X) Y'/N, n x p.
inline Eigen::MatrixXd loss_gradient(const Eigen::Ref<const Eigen::MatrixXd>& W,
                                     const Eigen::Ref<const Eigen::MatrixXd>& X,
                                     const Eigen::Ref<const Eigen::MatrixXd>& Y) {
    return (W * Y - X) * Y.transpose() / static_cast<double>(Y.cols());
}

namespace detail {

/// s_max of YY'/N from the smaller Gram matrix, with the argument checks of the functions below.
inline double training_eigenvalue(const Eigen::Ref<const Eigen::MatrixXd>& X,
                                  const Eigen::Ref<const Eigen::MatrixXd>& Y) {
    constexpr auto f = "iterate";
    require(Y.cols() > 0, f, "training_size N (columns of Y)", Y.cols(), "at least 1");
    require(X.cols() == Y.cols(), f, "columns of X", X.cols(),
            "the columns of Y = " + std::to_string(Y.cols()));
    require(X.rows() > 0 && Y.rows() > 0, f, "rows of X and Y", std::min(X.rows(), Y.rows()), "at least 1");
    require(X.allFinite() && Y.allFinite(), f, "X and Y", "not finite", "finite in every entry");
    const Eigen::MatrixXd gram =
        Y.rows() <= Y.cols() ? Eigen::MatrixXd(Y * Y.transpose()) : Eigen::MatrixXd(Y.transpose() * Y);
    const Eigen::SelfAdjointEigenSolver<Eigen::MatrixXd> eig(gram, Eigen::EigenvaluesOnly);
    return std::max(0.0, eig.eigenvalues().maxCoeff() / static_cast<double>(Y.cols()));
}

}  // namespace detail

/// W after k steps W <- W - eta gradient(W) from W = 0.
/// @param X  targets, n x N
/// @param Y  measurements, p x N
/// @throws std::invalid_argument  shapes; k not a whole number >= 0; eta outside (0, 2/s_max)
inline Eigen::MatrixXd iterate(const GradientDescent<double>& method,
                               const Eigen::Ref<const Eigen::MatrixXd>& X,
                               const Eigen::Ref<const Eigen::MatrixXd>& Y) {
    require_stable(method, detail::training_eigenvalue(X, Y), "iterate");
    detail::require(method.steps == std::floor(method.steps) && method.steps < 1e15, "iterate", "steps",
                    method.steps, "a whole number");
    Eigen::MatrixXd W = Eigen::MatrixXd::Zero(X.rows(), Y.rows());
    const auto steps = static_cast<long long>(method.steps);
    for (long long k = 0; k < steps; ++k) W -= method.step_size * loss_gradient(W, X, Y);
    return W;
}

/// W after k heavy-ball steps W_{k+1} = W_k - eta gradient(W_k) + beta (W_k - W_{k-1}) from W = 0.
/// @throws std::invalid_argument  shapes; k < 0; eta outside (0, 2 (1 + beta)/s_max); beta outside [0, 1)
inline Eigen::MatrixXd iterate(const HeavyBall<double>& method, const Eigen::Ref<const Eigen::MatrixXd>& X,
                               const Eigen::Ref<const Eigen::MatrixXd>& Y) {
    detail::require(method.momentum >= 0 && method.momentum < 1, "iterate", "momentum", method.momentum,
                    ">= 0 and < 1");
    require_stable(method, detail::training_eigenvalue(X, Y), "iterate");
    Eigen::MatrixXd before = Eigen::MatrixXd::Zero(X.rows(), Y.rows()), W = before;
    for (int k = 0; k < method.steps; ++k) {
        const Eigen::MatrixXd next =
            W - method.step_size * loss_gradient(W, X, Y) + method.momentum * (W - before);
        before = W, W = next;
    }
    return W;
}

/// W after k steps of Nesterov's method: U = W_k + k/(k + 3) (W_k - W_{k-1}), W_{k+1} = U - eta gradient(U).
/// @throws std::invalid_argument  shapes; k < 0; eta outside (0, 4/(3 s_max))
inline Eigen::MatrixXd iterate(const Nesterov<double>& method, const Eigen::Ref<const Eigen::MatrixXd>& X,
                               const Eigen::Ref<const Eigen::MatrixXd>& Y) {
    require_stable(method, detail::training_eigenvalue(X, Y), "iterate");
    Eigen::MatrixXd before = Eigen::MatrixXd::Zero(X.rows(), Y.rows()), W = before;
    for (int k = 0; k < method.steps; ++k) {
        const Eigen::MatrixXd ahead = W + (k / (k + 3.0)) * (W - before);
        before = W, W = ahead - method.step_size * loss_gradient(ahead, X, Y);
    }
    return W;
}

}  // namespace reconlaw
