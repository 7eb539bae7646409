#include <cmath>
#include <random>

#include "reconlaw/data/metrics.hpp"
#include "reconlaw/gpu/device.hpp"
#include "reconlaw/gpu/weights.hpp"
#include "support/check_close.hpp"
#include "training/folder_lock.hpp"
#include "training_support.hpp"

using namespace reconlaw::cli::testing;
using reconlaw::data::testing::read_text;
using reconlaw::data::testing::TemporaryDirectory;
using reconlaw::data::testing::write_text;
namespace fs = std::filesystem;
namespace gpu = reconlaw::gpu;

namespace {

/// A training of a few milliseconds on the images in `folder`/images; what `more` sets again replaces the
/// usual value.
std::string tiny(const TemporaryDirectory& folder, const std::string& more, const std::string& out = "x") {
    std::string line = "train";
    for (const auto& [option, value] :
         std::vector<std::pair<std::string, std::string>>{{"--data", (folder / "images").string()},
                                                          {"--samples", "60"},
                                                          {"--patch", "16"},
                                                          {"--noise", "25"},
                                                          {"--channels", "4"},
                                                          {"--poolings", "1"},
                                                          {"--validation", "8"},
                                                          {"--test", "12"},
                                                          {"--threads", "1"},
                                                          {"--out", (folder / out).string()}})
        if (more.find(option + " ") == std::string::npos) line += " " + option + " " + value;
    return line + " " + more;
}

double number_after(const std::string& text, const std::string& word) {
    return std::stod(text.substr(text.find(word) + word.size()));
}

}  // namespace

TEST_CASE("train writes what evaluate and denoise read") {
    const TemporaryDirectory folder;
    if (!make_images(folder / "images")) return;
    const Outcome trained = reconlaw_run(tiny(folder, "--steps 400 --lr 2e-2"));
    CAPTURE(trained.err);
    REQUIRE(trained.status == 0);
    for (const char* name :
         {"config.toml", "metrics.csv", "best.safetensors", "last.safetensors", "panel.png", "result.csv"})
        CHECK(fs::exists(folder / "x" / name));
    CHECK(trained.err.find("U-Net, 4 channels, 1 poolings, residual") != std::string::npos);
    CHECK(trained.err.find("activations") != std::string::npos);
    // It has learned: several decibels above the noise.
    const double noisy = number_after(trained.out, "noisy         "),
                 denoised = number_after(trained.out, "denoised      ");
    check_close(noisy, 20.17, 0.0, 0.3);
    CHECK(denoised > noisy + 1);

    const std::string weights = (folder / "x/best.safetensors").string(),
                      images = (folder / "images").string();
    const Outcome e = reconlaw_run("evaluate --weights " + weights + " --data " + images +
                                   " --patch 16 --count 12 --threads 1");
    CAPTURE(e.err);
    REQUIRE(e.status == 0);
    check_close(number_after(e.out, "denoised   "), denoised, 0.0,
                0.006);  // the same patches and noise, two decimals
    const Outcome rows = reconlaw_run("evaluate --weights " + weights + " --data " + images +
                                      " --split all --limit 3 --format csv");
    REQUIRE(rows.status == 0);
    CHECK(lines_of(rows.out).size() == 4);
    // tiles are as large as the training patches unless told otherwise
    const auto with = [&](const std::string& tile) {
        return reconlaw_run("evaluate --weights " + weights + " --data " + images +
                            " --split all --limit 3 --format csv" + tile)
            .out;
    };
    CHECK(with(" --tile 16") == rows.out);
    CHECK(with(" --tile 0") != rows.out);

    // an image of odd size, made noisy and cleaned
    const reconlaw::data::Image clean =
        reconlaw::data::read_image(folder / "images/0.png").block(0, 0, 65, 47);
    reconlaw::data::write_png(folder / "odd.png", clean);
    const Outcome d = reconlaw_run("denoise --weights " + weights + " " + (folder / "odd.png").string() +
                                   " " + (folder / "out.png").string() + " --add-noise 25 --noisy " +
                                   (folder / "noisy.png").string());
    CAPTURE(d.err);
    REQUIRE(d.status == 0);
    const auto error = [&](const char* name) {
        return reconlaw::data::mean_squared_error(reconlaw::data::read_image(folder / name), clean);
    };
    CHECK(error("out.png") <
          0.9 * error("noisy.png"));  // the PNG is clipped, which takes noise away from black
    const reconlaw::data::Image panel = reconlaw::data::read_image(folder / "x/panel.png");
    CHECK(panel.cols() == 3 * 112 + 2 * 4);
}

