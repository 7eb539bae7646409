#include "image_study.hpp"

#include <algorithm>
#include <cmath>
#include <limits>
#include <numeric>
#include <set>

#include "reconlaw/estimator/stopping.hpp"
#include "reconlaw/problem/data_covariance.hpp"
#include "reconlaw/risk/stopping.hpp"
#include "reconlaw/simulate/random.hpp"

namespace reconlaw::report {

namespace {

using Eigen::Index;
using Eigen::MatrixXd;

bool contains(const std::vector<Index>& sizes, Index N) {
    return std::find(sizes.begin(), sizes.end(), N) != sizes.end();
}

/// <x x'> of columns whose mean is taken as zero, in blocks with their own sums: the same on any number of
/// threads.
MatrixXd second_moment(const Context& context, const Eigen::MatrixXf& samples) {
    constexpr Index parts = 16, block = 512;
    const Index n = samples.rows(), count = samples.cols();
    std::vector<MatrixXd> sums(parts);
    for_each_index(context, parts, [&](std::size_t part) {
        MatrixXd sum = MatrixXd::Zero(n, n);
        const Index begin = count * static_cast<Index>(part) / parts,
                    end = count * (static_cast<Index>(part) + 1) / parts;
        for (Index start = begin; start < end; start += block) {
            const MatrixXd x = samples.middleCols(start, std::min(block, end - start)).cast<double>();
            sum.selfadjointView<Eigen::Lower>().rankUpdate(x, 1.0 / static_cast<double>(count));
        }
        sums[part] = std::move(sum);
    });
    for (Index part = 1; part < parts; ++part) sums[0] += sums[static_cast<std::size_t>(part)];
    return sums[0].selfadjointView<Eigen::Lower>();
}

/// Exact moments of (x, A x + z) for x with the given second moments.
SecondMoments moments(const MatrixXd& covariance, const MatrixXd& forward, double sigma) {
    SecondMoments m;
    m.xy = forward.size() > 0 ? MatrixXd(covariance * forward.transpose()) : covariance;
    m.yy = forward.size() > 0 ? MatrixXd(forward * m.xy) : covariance;
    m.yy.diagonal().array() += sigma * sigma;
    m.xx = covariance.trace();
    m.mean_x = m.center_x = Eigen::VectorXd::Zero(m.xy.rows());
    m.mean_y = m.center_y = Eigen::VectorXd::Zero(m.yy.rows());
    m.count = std::numeric_limits<double>::infinity();
    return m;
}

/// Which `size` of `count` images: those with the smallest of `count` random values.
std::vector<Index> random_subset(Index count, Index size, const DrawKey& key) {
    const Eigen::MatrixXd value = normal_matrix(key, 1, count, 1);
    std::vector<Index> order(static_cast<std::size_t>(count));
    std::iota(order.begin(), order.end(), Index{0});
    std::nth_element(order.begin(), order.begin() + size - 1, order.end(),
                     [&](Index a, Index b) { return value(a) < value(b); });
    order.resize(static_cast<std::size_t>(size));
    std::sort(order.begin(), order.end());
    return order;
}

/// Trains on N random images; the path comes from X and Y themselves or, for many images, from streamed
/// moments.
GradientPath train(const ImageSet& images, const ImageStudyOptions& options, Index N, const DrawKey& key) {
    const auto chosen = random_subset(images.train.cols(), N, key);
    const Index p = options.forward.size() > 0 ? options.forward.rows() : images.pixels();
    const Index block = std::max<Index>(p, 1024);
    MomentAccumulator accumulated;
    for (Index start = 0; start < N; start += block) {
        const Index size = std::min(block, N - start);
        MatrixXd x(images.pixels(), size);
        for (Index j = 0; j < size; ++j)
            x.col(j) = images.train.col(chosen[static_cast<std::size_t>(start + j)]).cast<double>();
        MatrixXd y = options.sigma * normal_matrix(key, 2 + static_cast<std::uint64_t>(start), p, size);
        y += options.forward.size() > 0 ? MatrixXd(options.forward * x) : x;
        if (N <= block) return {x, y};
        accumulated.add(x, y);
    }
    return GradientPath(accumulated.about_zero());
}

/// Whole numbers, `per_decade` a decade, from 1 to `last`.
std::vector<double> log_steps(double last, int per_decade) {
    std::set<double> steps;
    for (int i = 0; std::pow(10.0, static_cast<double>(i) / per_decade) < last; ++i)
        steps.insert(std::round(std::pow(10.0, static_cast<double>(i) / per_decade)));
    steps.insert(last);
    return {steps.begin(), steps.end()};
}

struct Measured {
    double stopped = 0, steps = 0, converged = 0, in_distribution = 0;
    std::vector<double> path;
};

/// Mean and standard error (NaN for a single value) of what `get` picks.
template <class Get>
std::pair<double, double> mean_error(const std::vector<Measured>& values, const Get& get) {
    const auto count = static_cast<double>(values.size());
    double mean = 0, square = 0;
    for (const Measured& m : values) mean += get(m) / count;
    for (const Measured& m : values) square += std::pow(get(m) - mean, 2);
    return {mean, values.size() > 1 ? std::sqrt(square / (count * (count - 1))) : nan};
}

void measure(const Context& context, const ImageSet& images, const ImageStudyOptions& options,
             ImageStudy& study) {
    const double pixels = static_cast<double>(images.pixels());
    const SecondMoments test = moments(images.test_covariance, options.forward, options.sigma);
    const SecondMoments population = moments(images.covariance, options.forward, options.sigma);
    const auto path_steps = log_steps(options.max_steps, 4);
    struct Item {
        std::size_t size;
        int repetition;
    };
    std::vector<Item> items;
    std::vector<std::vector<Measured>> measured(options.sizes.size());
    for (std::size_t i = options.sizes.size(); i-- > 0;) {  // the largest first
        measured[i].resize(static_cast<std::size_t>(options.repetitions[i]));
        for (int r = 0; r < options.repetitions[i]; ++r) items.push_back({i, r});
    }
    std::vector<MatrixXd> kept(options.sizes.size());
    for_each_index(context, items.size(), [&](std::size_t item) {
        const auto [i, r] = items[item];
        const Index N = options.sizes[i];
        const GradientPath path = train(
            images, options, N, {options.seed, static_cast<std::uint32_t>(N), static_cast<std::uint32_t>(r)});
        const TestRisk risk = path.test_risk(test);
        const StoppingResult best = oracle_stop(risk, study.step_size, options.max_steps);
        const TestRisk own = path.test_risk(population);
        Measured m{best.risk / pixels,
                   best.steps,
                   risk.risk(MinimumNorm{}) / pixels,
                   oracle_stop(own, study.step_size, options.max_steps).risk / pixels,
                   {}};
        if (contains(options.path_sizes, N))
            for (const double value : risk.risks(study.step_size, path_steps))
                m.path.push_back(value / pixels);
        if (r == 0 && contains(options.kept_sizes, N))
            kept[i] = path.weights(GradientDescent<>{study.step_size, best.steps});
        measured[i][static_cast<std::size_t>(r)] = std::move(m);
    });
    for (std::size_t i = 0; i < options.sizes.size(); ++i) {
        ImagePoint& point = study.points[i];
        std::tie(point.measured, point.measured_error) =
            mean_error(measured[i], [](auto& m) { return m.stopped; });
        std::tie(point.measured_converged, point.measured_converged_error) =
            mean_error(measured[i], [](auto& m) { return m.converged; });
        point.in_distribution = mean_error(measured[i], [](auto& m) { return m.in_distribution; }).first;
        point.measured_steps = mean_error(measured[i], [](auto& m) { return m.steps; }).first;
        if (kept[i].size() > 0) study.kept.push_back({options.sizes[i], std::move(kept[i])});
        for (ImagePath& path : study.paths)
            if (path.training_size == options.sizes[i]) {
                path.measured_steps = path_steps;
                for (std::size_t k = 0; k < path_steps.size(); ++k) {
                    const auto [mean, error] = mean_error(measured[i], [k](auto& m) { return m.path[k]; });
                    path.measured.push_back(mean), path.measured_error.push_back(error);
                }
            }
    }
}

void predict(const Context& context, const LinearGaussianProblem<double>& problem,
             const ImageStudyOptions& options, ImageStudy& study) {
    const double scale = problem.normalization;
    const auto last = static_cast<long>(options.max_steps);
    std::set<double> sizes(options.sizes.begin(), options.sizes.end());
    const double first = *sizes.begin(), end = *sizes.rbegin(), p = problem.dimension();
    for (double N = first; N < end; N *= std::pow(10.0, 0.1)) sizes.insert(std::round(N));
    study.grid.assign(sizes.begin(), sizes.end());
    for (double N = first; N < end; N *= std::pow(10.0, 0.05)) sizes.insert(N);
    for (const double away : {0.005, 0.01, 0.02, 0.03, 0.045, 0.06, 0.08, 0.1, 0.13, 0.16, 0.2, 0.25})
        for (const double N : {p * (1 - away), p * (1 + away)})
            if (N > first && N < end) sizes.insert(N);
    study.peak_grid.assign(sizes.begin(), sizes.end());
    study.grid_stopped.resize(study.grid.size()), study.grid_converged.resize(study.peak_grid.size());
    std::vector<double> steps(study.grid.size());
    for_each_index(context, study.grid.size() + study.peak_grid.size(), [&](std::size_t item) {
        if (item < study.grid.size()) {
            const auto best = optimal_stopping(problem, study.grid[item], study.step_size, last);
            study.grid_stopped[item] = best.risk.ok() ? best.risk.total() / scale : nan;
            steps[item] = best.parameter;
        } else {
            const std::size_t i = item - study.grid.size();
            const auto limit = predict_risk(problem, study.peak_grid[i], MinimumNorm{});
            const bool known = limit.ok() || limit.status == RiskStatus::infinite;
            study.grid_converged[i] = known ? limit.total() / scale : nan;
        }
    });
    for (const auto* values : {&study.grid_stopped, &study.grid_converged})
        for (const double value : *values) study.failed += std::isnan(value);
    for (std::size_t i = 0; i < options.sizes.size(); ++i) {
        const auto index_in = [N = static_cast<double>(options.sizes[i])](const std::vector<double>& grid) {
            return static_cast<std::size_t>(std::find(grid.begin(), grid.end(), N) - grid.begin());
        };
        const std::size_t j = index_in(study.grid);
        ImagePoint point;
        point.training_size = options.sizes[i], point.repetitions = options.repetitions[i];
        point.predicted = study.grid_stopped[j], point.predicted_steps = steps[j];
        point.predicted_converged = study.grid_converged[index_in(study.peak_grid)];
        study.points.push_back(point);
        if (contains(options.path_sizes, options.sizes[i]))
            study.paths.push_back({options.sizes[i], steps[j], {}, {}, {}, {}, {}, {}, {}});
    }
    const auto path_steps = log_steps(options.max_steps, 10);
    for_each_index(context, study.paths.size(), [&](std::size_t i) {
        ImagePath& path = study.paths[i];
        RiskPath<double> risks(problem, static_cast<double>(path.training_size),
                               GradientDescent<>{study.step_size, options.max_steps}.geometry());
        for (const double k : path_steps) {
            const Risk<double> risk = risks(GradientDescent<>{study.step_size, k});
            if (!risk.ok()) continue;
            path.steps.push_back(k), path.total.push_back(risk.total() / scale);
            path.bias.push_back(risk.bias / scale), path.variance.push_back(risk.variance / scale);
        }
    });
}

}  // namespace

ImageSet make_image_set(const Context& context, Index rows, Index cols, Eigen::MatrixXf train,
                        Eigen::MatrixXf test) {
    ImageSet set;
    set.rows = rows, set.cols = cols;
    set.mean = Eigen::VectorXd::Zero(train.rows());
    for (Index j = 0; j < train.cols(); ++j) set.mean += train.col(j).cast<double>();
    set.mean /= static_cast<double>(train.cols());
    train.colwise() -= set.mean.cast<float>();
    test.colwise() -= set.mean.cast<float>();
    set.train = std::move(train), set.test = std::move(test);
    set.covariance = second_moment(context, set.train);
    set.test_covariance = second_moment(context, set.test);
    return set;
}

LinearGaussianProblem<double> image_problem(const ImageSet& images, const MatrixXd& forward, double sigma) {
    return forward.size() > 0 ? linear_problem<double>(images.covariance, forward, sigma)
                              : covariance_problem(images.covariance, sigma);
}

ImageStudy study_images(const Context& context, const ImageSet& images, const ImageStudyOptions& options,
                        const std::string& what) {
    ImageStudy study;
    begin(context, what + ": closed forms");
    const auto problem = image_problem(images, options.forward, options.sigma);
    study.sigma = options.sigma;
    study.measurements = problem.dimension();
    study.step_size = 1.0 / (1.5 * problem.eigenvalue[0]);
    study.floor = problem.floor / problem.normalization;
    predict(context, problem, options, study);
    begin(context, what + ": training on real images");
    measure(context, images, options, study);
    return study;
}

}  // namespace reconlaw::report
