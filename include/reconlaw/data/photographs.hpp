#pragma once
/// Photographs inside Debian packages, listed in a manifest and split by photograph.

#include <filesystem>
#include <string>
#include <string_view>
#include <vector>

#include "reconlaw/data/image.hpp"

namespace reconlaw::data {

/// `ood`: classic test images, from other sources than the rest.
enum class Split { train, val, test, ood };

std::string_view name_of(Split split);

/// One line of the manifest: an encoded image that is `length` bytes at `offset` of an installed file.
struct Photograph {
    std::string package;         ///< Debian package that installs the file
    std::filesystem::path path;  ///< absolute
    std::uint64_t offset = 0, length = 0;
    Eigen::Index width = 0, height = 0;  ///< encoded size [px]
    Eigen::Index downsample = 1;         ///< box factor that brings the long side near 1280 px
    Split split = Split::train;
    std::string sha256;  ///< of the encoded bytes, lower-case hexadecimal
};

/// Tab-separated: package, path, offset, length, width, height, downsample, split, sha256; '#' lines are
/// comments.
/// @throws FileError  with the line number; also where there is no entry
std::vector<Photograph> parse_photograph_manifest(std::string_view text, const std::filesystem::path& name);

/// parse_photograph_manifest of a file.
std::vector<Photograph> read_photograph_manifest(const std::filesystem::path& path);

/// The library's own manifest, data_file("photographs.tsv"): 309 photographs in train, val and test, 53 in
/// ood.
std::vector<Photograph> read_photograph_manifest();

enum class MissingPolicy {
    error,  ///< throw, listing the packages to install
    skip,   ///< leave missing photographs out and report them
};

/// The photographs of one split whose files are installed.
struct [[nodiscard]] PhotographSet {
    std::vector<Photograph> photographs;        ///< in the manifest's order
    std::vector<std::string> missing_packages;  ///< sorted, each once
    std::size_t missing_count = 0;              ///< photographs left out
};

/// Select a split of a manifest. Only a file that is absent counts as missing; one that is truncated, corrupt
/// or another version than the manifest's throws in load_photograph under either policy.
/// @param root  prefix of every path, for packages unpacked elsewhere than in /
/// @throws FileError  policy `error` and files absent: names the packages
PhotographSet photograph_set(const std::vector<Photograph>& manifest, Split split,
                             MissingPolicy policy = MissingPolicy::error,
                             const std::filesystem::path& root = "/");

/// Read, verify (SHA-256, size) and decode one photograph, downsampled by its factor.
/// @return floor(height/downsample) x floor(width/downsample)
/// @throws FileError  absent (names the package), truncated, another content than the manifest's, undecodable
Image load_photograph(const Photograph& photograph, const std::filesystem::path& root = "/");

/// Check a Qt resource container (.rcc): begins with "qres", and none of its tables lies beyond its end.
/// load_photograph does this for files named *.rcc.
/// @throws FileError  no container, or truncated
void check_rcc(const std::filesystem::path& path);

}  // namespace reconlaw::data