TEST_CASE("a training in BF16 takes less memory, learns as much, and goes on only in BF16") {
    const TemporaryDirectory folder;
    if (!make_images(folder / "images")) return;
    const std::string options = "--steps 400 --lr 2e-2";
    const Outcome single = reconlaw_run(tiny(folder, options, "single")),
                  narrow = reconlaw_run(tiny(folder, options + " --precision bf16", "narrow"));
    CAPTURE(narrow.err);
    REQUIRE(single.status == 0);
    REQUIRE(narrow.status == 0);
    CHECK(narrow.err.find(" parameters, bf16; ") != std::string::npos);
    CHECK(number_after(narrow.err, "activations ") < 0.7 * number_after(single.err, "activations "));
    check_close(number_after(narrow.out, "denoised      "), number_after(single.out, "denoised      "), 0,
                0.3);
    CHECK(read_text(folder / "narrow/config.toml").find("precision = 'bf16'") != std::string::npos);
    const Outcome other = reconlaw_run(tiny(folder, options + " --resume", "narrow"));
    CHECK(other.status == 2);
    CHECK(other.err.find("precision") != std::string::npos);

    const Outcome tf32 = reconlaw_run(tiny(folder, "--steps 2 --precision tf32", "tf32"));
    REQUIRE(tf32.status == 0);
    if (gpu::device().system != "cuda")
        CHECK(tf32.err.find("tf32 is for a GPU; here convolutions compute in single precision") !=
              std::string::npos);
}

TEST_CASE("the paper's recipe trains by epochs with the rate doubled while the validation improves") {
    const TemporaryDirectory folder;
    if (!make_images(folder / "images")) return;
    const Outcome t = reconlaw_run(tiny(folder, "--recipe paper --epochs 4"));
    CAPTURE(t.err);
    REQUIRE(t.status == 0);
    const std::vector<std::string> lines = lines_of(read_text(folder / "x/metrics.csv"));
    REQUIRE(lines.size() == 5);
    CHECK(cells_of(lines[1])[1] == "60");  // batch 1: one step a sample
    check_close(std::stod(cells_of(lines[1])[2]), 1e-4, 1e-9, 0.0);
    check_close(std::stod(cells_of(lines[2])[2]), 2e-4, 1e-9, 0.0);
}

TEST_CASE("killed twenty times at random moments, a training ends in the bits of one that never stopped") {
    const TemporaryDirectory folder;
    if (!make_images(folder / "images")) return;
    const std::string more = "--recipe paper --epochs 30 --checkpoint-seconds 0.02";
    Process whole(tiny(folder, more, "whole"), folder / "log");
    const auto start = std::chrono::steady_clock::now();
    REQUIRE(whole.wait() == 0);
    const double seconds = std::chrono::duration<double>(std::chrono::steady_clock::now() - start).count();

    std::mt19937 random(7);
    int kills = 0, complete = 0;
    const auto compare = [&] {
        ++complete;
        const gpu::Weights expected = gpu::load_weights(folder / "whole/best.safetensors");
        CHECK(gpu::load_weights(folder / "x/best.safetensors").values == expected.values);
        CHECK(gpu::load_weights(folder / "x/last.safetensors").values ==
              gpu::load_weights(folder / "whole/last.safetensors").values);
        CHECK(without(folder / "x/metrics.csv", "seconds") ==
              without(folder / "whole/metrics.csv", "seconds"));
        CHECK(without(folder / "x/result.csv", "cost") == without(folder / "whole/result.csv", "cost"));
        fs::remove_all(folder / "x");
    };
    while (kills < 20) {
        Process part(tiny(folder, more + " --resume"), folder / "log");
        if (part.kill_after(std::uniform_real_distribution<double>(0, 0.6 * seconds)(random))) {
            ++kills;
            continue;
        }
        CAPTURE(read_text(folder / "log"));
        REQUIRE(part.exit_status() == 0);
        compare();
    }
    Process last(tiny(folder, more + " --resume"), folder / "log");
    REQUIRE(last.wait() == 0);
    compare();
    CHECK(complete >= 1);
}

