#pragma once
/// How images of any source become a set. Private to src/data.

#include <functional>

#include "reconlaw/data/image_set.hpp"

namespace reconlaw::data {

/// Of an image with more than 8 bits a sample: its range, and how much of it is used.
struct Depth {
    ValueRange range;
    float lowest, highest;
};

struct Loaded {
    Image image;
    std::optional<Depth> depth = {};
};

/// Images to be: their names, and how to load number i.
struct Candidates {
    std::vector<std::string> names;
    std::function<Loaded(std::size_t)> load;
};

/// Whether nothing would be left of an image of this size.
bool is_too_small(Eigen::Index rows, Eigen::Index cols, const ImageSetOptions& options);

/// Downsampled, and its centre.
Image shrunk(Image image, const ImageSetOptions& options);

/// Adds candidates to the set until `limit` of them are usable or none is left.
/// @param place  named where there is no usable image
void collect(const Candidates& candidates, const ImageSetOptions& options, const std::filesystem::path& place,
             ImageSet& set);

/// @param found  candidates that there were. @throws FileError  naming `place`: none of them is usable
void require_some(const ImageSet& set, std::size_t found, const ImageSetOptions& options,
                  const std::filesystem::path& place);

}  // namespace reconlaw::data
