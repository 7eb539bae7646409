#include "reproduce/learning_curves.hpp"

#include <doctest/doctest.h>

using namespace reconlaw::report;

TEST_CASE("the falling part: from N = d to the last size with twice the optimum") {
    SettingCurves s;
    s.model = {.dimension = 20, .signal_dimension = 4, .noise_level = 0.1};
    s.sizes = {2, 4, 8, 16, 32};
    s.floor = 0.01;
    s.early_stopped = {{2, 3, 4, 8, 12, 16, 32}, {0.9, 0.8, 0.5, 0.1, 0.05, 0.02, 0.012}, {}};
    CHECK(falling_sizes(s) == std::vector<Eigen::Index>{4, 8, 16});
}

TEST_CASE("the section has both figures and both tables, a row for each setting") {
    SettingCurves s;
    s.model = {.dimension = 20, .signal_dimension = 4, .noise_level = 0.1};
    s.sizes = {4, 8, 100, 400};
    s.trials = 7;
    s.floor = 0.01;
    const std::vector<double> N{4, 8, 100, 400}, risk{0.5, 0.1, 0.0105, 0.0101},
        error{0.01, 0.01, 1e-5, 1e-6};
    s.early_stopped = s.converged = s.pca = {N, risk, {}};
    s.simulated_early_stopped = s.simulated_converged = s.simulated_pca = {N, risk, error};
    const Section section = present(LearningCurves{{s, s}});
    std::vector<std::string> names;
    for (const Block& block : section.blocks) {
        if (const auto* figure = std::get_if<Figure>(&block)) names.push_back(figure->name);
        if (const auto* table = std::get_if<Table>(&block)) {
            names.push_back(table->name);
            CHECK(table->rows.size() == 2);
            for (const auto& row : table->rows) CHECK(row.size() == table->header.size());
        }
    }
    CHECK(names == std::vector<std::string>{"main", "learning-curves", "slopes", "agreement"});
    CHECK(describe(s.model) == "d = 4, n = 20, σ = 0.1");
}
