#include "options.hpp"

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

void add_tile_option(CLI::App& app, std::optional<int>& tile) {
    app.add_option("--tile", tile,
                   "Side of the overlapping tiles that images are denoised in; 0: whole images at once "
                   "(default: as large as the training patches; residual-cnn: 0)")
        ->check(CLI::Range(0, 32768));
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

}  // namespace reconlaw::cli
