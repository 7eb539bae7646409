#pragma once
/// The eight settings of the paper's section 5 and the training sizes of its figures.

#include <algorithm>
#include <cstdio>
#include <string>
#include <vector>

#include "reconlaw/simulate/subspace_model.hpp"

namespace reconlaw::theory {

/// One curve: subspace denoising with n, d, sigma, at the listed training sizes.
struct Setting {
    SubspaceModel model;
    std::vector<Eigen::Index> training_size;

    LinearGaussianProblem<double> problem() const { return linear_problem(model); }
    double step_size(Eigen::Index N) const { return paper_step_size(model, N); }
    std::string name() const {
        char text[80];
        std::snprintf(text, sizeof text, "n = %td, d = %td, sigma = %g", model.dimension,
                      model.signal_dimension, model.noise_level);
        return text;
    }
};

/// Training sizes 1 to 16384 for a signal dimension of 10, 50 or 100; those of d = 10 with d - 1 and d + 1
/// added.
inline std::vector<Eigen::Index> paper_training_sizes(Eigen::Index signal_dimension) {
    switch (signal_dimension) {
        case 10:
            return {1,  2,  4,  8,  9,   10,  11,  12,   14,   16,   18,   22,   24,
                    30, 36, 44, 64, 100, 256, 512, 1024, 2048, 4096, 8192, 16384};
        case 50:
            return {1,  4,   10,  18,  30,  44,   50,   58,   64,   70,   76,
                    86, 100, 128, 256, 512, 1024, 2048, 4096, 8192, 16384};
        default:
            return {1,   10,  15,  30,  50,  70,  80,   90,   100,  110,  120,
                    130, 150, 175, 200, 256, 512, 1024, 2048, 4096, 8192, 16384};
    }
}

inline std::vector<Setting> paper_settings() {
    std::vector<Setting> settings;
    auto add = [&](Eigen::Index d, Eigen::Index n, double sigma) {
        settings.push_back({{n, d, sigma, 0.0}, paper_training_sizes(d)});
    };
    add(10, 100, 0.05), add(10, 100, 0.1), add(10, 100, 0.2), add(10, 1000, 0.05);
    add(10, 1000, 0.1), add(10, 10000, 0.1), add(50, 1000, 0.1), add(100, 1000, 0.1);
    return settings;
}

}  // namespace reconlaw::theory