TEST_CASE("a folder with a training is neither overwritten nor mixed up") {
    const TemporaryDirectory folder;
    if (!make_images(folder / "images")) return;
    REQUIRE(reconlaw_run(tiny(folder, "--steps 20")).status == 0);
    const std::string weights = read_text(folder / "x/last.safetensors"),
                      config = read_text(folder / "x/config.toml");
    const Outcome again = reconlaw_run(tiny(folder, "--steps 20"));
    CHECK(again.status == 2);
    CHECK(again.err.find("holds a training; give --resume") != std::string::npos);
    const Outcome other = reconlaw_run(tiny(folder, "--steps 20 --resume --batch 8"));
    CHECK(other.status == 2);
    CHECK(other.err.find("made with batch = 16, now asked for is batch = 8") != std::string::npos);
    CHECK(read_text(folder / "x/last.safetensors") == weights);
    CHECK(read_text(folder / "x/config.toml") == config);
    CHECK(reconlaw_run(tiny(folder, "--steps 20 --resume")).status == 0);
    if (reconlaw::gpu::device().system == "omp")
        CHECK(reconlaw_run(tiny(folder, "--steps 20 --resume --threads 2"))
                  .err.find("so far computed by 1 thread") != std::string::npos);

    const reconlaw::cli::FolderLock lock(folder / "x", "training");
    const Outcome second = reconlaw_run(tiny(folder, "--steps 20 --resume"));
    CHECK(second.status == 2);
    CHECK(second.err.find("another training runs in this folder") != std::string::npos);
}

TEST_CASE("a damaged checkpoint is refused with a reason, and the one before it is used") {
    const TemporaryDirectory folder;
    if (!make_images(folder / "images")) return;
    REQUIRE(reconlaw_run(tiny(folder, "--steps 40 --checkpoint-seconds 0")).status == 0);
    const std::string result = without(folder / "x/result.csv", "cost");
    const fs::path last = folder / "x/last.safetensors";
    fs::resize_file(last, fs::file_size(last) - 100);
    const Outcome resumed = reconlaw_run(tiny(folder, "--steps 40 --checkpoint-seconds 0 --resume"));
    CHECK(resumed.status == 0);
    CHECK(resumed.err.find("checkpoint not used: " + last.string()) != std::string::npos);
    CHECK(without(folder / "x/result.csv", "cost") == result);
    CHECK(fs::exists(folder / "x/last.safetensors.damaged"));
    // a foreign file in its place, and nothing before it: refused, not begun anew
    write_text(last, "this is no checkpoint");
    fs::remove(folder / "x/last.safetensors.previous");
    const Outcome foreign = reconlaw_run(tiny(folder, "--steps 40 --checkpoint-seconds 0 --resume"));
    CHECK(foreign.status == 2);
    CHECK(foreign.err.find("no checkpoint can be used") != std::string::npos);
    CHECK(foreign.err.find("no safetensors file") != std::string::npos);
    CHECK(read_text(last) == "this is no checkpoint");
}

