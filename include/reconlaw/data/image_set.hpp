#pragma once
/// Decoded grey images of one split, from the photograph manifest, a folder or IDX files.

#include <filesystem>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "reconlaw/data/image.hpp"
#include "reconlaw/data/photographs.hpp"
#include "reconlaw/data/stored_image.hpp"

namespace reconlaw::data {

/// What to load, and how, from any source.
struct ImageSetOptions {
    Eigen::Index downsample = 1;  ///< box factor, after the manifest's own and before the crop
    Eigen::Index crop_px = 0;     ///< centre square of this side; 0: whole images
    Eigen::Index limit = 0;       ///< the first so many usable images in the set's order; 0: all
    bool strict = false;          ///< an unreadable or corrupt image is an error instead of being skipped
    unsigned threads = 0;         ///< decoders; 0: as many as the machine has. The set does not depend on it.
    DecodeLimits decode = {};     ///< a folder's files, an IDX file's images
    RangeRequest range = {};      ///< a folder's files, all alike: automatic (common_range), type or given;
                                  ///< other sources: automatic only
    double val_fraction = 0.10;   ///< folder and IDX; see split_of
    double test_fraction = 0.15;
    MissingPolicy missing = MissingPolicy::error;  ///< photographs whose package is not installed
};

/// An image left out because its bytes could not be read or decoded.
struct SkippedImage {
    std::string name;
    std::string reason;
};

/// Images in memory, 4 bytes a pixel. A set never holds two splits unless asked for every image, so patches
/// of one image never come into two splits.
struct [[nodiscard]] ImageSet {
    std::string source;              ///< for messages: "photographs, split train", "/data/x, every image"
    std::vector<Image> images;       ///< at least one
    std::vector<std::string> names;  ///< one an image: path, path below the folder, or number in the IDX file
    std::vector<SkippedImage> skipped;
    Eigen::Index too_small = 0;  ///< left out: smaller than the crop or the box factor
    std::vector<std::string> missing_packages;
    std::size_t missing_count = 0;  ///< photographs left out for want of them

    /// A folder's images with more than 8 bits a sample, and what they use of the range that is black to
    /// white.
    Eigen::Index deep_count = 0;
    double deep_low = 1, deep_high = 0;  ///< smallest and largest pixel, before downsampling
    ValueRange deep_range;               ///< of the first of them

    Eigen::Index size() const { return static_cast<Eigen::Index>(images.size()); }
    Eigen::Index pixels() const;
    /// One line for a log: source, images, pixels, what was left out with the first reason, and whether
    /// images of more than 8 bits use less than half of their range, as those of a 12-bit camera in 16 bits
    /// do.
    std::string summary() const;
};

/// The split of a key (a path below its folder, a number): with u = (first 32 bits of SHA-256(key))/2^32,
/// test for u < test_fraction, else val for u < test_fraction + val_fraction, else train. It depends on
/// nothing else: another machine agrees, and a file added later moves no other one.
/// @throws std::invalid_argument  fractions negative or with a sum above 1
Split split_of(std::string_view key, double val_fraction, double test_fraction);

/// A split of the library's manifest, or of another one: verified (SHA-256) and downsampled as
/// load_photograph does. In order of the SHA-256 of the encoded bytes, so that `limit` takes a mixture of
/// the packages.
/// @param root  prefix of every path
/// @throws FileError  as photograph_set; as load_photograph where `strict`; no usable image
/// @throws std::invalid_argument  an option outside its range
ImageSet photograph_images(Split split, const ImageSetOptions& options = {});
ImageSet photograph_images(const std::vector<Photograph>& manifest, Split split,
                           const ImageSetOptions& options = {}, const std::filesystem::path& root = "/");

/// The images (.jpg, .jpeg, .png, .webp, .tif, .tiff, .bmp in any case; told apart by content) of a folder
/// and the folders below it, in order of the SHA-256 of their path below it (with /), so that `limit` takes a
/// mixture of the classes. Names that begin with a dot are ignored, links to folders are not followed.
///
/// Split by split_of of the same path. Where the folder has `train` and at least one of `val` and `test` (the
/// layout of ImageNet), these are the splits instead; the one of val and test that is absent shares the
/// other's files with it, in proportion to the fractions.
///
/// All images have one rule for black and white, which no image's values change: comparable pixels stay
/// comparable. With `range` given, low and high are stored numbers of every file.
/// @param split  train, val or test; nullopt: every image
/// @throws FileError  folder absent or unreadable; an image unreadable or corrupt where `strict`; no usable
///                    image, naming the folder
/// @throws std::invalid_argument  an option outside its range, split ood
ImageSet folder_images(const std::filesystem::path& folder, std::optional<Split> split,
                       const ImageSetOptions& options = {});

/// The images of an IDX file (rank 3), plain or gzip, in the file's order; split by split_of of their number.
/// For a folder with {train,t10k}-images-idx3-ubyte[.gz], t10k is the test split and the training file is
/// divided into val, with u < val_fraction, and train.
/// @param split  train, val or test; nullopt: every image
/// @throws FileError  as read_idx; another rank; no such files in the folder; no usable image
/// @throws std::invalid_argument  an option outside its range, split ood
ImageSet idx_images(const std::filesystem::path& path, std::optional<Split> split,
                    const ImageSetOptions& options = {});

/// Any of these by name: "photographs"; "fashion-mnist" (where its Debian package installs it); a folder with
/// IDX files named as above; any other folder; an IDX file.
/// @throws as the function that reads it; FileError where the path does not exist
ImageSet load_images(const std::string& source, std::optional<Split> split,
                     const ImageSetOptions& options = {});

}  // namespace reconlaw::data
