#include "kept_section.hpp"

#include <nlohmann/json.hpp>

#include "reconlaw/data/atomic_file.hpp"
#include "reconlaw/data/bytes.hpp"
#include "reconlaw/data/file_error.hpp"

namespace reconlaw::report {
namespace {

namespace fs = std::filesystem;
using Json = nlohmann::json;

// "reconlaw-report-section 1 <SHA-256 of the rest>\n<fingerprint>\n<CBOR>"
constexpr std::string_view magic = "reconlaw-report-section 1 ";

std::string sha256(std::string_view text) {
    return data::sha256_hex({reinterpret_cast<const std::uint8_t*>(text.data()), text.size()});
}

Json binary(const std::string& text) {
    return Json::binary({text.begin(), text.end()});
}

std::string text_of(const Json& json) {
    const auto& bytes = json.get_binary();
    return {bytes.begin(), bytes.end()};
}

FinishedSection parse(std::string_view cbor) {
    const Json json = Json::from_cbor(cbor);
    FinishedSection section{
        text_of(json.at("title")), text_of(json.at("html")), json.at("seconds").get<double>(), {}};
    for (const Json& file : json.at("files"))
        section.files.emplace_back(text_of(file.at(0)), text_of(file.at(1)));
    return section;
}

}  // namespace

void keep_section(const fs::path& file, const std::string& fingerprint, const FinishedSection& section) {
    Json json{{"title", binary(section.title)},
              {"html", binary(section.html)},
              {"seconds", section.seconds},
              {"files", Json::array()}};
    for (const auto& [name, content] : section.files)
        json["files"].push_back(Json::array({binary(name), binary(content)}));
    std::string rest = fingerprint + '\n';
    Json::to_cbor(json, rest);
    data::write_file_atomically(file, std::string(magic) + sha256(rest) + '\n' + rest);
}

KeptSection kept_section(const fs::path& file, const std::string& fingerprint) {
    std::error_code error;
    if (!fs::exists(fs::symlink_status(file, error))) return {};
    try {
        const std::string text = data::read_text_file(file);
        const std::size_t first = magic.size() + 64;  // the line end
        if (!text.starts_with(magic) || text.size() <= first || text[first] != '\n')
            return {{}, "is damaged"};
        const std::string_view rest = std::string_view(text).substr(first + 1);
        if (sha256(rest) != text.substr(magic.size(), 64)) return {{}, "is damaged"};
        const std::size_t end = rest.find('\n');
        if (end == std::string_view::npos || rest.substr(0, end) != fingerprint)
            return {{}, "belongs to other options, or to another version"};
        return {parse(rest.substr(end + 1)), ""};
    } catch (const data::FileError& e) {
        return {{}, "cannot be read (" + e.reason() + ")"};
    } catch (const Json::exception&) {
        return {{}, "is damaged"};
    }
}

}  // namespace reconlaw::report
