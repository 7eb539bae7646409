#include <cstdlib>

#include "folder_lock.hpp"
#include "support/check_close.hpp"
#include "training/job.hpp"
#include "training_support.hpp"

using namespace reconlaw::cli::testing;
using reconlaw::data::testing::read_text;
using reconlaw::data::testing::TemporaryDirectory;
using reconlaw::data::testing::write_text;
namespace fs = std::filesystem;

namespace {

/// Starts this sweep as so many processes. Leaks are not looked for: Open MPI itself leaves some.
int under_mpirun(int processes, const std::string& line, const fs::path& log) {
    const std::string command =
        "ASAN_OPTIONS=detect_leaks=0 OMPI_ALLOW_RUN_AS_ROOT=1 OMPI_ALLOW_RUN_AS_ROOT_CONFIRM=1 timeout 120 "
        "mpirun "
        "--oversubscribe -n " +
        std::to_string(processes) + " " RECONLAW_PROGRAM " " + line + " > " + log.string() + " 2>&1";
    return WEXITSTATUS(std::system(command.c_str()));
}

bool have_mpirun() {
    if (std::system("command -v mpirun > /dev/null") == 0) return true;
    MESSAGE("SKIPPED: install openmpi-bin");
    return false;
}

/// Six trainings of a few milliseconds.
std::string study(const TemporaryDirectory& folder, const std::string& more = "") {
    return "data = \"" + (folder / "images").string() +
           "\"\nsamples = [20, 60, 180]\nchannels = [2, 4]\nseed = 1\npatch = 16\npoolings = 1\nsteps = 60\n"
           "validation = 8\ntest = 12\n" +
           more;
}

std::string sweep(const TemporaryDirectory& folder, const std::string& out = "out") {
    return "sweep " + (folder / "study.toml").string() + " --threads 1 --out " + (folder / out).string();
}

}  // namespace

TEST_CASE("a sweep's results feed fit and advise, and running it again does nothing") {
    const TemporaryDirectory folder;
    if (!make_images(folder / "images")) return;
    write_text(folder / "study.toml", study(folder));
    const Outcome first = reconlaw_run(sweep(folder));
    CAPTURE(first.err);
    REQUIRE(first.status == 0);
    const std::string results = read_text(folder / "out/results.csv");
    CHECK(lines_of(results).size() == 7);
    CHECK(lines_of(results)[0].starts_with("samples,channels,seed,"));

    const auto before = fs::last_write_time(folder / "out/jobs/20-2-1/result.csv");
    const Outcome second = reconlaw_run(sweep(folder));
    CHECK(second.status == 0);
    CHECK(second.err.find("6 trainings, 6 done before") != std::string::npos);
    CHECK(fs::last_write_time(folder / "out/jobs/20-2-1/result.csv") == before);
    CHECK(read_text(folder / "out/results.csv") == results);

    const std::string file = (folder / "out/results.csv").string();
    const Outcome fit = reconlaw_run("fit " + file + " --where channels=2 --laws power");
    CAPTURE(fit.err);
    CHECK(fit.status == 0);
    const Outcome advice = reconlaw_run("advise " + file);
    CAPTURE(advice.err);
    CHECK(advice.status == 0);
}

TEST_CASE(
    "a sweep that is killed goes on, and ends with the same results, two of them do not share a folder") {
    const TemporaryDirectory folder;
    if (!make_images(folder / "images")) return;
    write_text(folder / "study.toml", study(folder, "recipe = \"paper\"\n"));
    Process whole(sweep(folder, "whole"), folder / "log");
    const auto start = std::chrono::steady_clock::now();
    REQUIRE(whole.wait() == 0);
    const double seconds = std::chrono::duration<double>(std::chrono::steady_clock::now() - start).count();
    for (int part = 1; part <= 4; ++part) {
        Process killed(sweep(folder) + " --checkpoint-seconds 0", folder / "log");
        killed.kill_after(seconds * 0.2 * part);
    }
    Process last(sweep(folder), folder / "log");
    CAPTURE(read_text(folder / "log"));
    REQUIRE(last.wait() == 0);
    CHECK(without(folder / "out/results.csv", "cost") == without(folder / "whole/results.csv", "cost"));

    const reconlaw::cli::FolderLock lock(folder / "out", "sweep");
    const Outcome second = reconlaw_run(sweep(folder));
    CHECK(second.status == 2);
    CHECK(second.err.find("another sweep runs in this folder") != std::string::npos);
}

