#include "reconlaw/gpu/safetensors.hpp"

#include <algorithm>
#include <bit>
#include <cstring>
#include <nlohmann/json.hpp>

#include "reconlaw/data/atomic_file.hpp"
#include "reconlaw/data/file_error.hpp"
#include "reconlaw/detail/check.hpp"

namespace reconlaw::gpu {
namespace {

static_assert(std::endian::native == std::endian::little, "safetensors data is little-endian");

using Json = nlohmann::ordered_json;
using data::FileError;

const char* const metadata_key = "__metadata__";
const char* const checksum_key = "checksum";
// Says that there must be a checksum: damage to the one key leaves the other.
const char* const writer_key = "writer";
const char* const writer = "reconlaw";
constexpr std::uint64_t max_file_bytes = std::uint64_t{1} << 36, max_header_bytes = std::uint64_t{100} << 20;

std::uint64_t elements(const std::vector<std::int64_t>& shape) {
    std::uint64_t n = 1;
    for (const std::int64_t s : shape) n *= static_cast<std::uint64_t>(s);
    return n;
}

std::string checksum_of(const std::string& header, std::string_view values) {
    data::Bytes all(header.begin(), header.end());
    all.insert(all.end(), values.begin(), values.end());
    return data::sha256_hex(all);
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

/// Bytes per value and conversion of a dtype; 0 bytes if it is not read here.
struct Dtype {
    std::size_t bytes = 0;
    float (*value)(const std::uint8_t*) = nullptr;
};

Dtype dtype_named(const std::string& name) {
    if (name == "F32") return {4, load<float>};
    if (name == "F64")
        return {8, [](const std::uint8_t* at) { return static_cast<float>(load<double>(at)); }};
    if (name == "F16")
        return {2, [](const std::uint8_t* at) { return half_to_float(load<std::uint16_t>(at)); }};
    if (name == "BF16")
        return {2, [](const std::uint8_t* at) {
                    return std::bit_cast<float>(static_cast<std::uint32_t>(load<std::uint16_t>(at)) << 16);
                }};
    return {};
}

struct Entry {
    SafeTensor tensor;
    Dtype dtype;
    std::uint64_t begin = 0, end = 0;
};

Entry parse_entry(const std::string& name, const Json& json, std::uint64_t data_bytes,
                  const std::filesystem::path& path) {
    const auto refuse = [&](const std::string& reason) -> void {
        throw FileError(path, "tensor '" + name + "': " + reason);
    };
    Entry e;
    e.tensor.name = name;
    try {
        const std::string dtype = json.at("dtype").get<std::string>();
        e.dtype = dtype_named(dtype);
        if (e.dtype.bytes == 0) refuse("type " + dtype + ", must be F32, F64, F16 or BF16");
        e.tensor.shape = json.at("shape").get<std::vector<std::int64_t>>();
        const auto offsets = json.at("data_offsets").get<std::vector<std::uint64_t>>();
        if (offsets.size() != 2) refuse("data_offsets must be two numbers");
        e.begin = offsets[0], e.end = offsets[1];
    } catch (const Json::exception& error) {
        refuse(std::string("malformed header: ") + error.what());
    }
    std::uint64_t size = 1;
    for (const std::int64_t s : e.tensor.shape) {
        if (s < 0 || (s > 0 && size > max_file_bytes / static_cast<std::uint64_t>(s)))
            refuse("impossible shape");
        size *= static_cast<std::uint64_t>(s);
    }
    if (e.begin > e.end || e.end > data_bytes)
        refuse("data [" + std::to_string(e.begin) + ", " + std::to_string(e.end) + ") beyond the file's " +
               std::to_string(data_bytes) + " bytes of data");
    if (e.end - e.begin != size * e.dtype.bytes)
        refuse(std::to_string(e.end - e.begin) + " bytes, must be " + std::to_string(size * e.dtype.bytes) +
               " for its shape");
    return e;
}

void verify_checksum(const Json& header, const std::string& stored, std::string_view values,
                     const std::filesystem::path& path) {
    Json blank = header;
    blank[metadata_key][checksum_key] = std::string(64, '0');
    if (checksum_of(blank.dump(), values) != stored)
        throw FileError(path,
                        "the checksum does not fit: the file is damaged, or another program has changed it");
}

}  // namespace

const SafeTensor* SafeTensors::find(std::string_view name) const {
    for (const SafeTensor& t : tensors)
        if (t.name == name) return &t;
    return nullptr;
}

std::string encode_safetensors(const SafeTensors& file) {
    constexpr auto f = "encode_safetensors";
    Json header;
    header[metadata_key] = file.metadata;
    header[metadata_key][writer_key] = writer;
    header[metadata_key][checksum_key] = std::string(64, '0');
    std::string values;
    for (const SafeTensor& t : file.tensors) {
        detail::require(!header.contains(t.name), f, "tensor name", t.name,
                        "given once, and not __metadata__");
        detail::require(elements(t.shape) == t.values.size(), f, "values of tensor " + t.name,
                        t.values.size(), std::to_string(elements(t.shape)) + " for its shape");
        const std::size_t begin = values.size(), bytes = 4 * t.values.size();
        header[t.name] = {{"dtype", "F32"}, {"shape", t.shape}, {"data_offsets", {begin, begin + bytes}}};
        if (bytes > 0) values.append(reinterpret_cast<const char*>(t.values.data()), bytes);
    }
    const std::string checksum = checksum_of(header.dump(), values);
    header[metadata_key][checksum_key] = checksum;
    std::string text = header.dump();
    text.resize((text.size() + 7) / 8 * 8, ' ');  // the data begins at a multiple of 8
    const std::uint64_t length = text.size();
    std::string bytes(8, '\0');
    std::memcpy(bytes.data(), &length, 8);
    return bytes + text + values;
}

SafeTensors decode_safetensors(data::ByteView bytes, const std::filesystem::path& path) {
    if (bytes.size() < 8) throw FileError(path, "truncated: " + std::to_string(bytes.size()) + " bytes");
    const auto length = load<std::uint64_t>(bytes.data());
    if (length > max_header_bytes) throw FileError(path, "no safetensors file: its header would be too long");
    if (length > bytes.size() - 8)
        throw FileError(path,
                        "truncated: the header of " + std::to_string(length) + " bytes is not complete");
    const auto* text = reinterpret_cast<const char*>(bytes.data()) + 8;
    Json header;
    try {
        header = Json::parse(text, text + length);
    } catch (const Json::exception&) {
        throw FileError(path, "no safetensors file: its header is not JSON");
    }
    if (!header.is_object()) throw FileError(path, "no safetensors file: its header is not an object");
    const data::ByteView values = bytes.subspan(8 + static_cast<std::size_t>(length));
    const std::string_view raw(reinterpret_cast<const char*>(values.data()), values.size());

    SafeTensors file;
    std::vector<Entry> entries;
    std::uint64_t used = 0;
    for (const auto& [name, json] : header.items()) {
        if (name == metadata_key) {
            try {
                file.metadata = json.get<std::map<std::string, std::string>>();
            } catch (const Json::exception&) {
                throw FileError(path, "__metadata__ must map text to text");
            }
            continue;
        }
        entries.push_back(parse_entry(name, json, values.size(), path));
        used = std::max(used, entries.back().end);
    }
    if (used < values.size())
        throw FileError(path, std::to_string(values.size() - used) + " bytes after the last tensor");
    const auto found = file.metadata.find(checksum_key);
    if (found != file.metadata.end())
        verify_checksum(header, found->second, raw, path);
    else if (file.metadata.count(writer_key) && file.metadata.at(writer_key) == writer)
        throw FileError(path, "the checksum is missing: the file is damaged");
    file.metadata.erase(checksum_key), file.metadata.erase(writer_key);
    std::stable_sort(entries.begin(), entries.end(),
                     [](const Entry& a, const Entry& b) { return a.begin < b.begin; });
    for (Entry& e : entries) {
        const std::size_t count = static_cast<std::size_t>(e.end - e.begin) / e.dtype.bytes;
        e.tensor.values.resize(count);
        const std::uint8_t* at = values.data() + e.begin;
        for (std::size_t i = 0; i < count; ++i) e.tensor.values[i] = e.dtype.value(at + i * e.dtype.bytes);
        file.tensors.push_back(std::move(e.tensor));
    }
    return file;
}

void write_safetensors(const std::filesystem::path& path, const SafeTensors& file) {
    data::write_file_atomically(path, encode_safetensors(file));
}

SafeTensors read_safetensors(const std::filesystem::path& path) {
    return decode_safetensors(data::read_file(path, max_file_bytes), path);
}

}  // namespace reconlaw::gpu
