#include "reconlaw/gpu/libraries.hpp"

#include "convolution/instructions.hpp"
#include "device_query.hpp"
#include "reconlaw/gpu/device.hpp"

namespace reconlaw::gpu {

std::vector<std::pair<std::string, std::string>> libraries() {
    const Device d = device();
    const std::string where =
        d.system == "cuda"
            ? "cuda, " + (d.name.empty() ? "no GPU" : d.name + " " + d.architecture) + ", built for " +
                  d.built_for
            : d.system + ", " + std::to_string(d.threads) + (d.threads == 1 ? " thread" : " threads");
    const std::string instructions = convolution_instructions();
    return {{"Thrust", query_device().thrust + " (" + where + ")"},
            {"convolutions", d.convolutions + (instructions.empty() ? "" : " (" + instructions + ")")}};
}

}  // namespace reconlaw::gpu
