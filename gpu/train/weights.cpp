#include "reconlaw/gpu/weights.hpp"

#include <algorithm>
#include <charconv>
#include <cmath>
#include <optional>
#include <unordered_map>

#include "reconlaw/data/file_error.hpp"
#include "reconlaw/data/in_quotes.hpp"
#include "reconlaw/detail/check.hpp"

namespace reconlaw::gpu {
namespace {

using data::FileError;
using data::in_quotes;
using Metadata = std::map<std::string, std::string>;

std::string shape_text(const std::vector<std::int64_t>& shape) {
    std::string text;
    for (const std::int64_t s : shape) text += (text.empty() ? "" : " x ") + std::to_string(s);
    return text.empty() ? "scalar" : text;
}

template <class Number>
Number number(const Metadata& m, const std::string& key, const std::filesystem::path& path) {
    const auto found = m.find(key);
    if (found == m.end()) throw FileError(path, "the metadata has no '" + key + "'");
    Number value{};
    const std::string& text = found->second;
    const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
    if (error != std::errc{} || end != text.data() + text.size())
        throw FileError(path, "metadata '" + key + "' = " + in_quotes(text) + ", must be a " +
                                  (std::is_integral_v<Number> ? "whole number" : "number"));
    return value;
}

bool flag(const Metadata& m, const std::string& key, const std::filesystem::path& path) {
    const int value = number<int>(m, key, path);
    if (value != 0 && value != 1)
        throw FileError(path, "metadata '" + key + "' = '" + std::to_string(value) + "', must be 0 or 1");
    return value == 1;
}

Architecture architecture_from(const Metadata& m, const std::filesystem::path& path) {
    const std::string& kind = m.at("architecture");
    const auto get = [&](const char* key) { return number<int>(m, key, path); };
    if (kind == "unet") {
        UNet u;
        u.in_channels = get("in_channels"), u.out_channels = get("out_channels"),
        u.channels = get("channels");
        u.poolings = get("poolings"), u.residual = flag(m, "residual", path);
        return u;
    }
    if (kind == "residual-cnn") {
        ResidualCnn r;
        r.in_channels = get("in_channels"), r.out_channels = get("out_channels"),
        r.channels = get("channels");
        r.blocks = get("blocks"), r.upscale = get("upscale"), r.residual = flag(m, "residual", path);
        r.block_scale = number<double>(m, "block_scale", path);
        return r;
    }
    if (kind == "linear") {
        LinearNetwork l;
        l.inputs = get("inputs"), l.outputs = get("outputs");
        return l;
    }
    throw FileError(path, "architecture " + in_quotes(kind) + " is unknown: unet, residual-cnn or linear");
}

/// Tensors by name: a file may have very many.
class Index {
  public:
    explicit Index(const SafeTensors& file) {
        for (const SafeTensor& t : file.tensors) by_name_.emplace(t.name, &t);
    }
    const SafeTensor* find(const std::string& name) const {
        const auto found = by_name_.find(name);
        return found == by_name_.end() ? nullptr : found->second;
    }

