#include "options.hpp"

#include "numbers.hpp"
#include "printed.hpp"
#include "reconlaw/gpu/denoiser.hpp"
#include "reconlaw/gpu/device.hpp"
#include "threads.hpp"

namespace reconlaw::cli {

void add_settings(CLI::App& app, TrainSettings& settings) {
    visit_settings(settings, [&](const char* key, auto& field, const auto& allowed, const char* description) {
        const std::string name = option_name(key);
        using Allowed = std::decay_t<decltype(allowed)>;
        using Field = std::decay_t<decltype(field)>;
        if constexpr (std::is_same_v<Allowed, OnOff>)
            app.add_flag(name, field, description);
        else if constexpr (std::is_same_v<Allowed, AnyText>)
            add_text(app, name, field, Text::file, description);
        else if constexpr (std::is_same_v<Allowed, OneOf>)
            add_choice(app, name, field, allowed.names, description);
        else if constexpr (std::is_same_v<Allowed, Interval>)
            add_number(app, name, field, allowed, description);
        else
            add_whole(app, name, field, static_cast<Field>(allowed.low), static_cast<Field>(allowed.high),
                      description);
    });
}

void add_device_options(CLI::App& app, DeviceOptions& options) {
    add_choice(app, "--device", options.device, std::vector<std::string>{"cpu", "gpu"},
               "What computes; by default what this program was built for");
    add_whole(app, "--threads", options.threads, 1, most_threads,
              "Processor threads (default: all, or OMP_NUM_THREADS)");
}

void add_weights_options(CLI::App& app, WeightsOptions& options) {
    add_text(app, "--weights", options.file, Text::file,
             "best.safetensors of a training, or a fastMRI U-Net's state_dict")
        ->required();
    add_choice(app, "--predicts", options.predicts, std::vector<std::string>{"image", "noise"},
               "What the network's output is: image, or noise to be subtracted (default: what the file "
               "says; a file that does not say: image)");
    add_whole(app, "--tile", options.tile, 0, 32768,
              "Side of the overlapping tiles that images are denoised in; 0: whole images at once "
              "(default: as large as the training patches; residual-cnn: 0)");
}

gpu::Weights read_weights(const WeightsOptions& options, std::ostream& notes) {
    gpu::Weights weights = gpu::load_weights(options.file);
    if (!weights.note.empty()) notes << "note: " << weights.note << '\n';
    if (options.predicts.empty()) return weights;
    const bool residual = options.predicts == "noise";
    if (auto* u = std::get_if<gpu::UNet>(&weights.architecture)) u->residual = residual;
    if (auto* r = std::get_if<gpu::ResidualCnn>(&weights.architecture)) r->residual = residual;
    return weights;
}

int tile_of(const WeightsOptions& options, const gpu::Weights& weights) {
    return options.tile ? *options.tile : gpu::natural_tile(weights);
}

std::string use_device(const DeviceOptions& options) {
    require_threads(options.threads);
    if (options.threads > 0) gpu::set_threads(options.threads);
    const gpu::Device device = gpu::device();
    const bool is_gpu = device.system == "cuda";
    if (options.device == "gpu" && !is_gpu)
        throw std::invalid_argument("--device: this program was built for the processor (" + device.system +
                                    "); build with -DRECONLAW_GPU=cuda for a GPU");
    if (options.device == "cpu" && is_gpu)
        throw std::invalid_argument("--device: this program was built for GPUs (" + device.built_for +
                                    "); build with -DRECONLAW_GPU=omp for the processor");
    gpu::require_device();
    return device.summary();
}

std::string precision_note(const std::string& precision) {
    const gpu::Device device = gpu::device();
    if (precision == "tf32" && device.system != "cuda")
        return "tf32 is for a GPU; here convolutions compute in single precision\n";
    if (precision == "bf16" && !device.bf16)
        return "this processor has no BF16 instructions: bf16 saves memory, but no time\n";
    return "";
}

}  // namespace reconlaw::cli
