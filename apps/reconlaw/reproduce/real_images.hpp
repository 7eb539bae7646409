#pragma once
/// Section 3 of the report: linear denoisers trained on real images.

#include "image_study.hpp"

namespace reconlaw::report {

/// @throws data::FileError  the package is missing, or its files are not what they should be
ImageSet fashion_mnist_images(const Context& context);

/// Fashion-MNIST and, unless context.quick, photographs.
Section real_images_section(const Context& context, const ImageSet& fashion);

}  // namespace reconlaw::report
