#include "sweep.hpp"

#include <algorithm>
#include <chrono>
#include <cstring>
#include <deque>
#include <exception>
#include <map>
#include <ostream>
#include <thread>
#include <tuple>

#include "folder_lock.hpp"
#include "interrupt.hpp"
#include "job.hpp"
#include "printed.hpp"
#include "reconlaw/data/atomic_file.hpp"
#include "reconlaw/data/file_error.hpp"

namespace reconlaw::cli {
namespace {

namespace fs = std::filesystem;
using Clock = std::chrono::steady_clock;

std::string name_of(const TrainSettings& s) {
    return std::to_string(s.samples) + "-" + std::to_string(s.channels) + "-" + std::to_string(s.seed);
}

double expected_cost(const TrainSettings& s) {
    const double parameters = static_cast<double>(gpu::parameter_count(plan_of(s).architecture));
    const auto images =
        static_cast<double>(s.steps) * static_cast<double>(std::min<std::int64_t>(s.batch, s.samples));
    // a narrow network takes less arithmetic, but not less memory traffic
    return images * s.patch * s.patch * (parameters + 2e3 * s.channels);
}

/// Trains jobs in this process; the data is loaded once, for the largest training set.
class Worker {
  public:
    Worker(const std::vector<Job>& jobs, const SweepOptions& options) : jobs_(jobs), options_(options) {}

    enum class Outcome { finished, interrupted };

    /// @return what was loaded, for a log
    const std::vector<std::string>& load() {
        if (data_.train.count() > 0 || jobs_.empty()) return data_.description;
        TrainSettings largest = jobs_.front().settings;
        for (const Job& job : jobs_) largest.samples = std::max(largest.samples, job.settings.samples);
        data_ = load_training_data(largest);
        return data_.description;
    }

    /// @throws data::FileError  the folder of a job was made with other patches than those there are now
    void require_same_patches(const Job& job) {
        cli::require_same_patches(job.folder / "config.toml", patches_of(job));
    }

    /// @param tick  called after every step with the part that is done; false stops
    Outcome train(int number, const std::function<bool(double)>& tick) {
        const Job& job = jobs_[static_cast<std::size_t>(number)];
        load();
        require_same_patches(job);
        TrainingData data{
            data_.train.first(job.settings.samples), data_.validation, data_.test, data_.panel, {}};
        JobRun run;
        run.folder = job.folder, run.resume = true, run.panel = options_.panels;
        run.checkpoint_seconds = options_.checkpoint_seconds;
        run.on_step = [&](const gpu::TrainingProgress& p) {
            return tick(static_cast<double>(p.step) / static_cast<double>(p.total)) &&
                   !InterruptGuard::requested();
        };
        make_folders_inside(options_.folder, job.folder.lexically_relative(options_.folder));
        const FolderLock lock(job.folder, "training");
        data::write_file_atomically(job.folder / "config.toml", config_toml(job.settings, patches_of(job)));
        return run_job(job.settings, data, run) ? Outcome::finished : Outcome::interrupted;
    }

  private:
    const std::vector<Job>& jobs_;
    const SweepOptions& options_;
    const std::string& patches_of(const Job& job) {
        std::string& hash = patches_[job.settings.samples];
        if (hash.empty()) hash = sha256_of(data_, job.settings.samples);
        return hash;
    }

    TrainingData data_;
    std::map<std::int64_t, std::string> patches_;  ///< hashes by number of samples
};

/// The first process: queue, table and results, and a worker of its own.
class Leader {
  public:
    Leader(const std::vector<Job>& jobs, const SweepOptions& options, const World& world,
           const Streams& streams)
        : jobs_(jobs), options_(options), world_(world), streams_(streams), worker_(jobs, options) {
        for (std::size_t i = 0; i < jobs.size(); ++i)
            if (!is_done(jobs[i])) pending_.push_back(static_cast<int>(i)), cost_left_ += jobs[i].cost;
        results_ = collect_results(jobs_, options_.folder / "results.csv");
        streams_.err << jobs.size() << " trainings, " << results_ << " done before, " << world_.size()
                     << (world_.size() == 1 ? " process\n" : " processes\n");
        if (const std::size_t others = foreign_folders(); others > 0)
            streams_.err << others << " trainings in " << (options_.folder / "jobs").string()
                         << " are not in the study: left out of results.csv\n";
    }

