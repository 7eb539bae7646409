#pragma once
/// Tensors with names in the safetensors format: what PyTorch users exchange weights in.

#include <cstdint>
#include <filesystem>
#include <map>
#include <string>
#include <string_view>
#include <vector>

#include "reconlaw/data/bytes.hpp"

namespace reconlaw::gpu {

struct SafeTensor {
    std::string name;
    std::vector<std::int64_t> shape;  ///< empty: a scalar
    std::vector<float> values;        ///< last dimension fastest
};

/// A file's tensors and its free text.
struct SafeTensors {
    std::vector<SafeTensor> tensors;  ///< written in this order; read in the order of their data
    std::map<std::string, std::string> metadata;

    /// nullptr if there is none of that name.
    const SafeTensor* find(std::string_view name) const;
};

/// Eight bytes with the length of a JSON header, the header, the data (little-endian). The header maps names
/// to dtype, shape and data_offsets, and __metadata__ to text. All tensors are written as F32; the metadata
/// gains `checksum`, the SHA-256 of header and data with 64 zeros in its own place.
/// @throws std::invalid_argument  a name twice, or "__metadata__"; a shape that does not give the number of
/// values
std::string encode_safetensors(const SafeTensors& file);

/// Reads F64, F32, F16 and BF16. A file without checksum (another program's) is taken as it is.
/// @param name  for messages
/// @throws data::FileError  truncated; no safetensors; a header that contradicts the data; another dtype;
/// checksum
SafeTensors decode_safetensors(data::ByteView bytes, const std::filesystem::path& name);

/// encode_safetensors, written atomically. @throws data::FileError  cannot be written
void write_safetensors(const std::filesystem::path& path, const SafeTensors& file);
/// @throws data::FileError  cannot be read; as decode_safetensors
SafeTensors read_safetensors(const std::filesystem::path& path);

}  // namespace reconlaw::gpu
