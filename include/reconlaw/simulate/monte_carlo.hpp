#pragma once
/// Parallel Monte Carlo whose results do not depend on the number of threads.

#include <Eigen/Core>
#include <atomic>
#include <cmath>
#include <cstdint>
#include <exception>
#include <functional>
#include <limits>
#include <mutex>
#include <optional>
#include <stop_token>
#include <string>
#include <thread>
#include <vector>

#include "reconlaw/detail/check.hpp"
#include "reconlaw/simulate/random.hpp"

namespace reconlaw {

/// Values one trial returned.
using TrialValues = std::vector<double>;
/// Values of finished trials by index; empty where a trial has not been run.
using TrialTable = std::vector<std::optional<TrialValues>>;

struct MonteCarloOptions {
    std::uint32_t trials = 100;
    std::uint64_t seed = 1;
    unsigned threads = 0;  ///< 0: as many as the machine has
    /// Called after each trial with the number finished and the number of all; one call at a time.
    std::function<void(std::size_t, std::size_t)> progress = {};
    /// Called once for each newly run trial, in order of completion, one call at a time: where checkpoints
    /// are written.
    std::function<void(std::size_t, const TrialValues&)> on_trial = {};
    /// Trials known from an earlier run (checkpoint.hpp); they are not run again.
    TrialTable finished = {};
    /// When a stop is requested no further trial begins.
    std::stop_token stop = {};
};

enum class MonteCarloStatus { complete, cancelled };

/// Mean and standard error over the finished trials, per value.
struct [[nodiscard]] MonteCarloResult {
    MonteCarloStatus status = MonteCarloStatus::cancelled;
    Eigen::ArrayXd mean;
    Eigen::ArrayXd std_error;  ///< standard deviation/sqrt(trials); NaN for a single trial
    std::size_t trials = 0;    ///< finished
};

/// Runs `trial(index)` for index = 0 .. count - 1 on worker threads and returns every trial's values. The
/// first exception thrown by a trial or a callback ends the run and is rethrown here.
/// @throws std::invalid_argument  more finished trials than `count`
template <class F>
TrialTable run_trials(std::size_t count, const MonteCarloOptions& options, const F& trial) {
    detail::require(options.finished.size() <= count, "run_trials", "finished trials",
                    options.finished.size(), "at most the number of trials, " + std::to_string(count));
    TrialTable table = options.finished;
    table.resize(count);
    std::size_t done = 0;
    for (const auto& entry : table) done += entry.has_value();

    std::atomic<std::size_t> next = 0;
    std::atomic<bool> failed = false;
    std::exception_ptr error;
    std::mutex mutex;
    const auto work = [&] {
        try {
            while (!failed && !options.stop.stop_requested()) {
                const std::size_t index = next++;
                if (index >= count) return;
                if (table[index]) continue;
                TrialValues values = trial(index);
                const std::lock_guard lock(mutex);
                if (failed) return;
                table[index] = std::move(values);
                ++done;
                if (options.on_trial) options.on_trial(index, *table[index]);
                if (options.progress) options.progress(done, count);
            }
        } catch (...) {
            const std::lock_guard lock(mutex);
            if (!failed.exchange(true)) error = std::current_exception();
        }
    };
    const std::size_t wanted =
        options.threads > 0 ? options.threads : std::max(1U, std::thread::hardware_concurrency());
    {
        std::vector<std::jthread> workers;
        for (std::size_t i = 1; i < std::min(wanted, count); ++i) workers.emplace_back(work);
        work();
    }
    if (error) std::rethrow_exception(error);
    return table;
}

/// Mean and standard error of trials `begin` to `end` - 1 of a table, added up in the order of the trials.
/// @throws std::invalid_argument  trials of different lengths
inline MonteCarloResult reduce_trials(const TrialTable& table, std::size_t begin, std::size_t end) {
    MonteCarloResult result;
    for (std::size_t i = begin; i < end; ++i) {
        if (!table[i]) continue;
        const Eigen::Map<const Eigen::ArrayXd> values(table[i]->data(),
                                                      static_cast<Eigen::Index>(table[i]->size()));
        if (result.trials == 0) result.mean = Eigen::ArrayXd::Zero(values.size());
        detail::require(values.size() == result.mean.size(), "reduce_trials", "number of values",
                        values.size(), "the same for every trial");
        result.mean += values;
        ++result.trials;
    }
    const auto count = static_cast<double>(result.trials);
    result.mean /= count;
    result.std_error = Eigen::ArrayXd::Zero(result.mean.size());
    for (std::size_t i = begin; i < end; ++i)
        if (table[i])
            result.std_error +=
                (Eigen::Map<const Eigen::ArrayXd>(table[i]->data(), result.mean.size()) - result.mean)
                    .square();
    result.std_error = result.trials > 1 ? Eigen::ArrayXd((result.std_error / (count * (count - 1.0))).sqrt())
                                         : Eigen::ArrayXd::Constant(result.mean.size(),
                                                                    std::numeric_limits<double>::quiet_NaN());
    result.status = result.trials == end - begin ? MonteCarloStatus::complete : MonteCarloStatus::cancelled;
    return result;
}

/// Runs `trial(key)` -> TrialValues for options.trials keys {seed, 0, 0 .. trials - 1}.
///
///     const auto result = reconlaw::monte_carlo({.trials = 1000, .seed = 7}, [](const reconlaw::DrawKey&
///     key) {
///         return reconlaw::TrialValues{reconlaw::normal_value(key, 0, 0, 0)};
///     });
///
/// @throws std::invalid_argument  trials < 1; and what the trial throws
template <class F>
MonteCarloResult monte_carlo(const MonteCarloOptions& options, const F& trial) {
    detail::require(options.trials >= 1, "monte_carlo", "trials", options.trials, "at least 1");
    const TrialTable table = run_trials(options.trials, options, [&](std::size_t index) {
        return TrialValues(trial(DrawKey{options.seed, 0, static_cast<std::uint32_t>(index)}));
    });
    return reduce_trials(table, 0, table.size());
}

}  // namespace reconlaw
