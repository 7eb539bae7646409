#pragma once
/// Networks on disk: weights that PyTorch reads, and that PyTorch has written.

#include <filesystem>
#include <map>
#include <string>
#include <vector>

#include "reconlaw/gpu/architecture.hpp"
#include "reconlaw/gpu/safetensors.hpp"

namespace reconlaw::gpu {

/// A network and its parameters, in the order of parameters(architecture).
struct Weights {
    Architecture architecture;
    std::vector<float> values;
    std::map<std::string, std::string>
        metadata;  ///< what else the file says: task, noise, training size, ...
    /// As read from a file: what its user should know, one line; empty: nothing. Not written.
    std::string note{};
};

/// The architecture as metadata: architecture = "unet", channels = "16", ...
std::map<std::string, std::string> architecture_metadata(const Architecture& architecture);

/// One tensor a parameter, with the names of the PyTorch module, and the architecture in the metadata.
/// @throws std::invalid_argument  another number of values than the architecture's
SafeTensors to_safetensors(const Weights& weights);

/// The architecture from the metadata, or, for another program's file, from names and shapes: the state_dict
/// of fastMRI's U-Net (with or without a prefix such as "unet." or "module."). Such a U-Net is taken as not
/// residual. A checksum that does not fit or is gone is a note in the result: weights may be changed by other
/// programs.
/// @param name  for messages
/// @throws data::FileError  no network of ours; a tensor missing, too many, of another shape, or with a value
/// that is not finite, naming it
Weights from_safetensors(const SafeTensors& file, const std::filesystem::path& name);

/// @throws data::FileError  cannot be written
void save_weights(const std::filesystem::path& path, const Weights& weights);
/// @throws data::FileError  as read_safetensors and from_safetensors
Weights load_weights(const std::filesystem::path& path);

}  // namespace reconlaw::gpu
