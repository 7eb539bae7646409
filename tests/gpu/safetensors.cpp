#include "reconlaw/gpu/safetensors.hpp"

#include <doctest/doctest.h>
#include <malloc.h>

#include <algorithm>
#include <bit>
#include <cmath>
#include <cstring>
#include <fstream>
#include <stdexcept>
#include <string>

#include "reconlaw/data/bytes.hpp"
#include "reconlaw/data/file_error.hpp"
#include "reconlaw/gpu/weights.hpp"
#include "support/check_close.hpp"
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
    CHECK(decode(good).checksum == Checksum::fits);
    for (std::size_t size = 0; size < good.size(); ++size)
        CHECK_THROWS_AS(decode(good.substr(0, size)), FileError);
    const std::size_t writer = good.find("reconlaw");
    for (std::size_t i = 0; i < good.size(); ++i) {
        std::string bad = good;
        bad[i] = static_cast<char>(bad[i] ^ 1);
        CAPTURE(i);
        // a blank after the header and the writer's name may differ without changing the content
        if ((good[i] == ' ' && i > 8) || (i >= writer && i < writer + 8)) continue;
        std::string outcome = message_of(bad);
        if (outcome == "accepted" && decode(bad).checksum != Checksum::fits) outcome = "noticed";
        CHECK(outcome != "accepted");
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
          "w.safetensors: tensor 't': type 'I64', must be F32, F64, F16 or BF16");
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

