#include <algorithm>
#include <cmath>
#include <memory>
#include <optional>
#include <ostream>

#include "commands.hpp"
#include "memory.hpp"
#include "numbers.hpp"
#include "options.hpp"
#include "outputs.hpp"
#include "printed.hpp"
#include "range_option.hpp"
#include "reconlaw/data/file_error.hpp"
#include "reconlaw/data/image_set.hpp"
#include "reconlaw/data/in_quotes.hpp"
#include "reconlaw/gpu/denoiser.hpp"
#include "reconlaw/gpu/evaluation.hpp"
#include "table.hpp"

namespace reconlaw::cli {
namespace {

struct EvaluateArguments {
    WeightsOptions network;
    std::string data = "photographs", split = "test", output, format = "text";
    std::optional<double> noise;
    Eigen::Index crop = 0, patch = 0, downsample = 1, limit = 0;
    std::int64_t count = 300;
    std::uint64_t seed = 1;
    bool strict = false;
    data::RangeRequest range;
    DeviceOptions device;
};

std::optional<data::Split> split_named(const std::string& name) {
    if (name == "all") return std::nullopt;
    for (const data::Split split : {data::Split::train, data::Split::val, data::Split::test})
        if (name == data::name_of(split)) return split;
    return data::Split::ood;
}

/// From the option, or what the network was trained with.
double noise_level(const EvaluateArguments& o, const gpu::Weights& weights) {
    if (o.noise) return *o.noise / 255;
    const auto found = weights.metadata.find("noise");
    if (found == weights.metadata.end())
        throw std::invalid_argument("--noise: the weights do not say what noise they are for, must be given");
    try {
        return parse_number(found->second, "metadata 'noise'", {0, 1, true, false});
    } catch (const std::invalid_argument& e) {
        throw data::FileError(o.network.file, e.what());
    }
}

std::string mean_text(const char* format, const gpu::MeanAndError& m) {
    return printed(format, m.mean, m.standard_error);
}

/// Images that the network cannot take.
void leave_out_small(data::ImageSet& set, const gpu::Architecture& architecture, const Streams& streams) {
    std::size_t kept = 0, left_out = 0;
    for (std::size_t i = 0; i < set.images.size(); ++i) {
        try {
            gpu::check_image_size(architecture, static_cast<int>(set.images[i].rows()),
                                  static_cast<int>(set.images[i].cols()));
        } catch (const std::invalid_argument& e) {
            if (left_out++ == 0) streams.err << set.names[i] << ": " << e.what() << '\n';
            continue;
        }
        if (kept != i) std::swap(set.images[kept], set.images[i]), std::swap(set.names[kept], set.names[i]);
        ++kept;
    }
    if (left_out > 0) streams.err << left_out << " images too small for the network, left out\n";
    set.images.resize(kept), set.names.resize(kept);
}

std::string undefined_ssim(const gpu::Evaluation& e) {
    const auto count = std::count_if(e.images.begin(), e.images.end(),
                                     [](const gpu::ImageScore& s) { return std::isnan(s.ssim); });
    return count == 0 ? "" : " (without " + std::to_string(count) + " images below 7 x 7)";
}

void evaluate(const EvaluateArguments& o, const Streams& streams) {
    require_writable(o.output, "--output");
    const double side = static_cast<double>(o.patch);
    require_memory("--count: " + std::to_string(o.count) + " patches of --patch " + std::to_string(o.patch),
                   8 * static_cast<double>(o.count) * side * side);
    const gpu::Weights weights = read_weights(o.network, streams.err);
    const double noise = noise_level(o, weights);
    const int tile = tile_of(o.network, weights);
    const std::string device = use_device(o.device);
    data::ImageSetOptions options;
    options.crop_px = o.crop, options.downsample = o.downsample, options.limit = o.limit,
    options.strict = o.strict, options.range = o.range;
    data::ImageSet images = data::load_images(o.data, split_named(o.split), options);
    streams.err << gpu::describe(weights.architecture) << "; " << device << '\n' << images.summary() << '\n';
    if (o.patch == 0 && tile == 0) leave_out_small(images, weights.architecture, streams);
    gpu::PatchSet patches;
    if (o.patch > 0) patches = gpu::draw_patch_set(images, static_cast<int>(o.patch), o.count, o.seed);
    const gpu::Evaluation e = o.patch > 0
                                  ? gpu::evaluate_denoiser(weights, patches, noise, o.seed, tile)
                                  : gpu::evaluate_denoiser(weights, images.images, noise, o.seed, tile);

    Table table{{"image", "noisy_psnr_db", "psnr_db", "ssim", "mse"}, {}};
    for (std::size_t i = 0; i < e.images.size(); ++i) {
        const gpu::ImageScore& s = e.images[i];
        const std::size_t image = patches.source.empty() ? i : static_cast<std::size_t>(patches.source[i]);
        table.rows.push_back({images.names[image], s.noisy_psnr_db, s.psnr_db, s.ssim, s.mse});
    }
    if (o.format == "csv") return deliver(render(table, Format::csv), o.output, streams.out);
    if (o.format == "json") return deliver(render(table, Format::json), o.output, streams.out);
    deliver("images     " + std::to_string(e.images.size()) + ", noise " + printed("%.4g", 255 * noise) +
                "\n" + "noisy      " + mean_text("%.2f +- %.2f dB", e.noisy_psnr_db) + "\n" + "denoised   " +
                mean_text("%.2f +- %.2f dB", e.psnr_db) + "\n" + "SSIM       " +
                mean_text("%.4f +- %.4f", e.ssim) + undefined_ssim(e) + "\n" + "MSE        " +
                mean_text("%.4e +- %.1e", e.mse) + "\n",
            o.output, streams.out);
    if (e.psnr_db.mean < e.noisy_psnr_db.mean)
        streams.err << "the estimates are worse than the noisy images: another noise level, or weights whose "
                       "output is "
                       "the noise (--predicts noise) or the image (--predicts image)?\n";
}

}  // namespace

Run add_evaluate_command(CLI::App& app) {
    auto options = std::make_shared<EvaluateArguments>();
    EvaluateArguments& o = *options;
    add_weights_options(app, o.network);
    add_text(app, "--data", o.data, Text::file,
             "photographs, fashion-mnist, a folder of images, or an IDX file");
    add_choice(app, "--split", o.split, std::vector<std::string>{"train", "val", "test", "ood", "all"},
               "ood: of photographs, the held-out classics");
    add_number(app, "--noise", o.noise, {1e-3, 255},
               "Standard deviation on the scale of 0 to 255 (default: the training's)");
    add_whole(app, "--crop", o.crop, 0, 32768, "Centre square of so many pixels; 0: whole images");
    add_whole(app, "--patch", o.patch, 1, 4096, "Random patches of so many pixels instead of images");
    add_whole(app, "--count", o.count, 1, 1 << 24, "Number of patches");
    add_whole(app, "--downsample", o.downsample, 1, 32768, "Box factor that shrinks the images first");
    add_whole(app, "--limit", o.limit, 0, 1 << 24, "First so many images; 0: all");
    add_whole(app, "--seed", o.seed, 0, std::uint64_t{1} << 62, "Of the noise and the patches");
    add_set_range(app, o.range);
    app.add_flag("--strict", o.strict, "An unreadable image is an error instead of being skipped");
    add_choice(app, "--format", o.format, std::vector<std::string>{"text", "csv", "json"},
               "text: means and standard errors; csv or json: every image or patch");
    add_text(app, "--output", o.output, Text::file, "File for the result instead of the standard output");
    add_device_options(app, o.device);
    app.footer(
        "Example:\n  reconlaw evaluate --weights runs/x/best.safetensors --data photographs --split ood");
    return [options](const Streams& streams) { evaluate(*options, streams); };
}

}  // namespace reconlaw::cli
