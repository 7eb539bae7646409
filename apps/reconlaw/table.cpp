#include "table.hpp"

#include <cmath>
#include <nlohmann/json.hpp>
#include <ostream>

#include "printed.hpp"
#include "reconlaw/data/atomic_file.hpp"

namespace reconlaw::cli {
namespace {

std::string csv_cell(const Cell& cell) {
    if (const auto* count = std::get_if<long>(&cell)) return std::to_string(*count);
    if (const auto* word = std::get_if<std::string>(&cell)) return *word;
    if (const auto* number = std::get_if<double>(&cell)) {
        if (std::isnan(*number)) return "";
        return printed("%.10g", *number);
    }
    return "";
}

nlohmann::ordered_json json_cell(const Cell& cell) {
    if (const auto* count = std::get_if<long>(&cell)) return *count;
    if (const auto* word = std::get_if<std::string>(&cell)) return *word;
    if (const auto* number = std::get_if<double>(&cell); number && std::isfinite(*number)) return *number;
    return nullptr;
}

}  // namespace

std::string render(const Table& table, Format format) {
    if (format == Format::json) {
        auto array = nlohmann::ordered_json::array();
        for (const auto& row : table.rows) {
            nlohmann::ordered_json object;
            for (std::size_t i = 0; i < row.size(); ++i) object[table.columns[i]] = json_cell(row[i]);
            array.push_back(std::move(object));
        }
        return array.dump(2, ' ', false, nlohmann::json::error_handler_t::replace) + "\n";
    }
    std::string text;
    auto line = [&](const auto& cells, auto&& show) {
        for (std::size_t i = 0; i < cells.size(); ++i) text += (i ? "," : "") + show(cells[i]);
        text += '\n';
    };
    line(table.columns, [](const std::string& s) { return s; });
    for (const auto& row : table.rows) line(row, csv_cell);
    return text;
}

void deliver(const std::string& text, const std::string& path, std::ostream& out) {
    if (path.empty())
        out << text;
    else
        data::write_file_atomically(path, text);
}

}  // namespace reconlaw::cli