TEST_CASE("the header must cover the data without hole or overlap, as the format demands") {
    struct Tensor {
        std::string name;
        int values, begin, end;
    };
    const auto file = [](const std::vector<Tensor>& tensors, std::size_t bytes) {
        std::string header;
        for (const Tensor& t : tensors)
            header += (header.empty() ? "{\"" : ",\"") + t.name + R"(":{"dtype":"F32","shape":[)" +
                      std::to_string(t.values) + R"(],"data_offsets":[)" + std::to_string(t.begin) + "," +
                      std::to_string(t.end) + "]}";
        return message_of(file_with(header + "}", std::string(bytes, 'x')));
    };
    CHECK(file({{"a", 2, 0, 8}, {"b", 1, 8, 12}}, 12) == "accepted");
    CHECK(file({{"b", 1, 8, 12}, {"a", 2, 0, 8}}, 12) == "accepted");  // in any order
    CHECK(file({{"a", 0, 8, 8}, {"b", 2, 0, 8}, {"c", 0, 0, 0}, {"d", 0, 8, 8}}, 8) == "accepted");
    CHECK(file({}, 0) == "w.safetensors: no safetensors file: its header is not JSON");
    CHECK(message_of(file_with("{}", "")) == "accepted");
    CHECK(file({{"a", 2, 0, 8}, {"b", 2, 0, 8}}, 8) ==
          "w.safetensors: tensor 'b': data [0, 8) overlaps that of the tensor before it, must begin at 8");
    CHECK(file({{"a", 2, 0, 8}, {"b", 2, 4, 12}}, 12) ==
          "w.safetensors: tensor 'b': data [4, 12) overlaps that of the tensor before it, must begin at 8");
    CHECK(file({{"a", 2, 0, 8}, {"b", 1, 12, 16}}, 16) ==
          "w.safetensors: tensor 'b': data [12, 16) leaves a hole behind that of the tensor before it, must "
          "begin "
          "at 8");
    CHECK(file({{"a", 1, 4, 8}}, 8) ==
          "w.safetensors: tensor 'a': data [4, 8) leaves a hole behind that of the tensor before it, must "
          "begin at "
          "0");
    CHECK(file({{"a", 0, 4, 4}, {"b", 2, 0, 8}}, 8).find("must begin at 8") != std::string::npos);
    CHECK(file({{"a", 2, 8, 0}}, 8).find("beyond the file's 8 bytes") != std::string::npos);
    CHECK(file({{"a", 1, 0, 4}}, 8) == "w.safetensors: 4 bytes after the last tensor");
    CHECK(file({{"a", 1, 0, 4}, {"a", 1, 4, 8}}, 8) == "w.safetensors: tensor 'a': is there twice");
}

TEST_CASE("a header that is JSON but no safetensors header is refused") {
    const auto header = [](const std::string& text) { return message_of(file_with(text, "0000")); };
    const auto one = [&](const std::string& entry) { return header("{\"t\":" + entry + "}"); };
    const std::string rest = R"("shape":[1],"data_offsets":[0,4]})";
    CHECK(one(R"({"dtype":"F32",)" + rest) == "accepted");
    CHECK(one(R"({"dtype":"F32",)" + rest + " \n\t\r ") == "accepted");
    const auto refused = [&](const std::string& text, const std::string& part) {
        const std::string message = header(text);
        CAPTURE(text.substr(0, 100));
        CAPTURE(message);
        CHECK(message.find(part) != std::string::npos);
        CHECK(message.size() < 300);
    };
    const auto entry_refused = [&](const std::string& entry, const std::string& part) {
        refused("{\"t\":" + entry + "}", part);
    };
    for (const char* text : {"", " {}", "\xef\xbb\xbf{}", "\"t\"", "1", "{} {}", "{}x", "{", "{\"t\"",
                             "{\"t\":}", "{\"\xff\":{}}", "{'t':{}}", "{/**/}", "{\"t\":NaN}"})
        refused(text, "not JSON");
    refused("[]", "not an object");
    for (const char* value : {"null", "1", "-1", "1.5", "true", "\"F32\"", "[]", "[{}]"})
        entry_refused(value, "tensor 't': malformed header");
    entry_refused("{}", "dtype, shape or data_offsets is missing");
    entry_refused("{" + rest, "dtype, shape or data_offsets is missing");
    entry_refused(R"({"dtype":"F32","dtype":"F32",)" + rest, "dtype is there twice");
    entry_refused(R"({"dtype":"F32","shape":[1],)" + rest, "shape is there twice");
    entry_refused(R"({"dtype":"F32","more":{},)" + rest, "unknown key 'more'");
    for (const char* type : {"f32", "F32 ", "", "I64", "BOOL", "\\u001b[2J"})
        entry_refused(R"({"dtype":")" + std::string(type) + "\"," + rest, "must be F32, F64, F16 or BF16");
    entry_refused(R"({"dtype":")" + std::string(100000, 'x') + "\"," + rest, "...', must be F32");
    for (const char* type : {"null", "32", "[\"F32\"]", "{}"})
        entry_refused(R"({"dtype":)" + std::string(type) + "," + rest, "malformed header");
    for (const char* shape :
         {"[1.0]", "[1e0]", "[-1]", "[-0]", "[9223372036854775808]", "[18446744073709551616]",
          "[4294967296,4294967296,4294967296]", "[9223372036854775807,2,0]"})
        entry_refused(R"({"dtype":"F32","shape":)" + std::string(shape) + R"(,"data_offsets":[0,4]})",
                      "impossible shape");
    for (const char* shape : {"1", "null", "\"1\"", "[\"1\"]", "[[1]]", "[null]", "[true]", "{}"})
        entry_refused(R"({"dtype":"F32","shape":)" + std::string(shape) + R"(,"data_offsets":[0,4]})",
                      "malformed header");
    std::string ones = "[1";
    for (int i = 1; i < 65; ++i) ones += ",1";
    entry_refused(R"({"dtype":"F32","shape":)" + ones + R"(],"data_offsets":[0,4]})",
                  "more than 64 dimensions");
    for (const char* offsets : {"[]", "[0]", "[0,4,4]"})
        entry_refused(R"({"dtype":"F32","shape":[1],"data_offsets":)" + std::string(offsets) + "}",
                      "must be two numbers");
    for (const char* offsets : {"[0.0,4]", "[0,4.0]", "[-1,4]", "[0,18446744073709551616]"})
        entry_refused(R"({"dtype":"F32","shape":[1],"data_offsets":)" + std::string(offsets) + "}",
                      "must be whole numbers");
    entry_refused(R"({"dtype":"F32","shape":[1],"data_offsets":[18446744073709551612,4]})", "beyond");
    entry_refused(R"({"dtype":"F32","shape":[1],"data_offsets":[0,18446744073709551615]})", "beyond");
    for (const char* metadata :
         {"1", "[]", "\"x\"", R"({"a":1})", R"({"a":null})", R"({"a":{}})", R"({"a":["b"]})"})
        refused("{\"__metadata__\":" + std::string(metadata) + "}", "__metadata__ must map text to text");
    refused(R"({"__metadata__":{"a":"b","a":"c"}})", "__metadata__ has a key twice");
    refused(R"({"__metadata__":{},"__metadata__":{}})", "__metadata__ is there twice");
    CHECK(message_of(file_with(R"({"__metadata__":null})", "")) == "accepted");
}