TEST_CASE("weights changed by another program are used with a note, as a checkpoint they are damaged") {
    const TemporaryDirectory folder;
    if (!make_images(folder / "images")) return;
    REQUIRE(reconlaw_run(tiny(folder, "--steps 20")).status == 0);
    const auto evaluate = [&](const std::string& weights) {
        return reconlaw_run("evaluate --weights " + (folder / weights).string() + " --data " +
                            (folder / "images").string() + " --patch 16 --count 12");
    };
    const Outcome before = evaluate("x/best.safetensors");
    CHECK(before.status == 0);
    CHECK(before.err.find("note: ") == std::string::npos);
    for (const char* name : {"x/best.safetensors", "x/last.safetensors"}) {
        std::string bytes = read_text(folder / name);
        bytes[bytes.size() - 4] =
            static_cast<char>(bytes[bytes.size() - 4] ^ 1);  // the last digit of the last value
        write_text(folder / name, bytes);
        const Outcome after = evaluate(name);
        CAPTURE(after.err);
        CHECK(after.status == 0);
        CHECK(after.err.find("note: " + (folder / name).string() + ": not as reconlaw wrote it") == 0);
        if (std::string(name) == "x/best.safetensors") CHECK(after.out.size() == before.out.size());
    }
    fs::remove(folder / "x/last.safetensors.previous");
    const Outcome resumed = reconlaw_run(tiny(folder, "--steps 20 --resume"));
    CHECK(resumed.status == 2);
    CHECK(resumed.err.find("no checkpoint can be used (" + (folder / "x/last.safetensors").string() +
                           ": the checksum does not fit") != std::string::npos);
}

TEST_CASE("what is planted or left in a training's folder is neither followed nor obeyed") {
    const TemporaryDirectory folder;
    if (!make_images(folder / "images")) return;
    fs::create_directories(folder / "x");
    write_text(folder / "victim", "precious");
    for (const char* name : {"last.safetensors.new", "last.safetensors.damaged"})
        fs::create_symlink(folder / "victim", folder / "x" / name);
    REQUIRE(reconlaw_run(tiny(folder, "--steps 20")).status == 0);
    CHECK(read_text(folder / "victim") == "precious");
    CHECK(!fs::exists(fs::symlink_status(folder / "x/last.safetensors.new")));

    const std::string config = read_text(folder / "x/config.toml");
    const auto refused = [&](const std::string& text, const std::string& message) {
        write_text(folder / "x/config.toml", text);
        const Outcome o = reconlaw_run(tiny(folder, "--steps 20 --resume"));
        INFO(o.err.substr(0, 1000));
        CHECK(o.status == 2);
        CHECK(o.err.find(message) != std::string::npos);
        CHECK(o.err.find('\x1b') == std::string::npos);
        CHECK(o.err.size() < 2000);
    };
    const std::size_t patches = config.find("# patches");
    refused(config.substr(0, patches), "has no line '# patches, SHA-256: ...': damaged");
    refused(config.substr(0, config.size() - 2), "made with other patches");
    refused("\x1b[2Jtask = 'denoise'\n" + config, "made with \\x1b[2Jtask = 'denoise', now asked for");
    refused(std::string(100000, 'x') + "\n" + config, "made with xxx");
    refused(std::string(2 << 20, 'x'), "larger than the limit");
    write_text(folder / "x/config.toml", config);
    CHECK(reconlaw_run(tiny(folder, "--steps 20 --resume")).status == 0);
}

TEST_CASE("a damaged checkpoint does not replace the good one before it, even where the disk is full") {
    const TemporaryDirectory folder;
    if (!make_images(folder / "images")) return;
    REQUIRE(reconlaw_run(tiny(folder, "--steps 40 --checkpoint-seconds 0")).status == 0);
    const fs::path last = folder / "x/last.safetensors", before = folder / "x/last.safetensors.previous";
    const std::string good = read_text(before);
    fs::resize_file(last, fs::file_size(last) - 100);
    const std::string command = "trap '' XFSZ; ulimit -f 8; " + std::string(RECONLAW_PROGRAM) + " " +
                                tiny(folder, "--steps 40 --checkpoint-seconds 0 --resume") +
                                " > /dev/null 2>&1";
    CHECK(WEXITSTATUS(std::system(("bash -c \"" + command + "\"").c_str())) == 2);
    CHECK(read_text(before) == good);
    CHECK(reconlaw_run(tiny(folder, "--steps 40 --resume")).status == 0);
}