  private:
    std::unordered_map<std::string_view, const SafeTensor*> by_name_;
};

/// A state_dict of fastMRI's U-Net by its names, after the prefix.
std::optional<UNet> recognise_unet(const Index& file, const std::string& prefix) {
    const SafeTensor* first = file.find(prefix + "down_sample_layers.0.layers.0.weight");
    if (!first || first->shape.size() != 4) return std::nullopt;
    const auto whole = [](std::int64_t n) { return static_cast<int>(std::min<std::int64_t>(n, 1 << 20)); };
    UNet u;
    u.channels = whole(first->shape[0]), u.in_channels = whole(first->shape[1]);
    u.poolings = 0;
    while (u.poolings < 100 &&
           file.find(prefix + "down_sample_layers." + std::to_string(u.poolings) + ".layers.0.weight"))
        ++u.poolings;
    const SafeTensor* last = file.find(prefix + "up_conv." + std::to_string(u.poolings - 1) + ".1.bias");
    if (!last || last->shape.size() != 1) return std::nullopt;
    u.out_channels = whole(last->shape[0]);
    return u;
}

std::string prefix_of(const SafeTensors& file) {
    const std::string mark = "down_sample_layers.0.layers.0.weight";
    for (const SafeTensor& t : file.tensors)
        if (t.name.ends_with(mark)) return t.name.substr(0, t.name.size() - mark.size());
    return "";
}

}  // namespace

std::map<std::string, std::string> architecture_metadata(const Architecture& architecture) {
    const auto text = [](int x) { return std::to_string(x); };
    if (const auto* u = std::get_if<UNet>(&architecture))
        return {{"architecture", "unet"},
                {"in_channels", text(u->in_channels)},
                {"out_channels", text(u->out_channels)},
                {"channels", text(u->channels)},
                {"poolings", text(u->poolings)},
                {"residual", text(u->residual)}};
    if (const auto* r = std::get_if<ResidualCnn>(&architecture)) {
        char scale[32];
        const auto end = std::to_chars(scale, scale + sizeof scale, r->block_scale).ptr;
        return {{"architecture", "residual-cnn"},
                {"in_channels", text(r->in_channels)},
                {"out_channels", text(r->out_channels)},
                {"channels", text(r->channels)},
                {"blocks", text(r->blocks)},
                {"upscale", text(r->upscale)},
                {"block_scale", std::string(scale, end)},
                {"residual", text(r->residual)}};
    }
    const auto& l = std::get<LinearNetwork>(architecture);
    return {{"architecture", "linear"}, {"inputs", text(l.inputs)}, {"outputs", text(l.outputs)}};
}

SafeTensors to_safetensors(const Weights& weights) {
    const std::vector<Parameter> list = parameters(weights.architecture);
    detail::require(
        static_cast<std::ptrdiff_t>(weights.values.size()) == list.back().offset + list.back().size(),
        "to_safetensors", "number of values", weights.values.size(),
        std::to_string(list.back().offset + list.back().size()));
    SafeTensors file;
    file.metadata = weights.metadata;
    for (const auto& [key, value] : architecture_metadata(weights.architecture)) file.metadata[key] = value;
    for (const Parameter& p : list) {
        const auto begin = weights.values.begin() + p.offset;
        file.tensors.push_back({p.name, {p.shape.begin(), p.shape.end()}, {begin, begin + p.size()}});
    }
    return file;
}

Weights from_safetensors(const SafeTensors& file, const std::filesystem::path& path) {
    Weights weights;
    std::string prefix;
    const Index tensors(file);
    if (file.metadata.count("architecture")) {
        weights.architecture = architecture_from(file.metadata, path);
    } else {
        prefix = prefix_of(file);
        const std::optional<UNet> unet = recognise_unet(tensors, prefix);
        if (!unet)
            throw FileError(path,
                            "no network that reconlaw knows: neither 'architecture' in the metadata nor the "
                            "names of fastMRI's U-Net");
        weights.architecture = *unet;
    }
    try {
        check(weights.architecture);
    } catch (const std::invalid_argument& e) {
        throw FileError(path, e.what());
    }
    const std::vector<Parameter> list = parameters(weights.architecture);
    std::unordered_map<std::string_view, const Parameter*> wanted;
    // shapes before memory: a file can claim any architecture
    for (const Parameter& p : list) {
        const SafeTensor* t = tensors.find(prefix + p.name);
        if (!t) throw FileError(path, "tensor " + in_quotes(prefix + p.name) + " is missing");
        const std::vector<std::int64_t> shape(p.shape.begin(), p.shape.end());
        if (t->shape != shape)
            throw FileError(path, "tensor " + in_quotes(t->name) + " is " + shape_text(t->shape) +
                                      ", must be " + shape_text(shape) + " for " +
                                      describe(weights.architecture));
        if (std::ssize(t->values) != p.size())
            throw FileError(path, "tensor " + in_quotes(t->name) + " holds " +
                                      std::to_string(t->values.size()) + " values, must be " +
                                      std::to_string(p.size()) + " for its shape");
        if (!std::all_of(t->values.begin(), t->values.end(), [](float v) { return std::isfinite(v); }))
            throw FileError(path, "tensor " + in_quotes(t->name) + " holds a value that is not finite");
        wanted.emplace(t->name, &p);
    }
    for (const SafeTensor& t : file.tensors)
        if (!t.name.starts_with("training.") && !wanted.contains(t.name))
            throw FileError(path, "tensor " + in_quotes(t.name) + " does not belong to " +
                                      describe(weights.architecture));
    weights.values.resize(static_cast<std::size_t>(list.back().offset + list.back().size()));
    for (const SafeTensor& t : file.tensors)
        if (const auto p = wanted.find(t.name); p != wanted.end())
            std::copy(t.values.begin(), t.values.end(), weights.values.begin() + p->second->offset);
    weights.metadata = file.metadata;
    for (const auto& entry : architecture_metadata(weights.architecture)) weights.metadata.erase(entry.first);
    if (file.checksum == Checksum::differs)
        weights.note = path.string() +
                       ": not as reconlaw wrote it, the checksum does not fit: another program has changed "
                       "or rounded values or metadata, or the file is damaged";
    if (file.checksum == Checksum::missing)
        weights.note = path.string() +
                       ": written by reconlaw, but the checksum is gone: another program has changed the "
                       "metadata, or the file is damaged";
    return weights;
}

void save_weights(const std::filesystem::path& path, const Weights& weights) {
    write_safetensors(path, to_safetensors(weights));
}

Weights load_weights(const std::filesystem::path& path) {
    return from_safetensors(read_safetensors(path), path);
}

}  // namespace reconlaw::gpu
