#include "reconlaw/gpu/safetensors.hpp"

#include <doctest/doctest.h>

#include <algorithm>
#include <cmath>
#include <cstring>
#include <stdexcept>
#include <string>

#include "reconlaw/data/file_error.hpp"
#include "reconlaw/gpu/weights.hpp"
#include "support/temporary_directory.hpp"

using namespace reconlaw::gpu;
using reconlaw::data::ByteView;
using reconlaw::data::FileError;

namespace {

SafeTensors decode(const std::string& bytes) {
    return decode_safetensors({reinterpret_cast<const std::uint8_t*>(bytes.data()), bytes.size()},
                              "w.safetensors");
}

/// A file with this header, as another program writes it.
std::string file_with(const std::string& header, const std::string& data) {
    const std::uint64_t length = header.size();
    std::string bytes(8, '\0');
    std::memcpy(bytes.data(), &length, 8);
    return bytes + header + data;
}

std::string message_of(const std::string& bytes) {
    try {
        decode(bytes);
    } catch (const FileError& e) {
        return e.what();
    }
    return "accepted";
}

const SafeTensors example{
    {{"a.weight", {2, 3}, {1, 2, 3, 4, 5, 6.5f}}, {"b", {}, {7}}, {"empty", {0, 4}, {}}},
    {{"task", "denoise"}, {"quote", "\"{}\n"}}};

Weights small_unet() {
    UNet u;
    u.channels = 2, u.poolings = 1;
    Weights w{u, std::vector<float>(static_cast<std::size_t>(parameter_count(u))), {{"noise", "0.1"}}};
    for (std::size_t i = 0; i < w.values.size(); ++i) w.values[i] = static_cast<float>(i) / 7;
    return w;
}

}  // namespace

TEST_CASE("tensors and metadata come back as they were written") {
    const SafeTensors read = decode(encode_safetensors(example));
    REQUIRE(read.tensors.size() == 3);
    CHECK(read.metadata == example.metadata);
    for (std::size_t i = 0; i < 3; ++i) {
        const SafeTensor* t = read.find(example.tensors[i].name);
        REQUIRE(t);
        CHECK(t->shape == example.tensors[i].shape);
        CHECK(t->values == example.tensors[i].values);
    }
    CHECK(read.find("c") == nullptr);
}

TEST_CASE("other programs' types are read") {
    const double d = -2.5;
    std::string data(16, '\0');
    std::memcpy(data.data(), &d, 8);
    const std::uint16_t half[] = {0x3c00, 0xc100, 0x0001, 0x7c00};  // 1, -2.5, 2^-24, infinity
    std::memcpy(data.data() + 8, half, 8);
    const SafeTensors f = decode(file_with(
        R"({"d":{"dtype":"F64","shape":[1],"data_offsets":[0,8]},"h":{"dtype":"F16","shape":[4],"data_offsets":[8,16]}})",
        data));
    CHECK(f.find("d")->values[0] == -2.5f);
    CHECK(f.find("h")->values == std::vector<float>{1.f, -2.5f, 0x1p-24f, INFINITY});
    const std::uint16_t brain[] = {0x3f80, 0xc020};  // 1, -2.5
    std::string b(4, '\0');
    std::memcpy(b.data(), brain, 4);
    CHECK(decode(file_with(R"({"b":{"dtype":"BF16","shape":[2],"data_offsets":[0,4]}})", b))
              .find("b")
              ->values == std::vector<float>{1.f, -2.5f});
}

TEST_CASE("every truncation and every changed byte is noticed") {
    const std::string good = encode_safetensors(example);
    for (std::size_t size = 0; size < good.size(); ++size)
        CHECK_THROWS_AS(decode(good.substr(0, size)), FileError);
    for (std::size_t i = 0; i < good.size(); ++i) {
        std::string bad = good;
        bad[i] = static_cast<char>(bad[i] ^ 1);
        CAPTURE(i);
        // a blank after the header is the one thing that may differ without changing the content
        if (good[i] == ' ' && i > 8) continue;
        CHECK_THROWS_AS(decode(bad), FileError);
    }
}

