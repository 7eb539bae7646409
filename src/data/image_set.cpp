#include "reconlaw/data/image_set.hpp"

#include <algorithm>
#include <array>
#include <cctype>
#include <charconv>
#include <cmath>
#include <iomanip>
#include <sstream>
#include <utility>

#include "decoders.hpp"
#include "image_collection.hpp"
#include "reconlaw/data/file_error.hpp"
#include "reconlaw/data/idx.hpp"
#include "reconlaw/detail/check.hpp"

namespace reconlaw::data {
namespace {

namespace fs = std::filesystem;

/// Read unasked; images of a few pixels take a hundred times the memory of their bytes.
constexpr Eigen::Index max_idx_images = Eigen::Index{1} << 22;

constexpr auto fashion_mnist_folder = "/usr/share/datasets/fashion-mnist";

std::string hash_of(std::string_view text) {
    return sha256_hex({reinterpret_cast<const std::uint8_t*>(text.data()), text.size()});
}

/// The first 32 bits of a SHA-256 over 2^32: in [0, 1).
double unit_value(const std::string& hash) {
    std::uint32_t bits = 0;
    std::from_chars(hash.data(), hash.data() + 8, bits, 16);
    return static_cast<double>(bits) / 4294967296.0;
}

void require_fractions(double val, double test, std::string_view function) {
    detail::require(val >= 0 && val <= 1, function, "val_fraction", val, "between 0 and 1");
    detail::require(test >= 0 && test <= 1 && val + test <= 1, function, "test_fraction", test,
                    "between 0 and 1 - val_fraction");
}

Split split_at(double u, double val, double test) {
    if (u < test) return Split::test;
    return u < test + val ? Split::val : Split::train;
}

void require_options(const ImageSetOptions& o, std::optional<Split> split, bool manifest,
                     std::string_view function) {
    detail::require(o.downsample >= 1, function, "downsample", o.downsample, ">= 1");
    detail::require(o.crop_px >= 0, function, "crop_px", o.crop_px, ">= 0");
    detail::require(o.limit >= 0, function, "limit", o.limit, ">= 0");
    require_fractions(o.val_fraction, o.test_fraction, function);
    detail::require(manifest || split != Split::ood, function, "split", "ood", "train, val, test or all");
}

/// Files of 8 bits have one range only.
void require_no_range(const ImageSetOptions& options, std::string_view function) {
    detail::require(options.range.kind == RangeRequest::Kind::automatic, function, "range", "given",
                    "automatic: only a folder's files may have another");
}

std::string described(const std::string& source, std::optional<Split> split) {
    return source + (split ? ", split " + std::string(name_of(*split)) : ", every image");
}

/// A folder's file, by the rule for all.
Loaded load_file(const fs::path& path, const ImageSetOptions& options) {
    const StoredImage stored = read_stored(path, options.decode);
    const bool automatic = options.range.kind == RangeRequest::Kind::automatic;
    Loaded loaded{automatic ? to_common_grey(stored, path)
                            : to_grey(stored, choose_range(stored, options.range).range)};
    if (stored.type.bits > 8)
        loaded.depth = {automatic ? common_range(stored).range : choose_range(stored, options.range).range,
                        loaded.image.minCoeff(), loaded.image.maxCoeff()};
    return loaded;
}

bool has_image_extension(const fs::path& path) {
    std::string extension = path.extension().string();
    std::transform(extension.begin(), extension.end(), extension.begin(),
                   [](unsigned char c) { return static_cast<char>(std::tolower(c)); });
    constexpr std::array known = {".jpg", ".jpeg", ".png", ".webp", ".tif", ".tiff", ".bmp"};
    return std::find(known.begin(), known.end(), extension) != known.end();
}

/// Paths of the images below a folder, relative to it, with /.
std::vector<std::string> image_paths(const fs::path& folder) {
    std::vector<std::string> paths;
    std::error_code error;
    fs::recursive_directory_iterator entry(folder, error);
    for (; !error && entry != fs::recursive_directory_iterator(); entry.increment(error)) {
        std::error_code ignored;  // a link to nothing is no regular file
        if (entry->path().filename().string().starts_with('.')) {
            entry.disable_recursion_pending();
        } else if (has_image_extension(entry->path()) && entry->is_regular_file(ignored)) {
            paths.push_back(entry->path().lexically_relative(folder).generic_string());
        }
    }
    if (error) throw FileError(folder, "cannot list the images: " + error.message());
    return paths;
}

/// Which split a path below a folder belongs to.
class FolderLayout {
  public:
    FolderLayout(const fs::path& folder, const ImageSetOptions& o)
        : val_(o.val_fraction), test_(o.test_fraction) {
        const auto has = [&](const char* name) {
            std::error_code ignored;
            return fs::is_directory(folder / name, ignored);
        };
        has_val_ = has("val");
        has_test_ = has("test");
        by_folder_ = has("train") && (has_val_ || has_test_);
    }

