#include "reconlaw/data/image_set.hpp"

#include <algorithm>
#include <atomic>
#include <cctype>
#include <charconv>
#include <exception>
#include <functional>
#include <thread>
#include <utility>

#include "reconlaw/data/file_error.hpp"
#include "reconlaw/data/idx.hpp"
#include "reconlaw/detail/check.hpp"

namespace reconlaw::data {
namespace {

namespace fs = std::filesystem;

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

std::string described(const std::string& source, std::optional<Split> split) {
    return source + (split ? ", split " + std::string(name_of(*split)) : ", every image");
}

/// Images to be: their names, and how to load number i.
struct Candidates {
    std::vector<std::string> names;
    std::function<Image(std::size_t)> load;
};

/// What became of one candidate.
struct Outcome {
    std::optional<Image> image;
    bool too_small = false;
    std::string reason;  ///< of a file error
    std::exception_ptr error;
};

Outcome load_one(const Candidates& candidates, std::size_t i, const ImageSetOptions& options) {
    Outcome outcome;
    try {
        Image image = candidates.load(i);
        const Eigen::Index crop = options.crop_px;
        const Eigen::Index side = std::min(image.rows(), image.cols()) / options.downsample;
        if (side < std::max<Eigen::Index>(crop, 1)) {
            outcome.too_small = true;
            return outcome;
        }
        if (options.downsample > 1) image = box_downsample(image, options.downsample);
        if (crop > 0)
            image = Image(image.block((image.rows() - crop) / 2, (image.cols() - crop) / 2, crop, crop));
        outcome.image = std::move(image);
    } catch (const FileError& e) {
        outcome.reason = e.what();
        if (options.strict) outcome.error = std::current_exception();
    } catch (...) {
        outcome.error = std::current_exception();
    }
    return outcome;
}

/// Candidates [first, first + count), by as many threads as asked for.
std::vector<Outcome> load_range(const Candidates& candidates, std::size_t first, std::size_t count,
                                const ImageSetOptions& options) {
    std::vector<Outcome> outcomes(count);
    std::atomic<std::size_t> next = 0;
    const auto work = [&] {
        for (std::size_t i = next++; i < count; i = next++)
            outcomes[i] = load_one(candidates, first + i, options);
    };
    std::size_t threads =
        options.threads > 0 ? options.threads : std::max(1U, std::thread::hardware_concurrency());
    threads = std::min(threads, count);
    std::vector<std::jthread> workers;
    for (std::size_t t = 1; t < threads; ++t) workers.emplace_back(work);
    work();
    workers.clear();  // joins
    return outcomes;
}

/// Adds candidates to the set until `limit` of them are usable or none is left.
/// @param place  named where there is no usable image
void collect(const Candidates& candidates, const ImageSetOptions& options, const fs::path& place,
             ImageSet& set) {
    const std::size_t total = candidates.names.size();
    const std::size_t wanted =
        options.limit > 0 ? static_cast<std::size_t>(options.limit) : set.images.size() + total;
    for (std::size_t first = 0; first < total && set.images.size() < wanted;) {
        const std::size_t count = std::min(wanted - set.images.size(), total - first);
        std::vector<Outcome> outcomes = load_range(candidates, first, count, options);
        for (std::size_t i = 0; i < count; ++i) {
            Outcome& outcome = outcomes[i];
            const std::string& name = candidates.names[first + i];
            if (outcome.error) std::rethrow_exception(outcome.error);
            if (outcome.image) {
                set.images.push_back(std::move(*outcome.image));
                set.names.push_back(name);
            } else if (outcome.too_small) {
                ++set.too_small;
            } else {
                set.skipped.push_back({name, outcome.reason});
            }
        }
        first += count;
    }
    if (!set.images.empty()) return;
    std::string reason = "no usable image (" + set.source + "): " + std::to_string(total) + " found";
    if (set.too_small > 0)
        reason += ", " + std::to_string(set.too_small) + " smaller than asked for (crop of " +
                  std::to_string(options.crop_px) + " pixels, downsampling by " +
                  std::to_string(options.downsample) + ")";
    if (set.missing_count > 0)
        reason += ", " + std::to_string(set.missing_count) + " in packages that are not installed";
    if (!set.skipped.empty())
        reason += ", " + std::to_string(set.skipped.size()) +
                  " unreadable, the first: " + set.skipped.front().reason;
    throw FileError(place, reason);
}

bool has_image_extension(const fs::path& path) {
    std::string extension = path.extension().string();
    std::transform(extension.begin(), extension.end(), extension.begin(),
                   [](unsigned char c) { return static_cast<char>(std::tolower(c)); });
    return extension == ".jpg" || extension == ".jpeg" || extension == ".png" || extension == ".webp";
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

/// The images of one file whose number is `chosen`.
/// @param label  before the number in each name
template <class Chosen>
void collect_idx(const fs::path& file, const std::string& label, Chosen chosen,
                 const ImageSetOptions& options, ImageSet& set) {
    const IdxArray array = read_idx(file);
    if (array.shape.size() != 3)
        throw FileError::at_byte(file, 3,
                                 "IDX rank " + std::to_string(array.shape.size()) + ", expected 3 (images)");
    const Eigen::Index rows = array.shape[1], cols = array.shape[2];
    std::vector<Eigen::Index> numbers;
    Candidates candidates;
    for (Eigen::Index i = 0; i < array.shape[0]; ++i)
        if (const std::string number = std::to_string(i); chosen(number)) {
            numbers.push_back(i);
            candidates.names.push_back(label + number);
        }
    candidates.load = [&](std::size_t i) -> Image {
        using ByteImage = Eigen::Array<std::uint8_t, Eigen::Dynamic, Eigen::Dynamic, Eigen::RowMajor>;
        const std::uint8_t* bytes = array.values.data() + numbers[i] * rows * cols;
        return Eigen::Map<const ByteImage>(bytes, rows, cols).cast<float>() / 255.0f;
    };
    collect(candidates, options, file, set);
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
    return text;
}

Split split_of(std::string_view key, double val_fraction, double test_fraction) {
    require_fractions(val_fraction, test_fraction, "split_of");
    return split_at(unit_value(hash_of(key)), val_fraction, test_fraction);
}

ImageSet photograph_images(const std::vector<Photograph>& manifest, Split split,
                           const ImageSetOptions& options, const fs::path& root) {
    require_options(options, split, true, "photograph_images");
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
    candidates.load = [&](std::size_t i) { return load_photograph(chosen.photographs[i], root); };
    collect(candidates, options, root, set);
    return set;
}

ImageSet photograph_images(Split split, const ImageSetOptions& options) {
    return photograph_images(read_photograph_manifest(), split, options);
}

ImageSet folder_images(const fs::path& folder, std::optional<Split> split, const ImageSetOptions& options) {
    require_options(options, split, false, "folder_images");
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
    candidates.load = [&](std::size_t i) { return read_image(folder / candidates.names[i], options.decode); };
    collect(candidates, options, folder, set);
    return set;
}

ImageSet idx_images(const fs::path& path, std::optional<Split> split, const ImageSetOptions& options) {
    require_options(options, split, false, "idx_images");
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
