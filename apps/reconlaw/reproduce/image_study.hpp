#pragma once
/// Linear reconstruction learned from real images, against the closed form that sees their covariance only.

#include <Eigen/Core>
#include <vector>

#include "reconlaw/problem/linear_gaussian.hpp"
#include "section.hpp"

namespace reconlaw::report {

/// Images as columns, pixels in [0, 1], minus the mean of all training images.
struct ImageSet {
    Eigen::Index rows = 0, cols = 0;
    Eigen::VectorXd mean;
    Eigen::MatrixXf train, test;
    Eigen::MatrixXd covariance;       ///< of the training images
    Eigen::MatrixXd test_covariance;  ///< second moments of the test images about the training mean

    Eigen::Index pixels() const { return train.rows(); }
};

/// @param train, test  pixels x images; their means need not be removed
ImageSet make_image_set(const Context& context, Eigen::Index rows, Eigen::Index cols, Eigen::MatrixXf train,
                        Eigen::MatrixXf test);

/// y = A x + z, z ~ N(0, sigma^2 I).
struct ImageStudyOptions {
    Eigen::MatrixXd forward = {};  ///< A; empty: the identity (denoising)
    double sigma = 25.0 / 255;
    double max_steps = 300000;                  ///< of gradient descent, with step size 2/(3 lambda_max)
    std::vector<Eigen::Index> sizes;            ///< N
    std::vector<int> repetitions;               ///< random training sets, for each N
    std::vector<Eigen::Index> path_sizes = {};  ///< N for which the whole path is recorded; among `sizes`
    std::vector<Eigen::Index> kept_sizes = {};  ///< N whose first learned estimator is kept; among `sizes`
    std::uint64_t seed = 1;
};

/// Mean squared error per pixel, stopped at the best step (by the closed form; on the test images) and
/// converged.
struct ImagePoint {
    Eigen::Index training_size = 0;
    int repetitions = 0;
    double predicted = 0, predicted_steps = 0, predicted_converged = 0;
    double measured = 0, measured_error = 0, measured_steps = 0;
    double in_distribution =
        0;  ///< measured on all training images instead, to tell a difference of the sets
    double measured_converged = 0, measured_converged_error = 0;
};

struct ImagePath {
    Eigen::Index training_size = 0;
    double best_step = 0;                              ///< predicted
    std::vector<double> steps, total, bias, variance;  ///< closed form
    std::vector<double> measured_steps, measured, measured_error;
};

struct ImageStudy {
    double sigma = 0, step_size = 0;
    double floor = 0;  ///< of the best linear estimator for the training covariance, per pixel
    std::vector<ImagePoint> points;
    double measurements = 0;                        ///< p, dimension of y
    std::vector<double> grid, grid_stopped;         ///< closed forms between the sizes
    std::vector<double> peak_grid, grid_converged;  ///< finer, around the peak at N = p
    std::vector<ImagePath> paths;
    struct Estimator {
        Eigen::Index training_size;
        Eigen::MatrixXd weights;
    };
    std::vector<Estimator> kept;
    int failed = 0;  ///< closed forms that did not converge; they are NaN
};

/// The measured risk is exact over the noise of the test measurements: with the test images' second moments
/// C,
/// <|W y - x|^2> = tr W (A C A' + sigma^2) W' - 2 tr W A C + tr C. Training sets are random subsets without
/// replacement, with fresh noise; everything is a function of (options.seed, N, repetition).
ImageStudy study_images(const Context& context, const ImageSet& images, const ImageStudyOptions& options,
                        const std::string& what);

/// LinearGaussianProblem of a set's training covariance.
LinearGaussianProblem<double> image_problem(const ImageSet& images, const Eigen::MatrixXd& forward,
                                            double sigma);

/// Predicted, measured and their ratio, for every N.
Table ratio_table(const ImageStudy& study, const std::string& name, const std::string& caption);

/// What the early-stopped curves, measured and predicted, say of the images: the effective dimension of a
/// subspace model with the study's noise, and a power-law spectrum with its noise free. For denoising.
Table effective_dimension_table(const Context& context, const ImageStudy& study, const std::string& name,
                                const std::string& caption);

/// Risk over N: closed forms and measured points.
Panel curve_panel(const ImageStudy& study, const std::string& title);

/// Risk along the iterations, one panel for each recorded path.
std::vector<Panel> path_panels(const ImageStudy& study);

}  // namespace reconlaw::report