TEST_CASE("an image too small for the network spoils neither the panel nor an evaluation") {
    const TemporaryDirectory folder;
    if (!make_images(folder / "images")) return;
    const reconlaw::data::Image small = reconlaw::data::read_image(folder / "images/0.png").block(0, 0, 6, 6);
    for (int i = 0; i < 20; ++i)
        reconlaw::data::write_png(folder / ("images/small" + std::to_string(i) + ".png"), small);
    const Outcome t = reconlaw_run(tiny(folder, "--steps 5 --poolings 3"));
    CAPTURE(t.err);
    REQUIRE(t.status == 0);
    const Outcome e = reconlaw_run("evaluate --weights " + (folder / "x/best.safetensors").string() +
                                   " --data " + (folder / "images").string() + " --split all --tile 0");
    CAPTURE(e.err);
    CHECK(e.status == 0);
    CHECK(e.err.find("20 images too small for the network, left out") != std::string::npos);
}

TEST_CASE("a training that diverges names the step and keeps its last checkpoint") {
    const TemporaryDirectory folder;
    if (!make_images(folder / "images")) return;
    const Outcome t =
        reconlaw_run(tiny(folder, "--steps 200 --optimiser sgd --lr 1e20 --checkpoint-seconds 0"));
    CHECK(t.status == 1);
    CAPTURE(t.err);
    CHECK(t.err.find(" in step ") != std::string::npos);
    CHECK(t.err.find("The last checkpoint before it remains") != std::string::npos);
    // what is kept is of use: evaluating it gives numbers
    const Outcome e = reconlaw_run("evaluate --weights " + (folder / "x/last.safetensors").string() +
                                   " --data " + (folder / "images").string());
    CAPTURE(e.err);
    CHECK(e.status == 0);
    const Outcome late = reconlaw_run(tiny(folder, "--optimiser sgd --lr 1e38 --steps 1", "late"));
    CHECK(late.status == 1);
    CHECK(late.err.find("the validation error is") != std::string::npos);
}

TEST_CASE("a folder belongs to a training only once it has begun") {
    const TemporaryDirectory folder;
    if (!make_images(folder / "images")) return;
    CHECK(reconlaw_run(tiny(folder, "--samples 9999999")).status == 2);
    CHECK(!fs::exists(folder / "x/config.toml"));
    REQUIRE(reconlaw_run(tiny(folder, "--steps 20 --resume")).status == 0);
    const std::string config = read_text(folder / "x/config.toml");
    fs::remove(folder / "x/config.toml");
    CHECK(reconlaw_run(tiny(folder, "--steps 30 --resume")).status == 2);
    CHECK(!fs::exists(folder / "x/config.toml"));
    CHECK(reconlaw_run(tiny(folder, "--steps 20 --resume")).status == 0);
    CHECK(read_text(folder / "x/config.toml") == config);
    fs::copy_file(folder / "images/0.png", folder / "images/more.png");
    CHECK(reconlaw_run(tiny(folder, "--steps 20 --resume")).err.find("made with other patches") !=
          std::string::npos);
}

TEST_CASE("weights without metadata are used as --predicts says") {
    const TemporaryDirectory folder;
    if (!make_images(folder / "images")) return;
    REQUIRE(reconlaw_run(tiny(folder, "--steps 100")).status == 0);
    // what PyTorch's save_file(state_dict) would leave of it
    reconlaw::gpu::SafeTensors file = reconlaw::gpu::read_safetensors(folder / "x/best.safetensors");
    file.metadata.clear();
    reconlaw::gpu::write_safetensors(folder / "bare.safetensors", file);
    const auto evaluate = [&](const std::string& weights, const std::string& more) {
        return reconlaw_run("evaluate --weights " + (folder / weights).string() + " --data " +
                            (folder / "images").string() + " --patch 16 --count 12 --noise 25 " + more);
    };
    const Outcome whole = evaluate("x/best.safetensors", "");
    REQUIRE(whole.status == 0);
    CHECK(evaluate("bare.safetensors", "--predicts noise").out == whole.out);
    const Outcome wrong = evaluate("bare.safetensors", "");
    CHECK(wrong.out != whole.out);
    CHECK(wrong.err.find("worse than the noisy images") != std::string::npos);
}