    void run() {
        try {
            // what is wrong with the data is said before anything is trained
            for (const std::string& line : worker_.load()) streams_.err << line << '\n';
            for (const Job& job : jobs_) worker_.require_same_patches(job);
            make_folders_inside(options_.folder, "jobs");
            heading();
            work();
        } catch (...) {
            dismiss();
            throw;
        }
        dismiss();
        if (InterruptGuard::requested() || interrupted_)
            throw Interrupted("interrupted with " + std::to_string(results_) + " of " +
                              std::to_string(jobs_.size()) + " trainings done; the same command goes on");
        if (!failures_.empty())
            throw std::runtime_error(std::to_string(failures_.size()) + " of " +
                                     std::to_string(jobs_.size()) +
                                     " trainings failed: " + failures_.front());
    }

  private:
    void heading() {
        streams_.err << "  samples  channels  seed      PSNR       MSE   seconds   best epoch\n";
    }

    /// Folders of other studies, or of a larger version of this one.
    std::size_t foreign_folders() const {
        std::error_code error;
        std::size_t count = 0;
        for (const auto& entry : fs::directory_iterator(options_.folder / "jobs", error))
            if (std::none_of(jobs_.begin(), jobs_.end(), [&](const Job& job) {
                    return job.folder.filename() == entry.path().filename();
                }))
                ++count;
        return count;
    }

    void work() {
        while (!InterruptGuard::requested()) {
            listen();
            if (!pending_.empty()) {
                train_one();
            } else if (!running_.empty()) {
                std::this_thread::sleep_for(std::chrono::milliseconds(20));
                show();
            } else {
                break;
            }
        }
    }

    void train_one() {
        const int job = pending_.front();
        pending_.pop_front();
        running_[0] = {job};
        // What goes wrong with results or messages is not the training's failure: it ends the sweep.
        std::exception_ptr broken;
        auto outcome = Worker::Outcome::interrupted;
        try {
            outcome = worker_.train(job, [&](double part) {
                advanced(0, part);
                try {
                    listen();
                } catch (...) {
                    broken = std::current_exception();
                }
                show();
                return !broken;
            });
        } catch (const std::exception& e) {
            return failed(0, job, e.what());
        }
        if (broken) std::rethrow_exception(broken);
        if (outcome == Worker::Outcome::finished) finished(0, job);
    }

    void listen() {
        while (const auto message = world_.receive()) {
            const int from = message->from;
            switch (message->kind) {
                case MessageKind::request:
                    hand_out(from);
                    break;
                case MessageKind::progress:
                    advanced(from, message->value);
                    break;
                case MessageKind::finished:
                    finished(from, message->job);
                    break;
                case MessageKind::failed:
                    failed(from, message->job, message->text);
                    break;
                case MessageKind::interrupted:
                    interrupted_ = true, running_.erase(from);
                    break;
                case MessageKind::start:
                case MessageKind::stop:
                    break;
            }
        }
    }

    /// A worker without an answer waits; it is told to stop at the end.
    void hand_out(int to) {
        if (pending_.empty()) return;
        Message reply;
        reply.kind = MessageKind::start, reply.job = pending_.front();
        pending_.pop_front();
        running_[to] = {reply.job};
        world_.send(to, reply);
    }

    void dismiss() {
        Message stop;
        stop.kind = MessageKind::stop;
        for (int worker = 1; worker < world_.size(); ++worker) world_.send(worker, stop);
    }

    void advanced(int process, double part) {
        Running& r = running_[process];
        if (r.part == 0) r.first = part;
        r.part = part;
    }

    void finished(int process, int number) {
        const Job& job = jobs_[static_cast<std::size_t>(number)];
        cost_left_ -= job.cost, cost_done_ += job.cost * (1 - running_[process].first);
        running_.erase(process);
        results_ = collect_results(jobs_, options_.folder / "results.csv");
        const std::optional<StoredResult> result = read_result(job.folder, job.settings);
        if (!result) throw data::FileError(job.folder / "result.csv", "gone or damaged since it was written");
        streams_.err << printed("%9lld %9d %5llu %6.2f dB  %8.2e %9.1f %12d\n",
                                static_cast<long long>(job.settings.samples), job.settings.channels,
                                static_cast<unsigned long long>(job.settings.seed), result->psnr_db,
                                result->loss, result->seconds, result->best_epoch)
                     << std::flush;
    }

    /// An error that does not end the sweep: also said when quiet.
    void report(const std::string& message) const {
        if (streams_.console)
            streams_.console->error(message);
        else
            streams_.err << message << std::endl;
    }

    void failed(int process, int number, const std::string& reason) {
        cost_left_ -= jobs_[static_cast<std::size_t>(number)].cost;
        running_.erase(process);
        failures_.push_back(name_of(jobs_[static_cast<std::size_t>(number)].settings) + ": " + reason);
        report("failed: " + failures_.back());
    }

