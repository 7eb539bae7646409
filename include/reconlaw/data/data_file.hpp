#pragma once
/// Where the files that belong to the library (photograph manifest, spectra) lie.

#include <filesystem>

namespace reconlaw::data {

/// A file of the library's data folder, e.g. "photographs.tsv" or "spectra/fashion_mnist_28x28.txt": the
/// source tree's data/ where the library was built and the file still exists there, else
/// <prefix>/share/reconlaw.
/// @throws FileError  in neither place (names both)
std::filesystem::path data_file(const std::filesystem::path& name);

}  // namespace reconlaw::data
