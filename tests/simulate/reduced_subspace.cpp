#include "reconlaw/simulate/reduced_subspace.hpp"

#include <Eigen/LU>
#include <Eigen/SVD>

#include "reconlaw/simulate/dense.hpp"
#include "reconlaw/simulate/reduced_direct.hpp"
#include "reconlaw/simulate/reduced_path.hpp"
#include "reconlaw/simulate/reduced_spectrum.hpp"
#include "simulate/settings.hpp"
#include "support/check_close.hpp"

using namespace reconlaw;

namespace {
/// Literal dense linear algebra on the blocks written out.
struct Literal {
    explicit Literal(const ReducedSubspace& draw)
        : model(draw.model()),
          N(static_cast<double>(draw.training_size())),
          d(draw.signal().rows()),
          X(draw.to_dense().target),
          Y(draw.to_dense().measurement),
          S(Y * Y.transpose() / N),
          cross(X * Y.transpose() / N) {}

    SampleRisk of(const Eigen::MatrixXd& W) const {
        const double s2 = model.noise_level * model.noise_level;
        Eigen::MatrixXd image = W.leftCols(d);
        image.topRows(d) -= Eigen::MatrixXd::Identity(d, d);
        return {image.squaredNorm() + s2 * W.squaredNorm(), (W * Y - X).squaredNorm() / N, 0};
    }
    Eigen::MatrixXd descend(const IterationRule& rule, int steps) const {
        Eigen::MatrixXd W = 0 * cross, before = W;
        for (int k = 0; k < steps; ++k) {
            using Method = IterationRule::Method;
            const double beta = rule.method == Method::nesterov     ? k / (k + 3.0)
                                : rule.method == Method::heavy_ball ? rule.momentum
                                                                    : 0.0;
            const Eigen::MatrixXd ahead = W + beta * (W - before);
            const Eigen::MatrixXd& at = rule.method == Method::nesterov ? ahead : W;
            Eigen::MatrixXd next = ahead - rule.step_size * (at * S - cross);
            before = W, W = next;
        }
        return W;
    }

    SubspaceModel model;
    double N;
    Eigen::Index d;
    Eigen::MatrixXd X, Y, S, cross;
};

void same(const SampleRisk& value, const SampleRisk& expected, double rtol) {
    check_close(value.test_risk, expected.test_risk, rtol, 0.0);
    check_close(value.training_loss, expected.training_loss, rtol, rtol * expected.test_risk);
}
}  // namespace

TEST_CASE("blocks fill exactly the rank of the data, for every shape") {
    for (const Setting& s : settings()) {
        CAPTURE(s.model.dimension);
        CAPTURE(s.training_size);
        const ReducedSubspace draw(s.model, s.training_size, {1, 0, 0});
        const auto dense = draw.to_dense();
        const Eigen::Index n = s.model.dimension, N = s.training_size;
        if (N <= n) CHECK(dense.measurement.cols() == N);
        if (N >= n) CHECK(dense.measurement.rows() == n);
        CHECK(dense.measurement.rows() <= n);
        CHECK(dense.measurement.cols() <= N);
        Eigen::JacobiSVD<Eigen::MatrixXd> svd(dense.measurement);
        CHECK(svd.rank() == std::min(n, N));
    }
}

