#include "image_collection.hpp"

#include <algorithm>
#include <atomic>
#include <exception>
#include <thread>
#include <utility>

#include "reconlaw/data/file_error.hpp"

namespace reconlaw::data {
namespace {

namespace fs = std::filesystem;

/// What became of one candidate.
struct Outcome {
    std::optional<Image> image;
    std::optional<Depth> depth;
    bool too_small = false;
    std::string reason;  ///< of a file error
    std::exception_ptr error;
};

Outcome load_one(const Candidates& candidates, std::size_t i, const ImageSetOptions& options) {
    Outcome outcome;
    try {
        auto [image, depth] = candidates.load(i);
        outcome.depth = depth;
        outcome.too_small = is_too_small(image.rows(), image.cols(), options);
        if (!outcome.too_small) outcome.image = shrunk(std::move(image), options);
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

void note_depth(const Depth& depth, ImageSet& set) {
    if (set.deep_count++ == 0) set.deep_range = depth.range;
    set.deep_low = std::min<double>(set.deep_low, depth.lowest);
    set.deep_high = std::max<double>(set.deep_high, depth.highest);
}

}  // namespace

bool is_too_small(Eigen::Index rows, Eigen::Index cols, const ImageSetOptions& options) {
    return std::min(rows, cols) / options.downsample < std::max<Eigen::Index>(options.crop_px, 1);
}

Image shrunk(Image image, const ImageSetOptions& options) {
    if (options.downsample > 1) image = box_downsample(image, options.downsample);
    const Eigen::Index crop = options.crop_px;
    if (crop == 0) return image;
    return image.block((image.rows() - crop) / 2, (image.cols() - crop) / 2, crop, crop).eval();
}

void require_some(const ImageSet& set, std::size_t found, const ImageSetOptions& options,
                  const fs::path& place) {
    if (!set.images.empty()) return;
    std::string reason = "no usable image (" + set.source + "): " + std::to_string(found) + " found";
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
                if (outcome.depth) note_depth(*outcome.depth, set);
            } else if (outcome.too_small) {
                ++set.too_small;
            } else {
                set.skipped.push_back({name, outcome.reason});
            }
        }
        first += count;
    }
    require_some(set, total, options, place);
}

}  // namespace reconlaw::data
