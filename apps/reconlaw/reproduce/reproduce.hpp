#pragma once
/// The report: closed-form learning curves against simulation and real images, in one command.

#include <filesystem>
#include <iosfwd>

namespace reconlaw::cli {
class Console;
}

namespace reconlaw {

struct ReproduceOptions {
    std::filesystem::path out = "reproduce-out";  ///< folder, made if it does not exist
    bool quick = false;                           ///< fewer trials, and without the photographs
    int threads = 0;                              ///< 0: as many as the machine has
    std::ostream* progress = nullptr;             ///< where stages are told, line by line
    cli::Console* console = nullptr;              ///< where progress within a stage is drawn
};

/// Writes into options.out, for each figure NAME.csv (every plotted number), NAME.svg and NAME.png, for each
/// table NAME.csv, and last report.html, which contains everything. A file is complete or not there. All
/// numbers but the times are functions of the options' `quick` alone, not of the number of threads.
///
/// @throws std::invalid_argument  threads < 0
/// @throws data::FileError        missing image data (names the package), an unwritable folder, a full disk
/// @throws std::runtime_error     gnuplot missing (names the package) or failing
void reproduce(const ReproduceOptions& options);

}  // namespace reconlaw