    /// What runs, on a terminal.
    void show() {
        if (!line_.due()) return;
        double done = cost_done_, left = cost_left_;  // what this run has done, what is to be done
        std::string running;
        for (const auto& [process, r] : running_) {
            const Job& job = jobs_[static_cast<std::size_t>(r.job)];
            done += (r.part - r.first) * job.cost, left -= r.part * job.cost;
            running += "  " + name_of(job.settings) + printed(" %.0f %%", 100 * r.part);
        }
        const double elapsed = std::chrono::duration<double>(Clock::now() - started_).count();
        const double all = done + left;
        line_.show(all > 0 ? done / all : 1,
                   std::to_string(results_) + "/" + std::to_string(jobs_.size()) + " trainings" + running,
                   done > 0 ? std::optional(elapsed * left / done) : std::nullopt);
    }

    struct Running {
        int job = -1;
        double part = 0, first = 0;  ///< done; already done when this run took it up
    };
    const std::vector<Job>& jobs_;
    const SweepOptions& options_;
    const World& world_;
    const Streams& streams_;
    Worker worker_;
    std::deque<int> pending_;
    std::map<int, Running> running_;
    std::vector<std::string> failures_;
    std::size_t results_ = 0;
    double cost_left_ = 0, cost_done_ = 0;
    bool interrupted_ = false;
    ProgressLine line_{streams_.console};
    Clock::time_point started_ = Clock::now();
};

/// The other processes.
void follow(const std::vector<Job>& jobs, const SweepOptions& options, const World& world) {
    Worker worker(jobs, options);
    while (!InterruptGuard::requested()) {
        world.send(0, {});
        std::optional<Message> order;
        while (!(order = world.receive()) && !InterruptGuard::requested())
            std::this_thread::sleep_for(std::chrono::milliseconds(5));
        if (!order || order->kind == MessageKind::stop) return;
        Message report;
        report.job = order->job;
        auto told = Clock::now();
        try {
            const auto outcome = worker.train(order->job, [&](double part) {
                if (Clock::now() - told < std::chrono::seconds(1)) return true;
                told = Clock::now();
                report.kind = MessageKind::progress, report.value = part;
                world.send(0, report);
                return true;
            });
            report.kind =
                outcome == Worker::Outcome::finished ? MessageKind::finished : MessageKind::interrupted;
        } catch (const std::exception& e) {
            report.kind = MessageKind::failed;
            std::strncpy(report.text, e.what(), sizeof report.text - 1);
        }
        world.send(0, report);
        if (report.kind == MessageKind::interrupted) return;
    }
}

}  // namespace

std::vector<Job> jobs_of(const TrainingStudy& study, const fs::path& folder) {
    constexpr double most = 100000;
    const double count = static_cast<double>(study.samples.size()) *
                         static_cast<double>(study.channels.size()) * static_cast<double>(study.seeds.size());
    if (count > most)
        throw data::FileError(study.file, printed("samples, channels and seed make %.0f", count) +
                                              printed(" trainings, must be at most %.0f", most));
    std::vector<Job> jobs;
    for (const std::int64_t samples : study.samples)
        for (const int channels : study.channels)
            for (const std::uint64_t seed : study.seeds) {
                TrainSettings s = study.common;
                s.samples = samples, s.channels = channels, s.seed = seed;
                try {
                    s = resolve(s, "");
                } catch (const std::invalid_argument& e) {
                    throw data::FileError(study.file, e.what());
                }
                jobs.push_back({s, folder / "jobs" / name_of(s), expected_cost(s)});
            }
    std::stable_sort(jobs.begin(), jobs.end(), [](const Job& a, const Job& b) { return a.cost > b.cost; });
    return jobs;
}

bool is_done(const Job& job) {
    require_same_settings(job.folder / "config.toml", job.settings);
    std::error_code error;
    // where the result is damaged the training ends again from its checkpoint
    return fs::exists(job.folder / "config.toml", error) && read_result(job.folder, job.settings);
}

std::size_t collect_results(const std::vector<Job>& jobs, const fs::path& file) {
    using Key = std::tuple<std::int64_t, int, std::uint64_t>;
    std::map<Key, std::string> rows;
    for (const Job& job : jobs) {
        if (!is_done(job)) continue;
        if (const auto result = read_result(job.folder, job.settings))
            rows[{job.settings.samples, job.settings.channels, job.settings.seed}] = result->row;
    }
    std::string table = result_header();
    for (const auto& row : rows) table += row.second;
    data::write_file_atomically(file, table);
    return rows.size();
}

void run_sweep(const std::vector<Job>& jobs, const SweepOptions& options, const World& world,
               const Streams& streams) {
    const InterruptGuard guard;
    if (world.rank() == 0)
        Leader(jobs, options, world, streams).run();
    else
        follow(jobs, options, world);
}

}  // namespace reconlaw::cli
