#include "reconlaw/data/photographs.hpp"

#include <algorithm>
#include <array>
#include <charconv>
#include <set>

#include "reconlaw/data/data_file.hpp"
#include "reconlaw/data/file_error.hpp"
#include "reconlaw/data/in_quotes.hpp"
#include "text_lines.hpp"

namespace reconlaw::data {
namespace {

namespace fs = std::filesystem;

constexpr std::array all_splits = {Split::train, Split::val, Split::test, Split::ood};

fs::path below(const fs::path& root, const fs::path& path) {
    return root / path.relative_path();
}

bool is_installed(const Photograph& photograph, const fs::path& root) {
    std::error_code ignored;
    return fs::exists(below(root, photograph.path), ignored);
}

/// The fields of one manifest line.
class Fields {
  public:
    Fields(std::string_view line, std::size_t number, const fs::path& name) : number_(number), name_(name) {
        for (std::size_t begin = 0; begin <= line.size();) {
            const std::size_t end = std::min(line.find('\t', begin), line.size());
            fields_.push_back(line.substr(begin, end - begin));
            begin = end + 1;
        }
        constexpr std::size_t expected = 9;
        if (fields_.size() != expected)
            fail("expected " + std::to_string(expected) + " tab-separated fields, found " +
                 std::to_string(fields_.size()));
    }

    std::string_view text(std::size_t i) const { return fields_[i]; }

    /// An integer of [low, high].
    std::int64_t integer(std::size_t i, const std::string& what, std::int64_t low, std::int64_t high) const {
        const std::string_view field = fields_[i];
        std::int64_t value = 0;
        const auto [end, error] = std::from_chars(field.data(), field.data() + field.size(), value);
        if (error != std::errc() || end != field.data() + field.size() || value < low || value > high)
            fail(what + " " + in_quotes(field) + ", expected an integer from " + std::to_string(low) +
                 " to " + std::to_string(high));
        return value;
    }

    [[noreturn]] void fail(const std::string& reason) const {
        throw FileError::at_line(name_, number_, reason);
    }