TEST_CASE("every estimator on the blocks equals literal dense algebra to 1e-10") {
    for (const Setting& s : settings()) {
        CAPTURE(s.model.dimension);
        CAPTURE(s.model.signal_dimension);
        CAPTURE(s.training_size);
        CAPTURE(s.model.target_noise);
        const ReducedSubspace draw(s.model, s.training_size, {42, 1, 2}, 3);
        const Literal literal(draw);
        ReducedSpectrum spectrum(draw);
        const double eta = 0.9 / literal.S.norm();

        using Method = IterationRule::Method;
        for (const auto method : {Method::gradient_descent, Method::heavy_ball, Method::nesterov}) {
            const IterationRule rule{method, eta, method == Method::heavy_ball ? 0.8 : 0.0};
            const std::vector<int> steps{0, 1, 2, 3, 7, 40};
            const auto path = reduced_path(draw, rule, steps);
            for (std::size_t i = 0; i < steps.size(); ++i) {
                CAPTURE(steps[i]);
                same(path[i], literal.of(literal.descend(rule, steps[i])), 1e-10);
            }
        }
        same(spectrum.filtered(GradientDescent<>{eta, 40}).risk,
             literal.of(literal.descend({Method::gradient_descent, eta, 0}, 40)), 1e-9);
        same(spectrum.filtered(HeavyBall<>{eta, 0.8, 40}).risk,
             literal.of(literal.descend({Method::heavy_ball, eta, 0.8}, 40)), 1e-9);

        // Early stopping: the smallest risk of the literal path, searched without patience.
        Eigen::MatrixXd W = 0 * literal.cross;
        SampleRisk best = literal.of(W);
        for (int k = 1; k <= 600; ++k) {
            W -= eta * (W * literal.S - literal.cross);
            const SampleRisk now = literal.of(W);
            if (now.test_risk < best.test_risk) best = now, best.steps = k;
        }
        const SampleRisk lazy = reduced_early_stopped(draw, {Method::gradient_descent, eta, 0}, 600);
        same(lazy, best, 1e-9);
        // Risks may be flat to rounding around the minimum, so the step is judged by its risk.
        const int found = static_cast<int>(lazy.steps);
        check_close(literal.of(literal.descend({Method::gradient_descent, eta, 0}, found)).test_risk,
                    best.test_risk, 1e-9, 0.0);
        same(spectrum.early_stopped(eta, 600).risk, best, 1e-8);

        // Minimum norm. The condition number of Y enters: at most about 1e4 here.
        const Eigen::JacobiSVD<Eigen::MatrixXd> svd(literal.Y, Eigen::ComputeThinU | Eigen::ComputeThinV);
        const Eigen::Index rank = std::min(s.model.dimension, s.training_size);
        const Eigen::MatrixXd pinv = svd.matrixV().leftCols(rank) *
                                     svd.singularValues().head(rank).cwiseInverse().asDiagonal() *
                                     svd.matrixU().leftCols(rank).transpose();
        same(reduced_minimum_norm(draw), literal.of(literal.X * pinv), 1e-10);

        // Ridge
        ReducedRidge ridge(draw);
        const auto ridge_risk = [&](double lambda) {
            const Eigen::Index p = literal.S.rows();
            const Eigen::MatrixXd A = literal.S + lambda * Eigen::MatrixXd::Identity(p, p);
            return literal.of(A.llt().solve(literal.cross.transpose()).transpose());
        };
        for (const double lambda : {1e-3, 0.1, 10.0}) {
            same(ridge(lambda), ridge_risk(lambda), 1e-10);
            same(spectrum.filtered(Ridge<>{lambda}).risk, ridge_risk(lambda), 1e-9);
        }

        // Gradient flow and principal component regression from the literal eigenvectors
        const Eigen::SelfAdjointEigenSolver<Eigen::MatrixXd> eig(literal.S);
        const auto filtered = [&](const auto& filter) {
            Eigen::VectorXd phi(literal.S.rows());
            for (Eigen::Index i = 0; i < phi.size(); ++i) {
                const double e = eig.eigenvalues()[i];
                phi[i] = e > 1e-12 * eig.eigenvalues().maxCoeff() ? shrinkage(filter, e) : 0.0;
            }
            return literal.of(literal.cross * eig.eigenvectors() * phi.asDiagonal() *
                              eig.eigenvectors().transpose());
        };
        same(spectrum.filtered(GradientFlow<>{20.0}).risk, filtered(GradientFlow<>{20.0}), 1e-9);
        // Optimal ridge, against the eigenvectors (lambda may be tiny).
        const SampleRisk optimal = reduced_optimal_ridge(draw);
        check_close(filtered(Ridge<>{optimal.steps}).test_risk, optimal.test_risk, 1e-9, 0.0);
        for (const double factor : {0.5, 0.9, 1.1, 2.0})
            // 1e-8: where the smallest lambda is best, the search ends at 1e-9 of the largest eigenvalue
            CHECK(filtered(Ridge<>{factor * optimal.steps}).test_risk >= optimal.test_risk * (1 - 1e-8));
        const double cutoff = 0.3 * eig.eigenvalues().maxCoeff();
        const PrincipalComponentRegression pcr{cutoff};
        same(spectrum.filtered(pcr).risk, filtered(pcr), 1e-8);

        // The paper's PCA. For N < d the mean over the arbitrary directions: P -> P + (d - N)/(n - N) (I -
        // P).
        const Eigen::Index p = literal.S.rows(), d = literal.d, used = std::min(d, rank);
        const double n = static_cast<double>(s.model.dimension),
                     s2 = s.model.noise_level * s.model.noise_level;
        const Eigen::MatrixXd U = eig.eigenvectors().rightCols(used);
        const double share = d > used ? static_cast<double>(d - used) / (n - static_cast<double>(used)) : 0.0;
        const double a = 1 / (1 + s2), dd = static_cast<double>(d);
        const double overlap = (1 - share) * U.topRows(d).squaredNorm() + share * dd;
        const SampleRisk pca = spectrum.pca().risk;
        check_close(pca.test_risk, dd - (2 * a - a * a) * overlap + s2 * a * a * dd, 1e-9, 0.0);
        if (used == d) {  // directly: the risk of W = a U U' for the clean targets
            Eigen::MatrixXd estimate = Eigen::MatrixXd::Zero(p, p);
            estimate = a * U * U.transpose();
            Eigen::MatrixXd image = estimate.leftCols(d);
            image.topRows(d) -= Eigen::MatrixXd::Identity(d, d);
            check_close(pca.test_risk, image.squaredNorm() + s2 * estimate.squaredNorm(), 1e-9, 0.0);
            Eigen::MatrixXd error = estimate * literal.Y;
            error.topRows(d) -= literal.X.topRows(d);
            const double noise = literal.X.bottomRows(literal.X.rows() - d).squaredNorm();
            check_close(pca.training_loss, (error.squaredNorm() + noise) / literal.N, 1e-9, 0.0);
        }
    }
}

