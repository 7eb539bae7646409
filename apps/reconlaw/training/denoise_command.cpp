#include <algorithm>
#include <cmath>
#include <filesystem>
#include <memory>
#include <ostream>

#include "commands.hpp"
#include "numbers.hpp"
#include "options.hpp"
#include "outputs.hpp"
#include "printed.hpp"
#include "range_option.hpp"
#include "reconlaw/data/in_quotes.hpp"
#include "reconlaw/data/metrics.hpp"
#include "reconlaw/data/stored_image.hpp"
#include "reconlaw/gpu/denoiser.hpp"
#include "reconlaw/gpu/evaluation.hpp"

namespace reconlaw::cli {
namespace {

struct DenoiseArguments {
    WeightsOptions network;
    std::string input, output, noisy;
    std::optional<double> add_noise;
    data::RangeRequest range;
    std::uint64_t seed = 1;
    DeviceOptions device;
};

std::string psnr(const data::Image& image, const data::Image& clean) {
    const double mse = data::mean_squared_error(image, clean);
    return mse > 0 ? printed("%.2f dB", data::psnr_db(mse)) : "exact";
}

data::ImageFormat format_of(const std::string& path) {
    std::string ending = std::filesystem::path(path).extension().string();
    std::transform(ending.begin(), ending.end(), ending.begin(),
                   [](unsigned char c) { return static_cast<char>(std::tolower(c)); });
    if (ending == ".png") return data::ImageFormat::png;
    if (ending == ".tif" || ending == ".tiff") return data::ImageFormat::tiff;
    throw std::invalid_argument(data::in_quotes(path) +
                                ": the result is a PNG or TIFF, the name must end with .png, .tif or .tiff");
}

std::string shown(const data::ValueRange& range) {
    return printed_number(range.low) + " to " + printed_number(range.high);
}

/// What the file holds.
std::string described(const data::StoredImage& image) {
    std::string text = std::to_string(image.cols) + " x " + std::to_string(image.rows) + " px, " +
                       std::string(data::name_of(image.format)) + ", " + image.type.text() +
                       (image.has_colour() ? " colour" : " grey");
    if (image.significant_bits)
        text += ", sBIT: " + std::to_string(*image.significant_bits) + " significant bits";
    const data::Extent extent = data::grey_extent(image);
    text += ", values " + shown({extent.lowest, extent.highest});
    if (image.white_is_zero) text += ", of which the smallest is white";
    return text;
}

/// What became of it that the user may not expect, one line each.
std::string assumptions(const data::StoredImage& image) {
    std::string text;
    if (image.has_colour()) text += "colours became grey: 0.299 R + 0.587 G + 0.114 B\n";
    if (image.has_opacity()) text += "transparent parts are shown on white\n";
    if (image.has_more_pages) text += "only the first of the file's pages is read\n";
    if (image.turned) text += "turned upright as its orientation tag says\n";
    if (image.ignored_channels > 0)
        text +=
            std::to_string(image.ignored_channels) + " channels whose meaning it does not say are ignored\n";
    return text;
}

std::string range_line(const data::StoredImage& image, const data::ChosenRange& chosen) {
    const data::ValueRange& range = chosen.range;
    const auto reason = [&]() -> std::string {
        switch (chosen.rule) {
            case data::RangeRule::given:
                return "--range";
            case data::RangeRule::type:
                return image.type.kind == data::SampleKind::real ? "as usual for float"
                                                                 : "all of " + image.type.text();
            case data::RangeRule::significant_bits:
                return "sBIT; --range sets another";
            case data::RangeRule::used_bits:
                return "the fewest bits that hold its values; --range sets another";
            default:
                return "smallest to largest value; --range sets another";
        }
    };
    std::string text = "black to white: " + shown(range) + " (" + reason() + ")";
    if (const Eigen::Index outside = data::count_outside(image, range); outside > 0)
        text += "; " + std::to_string(outside) + " pixels outside are clipped";
    return text + '\n';
}

/// A few bright pixels can set the range, and leave all others black.
std::string darkness_note(const data::StoredImage& stored, const data::Image& image,
                          const data::ValueRange& range) {
    constexpr float dark = 1.0f / 16;
    if (stored.type.bits <= 8 || stored.white_is_zero) return "";
    std::vector<float> values(image.data(), image.data() + image.size());
    const auto upper =
        values.begin() + static_cast<std::ptrdiff_t>(0.99 * static_cast<double>(values.size()));
    std::nth_element(values.begin(), upper, values.end());
    if (upper == values.end() || *upper >= dark || *upper <= 0) return "";
    const double value = std::round(range.low + double{*upper} * (range.high - range.low));
    return "99 % of the pixels are at most " + printed_number(value) + ", almost black: --range " +
           printed_number(range.low) + ":" + printed_number(value) + " would show them\n";
}

void write_result(const std::string& path, const data::Image& image, const data::StoredImage& like,
                  const data::ValueRange& range, const Streams& streams) {
    const data::ImageFormat format = format_of(path);
    const data::Storage storage = data::storage_like(like, range, format);
    data::write_stored(path, image, storage, format);
    streams.err << "written to " << data::printable(path) << ": " << data::name_of(format) << ", "
                << storage.type.text();
    if (storage.range == range)
        streams.err << ", in the input's values\n";
    else
        streams.err << ", in which " << shown(range) << " are " << shown(storage.range)
                    << "; a .tif would keep the values\n";
}

void denoise_image(const DenoiseArguments& o, const Streams& streams) {
    namespace fs = std::filesystem;
    for (const std::string& path : {o.output, o.noisy}) {
        if (path.empty()) continue;
        format_of(path);
        if (std::error_code error; fs::equivalent(path, o.input, error))
            throw std::invalid_argument(data::in_quotes(path) + " is the input, must be another file");
    }
    if (fs::weakly_canonical(o.noisy) == fs::weakly_canonical(o.output))
        throw std::invalid_argument(data::in_quotes(o.noisy) + " is also the output, must be another file");
    require_writable(o.output, "output");
    require_writable(o.noisy, "--noisy");
    const gpu::Weights weights = read_weights(o.network, streams.err);
    use_device(o.device);
    const data::StoredImage stored = data::read_stored(o.input);
    const data::ChosenRange chosen = data::choose_range(stored, o.range);
    const data::Image clean = data::to_grey(stored, chosen.range);
    streams.err << data::printable(o.input) << ": " << described(stored) << '\n'
                << range_line(stored, chosen) << darkness_note(stored, clean, chosen.range)
                << assumptions(stored);
    data::Image image = clean;
    if (o.add_noise) {
        std::vector<float> values(image.data(), image.data() + image.size());
        gpu::add_noise(values, *o.add_noise / 255, o.seed, 0);
        image = Eigen::Map<const data::Image>(values.data(), image.rows(), image.cols());
        if (!o.noisy.empty()) write_result(o.noisy, image, stored, chosen.range, streams);
    }
    const data::Image estimate = gpu::denoise(weights, image, tile_of(o.network, weights)).max(0.f).min(1.f);
    write_result(o.output, estimate, stored, chosen.range, streams);
    if (o.add_noise)
        streams.err << "noisy " << psnr(image, clean) << ", denoised " << psnr(estimate, clean) << '\n';
}

}  // namespace

Run add_denoise_command(CLI::App& app) {
    auto options = std::make_shared<DenoiseArguments>();
    DenoiseArguments& o = *options;
    add_weights_options(app, o.network);
    add_text(app, "input", o.input, Text::file,
             "JPEG, PNG, WebP, TIFF (first page) or BMP; colours become grey")
        ->required();
    add_text(app, "output", o.output, Text::file,
             "PNG or TIFF (.tif, .tiff) in the input's numbers: 16-bit for more than 8 bits; TIFF: "
             "signed and float too")
        ->required();
    add_range(
        app, o.range,
        "Which of the input's numbers are black and white: auto (8 bits: all of them; more bits: the "
        "fewest that hold its values, or sBIT's; signed, and float beyond 0 to 1: smallest to largest), "
        "type (all numbers of the sample type), data (smallest to largest), a number of bits, or "
        "LOW:HIGH");
    add_number(app, "--add-noise", o.add_noise, {1e-3, 255},
               "Add noise first, on a scale where black to white are 0 to 255: to try a clean image");
    CLI::Option* noisy =
        add_text(app, "--noisy", o.noisy, Text::file, "Write the image with --add-noise to this PNG or TIFF");
    noisy->needs("--add-noise");
    add_whole(app, "--seed", o.seed, 0, std::numeric_limits<std::uint64_t>::max(), "Of --add-noise");
    add_device_options(app, o.device);
    app.footer(
        "Examples:\n  reconlaw denoise --weights runs/x/best.safetensors photograph.jpg denoised.png "
        "--add-noise 25\n  reconlaw denoise --weights runs/x/best.safetensors cells.tif denoised.tif --range "
        "0:4095");
    return [options](const Streams& streams) { denoise_image(*options, streams); };
}

}  // namespace reconlaw::cli
