#pragma once
/// Where the files that belong to the library (photograph manifest, spectra) lie.

#include <filesystem>

namespace reconlaw::data {

/// A file of the library's data folder, e.g. "photographs.tsv" or "spectra/fashion_mnist_28x28.txt": in the
/// folder named by the environment variable RECONLAW_DATA_DIR if it is set (an installation that was moved),
/// else in the source tree's data/ where the library was built if the file still exists there, else in
/// <prefix>/share/reconlaw.
/// @throws FileError  not there (names the places)
std::filesystem::path data_file(const std::filesystem::path& name);

}  // namespace reconlaw::data
