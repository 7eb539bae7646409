#include "report.hpp"

#include <Eigen/Core>
#include <boost/version.hpp>
#include <system_error>
#include <thread>
#include <utility>

#include "folder_lock.hpp"
#include "gnuplot.hpp"
#include "html.hpp"
#include "kept_section.hpp"
#include "reconlaw/data/atomic_file.hpp"
#include "reconlaw/data/file_error.hpp"

#ifndef RECONLAW_VERSION
#define RECONLAW_VERSION "development"
#endif

namespace reconlaw::report {

namespace {

namespace fs = std::filesystem;

constexpr auto kept_folder = ".sections";

std::string text_of(const data::Bytes& bytes) {
    return {bytes.begin(), bytes.end()};
}

/// Draws the section's figures.
FinishedSection finish(const Section& section) {
    FinishedSection finished;
    finished.title = section.title;
    const auto add = [&](const std::string& name, std::string content) {
        finished.files.emplace_back(name, std::move(content));
    };
    std::vector<std::string> svgs;
    for (const Block& block : section.blocks) {
        if (const auto* figure = std::get_if<Figure>(&block)) {
            const Drawing drawing = draw(*figure);
            add(figure->name + ".csv", figure_csv(*figure));
            add(figure->name + ".svg", drawing.svg);
            add(figure->name + ".png", text_of(drawing.png));
            svgs.push_back(drawing.svg);
        } else if (const auto* table = std::get_if<Table>(&block)) {
            std::string csv = csv_line(table->header);
            for (const auto& row : table->rows) csv += csv_line(row);
            add(table->name + ".csv", csv);
        } else if (const auto* pictures = std::get_if<Pictures>(&block)) {
            for (std::size_t i = 0; i < pictures->rows.size(); ++i)
                add(pictures->name + "-" + std::to_string(i + 1) + ".png", text_of(pictures->rows[i].png));
        }
    }
    finished.html = section_html(section, svgs);
    return finished;
}

std::vector<std::pair<std::string, std::string>> facts(const ReproduceOptions& options,
                                                       const std::string& gnuplot) {
    const unsigned threads = options.threads > 0 ? static_cast<unsigned>(options.threads)
                                                 : std::max(1U, std::thread::hardware_concurrency());
    return {
        {"reconlaw", RECONLAW_VERSION},
        {"compiler", "GCC or compatible " __VERSION__},
        {"Eigen", std::to_string(EIGEN_WORLD_VERSION) + "." + std::to_string(EIGEN_MAJOR_VERSION) + "." +
                      std::to_string(EIGEN_MINOR_VERSION) +
                      ", vector instructions: " + Eigen::SimdInstructionSetsInUse()},
        {"Boost", std::to_string(BOOST_VERSION / 100000) + "." + std::to_string(BOOST_VERSION / 100 % 1000)},
        {"drawn by", gnuplot},
        {"random numbers",
         "Philox 4x64-10, seed 1, keyed by training size and trial: the same on any number of threads"},
        {"threads", std::to_string(threads)},
        {"closed forms", "corrected order, relative tolerance 1e-9"}};
}

std::string command(const ReproduceOptions& options) {
    std::string text = options.quick ? "reconlaw reproduce --quick" : "reconlaw reproduce";
    for (std::size_t i = 0; i < options.sections.size(); ++i)
        text += (i == 0 ? " --sections " : ",") + options.sections[i];
    return text;
}

/// What a section's numbers and drawings depend on beside its name. The program itself stands for its
/// version: while it is being developed, versions have many programs.
std::string dependencies(const ReproduceOptions& options, const std::string& gnuplot) {
    std::string program = "unknown";
    try {
        program = data::sha256_hex(data::read_file("/proc/self/exe"));
    } catch (const data::FileError&) {
    }
    return std::string(options.quick ? " quick" : " full") + ", reconlaw " RECONLAW_VERSION ", program " +
           program + ", " + gnuplot;
}

}  // namespace

ReproduceResult make_report(const ReproduceOptions& options, const std::vector<SectionTask>& tasks) {
    Progress progress(options.progress, options.console, options.stop);
    const cli::FolderLock lock(options.out, "report");  // fails now rather than after minutes of work
    const Context context{options.quick, static_cast<unsigned>(options.threads), &progress};
    const std::string gnuplot = gnuplot_version();
    const std::string depends = dependencies(options, gnuplot);
    cli::make_folders_inside(options.out, kept_folder);

    ReproduceResult result;
    result.sections = tasks.size();
    ReportPage page;
    page.command = command(options);
    page.facts = facts(options, gnuplot);
    try {
        std::vector<std::optional<FinishedSection>> sections;
        for (const SectionTask& task : tasks) {
            KeptSection kept = kept_section(options.out / kept_folder / task.name, task.name + depends);
            if (kept.section) {
                progress.begin(task.name + ": kept from an interrupted run");
                page.seconds += kept.section->seconds;
                ++result.finished;
            } else if (!kept.problem.empty()) {
                progress.begin(task.name + ": the kept section " + kept.problem + ", it is computed again");
            }
            sections.push_back(std::move(kept.section));
        }
        for (std::size_t i = 0; i < tasks.size(); ++i)
            if (!sections[i] && tasks[i].prepare) tasks[i].prepare(context);
        for (std::size_t i = 0; i < tasks.size(); ++i) {
            const SectionTask& task = tasks[i];
            if (!sections[i]) {
                const double start = progress.seconds();
                const Section section = task.compute(context);
                const double seconds = progress.seconds() - start;
                sections[i] = finish(section);
                sections[i]->seconds = seconds;
                keep_section(options.out / kept_folder / task.name, task.name + depends, *sections[i]);
                ++result.finished;
            }
            // kept ones, too: the run before may have been killed between two of them
            for (const auto& [name, content] : sections[i]->files)
                data::write_file_atomically(options.out / fs::path(name).filename(), content);
            page.sections.push_back({sections[i]->title, sections[i]->html, sections[i]->seconds});
        }
    } catch (const Stopped&) {
        return result;
    }
    page.seconds += progress.seconds();
    data::write_file_atomically(options.out / "report.html", report_html(page));
    result.complete = true;
    std::error_code error;  // what stays does no harm
    fs::remove_all(options.out / kept_folder, error);
    if (options.progress)
        *options.progress << cli::printed("[%6.1f s] done", progress.seconds()) << std::endl;
    return result;
}

}  // namespace reconlaw::report
