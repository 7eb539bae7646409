#include "safetensors_header.hpp"

#include <algorithm>
#include <limits>
#include <nlohmann/json.hpp>
#include <tuple>
#include <utility>

#include "reconlaw/data/file_error.hpp"
#include "reconlaw/data/in_quotes.hpp"

namespace reconlaw::gpu {
namespace {

using data::FileError;
using data::in_quotes;
using HeaderJson = nlohmann::json;

constexpr std::size_t max_dimensions = 64;

std::string tensor_text(const std::string& name) {
    return "tensor " + in_quotes(name) + ": ";
}

/// Takes the events of the JSON parser one by one; returning false ends the parsing.
class HeaderReader final : public nlohmann::json_sax<HeaderJson> {
  public:
    Header header;
    std::string problem;  ///< why the parsing ended early; empty: no JSON

    bool null() override {
        // the reference implementation reads an absent __metadata__ there
        return at_ == At::metadata_value ? go(At::top) : wrong_type();
    }
    bool boolean(bool) override { return wrong_type(); }
    bool number_integer(number_integer_t) override { return not_whole(); }
    bool number_float(number_float_t, const string_t&) override { return not_whole(); }
    bool binary(binary_t&) override { return wrong_type(); }

    bool number_unsigned(number_unsigned_t value) override {
        if (at_ == At::shape) {
            if (value > static_cast<std::uint64_t>(std::numeric_limits<std::int64_t>::max()))
                return refuse("impossible shape");
            if (entry().shape.size() == max_dimensions)
                return refuse("more than " + std::to_string(max_dimensions) + " dimensions");
            entry().shape.push_back(static_cast<std::int64_t>(value));
            return true;
        }
        if (at_ != At::offsets) return wrong_type();
        if (offsets_ == 2) return refuse("data_offsets must be two numbers");
        (offsets_++ == 0 ? entry().begin : entry().end) = value;
        return true;
    }

    bool string(string_t& value) override {
        if (at_ == At::text) {
            if (!header.metadata.emplace(std::move(key_), std::move(value)).second)
                return stop("__metadata__ has a key twice");
            return go(At::metadata);
        }
        if (at_ != At::dtype) return wrong_type();
        for (const auto& [name, dtype] :
             {std::pair{"F32", Dtype::f32}, {"F64", Dtype::f64}, {"F16", Dtype::f16}, {"BF16", Dtype::bf16}})
            if (value == name) {
                entry().dtype = dtype;
                return go(At::entry);
            }
        return refuse("type " + in_quotes(value) + ", must be F32, F64, F16 or BF16");
    }

    bool start_object(std::size_t) override {
        switch (at_) {
            case At::start:
                return go(At::top);
            case At::metadata_value:
                return go(At::metadata);
            case At::entry_value:
                seen_ = 0, offsets_ = 0;
                return go(At::entry);
            default:
                return wrong_type();
        }
    }

    bool key(string_t& name) override {
        if (at_ == At::metadata) {
            key_ = std::move(name);
            return go(At::text);
        }
        if (at_ == At::top) {
            if (name == "__metadata__")
                return std::exchange(has_metadata_, true) ? stop("__metadata__ is there twice")
                                                          : go(At::metadata_value);
            header.entries.emplace_back().name = std::move(name);
            return go(At::entry_value);
        }
        const std::pair<const char*, At> fields[] = {
            {"dtype", At::dtype}, {"shape", At::before_shape}, {"data_offsets", At::before_offsets}};
        for (unsigned i = 0; i < 3; ++i)
            if (name == fields[i].first) {
                if (seen_ & 1u << i) return refuse(name + " is there twice");
                seen_ |= 1u << i;
                return go(fields[i].second);
            }
        return refuse("unknown key " + in_quotes(name));
    }

    bool end_object() override {
        if (at_ == At::top) return go(At::end);
        if (at_ == At::metadata) return go(At::top);
        if (seen_ != 7) return refuse("dtype, shape or data_offsets is missing");
        return go(At::top);
    }

    bool start_array(std::size_t) override {
        if (at_ == At::before_shape) return go(At::shape);
        if (at_ == At::before_offsets) return go(At::offsets);
        return wrong_type();
    }

    bool end_array() override {
        if (at_ == At::offsets && offsets_ != 2) return refuse("data_offsets must be two numbers");
        return go(At::entry);
    }

    bool parse_error(std::size_t, const std::string&, const nlohmann::detail::exception&) override {
        return false;
    }

