#include "reproduce.hpp"

#include <algorithm>
#include <optional>

#include "inverse_problems.hpp"
#include "iterations.hpp"
#include "learning_curves.hpp"
#include "numbers.hpp"
#include "real_images.hpp"
#include "report.hpp"

namespace reconlaw {

const std::vector<std::string>& report_sections() {
    static const std::vector<std::string> names{"learning-curves", "iterations", "real-images",
                                                "inverse-problems"};
    return names;
}

ReproduceResult reproduce(const ReproduceOptions& options) {
    using namespace report;
    detail::require(options.threads >= 0, "reproduce", "threads", options.threads, ">= 0");
    for (const std::string& name : options.sections) cli::parse_choice(name, "sections", report_sections());

    std::optional<ImageSet> fashion;  // read before any work: says at once if the data is missing
    const auto load = [&](const Context& context) {
        if (!fashion) fashion = fashion_mnist_images(context);
    };
    const std::vector<SectionTask> all{
        {"learning-curves", [](const Context& c) { return learning_curves_section(c); }},
        {"iterations", [](const Context& c) { return iterations_section(c); }},
        {"real-images", [&](const Context& c) { return real_images_section(c, *fashion); }, load},
        {"inverse-problems", [&](const Context& c) { return inverse_problems_section(c, *fashion); }, load}};
    std::vector<SectionTask> tasks;
    for (const SectionTask& task : all)
        if (options.sections.empty() ||
            std::find(options.sections.begin(), options.sections.end(), task.name) != options.sections.end())
            tasks.push_back(task);
    return make_report(options, tasks);
}

}  // namespace reconlaw
