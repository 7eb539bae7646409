#include "reconlaw/simulate/monte_carlo.hpp"

#include <sstream>

#include "reconlaw/simulate/checkpoint.hpp"
#include "support/check_close.hpp"

using namespace reconlaw;

namespace {
TrialValues two_normals(const DrawKey& key) {
    return {normal_value(key, 0, 0, 0), 3.0 + 2.0 * normal_value(key, 0, 1, 0)};
}
}  // namespace

TEST_CASE("mean and standard error, identical for any number of threads") {
    MonteCarloOptions options{.trials = 2000, .seed = 5, .threads = 1};
    const MonteCarloResult one = monte_carlo(options, two_normals);
    CHECK(one.status == MonteCarloStatus::complete);
    CHECK(one.trials == 2000);
    check_close(one.mean[0], 0.0, 0.0, 4 * one.std_error[0]);
    check_close(one.mean[1], 3.0, 0.0, 4 * one.std_error[1]);
    check_close(one.std_error[1], 2.0 / std::sqrt(2000.0), 0.07, 0.0);  // 1/sqrt(2 trials) is 1.6 %
    for (const unsigned threads : {2U, 3U, 8U}) {
        options.threads = threads;
        const MonteCarloResult other = monte_carlo(options, two_normals);
        CHECK((other.mean == one.mean).all());
        CHECK((other.std_error == one.std_error).all());
    }
    options.trials = 1;
    CHECK(std::isnan(monte_carlo(options, two_normals).std_error[0]));
}

TEST_CASE("exceptions of trials and callbacks reach the caller") {
    MonteCarloOptions options{.trials = 100, .threads = 4};
    const auto failing = [](const DrawKey& key) -> TrialValues {
        if (key.trial == 37) throw std::runtime_error("trial 37");
        return {1.0};
    };
    CHECK_THROWS_WITH(monte_carlo(options, failing), "trial 37");
    options.on_trial = [](std::size_t, const TrialValues&) { throw std::runtime_error("disk full"); };
    CHECK_THROWS_WITH(monte_carlo(options, two_normals), "disk full");
    options = {.trials = 0};
    CHECK_THROWS_AS(monte_carlo(options, two_normals), std::invalid_argument);
    options = {.trials = 2, .finished = TrialTable(3)};
    CHECK_THROWS_AS(monte_carlo(options, two_normals), std::invalid_argument);
    options = {.trials = 4};
    CHECK_THROWS_AS(monte_carlo(options, [](const DrawKey& key) { return TrialValues(key.trial + 1, 0.0); }),
                    std::invalid_argument);
}

TEST_CASE("a cancelled run resumes from its checkpoint to identical numbers") {
    const std::string fingerprint = "two normals, seed=5 trials=200";
    const MonteCarloResult whole = monte_carlo({.trials = 200, .seed = 5, .threads = 2}, two_normals);

    std::stringstream file;
    CheckpointWriter writer(file, fingerprint);
    std::stop_source stop;
    MonteCarloOptions options{.trials = 200, .seed = 5, .threads = 2};
    options.stop = stop.get_token();
    options.on_trial = [&](std::size_t index, const TrialValues& values) { writer.write(index, values); };
    options.progress = [&](std::size_t done, std::size_t count) {
        CHECK(count == 200);
        if (done == 80) stop.request_stop();
    };
    const MonteCarloResult part = monte_carlo(options, two_normals);
    CHECK(part.status == MonteCarloStatus::cancelled);
    CHECK(part.trials >= 80);
    CHECK(part.trials < 200);

    // Interrupted in the middle of writing a line: it is ignored, wherever it was cut.
    const std::string intact = file.str();
    const std::string torn_line = "199 2 0x1.8p+1 0x1.123456789abcdp";
    for (std::size_t cut = 0; cut <= torn_line.size(); cut += 3) {
        std::istringstream torn(intact + torn_line.substr(0, cut));
        const Checkpoint checkpoint = read_checkpoint(torn, fingerprint, 200);
        CHECK(checkpoint.intact_bytes == intact.size());
        std::size_t runs = 0;
        MonteCarloOptions resume{.trials = 200, .seed = 5, .threads = 2, .finished = checkpoint.finished};
        resume.on_trial = [&](std::size_t, const TrialValues&) { ++runs; };
        const MonteCarloResult resumed = monte_carlo(resume, two_normals);
        CHECK(runs == 200 - part.trials);
        CHECK(resumed.status == MonteCarloStatus::complete);
        CHECK((resumed.mean == whole.mean).all());
        CHECK((resumed.std_error == whole.std_error).all());
    }
}
