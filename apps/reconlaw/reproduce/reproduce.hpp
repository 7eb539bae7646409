#pragma once
/// The report: closed-form learning curves against simulation and real images, in one command.

#include <filesystem>
#include <functional>
#include <iosfwd>
#include <string>
#include <vector>

namespace reconlaw::cli {
class Console;
}

namespace reconlaw {

struct ReproduceOptions {
    std::filesystem::path out = "reproduce-out";  ///< folder, made if it does not exist
    bool quick = false;                           ///< fewer trials, and without the photographs
    int threads = 0;                              ///< 0: as many as the machine has
    std::ostream* progress = nullptr;             ///< where stages are told, line by line
    std::vector<std::string> sections = {};       ///< some of report_sections(); empty: all
    std::function<bool()> stop = {};              ///< asked all the time: true ends the work
    cli::Console* console = nullptr;              ///< where progress within a stage is drawn
};

struct [[nodiscard]] ReproduceResult {
    bool complete = false;  ///< report.html was written
    std::size_t finished = 0, sections = 0;
};

/// "learning-curves", "iterations", "real-images", "inverse-problems", in the report's order.
const std::vector<std::string>& report_sections();

/// Writes into options.out, for each figure NAME.csv (every plotted number), NAME.svg and NAME.png, for each
/// table NAME.csv, and last report.html, which contains everything. A file is complete or not there, and none
/// is written through a symbolic link inside the folder. All numbers but the times are functions of the
/// options' `quick` and `sections` alone, not of the number of threads.
///
/// Finished sections are kept in the folder .sections until report.html is there. Where the work was stopped
/// or killed, the same call goes on after them, to the same report but for the times; a kept section that is
/// damaged, or was made with other options, by another program or another gnuplot, is computed again.
///
/// @throws std::invalid_argument  threads < 0, an unknown section
/// @throws data::FileError        missing image data (names the package), an unwritable folder, a full disk,
///                                another report running in the folder
/// @throws std::runtime_error     gnuplot missing (names the package) or failing
ReproduceResult reproduce(const ReproduceOptions& options);

}  // namespace reconlaw
