#include "reconlaw/fit/libraries.hpp"

#include <ceres/version.h>

namespace reconlaw::fit {

std::vector<std::pair<std::string, std::string>> libraries() {
    return {{"Ceres Solver", CERES_VERSION_STRING}};
}

}  // namespace reconlaw::fit