TEST_CASE("a large draw: truncations, the literal iteration and lazy generation agree") {
    const SubspaceModel model{3000, 3, 0.3, 0.0};
    for (const Eigen::Index N : {500, 3000, 9000}) {
        CAPTURE(N);
        const ReducedSubspace draw(model, N, {5, 0, 1});
        ReducedSpectrum spectrum(draw);
        const double eta = 0.3;
        const auto path = reduced_path(draw, {IterationRule::Method::gradient_descent, eta, 0}, {30, 200});
        const LeadingResult gd = spectrum.filtered(GradientDescent<>{eta, 200});
        CHECK(gd.converged);
        CHECK(gd.columns < draw.column_offset(draw.column_blocks()));
        same(gd.risk, path[1], 1e-9);
        const SampleRisk lazy =
            reduced_early_stopped(draw, {IterationRule::Method::gradient_descent, eta, 0});
        same(spectrum.early_stopped(eta).risk, lazy, 1e-8);
        ReducedRidge ridge(draw);
        same(spectrum.filtered(Ridge<>{0.05}).risk, ridge(0.05), 1e-9);
        // Ridge tends to minimum norm.
        if (N != 3000) same(ridge(1e-9), reduced_minimum_norm(draw), 1e-5);
        CHECK(spectrum.pca().converged);
    }
}

TEST_CASE("blocks are the same in any order, and draws differ between trials") {
    const SubspaceModel model{200, 4, 0.2, 0.0};
    const ReducedSubspace a(model, 150, {9, 0, 0}), b(model, 150, {9, 0, 0}), c(model, 150, {9, 0, 1});
    const auto late = a.row(7), early = a.row(2);
    CHECK(early.left == b.row(2).left);
    CHECK(late.left == b.row(7).left);
    CHECK(late.right == b.row(7).right);
    CHECK(a.signal() == b.signal());
    CHECK(a.signal() != c.signal());
    CHECK(late.left != c.row(7).left);
}

TEST_CASE("patience finds the minimum of the whole path") {
    for (const double sigma : {0.05, 0.1, 0.2})
        for (const Eigen::Index N : {1, 4, 8, 10, 12, 14, 18, 24, 36, 64, 100, 256})
            for (std::uint32_t trial = 0; trial < 3; ++trial) {
                CAPTURE(sigma);
                CAPTURE(N);
                CAPTURE(trial);
                const SubspaceModel model{60, 10, sigma, 0.0};
                const ReducedSubspace draw(model, N, {2, 0, trial});
                ReducedSpectrum spectrum(draw);
                const SampleSpectrum& whole = spectrum.leading(draw.column_blocks());
                const double eta = paper_step_size(model, N);
                const SampleRisk found = early_stopped_risk(whole, eta, 5000);
                double best = filtered_risk(whole, GradientDescent<>{eta, 0}).test_risk;
                for (int k = 1; k <= 5000; k += (k < 100 ? 1 : 7))
                    best = std::min(
                        best, filtered_risk(whole, GradientDescent<>{eta, static_cast<double>(k)}).test_risk);
                CHECK(found.test_risk <= best * (1 + 1e-9));
            }
}

TEST_CASE("argument errors of reduced draws") {
    const SubspaceModel model{20, 3, 0.1, 0.0};
    CHECK_THROWS_AS(ReducedSubspace(model, 0, {}), std::invalid_argument);
    CHECK_THROWS_AS(ReducedSubspace({2, 3, 0.1, 0.0}, 5, {}), std::invalid_argument);
    CHECK_THROWS_AS(ReducedSubspace({20, 3, 0.0, 0.0}, 5, {}), std::invalid_argument);
    CHECK_THROWS_AS(ReducedSubspace({20, 3, 0.1, -1.0}, 5, {}), std::invalid_argument);
    CHECK_THROWS_AS(ReducedSubspace(model, 5, {}, 0), std::invalid_argument);
    const ReducedSubspace draw(model, 9, {});
    CHECK_THROWS_AS((void)draw.row(0), std::invalid_argument);
    CHECK_THROWS_AS((void)draw.row(draw.row_blocks() + 1), std::invalid_argument);
    using Method = IterationRule::Method;
    CHECK_THROWS_AS(reduced_path(draw, {Method::gradient_descent, 0.0, 0.0}, {1}), std::invalid_argument);
    CHECK_THROWS_AS(reduced_path(draw, {Method::heavy_ball, 0.1, 1.0}, {1}), std::invalid_argument);
    CHECK_THROWS_AS(reduced_path(draw, {Method::gradient_descent, 0.1, 0.0}, {3, 2}), std::invalid_argument);
    CHECK_THROWS_AS(reduced_early_stopped(draw, {Method::gradient_descent, 0.1, 0.0}, -1),
                    std::invalid_argument);
    ReducedRidge ridge(draw);
    CHECK_THROWS_AS(ridge(0.0), std::invalid_argument);
}
