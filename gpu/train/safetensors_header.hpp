#pragma once
/// The header of a safetensors file: what is checked before any memory for tensors is taken.

#include <cstdint>
#include <filesystem>
#include <map>
#include <string>
#include <string_view>
#include <vector>

namespace reconlaw::gpu {

/// The number types that are read here.
enum class Dtype { f64, f32, f16, bf16 };

std::uint64_t bytes_of(Dtype dtype);

struct HeaderEntry {
    std::string name;
    Dtype dtype = Dtype::f32;
    std::vector<std::int64_t> shape;
    std::uint64_t begin = 0, end = 0;  ///< of its data, after the header
};

struct Header {
    std::vector<HeaderEntry> entries;  ///< by begin and end
    std::map<std::string, std::string> metadata;
};

/// The limit of the reference implementation.
inline constexpr std::uint64_t max_header_bytes = 100'000'000;

/// Reads the header and holds it to the format as the reference implementation does: an object of objects
/// with dtype, shape and data_offsets; no name or key twice; whole numbers; sizes that fit dtype and shape
/// without overflow; the data covered from 0 to its end without hole or overlap (tensors without values
/// included). Unknown keys and more than 64 dimensions are refused too. The text is read in one pass without
/// a tree of it: nesting takes no memory, and what is taken stays below sixteen times the text.
/// @param data_bytes  what the file holds after the header
/// @param path        for messages
/// @throws data::FileError  names the tensor and the reason
Header parse_header(std::string_view text, std::uint64_t data_bytes, const std::filesystem::path& path);

}  // namespace reconlaw::gpu
