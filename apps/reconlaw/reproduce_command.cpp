#include <memory>
#include <ostream>

#include "commands.hpp"
#include "interrupt.hpp"
#include "numbers.hpp"
#include "reproduce/reproduce.hpp"
#include "samples.hpp"
#include "threads.hpp"

namespace reconlaw::cli {
namespace {

struct ReproduceArguments {
    std::string out = "reproduce-out", sections;
    bool quick = false;
    int threads = 0;
};

void reproduce_command(const ReproduceArguments& o, const Streams& streams) {
    require_threads(o.threads);
    ReproduceOptions options;
    options.out = o.out, options.quick = o.quick, options.threads = o.threads;
    options.progress = &streams.err, options.console = streams.console;
    options.stop = InterruptGuard::requested;
    if (!o.sections.empty()) options.sections = parse_words(o.sections, "--sections");
    for (const std::string& name : options.sections) parse_choice(name, "--sections", report_sections());
    const InterruptGuard guard;
    const ReproduceResult result = reproduce(options);
    if (!result.complete)
        throw Interrupted("interrupted with " + std::to_string(result.finished) + " of " +
                          std::to_string(result.sections) + " sections done; the same command goes on");
    streams.out << (options.out / "report.html").string() << '\n';
}

}  // namespace

Run add_reproduce_command(CLI::App& app) {
    auto options = std::make_shared<ReproduceArguments>();
    app.add_flag("--quick", options->quick, "About a minute on two cores; without the photographs");
    add_text(app, "--out", options->out, Text::folder,
             "Folder for report.html and the CSV, SVG and PNG files");
    add_text(app, "--sections", options->sections, Text::words,
             "Only these: learning-curves, iterations, real-images, inverse-problems");
    add_whole(app, "--threads", options->threads, 0, most_threads, "Worker threads; 0: all processors");
    app.footer(
        "Interrupted or killed, the same command goes on after the sections that were finished.\n\n"
        "Examples:\n  reconlaw reproduce --quick --out report\n"
        "  reconlaw reproduce --quick --sections iterations --out report");
    return [options](const Streams& streams) { reproduce_command(*options, streams); };
}

}  // namespace reconlaw::cli
