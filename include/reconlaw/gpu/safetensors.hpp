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

/// What became of the checksum that reconlaw writes.
enum class Checksum {
    none,     ///< another program's file
    fits,     ///< tensors and metadata are those that were written
    differs,  ///< damaged, or changed by another program
    missing   ///< the file says that reconlaw wrote it, but its checksum is gone
};

/// A file's tensors and its free text.
struct SafeTensors {
    std::vector<SafeTensor> tensors;  ///< written in this order; read in the order of their data
    std::map<std::string, std::string> metadata;
    Checksum checksum = Checksum::none;  ///< as read; not written

    /// nullptr if there is none of that name.
    const SafeTensor* find(std::string_view name) const;
};

/// Eight bytes with the length of a JSON header, the header, the data (little-endian). The header maps names
/// to dtype, shape and data_offsets, and __metadata__ to text. All tensors are written as F32, and the
/// metadata gains `writer` = "reconlaw" and `checksum` = "content-sha256:" and checksum_of(file).
/// @throws std::invalid_argument  a name twice, or "__metadata__"; a shape that does not give the number of
/// values; a name or text that is not UTF-8
std::string encode_safetensors(const SafeTensors& file);

/// A SHA-256, as 64 hexadecimal digits, that depends on what the file means and not on how it is laid out:
/// neither on the order of tensors nor on their dtype, as long as the values are the same numbers (F32 saved
/// again as F64 is, as F16 or BF16 only where rounding changes no value). It is taken of one record a
/// metadata key, then one a tensor, each sorted bytewise by name, with |x| the length of x in bytes:
///
///     metadata |KEY| KEY |TEXT| TEXT\n
///     tensor |NAME| NAME D1,D2,... S\n        S: SHA-256 of the values as little-endian single precision
///
/// The keys `checksum`, `writer` and `format` (which PyTorch's tools add) do not count.
std::string checksum_of(const SafeTensors& file);

/// Reads F64, F32, F16 and BF16. The header is checked whole before memory for a tensor is taken: the format
/// demands that the tensors cover the data without hole or overlap, so no file becomes larger in memory than
/// twice its size for the values (half precision) and some times its header. A checksum that does not fit is
/// no error here: the result says so. Files of reconlaw before the present kind of checksum have one of all
/// bytes, which is checked as such.
/// @param name  for messages
/// @throws data::FileError  truncated; no safetensors; a header that contradicts itself or the data; another
/// dtype
SafeTensors decode_safetensors(data::ByteView bytes, const std::filesystem::path& name);

/// encode_safetensors, written atomically. @throws data::FileError  cannot be written
void write_safetensors(const std::filesystem::path& path, const SafeTensors& file);
/// @throws data::FileError  cannot be read; as decode_safetensors
SafeTensors read_safetensors(const std::filesystem::path& path);

}  // namespace reconlaw::gpu