  private:
    std::size_t number_;
    const fs::path& name_;
    std::vector<std::string_view> fields_;
};

Photograph parse_entry(const Fields& fields) {
    constexpr std::int64_t max_offset = std::int64_t{1} << 40, max_side = 1 << 16;
    Photograph p;
    p.package = fields.text(0);
    if (p.package.empty()) fields.fail("empty package name");
    p.path = fields.text(1);
    if (!p.path.is_absolute())
        fields.fail("path " + in_quotes(p.path.string()) + ", expected an absolute one");
    p.offset = static_cast<std::uint64_t>(fields.integer(2, "offset", 0, max_offset));
    p.length = static_cast<std::uint64_t>(fields.integer(3, "length", 1, default_max_bytes));
    p.width = fields.integer(4, "width", 1, max_side);
    p.height = fields.integer(5, "height", 1, max_side);
    p.downsample = fields.integer(6, "downsample", 1, std::min(p.width, p.height));
    const auto split = std::find_if(all_splits.begin(), all_splits.end(),
                                    [&](Split s) { return name_of(s) == fields.text(7); });
    if (split == all_splits.end())
        fields.fail("split " + in_quotes(fields.text(7)) + ", expected train, val, test or ood");
    p.split = *split;
    p.sha256 = fields.text(8);
    if (p.sha256.size() != 64 || p.sha256.find_first_not_of("0123456789abcdef") != std::string::npos)
        fields.fail("sha256 " + in_quotes(p.sha256) + ", expected 64 digits 0-9, a-f");
    return p;
}

}  // namespace

std::string_view name_of(Split split) {
    switch (split) {
        case Split::train:
            return "train";
        case Split::val:
            return "val";
        case Split::test:
            return "test";
        default:
            return "ood";
    }
}

std::vector<Photograph> parse_photograph_manifest(std::string_view text, const fs::path& name) {
    std::vector<Photograph> entries;
    for_each_line(text, [&](std::size_t number, std::string_view line) {
        if (line.ends_with('\r')) line.remove_suffix(1);
        const std::string_view content =
            trimmed(line);  // of the line itself, outer tabs still bound empty fields
        if (!content.empty() && content.front() != '#')
            entries.push_back(parse_entry(Fields(line, number, name)));
    });
    if (entries.empty()) throw FileError(name, "no photographs, expected one a line");
    return entries;
}

std::vector<Photograph> read_photograph_manifest(const fs::path& path) {
    return parse_photograph_manifest(read_text_file(path), path);
}

std::vector<Photograph> read_photograph_manifest() {
    return read_photograph_manifest(data_file("photographs.tsv"));
}

PhotographSet photograph_set(const std::vector<Photograph>& manifest, Split split, MissingPolicy policy,
                             const fs::path& root) {
    PhotographSet set;
    std::set<std::string> missing;
    const Photograph* first_missing = nullptr;
    for (const Photograph& photograph : manifest) {
        if (photograph.split != split) continue;
        if (is_installed(photograph, root)) {
            set.photographs.push_back(photograph);
        } else {
            if (!first_missing) first_missing = &photograph;
            missing.insert(photograph.package);
            ++set.missing_count;
        }
    }
    set.missing_packages.assign(missing.begin(), missing.end());
    if (policy == MissingPolicy::error && first_missing) {
        std::string packages;
        for (const std::string& package : missing) packages += " " + package;
        throw FileError(below(root, first_missing->path),
                        "no such file; " + std::to_string(set.missing_count) + " photographs of split " +
                            std::string(name_of(split)) + " need these Debian packages: apt install" +
                            packages);
    }
    return set;
}

void check_rcc(const fs::path& path) {
    constexpr std::uint64_t header_bytes = 20;
    std::error_code error;
    const std::uint64_t size = fs::file_size(path, error);
    if (error) throw FileError(path, "cannot open: " + error.message());
    const Bytes header = read_file_range(path, 0, std::min(size, header_bytes));
    ByteReader reader(header, path);
    const ByteView magic = reader.take(4, "the magic 'qres' of a Qt resource container");
    if (!std::equal(magic.begin(), magic.end(), "qres"))
        reader.fail(0, "not a Qt resource container: expected it to begin with 'qres'");
    reader.u32_big_endian("the container's version");
    for (const std::string table : {"tree", "data", "names"}) {
        const std::uint64_t at = reader.offset();
        const std::uint32_t offset = reader.u32_big_endian("the offset of the " + table);
        if (offset < header_bytes || offset >= size)
            reader.fail(at, "the container's " + table + " is said to begin at byte " +
                                std::to_string(offset) + ", but the file has " + std::to_string(size) +
                                " bytes (truncated?)");
    }
}

Image load_photograph(const Photograph& photograph, const fs::path& root) {
    const fs::path path = below(root, photograph.path);
    if (!is_installed(photograph, root))
        throw FileError(path, "no such file; install the Debian package " + photograph.package +
                                  " (apt install " + photograph.package + ")");
    if (path.extension() == ".rcc") check_rcc(path);
    const Bytes bytes = read_file_range(path, photograph.offset, photograph.length);
    if (const std::string found = sha256_hex(bytes); found != photograph.sha256)
        throw FileError::at_byte(path, photograph.offset,
                                 std::to_string(photograph.length) + " bytes with SHA-256 " + found +
                                     ", expected " + photograph.sha256 +
                                     " (corrupt, or another version of the package " + photograph.package +
                                     ")");
    const Image image = decode_image(bytes, path);
    if (image.cols() != photograph.width || image.rows() != photograph.height)
        throw FileError::at_byte(path, photograph.offset,
                                 "image of " + std::to_string(image.cols()) + " x " +
                                     std::to_string(image.rows()) + " pixels, expected " +
                                     std::to_string(photograph.width) + " x " +
                                     std::to_string(photograph.height));
    return box_downsample(image, photograph.downsample);
}

}  // namespace reconlaw::data
