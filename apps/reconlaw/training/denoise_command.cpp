#include <filesystem>
#include <memory>
#include <ostream>

#include "commands.hpp"
#include "options.hpp"
#include "outputs.hpp"
#include "printed.hpp"
#include "reconlaw/data/metrics.hpp"
#include "reconlaw/gpu/denoiser.hpp"
#include "reconlaw/gpu/evaluation.hpp"

namespace reconlaw::cli {
namespace {

struct DenoiseArguments {
    WeightsOptions network;
    std::string input, output, noisy;
    double add_noise = 0;
    std::uint64_t seed = 1;
    DeviceOptions device;
};

std::string psnr(const data::Image& image, const data::Image& clean) {
    const double mse = data::mean_squared_error(image, clean);
    return mse > 0 ? printed("%.2f dB", data::psnr_db(mse)) : "exact";
}

void denoise_image(const DenoiseArguments& o, const Streams& streams) {
    namespace fs = std::filesystem;
    for (const std::string& path : {o.output, o.noisy}) {
        std::error_code error;
        if (!path.empty() && fs::path(path).extension() != ".png")
            throw std::invalid_argument("'" + path + "': the result is a PNG, the name must end with .png");
        if (!path.empty() && fs::equivalent(path, o.input, error))
            throw std::invalid_argument("'" + path + "' is the input, must be another file");
    }
    if (fs::weakly_canonical(o.noisy) == fs::weakly_canonical(o.output))
        throw std::invalid_argument("'" + o.noisy + "' is also the output, must be another file");
    require_writable(o.output, "output");
    require_writable(o.noisy, "--noisy");
    const gpu::Weights weights = read_weights(o.network, streams.err);
    use_device(o.device);
    const data::Image clean = data::read_image(o.input);
    data::Image image = clean;
    if (o.add_noise > 0) {
        std::vector<float> values(image.data(), image.data() + image.size());
        gpu::add_noise(values, o.add_noise / 255, o.seed, 0);
        image = Eigen::Map<const data::Image>(values.data(), image.rows(), image.cols());
        if (!o.noisy.empty()) data::write_png(o.noisy, image);
    }
    const data::Image estimate = gpu::denoise(weights, image, tile_of(o.network, weights)).max(0.f).min(1.f);
    data::write_png(o.output, estimate);
    streams.err << o.input << ": " << image.cols() << " x " << image.rows() << " px, written to " << o.output
                << '\n';
    if (o.add_noise > 0)
        streams.err << "noisy " << psnr(image, clean) << ", denoised " << psnr(estimate, clean) << '\n';
}

}  // namespace

Run add_denoise_command(CLI::App& app) {
    auto options = std::make_shared<DenoiseArguments>();
    DenoiseArguments& o = *options;
    add_weights_options(app, o.network);
    app.add_option("input", o.input, "JPEG, PNG or WebP; colours become grey")->required();
    app.add_option("output", o.output, "PNG")->required();
    app.add_option("--add-noise", o.add_noise,
                   "Add noise first, on the scale of 0 to 255: to try a clean image")
        ->check(number_in(1e-3, 255));
    CLI::Option* noisy = app.add_option("--noisy", o.noisy, "Write the image with --add-noise to this PNG");
    noisy->needs("--add-noise");
    app.add_option("--seed", o.seed, "Of --add-noise")->capture_default_str();
    add_device_options(app, o.device);
    app.footer(
        "Example:\n  reconlaw denoise --weights runs/x/best.safetensors photograph.jpg denoised.png "
        "--add-noise 25");
    return [options](const Streams& streams) { denoise_image(*options, streams); };
}

}  // namespace reconlaw::cli
