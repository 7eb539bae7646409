/// Images per second of U-Net training: forward pass, backward pass and Adam.
///
///     benchmark_training [--threads 1] [--seconds 1] [--base 16] [--precision fp32] [--large]
///
/// Batches of 16 images of 32 and 64 px, 8 to 32 channels, 2 and 3 poolings; --large: batches of 8 of 256 px,
/// 64 and 128 channels, 4 poolings, for a GPU.
///
/// benchmarks/training_pytorch.py runs this program and PyTorch by turns and prints the ratios.

#include <CLI/CLI.hpp>
#include <algorithm>
#include <chrono>
#include <cstdio>
#include <string>
#include <vector>

#include "reconlaw/gpu/device.hpp"
#include "reconlaw/gpu/network.hpp"

namespace {

using Clock = std::chrono::steady_clock;

double images_per_second(const reconlaw::gpu::UNet& unet, const reconlaw::gpu::BatchShape& shape,
                         reconlaw::gpu::Precision precision, double seconds) {
    reconlaw::gpu::Network<float> network(unet, shape, {.precision = precision});
    network.initialise(1);
    reconlaw::gpu::Optimiser<float> adam(network.parameter_count(), {});
    const auto pixels = static_cast<std::size_t>(shape.images) * static_cast<std::size_t>(shape.height) *
                        static_cast<std::size_t>(shape.width);
    std::vector<float> clean(pixels), noisy(pixels);
    for (std::size_t i = 0; i < pixels; ++i) {
        clean[i] = static_cast<float>(i % 97) / 97.f;
        noisy[i] = clean[i] + static_cast<float>(i % 13) / 130.f;
    }
    // the median of single steps: another program's moment does not count
    std::vector<double> steps;
    double total = 0;
    for (int step = 0; total < seconds || steps.size() < 5; ++step) {
        const auto start = Clock::now();
        network.loss_and_gradient(noisy, clean);
        network.update(adam);
        const double time = std::chrono::duration<double>(Clock::now() - start).count();
        if (step < 3) continue;
        steps.push_back(time), total += time;
    }
    std::nth_element(steps.begin(), steps.begin() + static_cast<std::ptrdiff_t>(steps.size() / 2),
                     steps.end());
    return shape.images / steps[steps.size() / 2];
}

}  // namespace

int main(int argc, char** argv) {
    int threads = 1, base = 0;
    double seconds = 1;
    bool large = false;
    std::string precision = "fp32";
    CLI::App app{"Images per second of U-Net training"};
    app.add_option("--threads", threads)->check(CLI::PositiveNumber);
    app.add_option("--seconds", seconds, "For each network")->check(CLI::PositiveNumber);
    app.add_option("--base", base, "Only networks of so many channels");
    app.add_option("--precision", precision)->check(CLI::IsMember({"fp32", "tf32", "bf16"}));
    app.add_flag("--large", large, "Networks and images for a GPU");
    CLI11_PARSE(app, argc, argv);
    reconlaw::gpu::set_threads(threads);
    std::fprintf(stderr, "%s\n", reconlaw::gpu::device().summary().c_str());
    std::printf("threads,channels,poolings,size,images_per_second\n");
    const std::vector<int> widths = large ? std::vector{64, 128} : std::vector{8, 16, 32},
                           depths = large ? std::vector{4} : std::vector{2, 3},
                           sizes = large ? std::vector{256} : std::vector{32, 64};
    for (const int channels : widths)
        for (const int poolings : depths)
            for (const int size : sizes) {
                if (base != 0 && base != channels) continue;
                reconlaw::gpu::UNet unet;
                unet.channels = channels, unet.poolings = poolings;
                std::printf("%d,%d,%d,%d,%.1f\n", threads, channels, poolings, size,
                            images_per_second(unet, {large ? 8 : 16, size, size},
                                              reconlaw::gpu::precision_named(precision), seconds));
                std::fflush(stdout);
            }
}