    /// nullopt: in none, outside the folders of the splits.
    std::optional<Split> split(const std::string& path, double u) const {
        if (!by_folder_) return split_at(u, val_, test_);
        const std::string top = path.substr(0, path.find('/'));
        if (top == "train") return Split::train;
        if (top != "val" && top != "test") return std::nullopt;
        if (has_val_ && has_test_) return top == "val" ? Split::val : Split::test;
        return u * (val_ + test_) < test_ ? Split::test : Split::val;
    }

  private:
    double val_, test_;
    bool has_val_ = false, has_test_ = false, by_folder_ = false;
};

/// The file `name` of a folder, plain or gzip; empty where there is none.
fs::path idx_file(const fs::path& folder, const std::string& name) {
    std::error_code ignored;
    for (const char* ending : {".gz", ""})
        if (fs::path path = folder / (name + ending); fs::is_regular_file(path, ignored)) return path;
    return {};
}

fs::path idx_training_file(const fs::path& folder) {
    return idx_file(folder, "train-images-idx3-ubyte");
}

/// The images of one file whose number is `chosen`, in the file's order; none but these are ever in memory.
/// @param label  before the number in each name
template <class Chosen>
void collect_idx(const fs::path& file, const std::string& label, Chosen chosen,
                 const ImageSetOptions& options, ImageSet& set) {
    IdxReader reader{ByteStream(file)};
    if (reader.shape().size() != 3)
        throw FileError::at_byte(
            file, 3, "IDX rank " + std::to_string(reader.shape().size()) + ", expected 3 (images)");
    const Eigen::Index count = reader.shape()[0], rows = reader.shape()[1], cols = reader.shape()[2];
    require_within(rows, cols, file, options.decode);
    if (count > max_idx_images && options.limit == 0)
        throw FileError::at_byte(file, 4,
                                 std::to_string(count) + " images, set a limit (up to " +
                                     std::to_string(max_idx_images) + " are read without one)");
    const bool too_small = is_too_small(rows, cols, options);
    Bytes bytes(static_cast<std::size_t>(rows * cols));
    using ByteImage = Eigen::Array<std::uint8_t, Eigen::Dynamic, Eigen::Dynamic, Eigen::RowMajor>;
    std::size_t found = 0;
    for (Eigen::Index i = 0; i < count && (options.limit == 0 || set.size() < options.limit); ++i) {
        const std::string number = std::to_string(i);
        reader.read(bytes);
        if (!chosen(number)) continue;
        ++found;
        if (too_small) {
            ++set.too_small;
            continue;
        }
        const auto image = Eigen::Map<const ByteImage>(bytes.data(), rows, cols).cast<float>() / 255.0f;
        set.images.push_back(shrunk(image, options));
        set.names.push_back(label + number);
    }
    reader.finish();
    require_some(set, found, options, file);
}

}  // namespace

Eigen::Index ImageSet::pixels() const {
    Eigen::Index sum = 0;
    for (const Image& image : images) sum += image.size();
    return sum;
}

std::string ImageSet::summary() const {
    std::string text =
        source + ": " + std::to_string(size()) + " images, " + std::to_string(pixels()) + " pixels";
    if (too_small > 0) text += "; " + std::to_string(too_small) + " too small";
    if (missing_count > 0) {
        text += "; " + std::to_string(missing_count) + " in packages that are not installed:";
        for (const std::string& package : missing_packages) text += " " + package;
    }
    if (!skipped.empty())
        text += "; " + std::to_string(skipped.size()) + " skipped, the first: " + skipped.front().reason;
    if (deep_count > 0 && deep_high < 0.5) {
        const double width = deep_range.high - deep_range.low;
        std::ostringstream values;
        values << "; its " << deep_count << " images of more than 8 bits hold values from "
               << std::round(deep_range.low + deep_low * width) << " to "
               << std::round(deep_range.low + deep_high * width) << " of a range of " << std::setprecision(10)
               << deep_range.low << ':' << deep_range.high
               << ": dark, unless the range is set to what they use (--range)";
        text += values.str();
    }
    return text;
}

Split split_of(std::string_view key, double val_fraction, double test_fraction) {
    require_fractions(val_fraction, test_fraction, "split_of");
    return split_at(unit_value(hash_of(key)), val_fraction, test_fraction);
}

ImageSet photograph_images(const std::vector<Photograph>& manifest, Split split,
                           const ImageSetOptions& options, const fs::path& root) {
    require_options(options, split, true, "photograph_images");
    require_no_range(options, "photograph_images");
    PhotographSet chosen = photograph_set(manifest, split, options.missing, root);
    std::sort(chosen.photographs.begin(), chosen.photographs.end(),
              [](const Photograph& a, const Photograph& b) { return a.sha256 < b.sha256; });
    ImageSet set;
    set.source = described("photographs", split);
    set.missing_packages = std::move(chosen.missing_packages);
    set.missing_count = chosen.missing_count;
    Candidates candidates;
    for (const Photograph& p : chosen.photographs)
        candidates.names.push_back(p.path.string() + (p.offset > 0 ? "@" + std::to_string(p.offset) : ""));
    candidates.load = [&](std::size_t i) { return Loaded{load_photograph(chosen.photographs[i], root)}; };
    collect(candidates, options, root, set);
    return set;
}

ImageSet photograph_images(Split split, const ImageSetOptions& options) {
    return photograph_images(read_photograph_manifest(), split, options);
}

ImageSet folder_images(const fs::path& folder, std::optional<Split> split, const ImageSetOptions& options) {
    require_options(options, split, false, "folder_images");
    detail::require(options.range.kind != RangeRequest::Kind::data, "folder_images", "range", "data",
                    "automatic, type or given: the images of a set share it");
    const FolderLayout layout(folder, options);
    std::vector<std::pair<std::string, std::string>> ordered;  // hash, path
    for (std::string& path : image_paths(folder)) {
        std::string hash = hash_of(path);
        if (!split || layout.split(path, unit_value(hash)) == split)
            ordered.emplace_back(std::move(hash), std::move(path));
    }
    std::sort(ordered.begin(), ordered.end());
    ImageSet set;
    set.source = described(folder.string(), split);
    Candidates candidates;
    for (auto& [hash, path] : ordered) candidates.names.push_back(std::move(path));
    candidates.load = [&](std::size_t i) { return load_file(folder / candidates.names[i], options); };
    collect(candidates, options, folder, set);
    return set;
}

ImageSet idx_images(const fs::path& path, std::optional<Split> split, const ImageSetOptions& options) {
    require_options(options, split, false, "idx_images");
    require_no_range(options, "idx_images");
    ImageSet set;
    set.source = described(path.string(), split);
    const double val = options.val_fraction;
    const auto in_split = [&](double test) {
        return [&options, split, val, test](const std::string& number) {
            return !split || split_of(number, val, test) == *split;
        };
    };
    std::error_code ignored;
    if (!fs::is_directory(path, ignored)) {
        collect_idx(path, "", in_split(options.test_fraction), options, set);
        return set;
    }
    const fs::path train = idx_training_file(path), test = idx_file(path, "t10k-images-idx3-ubyte");
    if (train.empty() || test.empty())
        throw FileError(
            path, "expected the files train-images-idx3-ubyte and t10k-images-idx3-ubyte, plain or .gz");
    if (split != Split::test) collect_idx(train, "train ", in_split(0), options, set);
    if (!split || split == Split::test)
        if (options.limit == 0 || set.size() < options.limit)
            collect_idx(
                test, "t10k ", [](const std::string&) { return true; }, options, set);
    return set;
}

ImageSet load_images(const std::string& source, std::optional<Split> split, const ImageSetOptions& options) {
    std::error_code ignored;
    if (source == "photographs") {
        detail::require(split.has_value(), "load_images", "split of the photographs", "all",
                        "train, val, test or ood");
        return photograph_images(*split, options);
    }
    const fs::path path = source == "fashion-mnist" ? fashion_mnist_folder : source;
    if (fs::is_directory(path, ignored))
        return idx_training_file(path).empty() ? folder_images(path, split, options)
                                               : idx_images(path, split, options);
    if (fs::exists(path, ignored)) return idx_images(path, split, options);
    throw FileError(path,
                    source == "fashion-mnist"
                        ? "no such folder; install the Debian package dataset-fashion-mnist "
                          "(apt install dataset-fashion-mnist)"
                        : "no such file or folder; expected 'photographs', 'fashion-mnist', a folder of "
                          "images, or IDX images");
}

}  // namespace reconlaw::data
