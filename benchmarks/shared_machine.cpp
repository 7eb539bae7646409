/// Images per second of U-Net training on an idle machine and beside busy processes: with nothing set by the
/// user, and as it was when threads divided every operation and waited as GCC's OpenMP runtime does by
/// itself.
///
///     benchmark_shared_machine [--threads 2] [--busy 1] [--channels 8] [--size 32] [--seconds 2] [--rounds
///     5]
///                              [--setting NAME=VALUE]...
///
/// A setting is an environment variable of the OpenMP runtime: GOMP_SPINCOUNT=1000. Medians over rounds that
/// take all settings by turns. Needs a machine that is otherwise idle.

#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include <CLI/CLI.hpp>
#include <algorithm>
#include <chrono>
#include <csignal>
#include <cstdio>
#include <stdexcept>
#include <string>
#include <vector>

#include "apps/reconlaw/waiting.hpp"
#include "benchmarks/machine.hpp"
#include "reconlaw/gpu/device.hpp"
#include "reconlaw/gpu/network.hpp"

namespace {

struct Work {
    int threads = 2, channels = 8, size = 32;
    double seconds = 2;
};

/// A line of the table: an environment variable ("" for none), and how threads divide the work.
struct Way {
    std::string name, setting;
    bool divide_batch = true;
};

/// Whole steps over wall time: what another process delays counts.
double images_per_second(const Work& work, bool divide_batch) {
    constexpr int images = 16;
    using Clock = std::chrono::steady_clock;
    reconlaw::gpu::set_threads(work.threads);
    reconlaw::gpu::UNet unet;
    unet.channels = work.channels, unet.poolings = 2;
    reconlaw::gpu::Network<float> network(unet, {images, work.size, work.size},
                                          {.divide_batch = divide_batch});
    network.initialise(1);
    reconlaw::gpu::Optimiser<float> adam(network.parameter_count(), {});
    std::vector<float> clean(static_cast<std::size_t>(images * work.size * work.size)), noisy(clean.size());
    for (std::size_t i = 0; i < clean.size(); ++i) {
        clean[i] = static_cast<float>(i % 97) / 97.f;
        noisy[i] = clean[i] + static_cast<float>(i % 13) / 130.f;
    }
    const auto step = [&] {
        network.loss_and_gradient(noisy, clean);
        network.update(adam);
    };
    for (int i = 0; i < 3; ++i) step();
    const auto start = Clock::now();
    double passed = 0;
    int steps = 0;
    for (; passed < work.seconds; ++steps) {
        step();
        passed = std::chrono::duration<double>(Clock::now() - start).count();
    }
    return images * steps / passed;
}

/// A process that counts, until it is killed.
class Busy {
  public:
    Busy() : id_(fork()) {
        if (id_ < 0) throw std::runtime_error("fork failed");
        if (id_ == 0) prctl(PR_SET_PDEATHSIG, SIGKILL);
        for (volatile unsigned long count = 0; id_ == 0;) count = count + 1;
    }
    ~Busy() {
        if (id_ <= 0) return;
        kill(id_, SIGKILL);
        waitpid(id_, nullptr, 0);
    }
    Busy(const Busy&) = delete;
    Busy& operator=(const Busy&) = delete;

  private:
    pid_t id_;
};

/// This program again, as a user starts reconlaw.
double measured(const Work& work, const Way& way) {
    int ends[2];
    if (pipe(ends) != 0) throw std::runtime_error("pipe failed");
    const std::vector<std::string> words{"benchmark_shared_machine",
                                         "--measure",
                                         std::to_string(work.threads),
                                         std::to_string(work.channels),
                                         std::to_string(work.size),
                                         std::to_string(work.seconds),
                                         way.divide_batch ? "batch" : "operations"};
    std::vector<char*> arguments;
    for (const std::string& word : words) arguments.push_back(const_cast<char*>(word.c_str()));
    arguments.push_back(nullptr);
    const pid_t child = fork();
    if (child == 0) {
        const std::size_t equals = way.setting.find('=');
        if (equals != std::string::npos)
            setenv(way.setting.substr(0, equals).c_str(), way.setting.substr(equals + 1).c_str(), 1);
        dup2(ends[1], STDOUT_FILENO);
        close(ends[0]), close(ends[1]);
        execv("/proc/self/exe", arguments.data());
        _exit(127);
    }
    close(ends[1]);
    char text[64] = {};
    const ssize_t length = read(ends[0], text, sizeof text - 1);
    close(ends[0]);
    int status = 0;
    waitpid(child, &status, 0);
    if (length <= 0 || status != 0) throw std::runtime_error("a measurement failed");
    return std::stod(text);
}

double median(std::vector<double> values) {
    std::sort(values.begin(), values.end());
    return values[values.size() / 2];
}

}  // namespace

int main(int argc, char** argv) {
    if (argc == 7 && std::string(argv[1]) == "--measure") {
        reconlaw::cli::wait_briefly(argv);  // as reconlaw does
        const Work work{std::stoi(argv[2]), std::stoi(argv[3]), std::stoi(argv[4]), std::stod(argv[5])};
        std::printf("%.3f\n", images_per_second(work, std::string(argv[6]) == "batch"));
        return 0;
    }
    Work work;
    int busy = 1, rounds = 5;
    std::vector<std::string> settings;
    CLI::App app{"Images per second of U-Net training, idle and beside busy processes"};
    app.add_option("--threads", work.threads)->check(CLI::PositiveNumber);
    app.add_option("--channels", work.channels)->check(CLI::PositiveNumber);
    app.add_option("--size", work.size)->check(CLI::PositiveNumber);
    app.add_option("--busy", busy, "Processes that compete")->check(CLI::NonNegativeNumber);
    app.add_option("--seconds", work.seconds, "For each measurement")->check(CLI::PositiveNumber);
    app.add_option("--rounds", rounds)->check(CLI::PositiveNumber);
    app.add_option("--setting", settings, "Further settings: GOMP_SPINCOUNT=1000");
    CLI11_PARSE(app, argc, argv);
    for (const char* name : {"OMP_WAIT_POLICY", "GOMP_SPINCOUNT"}) unsetenv(name);
    std::vector<Way> ways{{"nothing set", ""}, {"as before", "GOMP_SPINCOUNT=300000", false}};
    for (const std::string& setting : settings) ways.push_back({setting, setting});

    std::vector<std::vector<double>> idle(ways.size()), shared(ways.size());
    for (int round = 0; round < rounds; ++round)
        for (std::size_t i = 0; i < ways.size(); ++i) {
            idle[i].push_back(measured(work, ways[i]));
            std::vector<Busy> others(static_cast<std::size_t>(busy));
            shared[i].push_back(measured(work, ways[i]));
        }
    std::printf("%s\n%d threads, %d channels, %d px, batches of 16: images per second\n\n",
                reconlaw::benchmarks::machine().c_str(), work.threads, work.channels, work.size);
    std::printf("| | idle | beside %d busy | share of idle |\n|---|---|---|---|\n", busy);
    for (std::size_t i = 0; i < ways.size(); ++i)
        std::printf("| %s | %.0f | %.0f (%.0f to %.0f) | %.0f %% |\n", ways[i].name.c_str(), median(idle[i]),
                    median(shared[i]), *std::min_element(shared[i].begin(), shared[i].end()),
                    *std::max_element(shared[i].begin(), shared[i].end()),
                    100 * median(shared[i]) / median(idle[i]));
}
