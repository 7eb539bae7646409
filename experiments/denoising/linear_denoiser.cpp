#include "linear_denoiser.hpp"

#include <Eigen/Cholesky>
#include <algorithm>

#include "reconlaw/data/metrics.hpp"
#include "reconlaw/problem/data_covariance.hpp"
#include "reconlaw/risk/stopping.hpp"

namespace reconlaw::experiments {
namespace {

using Eigen::MatrixXd;
using Eigen::VectorXd;

/// Columns are patches.
Eigen::Map<const Eigen::MatrixXf> columns(const gpu::PatchSet& p) {
    return {p.values.data(), Eigen::Index{p.side} * p.side, p.count()};
}

struct Moments {
    VectorXd mean;
    MatrixXd covariance;
};

Moments moments(const gpu::PatchSet& patches) {
    const auto x = columns(patches);
    Moments m{x.cast<double>().rowwise().mean(), {}};
    const MatrixXd centred = x.cast<double>().colwise() - m.mean;
    m.covariance = data_covariance(centred);
    return m;
}

}  // namespace

gpu::Evaluation evaluate_linear_denoiser(const gpu::PatchSet& train, const gpu::PatchSet& test, double sigma,
                                         std::uint64_t noise_seed) {
    const auto [mean, covariance] = moments(train);
    MatrixXd noisy_covariance = covariance;
    noisy_covariance.diagonal().array() += sigma * sigma;
    const MatrixXd W = noisy_covariance.llt().solve(covariance).transpose();
    const auto clean = columns(test);
    std::vector<gpu::ImageScore> scores;
    std::vector<float> noisy(static_cast<std::size_t>(clean.rows()));
    for (Eigen::Index i = 0; i < clean.cols(); ++i) {
        std::copy_n(clean.col(i).data(), noisy.size(), noisy.begin());
        gpu::add_noise(noisy, sigma, noise_seed, static_cast<std::uint32_t>(i));
        const VectorXd y = Eigen::Map<const Eigen::VectorXf>(noisy.data(), clean.rows()).cast<double>();
        const Eigen::ArrayXd estimate = (mean + W * (y - mean)).array().max(0.0).min(1.0);
        const VectorXd x = clean.col(i).cast<double>();
        gpu::ImageScore s;
        s.mse = data::mean_squared_error(estimate, x.array());
        s.psnr_db = data::psnr_db(std::max(s.mse, 1e-12));
        s.noisy_psnr_db = data::psnr_db(std::max(data::mean_squared_error(y, x), 1e-12));
        using Plane = Eigen::Map<const Eigen::Array<double, Eigen::Dynamic, Eigen::Dynamic, Eigen::RowMajor>>;
        s.ssim =
            data::ssim(Plane(estimate.data(), test.side, test.side), Plane(x.data(), test.side, test.side));
        scores.push_back(s);
    }
    return gpu::summarise(std::move(scores), test.source);
}

std::vector<double> predicted_linear_risk(const gpu::PatchSet& all, double sigma,
                                          const std::vector<double>& sizes) {
    const auto problem = covariance_problem(moments(all).covariance, sigma);
    const auto pixels = static_cast<double>(problem.dimension());
    std::vector<double> risks;
    for (const double N : sizes) risks.push_back(optimal_flow(problem, N).risk.total() / pixels);
    return risks;
}

}  // namespace reconlaw::experiments