TEST_CASE("a sweep under mpirun shares the work and gives the same results") {
    const TemporaryDirectory folder;
    if (!have_mpirun()) return;
    if (!make_images(folder / "images")) return;
    write_text(folder / "study.toml", study(folder));
    REQUIRE(reconlaw_run(sweep(folder, "alone")).status == 0);
    const int status = under_mpirun(3, sweep(folder, "shared"), folder / "log");
    CAPTURE(read_text(folder / "log"));
    REQUIRE(status == 0);
    CHECK(read_text(folder / "log").find("3 processes") != std::string::npos);
    CHECK(without(folder / "shared/results.csv", "cost") == without(folder / "alone/results.csv", "cost"));
}

TEST_CASE("a sweep that is refused under mpirun says so and ends") {
    const TemporaryDirectory folder;
    if (!have_mpirun()) return;
    if (!make_images(folder / "images")) return;
    write_text(folder / "study.toml", study(folder));
    REQUIRE(reconlaw_run(sweep(folder)).status == 0);
    const auto refused = [&](const std::string& message) {
        const int status = under_mpirun(2, sweep(folder), folder / "log");
        CAPTURE(read_text(folder / "log"));
        CHECK(status == 2);
        CHECK(read_text(folder / "log").find(message) != std::string::npos);
    };
    {
        const reconlaw::cli::FolderLock lock(folder / "out", "sweep");
        refused("another sweep runs in this folder");
    }
    write_text(folder / "study.toml", study(folder, "batch = 4\n"));
    refused("made with batch = 16, now asked for is batch = 4");
}

TEST_CASE("a result that is damaged is made again, and results outside the study are mentioned") {
    const TemporaryDirectory folder;
    if (!make_images(folder / "images")) return;
    write_text(folder / "study.toml", study(folder));
    REQUIRE(reconlaw_run(sweep(folder)).status == 0);
    const std::string results = without(folder / "out/results.csv", "cost");
    write_text(folder / "out/jobs/20-2-1/result.csv", "");
    const Outcome again = reconlaw_run(sweep(folder));
    CHECK(again.status == 0);
    CHECK(again.err.find("6 trainings, 5 done before") != std::string::npos);
    CHECK(without(folder / "out/results.csv", "cost") == results);

    std::string smaller = study(folder);
    smaller.replace(smaller.find("[2, 4]"), 6, "[2]");
    write_text(folder / "study.toml", smaller);
    CHECK(reconlaw_run(sweep(folder)).err.find("3 trainings in") != std::string::npos);
}

TEST_CASE("a result.csv is believed only where it is one that the training can have written") {
    const TemporaryDirectory folder;
    using namespace reconlaw::cli;
    TrainSettings settings;
    settings.channels = 4, settings.seed = 3, settings.steps = 60;
    settings = resolve(settings, "");
    JobResult job;
    job.settings = settings;
    job.parameter_count = reconlaw::gpu::parameter_count(plan_of(settings).architecture);
    job.test.mse = {1.5e-3, 2e-4}, job.test.psnr_db = {28.5, 0.25}, job.test.ssim = {0.75, 0.01};
    job.test.noisy_psnr_db = {20.25, 0.1};
    job.validation_psnr_db = 29, job.train_loss = 1e-3, job.seconds = 12.5, job.best_epoch = 7;
    const std::string row = result_row(job), good = result_header() + row;
    const auto read = [&](const std::string& text) {
        write_text(folder / "result.csv", text);
        return read_result(folder.path(), settings);
    };
    CHECK(!read_result(folder.path(), settings));
    const auto result = read(good);
    REQUIRE(result);
    CHECK(result->row == row);
    CHECK(result->loss == 1.5e-3);
    CHECK(result->psnr_db == 28.5);
    CHECK(result->best_epoch == 7);
    CHECK(result->seconds == 12.5);
    const auto with = [&](std::size_t column, const std::string& cell) {
        std::vector<std::string> cells = cells_of(row.substr(0, row.size() - 1));
        cells.at(column) = cell;
        std::string text = result_header();
        for (std::size_t i = 0; i < cells.size(); ++i) text += (i == 0 ? "" : ",") + cells[i];
        return text + '\n';
    };
    for (const std::string& text :
         {std::string(), result_header(), row, good.substr(0, good.size() - 1), good + row, good + '\n',
          row + result_header(), "x" + good, result_header() + "\n", result_header() + ",,,,,,,,,,,,,,\n",
          with(14, "12.5,1"), std::string(1 << 20, '\n'), good + std::string(1 << 20, '1')})
        CHECK(!read(text));
    for (std::size_t column = 0; column < 15; ++column)
        for (const char* cell : {"", " 1", "x", "inf", "-inf", "1e999", "0x1p3", "1 2", "-7", "1\n2"}) {
            CAPTURE(column);
            CAPTURE(cell);
            const bool sign_is_free = column == 6 || (column >= 9 && column <= 11);
            CHECK(read(with(column, cell)).has_value() == (sign_is_free && std::string(cell) == "-7"));
        }
    for (const std::size_t column : {0, 1, 2, 3, 13}) CHECK(!read(with(column, "1")));  // another training's
    for (const char* epoch : {"0", "1.5", "1e10", "2147483648"}) CHECK(!read(with(12, epoch)));
    CHECK(!read(with(4, "0")));
    for (const char* ssim : {"nan", "-nan"}) CHECK(read(with(8, ssim)));  // images too small for it
    for (const char* ssim : {"1.01", "nanx"}) CHECK(!read(with(8, ssim)));
    fs::remove(folder / "result.csv");
    fs::create_directory(folder / "result.csv");
    CHECK(!read_result(folder.path(), settings));
}

