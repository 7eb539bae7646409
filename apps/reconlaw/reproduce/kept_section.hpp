#pragma once
/// Finished sections of a report that is not finished, kept in a file each.

#include <filesystem>
#include <optional>
#include <string>
#include <utility>
#include <vector>

namespace reconlaw::report {

/// All that a section adds to the report.
struct FinishedSection {
    std::string title, html;                                 ///< html: what comes below the title
    double seconds = 0;                                      ///< computing it
    std::vector<std::pair<std::string, std::string>> files;  ///< names inside the report's folder, contents
};

/// Writes the section with a checksum and the fingerprint, which says what it depends on.
/// @throws data::FileError  cannot be written
void keep_section(const std::filesystem::path& file, const std::string& fingerprint,
                  const FinishedSection& section);

struct KeptSection {
    std::optional<FinishedSection> section;
    std::string problem;  ///< why there is a file and no section
};

/// Reads what keep_section wrote. A file that is damaged, or has another fingerprint, is a problem and no
/// error.
KeptSection kept_section(const std::filesystem::path& file, const std::string& fingerprint);

}  // namespace reconlaw::report