TEST_CASE("files that are no safetensors, or contradict themselves, are refused with the reason") {
    CHECK(message_of("") == "w.safetensors: truncated: 0 bytes");
    CHECK(message_of("\x89PNG\r\n\x1a\n0000") ==
          "w.safetensors: no safetensors file: its header would be too long");
    CHECK(message_of(file_with("[1]", "")) ==
          "w.safetensors: no safetensors file: its header is not an object");
    CHECK(message_of(file_with("not JSON", "")) ==
          "w.safetensors: no safetensors file: its header is not JSON");
    const auto one = [](const std::string& entry, const std::string& data) {
        return message_of(file_with("{\"t\":" + entry + "}", data));
    };
    CHECK(one(R"({"dtype":"I64","shape":[1],"data_offsets":[0,8]})", std::string(8, '0')) ==
          "w.safetensors: tensor 't': type I64, must be F32, F64, F16 or BF16");
    CHECK(one(R"({"dtype":"F32","shape":[2],"data_offsets":[0,4]})", "0000") ==
          "w.safetensors: tensor 't': 4 bytes, must be 8 for its shape");
    CHECK(one(R"({"dtype":"F32","shape":[2],"data_offsets":[0,8]})", "0000") ==
          "w.safetensors: tensor 't': data [0, 8) beyond the file's 4 bytes of data");
    CHECK(one(R"({"dtype":"F32","shape":[-1],"data_offsets":[0,4]})", "0000") ==
          "w.safetensors: tensor 't': impossible shape");
    CHECK(one(R"({"dtype":"F32","shape":[1099511627776,1099511627776],"data_offsets":[0,4]})", "0000") ==
          "w.safetensors: tensor 't': impossible shape");
    CHECK(one(R"({"dtype":"F32","shape":[1],"data_offsets":[0,4]})", "00001") ==
          "w.safetensors: 1 bytes after the last tensor");
    CHECK_THROWS_WITH_AS(encode_safetensors({{{"a", {2}, {1}}}, {}}),
                         "encode_safetensors: values of tensor a = 1, must be 2 for its shape",
                         std::invalid_argument);
    CHECK_THROWS_AS(encode_safetensors({{{"a", {}, {1}}, {"a", {}, {1}}}, {}}), std::invalid_argument);
}

TEST_CASE("weights carry the names of fastMRI's U-Net and come back with their architecture") {
    const reconlaw::data::testing::TemporaryDirectory folder;
    const Weights w = small_unet();
    save_weights(folder / "w.safetensors", w);
    const Weights read = load_weights(folder / "w.safetensors");
    CHECK(read.values == w.values);
    CHECK(read.metadata == w.metadata);
    CHECK(describe(read.architecture) == describe(w.architecture));
    for (const char* name : {"down_sample_layers.0.layers.0.weight", "down_sample_layers.0.layers.4.weight",
                             "conv.layers.0.weight", "conv.layers.4.weight", "up_conv.0.0.layers.0.weight",
                             "up_conv.0.0.layers.4.weight", "up_conv.0.1.weight", "up_conv.0.1.bias",
                             "up_transpose_conv.0.layers.0.weight"})
        CHECK(read_safetensors(folder / "w.safetensors").find(name) != nullptr);
    ResidualCnn r;
    r.channels = 3, r.blocks = 2, r.block_scale = 0.1;
    const Weights cnn{r, std::vector<float>(static_cast<std::size_t>(parameter_count(r)), 0.5f), {}};
    const Weights back = from_safetensors(to_safetensors(cnn), "cnn");
    CHECK(std::get<ResidualCnn>(back.architecture).block_scale == 0.1);
    CHECK(back.values == cnn.values);
}

TEST_CASE("a state_dict without metadata is recognised, also with a prefix and in another order") {
    SafeTensors file = to_safetensors(small_unet());
    file.metadata.clear();
    std::reverse(file.tensors.begin(), file.tensors.end());
    for (SafeTensor& t : file.tensors) t.name = "module.unet." + t.name;
    const Weights w = from_safetensors(decode(encode_safetensors(file)), "w");
    CHECK(describe(w.architecture) == "U-Net, 2 channels, 1 poolings");
    CHECK(w.values == small_unet().values);
}

TEST_CASE("weights that do not fit say which tensor") {
    const SafeTensors good = to_safetensors(small_unet());
    SafeTensors file = good;
    file.tensors[2].name = "conv.layers.7.weight";
    CHECK_THROWS_WITH_AS(from_safetensors(file, "w"), "w: tensor 'conv.layers.0.weight' is missing",
                         FileError);
    file = good;
    file.tensors[0].shape = {1, 2, 3, 3};
    CHECK_THROWS_WITH_AS(
        from_safetensors(file, "w"),
        "w: tensor 'down_sample_layers.0.layers.0.weight' is 1 x 2 x 3 x 3, must be 2 x 1 x 3 x 3 for "
        "U-Net, 2 channels, 1 poolings",
        FileError);
    file = good;
    file.tensors.push_back({"extra", {1}, {0}});
    CHECK_THROWS_WITH_AS(from_safetensors(file, "w"),
                         "w: tensor 'extra' does not belong to U-Net, 2 channels, 1 poolings", FileError);
    file = good;
    file.metadata["channels"] = "-3";
    CHECK_THROWS_WITH_AS(from_safetensors(file, "w"), "w: UNet: channels = -3, must be from 1 to 4096",
                         FileError);
    CHECK_THROWS_AS(from_safetensors(example, "w"), FileError);
}
