// Links planted in the folders of train and sweep.
#include "training_support.hpp"

namespace {

namespace tl = reconlaw::data::testing;

}  // namespace

TEST_CASE("train and sweep write through no link that was planted in their folders") {
    namespace fs = std::filesystem;
    const tl::TemporaryDirectory folder;
    if (!reconlaw::cli::testing::make_images(folder / "images")) return;
    tl::write_text(folder / "victim", "mine");
    const auto plant = [&](const fs::path& link, const char* target = "victim") {
        fs::create_directories(link.parent_path());
        fs::remove_all(link);
        fs::create_symlink(folder / target, link);
    };
    const std::vector<std::string> files{"config.toml",      "metrics.csv", "best.safetensors",
                                         "last.safetensors", "panel.png",   "result.csv"};
    // last.safetensors is taken for a training that is there
    for (const std::string& name : files)
        plant(folder / "x" / name, name == "last.safetensors" ? "new" : "victim");
    const std::string train =
        "train --data " + (folder / "images").string() +
        " --samples 20 --patch 16 --noise 25 --channels 2 --poolings 1 --validation 4 --test 4 "
        "--threads 1 --steps 4 --out " +
        (folder / "x").string();
    const Outcome trained = reconlaw_run(train);
    CAPTURE(trained.err);
    CHECK(trained.status == 0);
    for (const std::string& name : files) {
        CAPTURE(name);
        CHECK(fs::is_regular_file(fs::symlink_status(folder / "x" / name)));
    }
    CHECK(tl::read_text(folder / "victim") == "mine");
    CHECK_FALSE(fs::exists(folder / "new"));

    plant(folder / "y/.lock", "new");
    const Outcome locked = reconlaw_run(train.substr(0, train.size() - 1) + "y");
    CHECK(locked.status == 2);
    CHECK(locked.err.find("/.lock: is a symbolic link: remove it") != std::string::npos);
    CHECK_FALSE(fs::exists(folder / "new"));

    tl::write_text(folder / "study.toml",
                   "data = \"" + (folder / "images").string() +
                       "\"\nsamples = 20\nchannels = 2\nseed = 1\npatch = 16\nnoise = 25\n"
                       "poolings = 1\nvalidation = 4\ntest = 4\nsteps = 4\n");
    const std::string sweep_line = "sweep " + (folder / "study.toml").string() + " --threads 1 --out ";
    fs::create_directory(folder / "elsewhere");
    plant(folder / "s/jobs", "elsewhere");
    plant(folder / "s/results.csv");
    const Outcome refused = reconlaw_run(sweep_line + (folder / "s").string());
    CHECK(refused.status == 2);
    CHECK(refused.err.find("jobs: is a symbolic link inside an output folder: remove it") !=
          std::string::npos);
    CHECK(fs::is_empty(folder / "elsewhere"));
    CHECK(tl::read_text(folder / "victim") == "mine");
}
