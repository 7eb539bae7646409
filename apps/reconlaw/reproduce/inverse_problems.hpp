#pragma once
/// Section 4 of the report: compressive sensing and super-resolution.

#include "image_study.hpp"

namespace reconlaw::report {

Section inverse_problems_section(const Context& context, const ImageSet& fashion);

}  // namespace reconlaw::report
