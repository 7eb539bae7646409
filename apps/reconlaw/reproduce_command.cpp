#include <memory>
#include <ostream>

#include "commands.hpp"
#include "reproduce/reproduce.hpp"

namespace reconlaw::cli {

Run add_reproduce_command(CLI::App& app) {
    auto options = std::make_shared<ReproduceOptions>();
    app.add_flag("--quick", options->quick, "About a minute on two cores; without the photographs");
    app.add_option("--out", options->out, "Folder for report.html and the CSV, SVG and PNG files")
        ->capture_default_str();
    app.add_option("--threads", options->threads, "Worker threads; 0: all processors")
        ->check(CLI::Range(0, 1024))
        ->capture_default_str();
    app.footer("Example:\n  reconlaw reproduce --quick --out report");
    return [options](const Streams& streams) {
        options->progress = &streams.err;
        reproduce(*options);
        streams.out << (options->out / "report.html").string() << '\n';
    };
}

}  // namespace reconlaw::cli
