#include "table.hpp"

#include <cmath>
#include <nlohmann/json.hpp>
#include <ostream>

#include "printed.hpp"
#include "reconlaw/data/atomic_file.hpp"
#include "reconlaw/data/csv_writer.hpp"

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
        // names of files need not be UTF-8
        return array.dump(2, ' ', false, nlohmann::ordered_json::error_handler_t::replace) + "\n";
    }
    std::string text = data::csv_line(table.columns);
    for (const auto& row : table.rows) {
        std::vector<std::string> fields;
        for (const Cell& cell : row) fields.push_back(csv_cell(cell));
        text += data::csv_line(fields);
    }
    return text;
}

void deliver(const std::string& text, const std::string& path, std::ostream& out) {
    if (path.empty())
        out << text;
    else
        data::write_file_atomically(path, text, data::Links::follow);
}

}  // namespace reconlaw::cli
