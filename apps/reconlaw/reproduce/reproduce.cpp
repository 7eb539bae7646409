#include "reproduce.hpp"

#include <Eigen/Core>
#include <boost/version.hpp>
#include <functional>
#include <system_error>
#include <thread>

#include "gnuplot.hpp"
#include "html.hpp"
#include "inverse_problems.hpp"
#include "iterations.hpp"
#include "learning_curves.hpp"
#include "real_images.hpp"
#include "reconlaw/data/atomic_file.hpp"
#include "reconlaw/data/file_error.hpp"

#ifndef RECONLAW_VERSION
#define RECONLAW_VERSION "development"
#endif

namespace reconlaw {

namespace report {

namespace {

namespace fs = std::filesystem;

std::string_view text_of(const data::Bytes& bytes) {
    return {reinterpret_cast<const char*>(bytes.data()), bytes.size()};
}

void make_folder(const fs::path& path) {
    std::error_code error;
    fs::create_directories(path, error);
    if (error) throw data::FileError(path, "cannot create this folder: " + error.message());
    if (!fs::is_directory(path)) throw data::FileError(path, "is not a folder");
    // Fails now rather than after minutes of work.
    data::write_file_atomically(path / ".writable", "");
    fs::remove(path / ".writable", error);
}

/// Draws the section's figures and writes its files.
DrawnSection write_section(Section section, const fs::path& folder) {
    DrawnSection drawn;
    for (const Block& block : section.blocks) {
        if (const auto* figure = std::get_if<Figure>(&block)) {
            Drawing drawing = draw(*figure);
            data::write_file_atomically(folder / (figure->name + ".csv"), figure_csv(*figure));
            data::write_file_atomically(folder / (figure->name + ".svg"), drawing.svg);
            data::write_file_atomically(folder / (figure->name + ".png"), text_of(drawing.png));
            drawn.svgs.push_back(std::move(drawing.svg));
        } else if (const auto* table = std::get_if<Table>(&block)) {
            std::string csv = csv_line(table->header);
            for (const auto& row : table->rows) csv += csv_line(row);
            data::write_file_atomically(folder / (table->name + ".csv"), csv);
        } else if (const auto* pictures = std::get_if<Pictures>(&block)) {
            for (std::size_t i = 0; i < pictures->rows.size(); ++i)
                data::write_file_atomically(folder / (pictures->name + "-" + std::to_string(i + 1) + ".png"),
                                            text_of(pictures->rows[i].png));
        }
    }
    drawn.section = std::move(section);
    return drawn;
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

}  // namespace

}  // namespace report

void reproduce(const ReproduceOptions& options) {
    using namespace report;
    detail::require(options.threads >= 0, "reproduce", "threads", options.threads, ">= 0");
    Progress progress(options.progress, options.console);
    make_folder(options.out);
    const Context context{options.quick, static_cast<unsigned>(options.threads), &progress};

    ReportPage page;
    page.command = options.quick ? "reconlaw reproduce --quick" : "reconlaw reproduce";
    page.facts = facts(options, gnuplot_version());
    const auto add = [&](const std::function<Section()>& compute) {
        const double start = progress.seconds();
        Section section = compute();
        const double seconds = progress.seconds() - start;
        page.sections.push_back(write_section(std::move(section), options.out));
        page.sections.back().seconds = seconds;
    };
    const ImageSet fashion = fashion_mnist_images(context);  // first: says at once if the data is missing
    add([&] { return learning_curves_section(context); });
    add([&] { return iterations_section(context); });
    add([&] { return real_images_section(context, fashion); });
    add([&] { return inverse_problems_section(context, fashion); });
    page.seconds = progress.seconds();
    data::write_file_atomically(options.out / "report.html", report_html(page));
    progress.begin("done");
}

}  // namespace reconlaw