namespace {

/// The most memory that this process has had since the last `reset`.
double peak_bytes(bool reset) {
    if (reset) {
        malloc_trim(0);
        std::ofstream("/proc/self/clear_refs") << "5";
    }
    std::ifstream status("/proc/self/status");
    for (std::string line; std::getline(status, line);)
        if (line.starts_with("VmHWM:")) return 1024 * std::stod(line.substr(6));
    return 0;
}

}  // namespace

TEST_CASE("no file takes much more memory than its size") {
    if (peak_bytes(true) == 0) {
        MESSAGE("SKIPPED: install a kernel that tells the peak of a process's memory");
        return;
    }
    const std::size_t size = 8u << 20;
    const auto tensors = [&](const std::string& entry) {
        std::string header = "{";
        for (int i = 0; header.size() + entry.size() < size; ++i)
            header += (i == 0 ? "\"" : ",\"") + std::to_string(i) + "\":" + entry;
        return header + "}";
    };
    std::string zeros = "[0";
    for (int i = 1; i < 64; ++i) zeros += ",0";
    const std::pair<const char*, std::string> files[] = {
        {"nested", std::string(size, '[')},
        {"nested in an object",
         [&] {
             std::string text;
             while (text.size() < size) text += "{\"a\":";
             return text;
         }()},
        {"empty tensors", tensors(R"({"dtype":"F32","shape":[0],"data_offsets":[0,0]})")},
        {"dimensions", tensors(R"({"dtype":"F32","shape":)" + zeros + R"(],"data_offsets":[0,0]})")},
        {"overlapping", tensors(R"({"dtype":"F32","shape":[1048576],"data_offsets":[0,4194304]})")},
        {"one name", "{\"" + std::string(size, 'n') + "\":1}"},
        {"metadata", [&] {
             std::string text = R"({"__metadata__":{"0":"")";
             for (int i = 1; text.size() < size; ++i) text += ",\"" + std::to_string(i) + "\":\"\"";
             return text + "}}";
         }()}};
    // the address sanitizer keeps what is freed
#if defined(__SANITIZE_ADDRESS__)
    const double most = 60;
#else
    const double most = 16;
#endif
    for (const auto& [name, header] : files) {
        const std::string file =
            file_with(header, std::string(name == std::string("overlapping") ? 4194304 : 0, '\0'));
        const double before = peak_bytes(true);
        const std::string message = message_of(file);
        const double taken = (peak_bytes(false) - before) / static_cast<double>(file.size());
        CAPTURE(name);
        CAPTURE(message);
        INFO("takes, in files: ", taken);
        CHECK(taken < most);
        CHECK((message == "accepted") ==
              (name == std::string("empty tensors") || name == std::string("dimensions") ||
               name == std::string("metadata")));
    }
}

namespace {

/// The same tensors as another program saves them: in the order of their names, or backwards, as F64 or as
/// half precision, with the metadata handed on.
std::string saved_again(const SafeTensors& file, const std::map<std::string, std::string>& metadata,
                        const std::string& dtype, bool backwards) {
    std::vector<const SafeTensor*> order;
    for (const SafeTensor& t : file.tensors) order.push_back(&t);
    std::sort(order.begin(), order.end(), [&](const SafeTensor* a, const SafeTensor* b) {
        return backwards ? a->name > b->name : a->name < b->name;
    });
    std::string header = "{", data;
    for (const SafeTensor* t : order) {
        const std::size_t begin = data.size();
        for (const float v : t->values) {
            const double wide = v;
            const auto brain = static_cast<std::uint16_t>((std::bit_cast<std::uint32_t>(v) + 0x8000u) >> 16);
            if (dtype == "F64") data.append(reinterpret_cast<const char*>(&wide), 8);
            if (dtype == "F32") data.append(reinterpret_cast<const char*>(&v), 4);
            if (dtype == "BF16") data.append(reinterpret_cast<const char*>(&brain), 2);
        }
        header += "\"" + t->name + "\": {\"data_offsets\": [" + std::to_string(begin) + ", " +
                  std::to_string(data.size()) + "], \"shape\": [";
        for (std::size_t i = 0; i < t->shape.size(); ++i)
            header += (i == 0 ? "" : ", ") + std::to_string(t->shape[i]);
        header += "], \"dtype\": \"" + dtype + "\"}, ";
    }
    header += "\"__metadata__\": {";
    for (auto entry = metadata.rbegin(); entry != metadata.rend(); ++entry)
        header +=
            (entry == metadata.rbegin() ? "\"" : ", \"") + entry->first + "\": \"" + entry->second + "\"";
    return file_with(header + "}}", data);
}

/// Metadata with what reconlaw adds, as another program sees it.
std::map<std::string, std::string> metadata_of(const SafeTensors& file) {
    std::map<std::string, std::string> all = file.metadata;
    all["writer"] = "reconlaw", all["checksum"] = "content-sha256:" + checksum_of(file);
    return all;
}

}  // namespace