  private:
    /// What comes next.
    enum class At {
        start,
        top,             ///< a name, or the end of the header
        metadata_value,  ///< the object behind __metadata__
        metadata,        ///< a key of it, or its end
        text,            ///< its value
        entry_value,     ///< the object behind a tensor's name
        entry,           ///< a key of it, or its end
        dtype,
        before_shape,
        shape,
        before_offsets,
        offsets,
        end
    };

    HeaderEntry& entry() { return header.entries.back(); }
    bool go(At next) {
        at_ = next;
        return true;
    }
    bool stop(std::string reason) {
        problem = std::move(reason);
        return false;
    }
    bool refuse(const std::string& reason) { return stop(tensor_text(entry().name) + reason); }
    bool not_whole() {
        if (at_ == At::shape) return refuse("impossible shape");
        if (at_ == At::offsets) return refuse("data_offsets must be whole numbers, at least 0");
        return wrong_type();
    }
    bool wrong_type() {
        switch (at_) {
            case At::start:
                return stop("no safetensors file: its header is not an object");
            case At::metadata_value:
            case At::text:
                return stop("__metadata__ must map text to text");
            default:
                return refuse("malformed header: must be an object of dtype, shape and data_offsets");
        }
    }

    At at_ = At::start;
    std::string key_;
    unsigned seen_ = 0;  ///< bits: dtype, shape, data_offsets
    int offsets_ = 0;
    bool has_metadata_ = false;
};

/// @param begin  where its data has to begin
void check_entry(const HeaderEntry& e, std::uint64_t begin, std::uint64_t data_bytes,
                 const std::filesystem::path& path) {
    const auto refuse = [&](const std::string& reason) {
        throw FileError(path, tensor_text(e.name) + reason);
    };
    std::uint64_t size = bytes_of(e.dtype);
    for (const std::int64_t s : e.shape)
        if (__builtin_mul_overflow(size, static_cast<std::uint64_t>(s), &size)) refuse("impossible shape");
    const auto range = [](std::uint64_t from, std::uint64_t to) {
        return "[" + std::to_string(from) + ", " + std::to_string(to) + ")";
    };
    if (e.begin > e.end || e.end > data_bytes)
        refuse("data " + range(e.begin, e.end) + " beyond the file's " + std::to_string(data_bytes) +
               " bytes of data");
    if (e.end - e.begin != size)
        refuse(std::to_string(e.end - e.begin) + " bytes, must be " + std::to_string(size) +
               " for its shape");
    if (e.begin != begin)
        refuse("data " + range(e.begin, e.end) + (e.begin < begin ? " overlaps" : " leaves a hole behind") +
               " that of the tensor before it, must begin at " + std::to_string(begin));
}

void check_names(const std::vector<HeaderEntry>& entries, const std::filesystem::path& path) {
    std::vector<const std::string*> names;
    names.reserve(entries.size());
    for (const HeaderEntry& e : entries) names.push_back(&e.name);
    const auto less = [](const std::string* a, const std::string* b) { return *a < *b; };
    std::sort(names.begin(), names.end(), less);
    for (std::size_t i = 1; i < names.size(); ++i)
        if (*names[i - 1] == *names[i]) throw FileError(path, tensor_text(*names[i]) + "is there twice");
}

}  // namespace

std::uint64_t bytes_of(Dtype dtype) {
    return dtype == Dtype::f64 ? 8 : dtype == Dtype::f32 ? 4 : 2;
}

Header parse_header(std::string_view text, std::uint64_t data_bytes, const std::filesystem::path& path) {
    HeaderReader reader;
    // the parser would skip a byte-order mark or blanks, which the format does not allow
    const bool begins = text.starts_with('{') || text.starts_with('[');
    if (!begins || !HeaderJson::sax_parse(text.begin(), text.end(), &reader)) {
        if (reader.problem.empty()) throw FileError(path, "no safetensors file: its header is not JSON");
        throw FileError(path, reader.problem);
    }
    std::vector<HeaderEntry>& entries = reader.header.entries;
    check_names(entries, path);
    std::stable_sort(entries.begin(), entries.end(), [](const HeaderEntry& a, const HeaderEntry& b) {
        return std::tie(a.begin, a.end) < std::tie(b.begin, b.end);
    });
    std::uint64_t used = 0;
    for (const HeaderEntry& e : entries) {
        check_entry(e, used, data_bytes, path);
        used = e.end;
    }
    if (used < data_bytes)
        throw FileError(path, std::to_string(data_bytes - used) + " bytes after the last tensor");
    return std::move(reader.header);
}

}  // namespace reconlaw::gpu
