#pragma once
/// Text files of covariance eigenvalues.

#include <Eigen/Core>
#include <filesystem>
#include <string>
#include <string_view>

namespace reconlaw::data {

/// Eigenvalues from text: one finite number >= 0 a line, in any order; '#' starts a comment, blank lines are
/// ignored.
/// @return the eigenvalues, descending
/// @throws FileError  malformed, negative or not finite (with the line number), or no number at all
Eigen::VectorXd parse_spectrum(std::string_view text, const std::filesystem::path& name);

/// parse_spectrum of a file.
Eigen::VectorXd read_spectrum_file(const std::filesystem::path& path);

/// Write eigenvalues, one a line with 17 significant digits (reading gives the same doubles), atomically.
/// @param comment  each of its lines is written first, after "# "
/// @throws std::invalid_argument  empty, or a value negative or not finite
/// @throws FileError              cannot be written
void write_spectrum_file(const std::filesystem::path& path,
                         const Eigen::Ref<const Eigen::VectorXd>& eigenvalues, std::string_view comment = {});

}  // namespace reconlaw::data