TEST_CASE("weights that another program has saved again with our metadata are what they were") {
    const SafeTensors file = to_safetensors(small_unet());
    for (const char* dtype : {"F32", "F64"})
        for (const bool backwards : {false, true}) {
            CAPTURE(dtype);
            const SafeTensors read = decode(saved_again(file, metadata_of(file), dtype, backwards));
            CHECK(read.checksum == Checksum::fits);
            const Weights w = from_safetensors(read, "w");
            CHECK(w.values == small_unet().values);
            CHECK(w.note == "");
            CHECK(w.metadata == small_unet().metadata);
        }
    // PyTorch's tools add a key
    auto metadata = metadata_of(file);
    metadata["format"] = "pt";
    CHECK(decode(saved_again(file, metadata, "F32", false)).checksum == Checksum::fits);
    // values that BF16 can hold are the same values, others are not: a note, and the weights are used
    SafeTensors coarse = file;
    for (SafeTensor& t : coarse.tensors)
        for (float& v : t.values) v = std::round(v);
    CHECK(decode(saved_again(coarse, metadata_of(coarse), "BF16", false)).checksum == Checksum::fits);
    const SafeTensors rounded = decode(saved_again(file, metadata_of(file), "BF16", false));
    CHECK(rounded.checksum == Checksum::differs);
    const Weights w = from_safetensors(rounded, "w");
    CHECK(w.note.find("w: not as reconlaw wrote it, the checksum does not fit") == 0);
    check_close(w.values.back(), small_unet().values.back(), 0.004, 0.0);
    // so are weights that were trained further, other metadata, and a checksum that was taken away
    SafeTensors further = file;
    further.tensors[1].values[0] += 1;
    CHECK(decode(saved_again(further, metadata_of(file), "F32", false)).checksum == Checksum::differs);
    metadata = metadata_of(file), metadata["noise"] = "0.2";
    CHECK(decode(saved_again(file, metadata, "F32", false)).checksum == Checksum::differs);
    metadata = metadata_of(file), metadata.erase("checksum");
    CHECK(decode(saved_again(file, metadata, "F32", false)).checksum == Checksum::missing);
    CHECK(from_safetensors(decode(saved_again(file, metadata, "F32", false)), "w")
              .note.find("the checksum is gone") != std::string::npos);
    metadata = metadata_of(file), metadata["checksum"] = "content-sha3:" + checksum_of(file);
    CHECK(decode(saved_again(file, metadata, "F32", false)).checksum == Checksum::differs);
    CHECK(decode(saved_again(file, file.metadata, "F32", false)).checksum == Checksum::none);
}

TEST_CASE("the checksum is the SHA-256 of the records that its description says") {
    const SafeTensors file{{{"b", {}, {7}}, {"a b", {2, 1}, {1, -0.f}}}, {{"k", "v w"}, {"format", "pt"}}};
    const auto sha = [](const std::string& text) {
        return reconlaw::data::sha256_hex({reinterpret_cast<const std::uint8_t*>(text.data()), text.size()});
    };
    using namespace std::string_literals;
    CHECK(checksum_of(file) == sha("metadata 1 k 3 v w\ntensor 3 a b 2,1 " + sha("\0\0\x80\x3f\0\0\0\x80"s) +
                                   "\ntensor 1 b  " + sha("\0\0\xe0\x40"s) + "\n"));
}

