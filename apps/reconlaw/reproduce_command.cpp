#include <memory>
#include <ostream>

#include "commands.hpp"
#include "numbers.hpp"
#include "reproduce/reproduce.hpp"
#include "threads.hpp"

namespace reconlaw::cli {
namespace {

struct Options {
    std::string out = "reproduce-out";
    bool quick = false;
    int threads = 0;
};

}  // namespace

Run add_reproduce_command(CLI::App& app) {
    auto options = std::make_shared<Options>();
    app.add_flag("--quick", options->quick, "About a minute on two cores; without the photographs");
    add_text(app, "--out", options->out, Text::folder,
             "Folder for report.html and the CSV, SVG and PNG files");
    add_whole(app, "--threads", options->threads, 0, most_threads, "Worker threads; 0: all processors");
    app.footer("Example:\n  reconlaw reproduce --quick --out report");
    return [options](const Streams& streams) {
        require_threads(options->threads);
        ReproduceOptions reproduction;
        reproduction.out = options->out;
        reproduction.quick = options->quick;
        reproduction.threads = options->threads;
        reproduction.progress = &streams.err;
        reproduction.console = streams.console;
        reproduce(reproduction);
        streams.out << (reproduction.out / "report.html").string() << '\n';
    };
}

}  // namespace reconlaw::cli