TEST_CASE("a study of more trainings than anyone wants is refused at once") {
    const TemporaryDirectory folder;
    const auto numbers = [](int count) {
        std::string list = "[1";
        for (int i = 2; i <= count; ++i) list += ", " + std::to_string(i);
        return list + "]\n";
    };
    const auto refused = [&](const std::string& text, const std::string& message) {
        write_text(folder / "study.toml", text);
        const Outcome o = reconlaw_run("sweep " + (folder / "study.toml").string() + " --dry-run");
        INFO(o.err);
        CHECK(o.status == 2);
        CHECK(o.err.find(message) != std::string::npos);
        CHECK(o.err.size() < 1000);
    };
    refused("samples = " + numbers(100) + "channels = " + numbers(100) + "seed = " + numbers(11),
            "samples, channels and seed make 110000 trainings, must be at most 100000");
    refused("samples = " + numbers(100000) + "seed = [1, 2]\n", "make 200000 trainings");
    refused("\"" + std::string(100000, 'x') + "\\u001b\" = 1\n", "unknown key 'xxx");
}

TEST_CASE("a sweep does not mix results of other images") {
    const TemporaryDirectory folder;
    if (!make_images(folder / "images")) return;
    write_text(folder / "study.toml", study(folder));
    REQUIRE(reconlaw_run(sweep(folder)).status == 0);
    const std::string results = read_text(folder / "out/results.csv");
    fs::copy_file(folder / "images/0.png", folder / "images/more.png");
    fs::remove_all(folder / "out/jobs/20-2-1");
    const Outcome o = reconlaw_run(sweep(folder));
    CAPTURE(o.err);
    CHECK(o.status == 2);
    CHECK(o.err.find("made with other patches") != std::string::npos);
    CHECK(!fs::exists(folder / "out/jobs/20-2-1"));
    fs::remove(folder / "images/more.png");
    CHECK(reconlaw_run(sweep(folder)).status == 0);
    CHECK(lines_of(read_text(folder / "out/results.csv")).size() == 7);
}

