#pragma once
/// What the sections of the report share: how they are asked, and what they hand back.

#include <limits>
#include <string>
#include <variant>
#include <vector>

#include "../printed.hpp"
#include "figure.hpp"
#include "progress.hpp"
#include "reconlaw/data/bytes.hpp"
#include "reconlaw/simulate/monte_carlo.hpp"

namespace reconlaw::report {

inline constexpr double nan = std::numeric_limits<double>::quiet_NaN();  ///< no value

struct Context {
    bool quick = true;
    unsigned threads = 0;  ///< 0: as many as the machine has
    Progress* progress = nullptr;
};

struct Paragraph {
    std::string html;
    std::string heading = {};  ///< plain text above it, if not empty
};

struct Table {
    std::string name;  ///< of its CSV file
    std::string caption;
    std::vector<std::string> header;
    std::vector<std::vector<std::string>> rows;
};

/// Rows of images, each a PNG with a label.
struct Pictures {
    struct Row {
        std::string label;
        data::Bytes png;
    };
    std::string name;  ///< its files are NAME-1.png, ...
    std::string title, what_to_see;
    std::vector<Row> rows;
};

using Block = std::variant<Paragraph, Figure, Table, Pictures>;

struct Section {
    std::string title;
    std::vector<Block> blocks;
};

/// f(0) .. f(count - 1) on the context's threads, in any order; progress is told.
template <class F>
void for_each_index(const Context& context, std::size_t count, const F& f) {
    MonteCarloOptions options;
    options.threads = context.threads;
    if (context.progress)
        options.progress = [&](std::size_t done, std::size_t all) { context.progress->update(done, all); };
    run_trials(count, options, [&](std::size_t index) {
        f(index);
        return TrialValues{};
    });
}

inline void begin(const Context& context, const std::string& what) {
    if (context.progress) context.progress->begin(what);
}

/// Training sizes where least squares in `measurements` dimensions has an infinite mean risk or nearly so,
/// and means of simulated risks say little.
inline bool near_peak(double training_size, double measurements) {
    return training_size >= 0.85 * measurements && training_size <= 1.2 * measurements;
}

using cli::printed;

}  // namespace reconlaw::report