TEST_CASE("a disk that fills up is an error, and the checkpoint before it stays") {
    const TemporaryDirectory folder;
    if (!make_images(folder / "images")) return;
    REQUIRE(reconlaw_run(tiny(folder, "--steps 30")).status == 0);
    fs::rename(folder / "x/last.safetensors", folder / "x/last.safetensors.previous");
    // no file may grow beyond 8 blocks of 512 bytes
    const std::string command = "trap '' XFSZ; ulimit -f 8; " + std::string(RECONLAW_PROGRAM) + " " +
                                tiny(folder, "--steps 30 --resume") + " > " + (folder / "log").string() +
                                " 2>&1";
    const int status = std::system(("bash -c \"" + command + "\"").c_str());
    CHECK(WEXITSTATUS(status) == 2);
    CAPTURE(read_text(folder / "log"));
    CHECK(read_text(folder / "log").find("File too large") != std::string::npos);
    CHECK(reconlaw_run(tiny(folder, "--steps 30 --resume")).status == 0);
}

TEST_CASE("bad input to the training commands") {
    const TemporaryDirectory folder;
    if (!make_images(folder / "images")) return;
    const auto refused = [&](const std::string& line, const std::string& message) {
        const Outcome o = reconlaw_run(line);
        INFO(line, "\n", o.err);
        CHECK(o.status == 2);
        CHECK(o.err.find(message) != std::string::npos);
    };
    // more whole images than there are
    refused(tiny(folder, "--patch 112 --samples 1000"), "images of");
    refused(tiny(folder, "--samples 0"), "--samples: value = 0, must be at least 1");
    refused(tiny(folder, "--batch 0"), "--batch");
    refused(tiny(folder, "--lr 0"), "--lr");
    refused(tiny(folder, "--seed -1"), "--seed: value = 18446744073709551615, must be from 0 to 2^62");
    refused("denoise --weights w a.png a.jpg", "must end with .png");
    refused("denoise --weights w " + (folder / "images/0.png").string() + " " +
                (folder / "images/0.png").string(),
            "is the input, must be another file");
    refused(tiny(folder, "--noise -1"), "--noise: value = -1, must be above 0, at most 255");
    refused(tiny(folder, "--patch 16 --poolings 4"), "--poolings: value = 4");
    refused(tiny(folder, "--steps 5 --epochs 5"), "--steps and --epochs: give one of them");
    refused(tiny(folder, "--task superresolve"), "--task: value = 'superresolve', must be denoise");
    refused(tiny(folder, "--recipe quick"), "must be fast or paper");
    refused(tiny(folder, "--precision fp16"), "--precision: value = 'fp16', must be fp32, tf32 or bf16");
    refused(tiny(folder, "--channels 512 --poolings 3 --patch 512 --samples 200 --batch 128"),
            "not enough memory");
    if (gpu::device().system != "cuda")
        refused(tiny(folder, "--device gpu"), "build with -DRECONLAW_GPU=cuda");
    refused(tiny(folder, "--data " + (folder / "nowhere").string()), "nowhere");
    fs::create_directories(folder / "empty");
    refused(tiny(folder, "--data " + (folder / "empty").string()), "no usable image");

    // a corrupt image is skipped with a count, or an error
    const fs::path victim = folder / "images/7.png";
    fs::resize_file(victim, fs::file_size(victim) / 2);
    const Outcome lenient = reconlaw_run(tiny(folder, "--steps 5", "lenient"));
    CHECK(lenient.status == 0);
    CHECK(lenient.err.find("1 skipped") != std::string::npos);
    refused(tiny(folder, "--steps 5 --strict", "strict"), "7.png");

    const std::string none = (folder / "none").string();
    refused("denoise --weights " + none + " a b.png --add-noise nan", "must be a number from 0.001 to 255");
    refused("evaluate --weights " + none + " --noise nan", "must be a number from 0.001 to 255");
    refused(tiny(folder, "--checkpoint-seconds nan"), "must be a number from 0 to");
    refused(tiny(folder, "--momentum 0.9"), "--momentum: value = 0.9, must be 0 for adam: only sgd has it");

    write_text(folder / "w.safetensors", "nothing");
    refused("evaluate --weights " + (folder / "w.safetensors").string(), "truncated");
    refused("denoise --weights " + (folder / "none").string() + " a b.png", "none");
}
