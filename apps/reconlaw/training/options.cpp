#include "options.hpp"

#include "printed.hpp"
#include "reconlaw/gpu/denoiser.hpp"
#include "reconlaw/gpu/device.hpp"

namespace reconlaw::cli {

void add_settings(CLI::App& app, TrainSettings& settings) {
    visit_settings(settings, [&](const char* key, auto& field, const char* description) {
        using Field = std::decay_t<decltype(field)>;
        if constexpr (std::is_same_v<Field, bool>) {
            app.add_flag(option_name(key), field, description);
        } else {
            CLI::Option* option = app.add_option(option_name(key), field, description);
            const bool by_recipe = field == Field{};
            if (!by_recipe) option->capture_default_str();
            if constexpr (std::is_arithmetic_v<Field>)
                if (const std::string k = key; k == "batch" || k == "lr" || k == "steps" || k == "epochs")
                    option->check(CLI::PositiveNumber);
        }
    });
}

void add_device_options(CLI::App& app, DeviceOptions& options) {
    app.add_option("--device", options.device, "cpu or gpu; by default what this program was built for")
        ->check(CLI::IsMember({"cpu", "gpu"}));
    app.add_option("--threads", options.threads, "Processor threads (default: all, or OMP_NUM_THREADS)")
        ->check(CLI::Range(1, 4096));
}

CLI::Validator number_in(double low, double high) {
    const std::string range = printed("from %g to %g", low, high);
    return CLI::Validator(
        [=](std::string& text) {
            double value = 0;
            const bool is_number = CLI::detail::lexical_cast(text, value);
            return is_number && value >= low && value <= high ? std::string()
                                                              : text + ": must be a number " + range;
        },
        range);
}

void add_weights_options(CLI::App& app, WeightsOptions& options) {
    app.add_option("--weights", options.file,
                   "best.safetensors of a training, or a fastMRI U-Net's state_dict")
        ->required();
    app.add_option("--predicts", options.predicts,
                   "What the network's output is: image, or noise to be subtracted (default: what the file "
                   "says; a file that does not say: image)")
        ->check(CLI::IsMember({"image", "noise"}));
    app.add_option("--tile", options.tile,
                   "Side of the overlapping tiles that images are denoised in; 0: whole images at once "
                   "(default: as large as the training patches; residual-cnn: 0)")
        ->check(CLI::Range(0, 32768));
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
