// Safetensors files, and networks in them.
#include "reconlaw/gpu/safetensors.hpp"

#include <cstring>

#include "harness.hpp"
#include "reconlaw/gpu/weights.hpp"

namespace reconlaw::fuzz {
namespace {

using namespace gpu;

void decode(data::ByteView bytes) {
    SafeTensors file;
    try {
        file = decode_safetensors(bytes, "w");
    } catch (const data::FileError&) {
        return;
    }
    std::size_t values = 0;
    for (const SafeTensor& t : file.tensors) values += t.values.size();
    expect(2 * values <= bytes.size());
    // what has been read can be written, and is then the same
    const SafeTensors again = [&] {
        const std::string text = encode_safetensors(file);
        return decode_safetensors({reinterpret_cast<const std::uint8_t*>(text.data()), text.size()}, "w");
    }();
    expect(again.checksum == Checksum::fits && checksum_of(again) == checksum_of(file));
    try {
        const Weights w = from_safetensors(file, "w");
        expect(w.values.size() <= values);
    } catch (const data::FileError&) {
    }
}

}  // namespace

void read(data::ByteView bytes) {
    decode(bytes);
    // once more with the length that belongs to the header: else no change of it would be read
    const std::string_view text = text_of(bytes);
    const std::size_t end = text.rfind('}');
    if (bytes.size() < 8 || end == std::string_view::npos || end < 8) return;
    data::Bytes repaired(bytes.begin(), bytes.end());
    const std::uint64_t length = end + 1 - 8;
    std::memcpy(repaired.data(), &length, 8);
    decode(repaired);
}

std::vector<data::Bytes> seeds() {
    UNet u;
    u.channels = 1, u.poolings = 1;
    const Weights unet{
        u, std::vector<float>(static_cast<std::size_t>(parameter_count(u)), 0.5f), {{"patch", "8"}}};
    ResidualCnn r;
    r.channels = 1, r.blocks = 1;
    const Weights cnn{r, std::vector<float>(static_cast<std::size_t>(parameter_count(r)), 0.5f), {}};
    SafeTensors bare = to_safetensors(unet);
    bare.metadata.clear();
    const SafeTensors small{{{"a", {2, 1}, {1, 2}}, {"b", {}, {3}}, {"c", {0, 4}, {}}}, {{"k", "\"\\\n"}}};
    std::vector<data::Bytes> files;
    for (const SafeTensors& f : {to_safetensors(unet), to_safetensors(cnn), bare, small})
        files.push_back(bytes_of(encode_safetensors(f)));
    std::string half = R"({"h":{"dtype":"F16","shape":[2],"data_offsets":[8,12]},)"
                       R"("d":{"dtype":"F64","shape":[1],"data_offsets":[0,8]},)"
                       R"("b":{"dtype":"BF16","shape":[1],"data_offsets":[12,14]}})";
    half.insert(0, std::string{static_cast<char>(half.size()), 0, 0, 0, 0, 0, 0, 0});
    files.push_back(bytes_of(half + std::string(14, '<')));
    return files;
}

}  // namespace reconlaw::fuzz