TEST_CASE("mistakes in a study are named with their line") {
    const TemporaryDirectory folder;
    const auto refused = [&](const std::string& text, const std::string& message) {
        write_text(folder / "study.toml", text);
        const Outcome o = reconlaw_run(sweep(folder));
        INFO(o.err);
        CHECK(o.status == 2);
        CHECK(o.err.find("study.toml" + message) != std::string::npos);
        CHECK(!fs::exists(folder / "out"));
    };
    refused("samples = [10, 20]\nchanels = 4\n", ":2: unknown key 'chanels'; did you mean 'channels'?");
    refused("samples = [10, 20\nseed = 1\n", ":2: no valid TOML");
    refused("samples = [10, 10]\n", ":1: samples: 10 twice");
    refused("samples = [}]\n", ": no valid TOML");
    refused("samples = []\n", ":1: samples: the list is empty");
    refused("samples = [10, -2]\n", ":1: samples: value = -2, must be from 1 to 1073741824");
    refused("\n\nchannels = \"many\"\n", ":3: channels: must be a whole number");
    refused("noise = \"loud\"\n", ":1: noise: must be a number");
    refused("augment = 1\n", ":1: augment: must be true or false");
    refused("patch = 2.5\n", ":1: patch: must be a whole number");
    refused("recipe = \"slow\"\n", ":1: recipe: 'slow' is unknown, must be fast or paper");
    refused("recipe = \"\"\n", ":1: recipe: must not be empty");
    refused("recipe = 0\n", ":1: recipe: must be text in quotes");
    refused("noise = nan\n", ":1: noise: value = nan, must be above 0, at most 255");
    refused("noise = -nan\n", ":1: noise: value = nan, must be above 0, at most 255");
    refused("lr = inf\n", ":1: lr: value = inf, must be above 0");
    refused("lr = 0\n", ":1: lr: value = 0, must be above 0");
    refused("batch = 0\n", ":1: batch: value = 0, must be from 1 to 1073741824");
    refused("data_seed = -1\n", ":1: data_seed: value = -1, must be from 0 to 4611686018427387904");
    refused("steps = 9223372036854775808\n", ":1: no valid TOML");
    refused("\"\\u001b[31m\" = 1\n", ":1: unknown key '\\x1b[31m'; the keys are");
    CHECK(reconlaw_run("sweep nowhere.toml").status == 2);
    write_text(folder / "study.toml", "samples = [100, 1000]\nchannels = [8, 16]\nseed = [1, 2, 3]\n");
    const Outcome dry = reconlaw_run(sweep(folder) + " --dry-run");
    CHECK(dry.status == 0);
    CHECK(lines_of(dry.out).size() == 13);
}

TEST_CASE("the paper's study runs on a small folder with ImageNet's layout") {
    const TemporaryDirectory folder;
    for (const char* part : {"train/n01440764", "train/n01443537", "val/n01440764"})
        if (!make_images(folder / "imagenet" / part, 4, 10)) return;  // 280 x 280 px
    std::string text = read_text(RECONLAW_EXPERIMENTS "/paper/denoising.toml");
    const auto set = [&](const std::string& key, const std::string& value) {
        const std::size_t at = text.find("\n" + key + " = ") + 1;
        REQUIRE(at > 0);
        text.replace(at, text.find('\n', at) - at, key + " = " + value);
    };
    set("data", '"' + (folder / "imagenet").string() + '"');
    set("samples", "[2, 8]"), set("channels", "[2, 3]"), set("seed", "[1]");
    set("validation", "1"), set("test", "1");
    write_text(folder / "study.toml", text + "epochs = 2\n");
    const Outcome o = reconlaw_run(sweep(folder));
    CAPTURE(o.err);
    CHECK(o.status == 0);
    CHECK(lines_of(read_text(folder / "out/results.csv")).size() == 5);
}

TEST_CASE("more samples than there are is said before anything is trained") {
    const TemporaryDirectory folder;
    if (!make_images(folder / "images")) return;
    // 900000 patches of 16 x 16 px cannot come from 40 small images
    std::string text = study(folder);
    text.replace(text.find("180]"), 4, "180, 900000]");
    write_text(folder / "study.toml", text);
    const Outcome o = reconlaw_run(sweep(folder));
    CAPTURE(o.err);
    CHECK(o.status == 2);
    CHECK(o.err.find("samples = 900000, patch = 16") != std::string::npos);
    CHECK(!fs::exists(folder / "out/jobs"));
}

TEST_CASE("trainings of a sweep that fail are named") {
    const TemporaryDirectory folder;
    if (!make_images(folder / "images")) return;
    write_text(folder / "study.toml", study(folder, "lr = 1e20\noptimiser = \"sgd\"\n"));
    const Outcome o = reconlaw_run(sweep(folder));
    CAPTURE(o.err);
    CHECK(o.status == 1);
    CHECK(o.err.find("6 of 6 trainings failed: ") != std::string::npos);
    CHECK(o.err.find(" in step ") != std::string::npos);
}
