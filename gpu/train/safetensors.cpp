#include "reconlaw/gpu/safetensors.hpp"

#include <algorithm>
#include <bit>
#include <cstring>
#include <nlohmann/json.hpp>

#include "reconlaw/data/atomic_file.hpp"
#include "reconlaw/data/file_error.hpp"
#include "reconlaw/data/in_quotes.hpp"
#include "reconlaw/detail/check.hpp"
#include "safetensors_header.hpp"

namespace reconlaw::gpu {
namespace {

static_assert(std::endian::native == std::endian::little, "safetensors data is little-endian");

using Json = nlohmann::ordered_json;
using data::FileError;

const char* const metadata_key = "__metadata__";
const char* const checksum_key = "checksum";
const std::string checksum_kind = "content-sha256:";
// Says that there must be a checksum: damage to the one key leaves the other.
const char* const writer_key = "writer";
const char* const writer = "reconlaw";
constexpr std::uint64_t max_file_bytes = std::uint64_t{1} << 36, max_pipe_bytes = std::uint64_t{1} << 30;

std::uint64_t elements(const std::vector<std::int64_t>& shape) {
    std::uint64_t n = 1;
    for (const std::int64_t s : shape) n *= static_cast<std::uint64_t>(s);
    return n;
}

float half_to_float(std::uint16_t h) {
    const std::uint32_t sign = static_cast<std::uint32_t>(h & 0x8000u) << 16;
    const std::uint32_t exponent = h >> 10 & 31u, fraction = h & 1023u;
    if (exponent == 31) return std::bit_cast<float>(sign | 0x7f800000u | fraction << 13);
    const float magnitude = exponent == 0 ? static_cast<float>(fraction) * 0x1p-24f
                                          : std::bit_cast<float>((exponent + 112) << 23 | fraction << 13);
    return sign ? -magnitude : magnitude;
}

template <class Stored>
Stored load(const std::uint8_t* at) {
    Stored value;
    std::memcpy(&value, at, sizeof value);
    return value;
}

float value_at(const std::uint8_t* at, Dtype dtype) {
    switch (dtype) {
        case Dtype::f64:
            return static_cast<float>(load<double>(at));
        case Dtype::f16:
            return half_to_float(load<std::uint16_t>(at));
        case Dtype::bf16:
            return std::bit_cast<float>(static_cast<std::uint32_t>(load<std::uint16_t>(at)) << 16);
        case Dtype::f32:
            break;
    }
    return load<float>(at);
}

/// The checksum of files before `checksum_kind`: of header and data, with 64 zeros in its own place.
bool bytes_checksum_fits(data::ByteView bytes, std::size_t header_bytes, const std::string& stored) {
    const auto* text = reinterpret_cast<const char*>(bytes.data()) + 8;
    std::string_view header(text, header_bytes);
    while (header.ends_with(' ')) header.remove_suffix(1);
    const std::string field = std::string("\"") + checksum_key + "\":\"" + stored + '"';
    const std::size_t at = header.find(field);
    if (stored.size() != 64 || at == std::string_view::npos) return false;
    data::Bytes blank;
    blank.reserve(bytes.size());
    blank.assign(header.begin(), header.end());
    std::fill_n(blank.begin() + static_cast<std::ptrdiff_t>(at + field.size() - 65), 64, '0');
    blank.insert(blank.end(), bytes.begin() + 8 + static_cast<std::ptrdiff_t>(header_bytes), bytes.end());
    return data::sha256_hex(blank) == stored;
}

/// Of a file whose metadata still has the keys that reconlaw adds.
Checksum verify(const SafeTensors& file, data::ByteView bytes, std::size_t header_bytes) {
    const auto stored = file.metadata.find(checksum_key);
    if (stored == file.metadata.end()) {
        const auto found = file.metadata.find(writer_key);
        return found != file.metadata.end() && found->second == writer ? Checksum::missing : Checksum::none;
    }
    const bool fits = stored->second.starts_with(checksum_kind)
                          ? stored->second == checksum_kind + checksum_of(file)
                          : bytes_checksum_fits(bytes, header_bytes, stored->second);
    return fits ? Checksum::fits : Checksum::differs;
}

std::uint64_t header_length(data::ByteView first_eight, std::uint64_t file_bytes,
                            const std::filesystem::path& path) {
    if (file_bytes < 8) throw FileError(path, "truncated: " + std::to_string(file_bytes) + " bytes");
    const auto length = load<std::uint64_t>(first_eight.data());
    if (length > max_header_bytes) throw FileError(path, "no safetensors file: its header would be too long");
    if (length > file_bytes - 8)
        throw FileError(path,
                        "truncated: the header of " + std::to_string(length) + " bytes is not complete");
    return length;
}

}  // namespace

const SafeTensor* SafeTensors::find(std::string_view name) const {
    for (const SafeTensor& t : tensors)
        if (t.name == name) return &t;
    return nullptr;
}

std::string checksum_of(const SafeTensors& file) {
    const auto counted = [](const std::string& text) { return std::to_string(text.size()) + ' ' + text; };
    std::string records;
    for (const auto& [key, text] : file.metadata)
        if (key != checksum_key && key != writer_key && key != "format")
            records += "metadata " + counted(key) + ' ' + counted(text) + '\n';
    std::vector<const SafeTensor*> sorted;
    sorted.reserve(file.tensors.size());
    for (const SafeTensor& t : file.tensors) sorted.push_back(&t);
    std::sort(sorted.begin(), sorted.end(),
              [](const SafeTensor* a, const SafeTensor* b) { return a->name < b->name; });
    for (const SafeTensor* t : sorted) {
        records += "tensor " + counted(t->name) + ' ';
        for (std::size_t i = 0; i < t->shape.size(); ++i)
            records += (i == 0 ? "" : ",") + std::to_string(t->shape[i]);
        const auto* values = reinterpret_cast<const std::uint8_t*>(t->values.data());
        records += ' ' + data::sha256_hex({values, 4 * t->values.size()}) + '\n';
    }
    return data::sha256_hex({reinterpret_cast<const std::uint8_t*>(records.data()), records.size()});
}

std::string encode_safetensors(const SafeTensors& file) {
    constexpr auto f = "encode_safetensors";
    Json header;
    header[metadata_key] = file.metadata;
    header[metadata_key][writer_key] = writer;
    header[metadata_key][checksum_key] = checksum_kind + checksum_of(file);
    std::string values;
    for (const SafeTensor& t : file.tensors) {
        detail::require(!header.contains(t.name), f, "tensor name", data::in_quotes(t.name),
                        "given once, and not __metadata__");
        detail::require(elements(t.shape) == t.values.size(), f,
                        "values of tensor " + data::printable(t.name), t.values.size(),
                        std::to_string(elements(t.shape)) + " for its shape");
        const std::size_t begin = values.size(), bytes = 4 * t.values.size();
        header[t.name] = {{"dtype", "F32"}, {"shape", t.shape}, {"data_offsets", {begin, begin + bytes}}};
        if (bytes > 0) values.append(reinterpret_cast<const char*>(t.values.data()), bytes);
    }
    std::string text;
    try {
        text = header.dump();
    } catch (const Json::exception&) {
        throw std::invalid_argument(std::string(f) + ": a name or text of the metadata is not UTF-8");
    }
    text.resize((text.size() + 7) / 8 * 8, ' ');  // the data begins at a multiple of 8
    const std::uint64_t length = text.size();
    std::string bytes(8, '\0');
    std::memcpy(bytes.data(), &length, 8);
    return bytes + text + values;
}

SafeTensors decode_safetensors(data::ByteView bytes, const std::filesystem::path& path) {
    const auto length = static_cast<std::size_t>(header_length(bytes, bytes.size(), path));
    const auto* text = reinterpret_cast<const char*>(bytes.data()) + 8;
    const data::ByteView values = bytes.subspan(8 + length);
    Header header = parse_header({text, length}, values.size(), path);
    SafeTensors file;
    file.metadata = std::move(header.metadata);
    file.tensors.reserve(header.entries.size());
    for (HeaderEntry& e : header.entries) {
        SafeTensor& t = file.tensors.emplace_back();
        t.name = std::move(e.name), t.shape = std::move(e.shape);
        const std::size_t each = bytes_of(e.dtype), count = static_cast<std::size_t>(e.end - e.begin) / each;
        t.values.resize(count);
        const std::uint8_t* at = values.data() + e.begin;
        for (std::size_t i = 0; i < count; ++i) t.values[i] = value_at(at + i * each, e.dtype);
    }
    file.checksum = verify(file, bytes, length);
    file.metadata.erase(checksum_key), file.metadata.erase(writer_key);
    return file;
}

void write_safetensors(const std::filesystem::path& path, const SafeTensors& file) {
    data::write_file_atomically(path, encode_safetensors(file));
}

SafeTensors read_safetensors(const std::filesystem::path& path) {
    std::error_code error;
    if (!std::filesystem::is_regular_file(path, error))  // a pipe has no size and can be read once
        return decode_safetensors(data::read_file(path, max_pipe_bytes), path);
    // a file that is none, or damaged, is refused by its header, whatever its size
    const std::uint64_t size = std::filesystem::file_size(path, error);
    if (!error) {
        const data::Bytes first = data::read_file_range(path, 0, std::min<std::uint64_t>(size, 8));
        const std::uint64_t length = header_length(first, size, path);
        const data::Bytes header = data::read_file_range(path, 8, length);
        parse_header({reinterpret_cast<const char*>(header.data()), header.size()}, size - 8 - length, path);
    }
    return decode_safetensors(data::read_file(path, max_file_bytes), path);
}

}  // namespace reconlaw::gpu