TEST_CASE("files with the former checksum, of all bytes, are read and checked") {
    const auto sha = [](const std::string& text) {
        return reconlaw::data::sha256_hex({reinterpret_cast<const std::uint8_t*>(text.data()), text.size()});
    };
    const float value = 7;
    const std::string data(reinterpret_cast<const char*>(&value), 4);
    const auto header = [](const std::string& checksum) {
        return R"({"__metadata__":{"quote":"\"{}\n\"checksum\":\"","writer":"reconlaw","checksum":")" +
               checksum + R"("},"b":{"dtype":"F32","shape":[],"data_offsets":[0,4]}})";
    };
    const std::string checksum = sha(header(std::string(64, '0')) + data);
    const std::string good = file_with(header(checksum) + "     ", data);
    CHECK(decode(good).checksum == Checksum::fits);
    CHECK(decode(good).metadata == std::map<std::string, std::string>{{"quote", "\"{}\n\"checksum\":\""}});
    for (std::size_t i = 8; i < good.size(); ++i) {
        std::string bad = good;
        bad[i] = static_cast<char>(bad[i] ^ 1);
        CAPTURE(i);
        if (good[i] == ' ') continue;
        CHECK((message_of(bad) != "accepted" || decode(bad).checksum != Checksum::fits));
    }
    CHECK(decode(file_with(header(checksum.substr(1)), data)).checksum == Checksum::differs);
    CHECK(decode(file_with(header(""), data)).checksum == Checksum::differs);
}

TEST_CASE("a large file that is no safetensors file is refused by its first bytes") {
    const reconlaw::data::testing::TemporaryDirectory folder;
    const auto message = [&](const std::string& beginning, std::uint64_t size) -> std::string {
        reconlaw::data::testing::write_text(folder / "w", beginning);
        std::filesystem::resize_file(folder / "w", size);  // a hole: takes no disk
        try {
            static_cast<void>(read_safetensors(folder / "w"));
        } catch (const FileError& e) {
            return e.reason();
        }
        return "accepted";
    };
    const std::uint64_t size = std::uint64_t{1} << 35;
    CHECK(message("", size) == "no safetensors file: its header is not JSON");
    CHECK(message("0123456789", size) == "no safetensors file: its header would be too long");
    CHECK(message(file_with("{}", ""), size) == std::to_string(size - 10) + " bytes after the last tensor");
    CHECK(message("", 7) == "truncated: 7 bytes");
}

TEST_CASE("names and text that are not UTF-8 cannot be written") {
    CHECK_THROWS_AS(encode_safetensors({{{"\xff", {}, {1}}}, {}}), std::invalid_argument);
    CHECK_THROWS_AS(encode_safetensors({{}, {{"a", "\xc3"}}}), std::invalid_argument);
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
    file = good;
    file.tensors[0].values.push_back(1);
    CHECK_THROWS_WITH_AS(
        from_safetensors(file, "w"),
        "w: tensor 'down_sample_layers.0.layers.0.weight' holds 19 values, must be 18 for its shape",
        FileError);
    file = good;
    file.metadata["residual"] = "7";
    CHECK_THROWS_WITH_AS(from_safetensors(file, "w"), "w: metadata 'residual' = '7', must be 0 or 1",
                         FileError);
    file.metadata["residual"] = "\x1b[2J";
    CHECK_THROWS_WITH_AS(from_safetensors(file, "w"),
                         "w: metadata 'residual' = '\\x1b[2J', must be a whole number", FileError);
}

TEST_CASE("a state_dict of very many or very large layers is refused at once") {
    // as many levels as there are names for, and sizes beyond an int
    SafeTensors file;
    for (int level = 0; level < 20000; ++level)
        file.tensors.push_back(
            {"down_sample_layers." + std::to_string(level) + ".layers.0.weight", {4294967297, 1, 3, 0}, {}});
    file.tensors.push_back({"up_conv.99.1.bias", {1}, {0}});
    CHECK_THROWS_WITH_AS(from_safetensors(file, "w"), "w: UNet: channels = 1048576, must be from 1 to 4096",
                         FileError);
    for (SafeTensor& t : file.tensors) t.shape[0] = 1;
    CHECK_THROWS_WITH_AS(from_safetensors(file, "w"), "w: UNet: poolings = 100, must be from 0 to 8",
                         FileError);
}
