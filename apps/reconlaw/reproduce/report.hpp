#pragma once
/// How a report is made, apart from what is in it.

#include <functional>
#include <string>
#include <vector>

#include "reproduce.hpp"
#include "section.hpp"

namespace reconlaw::report {

struct SectionTask {
    std::string name;  ///< of its file in .sections
    std::function<Section(const Context&)> compute;
    std::function<void(const Context&)> prepare = {};  ///< before any work, if the section will be computed
};

/// The work of reproduce() for these sections: computes, draws and writes those that are not kept, then
/// report.html. `options.sections` is only named in the report. Errors as there.
ReproduceResult make_report(const ReproduceOptions& options, const std::vector<SectionTask>& tasks);

}  // namespace reconlaw::report
