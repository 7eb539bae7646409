#include <memory>
#include <ostream>

#include "commands.hpp"
#include "interrupt.hpp"
#include "numbers.hpp"
#include "reproduce/reproduce.hpp"
#include "samples.hpp"

namespace reconlaw::cli {
namespace {

void reproduce_command(ReproduceOptions options, const std::string& sections, const Streams& streams) {
    options.progress = &streams.err;
    options.stop = InterruptGuard::requested;
    if (!sections.empty()) options.sections = parse_words(sections, "--sections");
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
    auto options = std::make_shared<ReproduceOptions>();
    auto sections = std::make_shared<std::string>();
    app.add_flag("--quick", options->quick, "About a minute on two cores; without the photographs");
    app.add_option("--out", options->out, "Folder for report.html and the CSV, SVG and PNG files")
        ->capture_default_str();
    app.add_option("--sections", *sections,
                   "Only these: learning-curves, iterations, real-images, inverse-problems");
    app.add_option("--threads", options->threads, "Worker threads; 0: all processors")
        ->check(CLI::Range(0, 1024))
        ->capture_default_str();
    app.footer(
        "Interrupted or killed, the same command goes on after the sections that were finished.\n\n"
        "Examples:\n  reconlaw reproduce --quick --out report\n"
        "  reconlaw reproduce --quick --sections iterations --out report");
    return [options, sections](const Streams& streams) { reproduce_command(*options, *sections, streams); };
}

}  // namespace reconlaw::cli
