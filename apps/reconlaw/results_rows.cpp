#include <algorithm>
#include <cmath>
#include <map>
#include <set>
#include <stdexcept>
#include <tuple>

#include "column_names.hpp"
#include "printed.hpp"
#include "reconlaw/data/file_error.hpp"
#include "reconlaw/data/in_quotes.hpp"
#include "reconlaw/data/spelling.hpp"
#include "results_table.hpp"

namespace reconlaw::cli {
namespace {

using data::FileError;
using data::in_quotes;

/// Where the condition's column ends: at the first '=' in front of which a column's name stands.
std::size_t equals_sign(const data::CsvTable& table, const std::string& condition) {
    const auto name = [&](std::size_t end) {
        return std::string(data::without_blanks(condition.substr(0, end)));
    };
    const std::size_t first = condition.find('=');
    for (std::size_t at = first; at != std::string::npos; at = condition.find('=', at + 1))
        if (table.has(name(at))) return at;
    return first;
}

bool same_value(const std::string& field, const std::string& wanted) {
    if (field == wanted) return true;
    const data::NumberText a = data::read_number(field), b = data::read_number(wanted);
    return a.kind == data::NumberText::Kind::number && b.kind == data::NumberText::Kind::number &&
           a.value == b.value;
}

/// The different values of a column, at most twenty, the nearest in spelling first.
std::string value_list(const data::CsvTable& table, std::size_t column, const std::string& wanted) {
    std::vector<std::string> known;
    std::set<std::string> seen;
    for (const auto& row : table.rows)
        if (seen.insert(row[column]).second) known.push_back(row[column]);
    known = data::by_spelling(std::move(known), wanted);
    std::string list;
    for (std::size_t i = 0; i < std::min<std::size_t>(known.size(), 20); ++i)
        list += (i == 0 ? "" : ", ") + in_quotes(known[i]);
    if (known.size() > 20) list += " and " + std::to_string(known.size() - 20) + " more";
    return list;
}

/// 2024-05-01, 01.05.24, 2024-05-01T12:30:00Z, 12:30
bool like_a_date(const std::string& text) {
    int digits = 0, marks = 0;
    for (const char c : text) {
        if (c >= '0' && c <= '9')
            ++digits;
        else if (c == '-' || c == ':' || c == '/' ||
                 (c == '.' && data::marks_of(text) == data::Marks::not_a_number))
            ++marks;
        else if (c != 'T' && c != 'Z' && c != ' ' && c != '+' && c != '.')
            return false;
    }
    return digits >= 3 && marks >= 1 && data::marks_of(text) == data::Marks::not_a_number;
}

/// One point of the curve: a size and, where it matters, a network.
using Key = std::pair<double, double>;

Key key_of(const Results& r, std::size_t row) {
    return {r.size[row], r.networks.empty() ? 0 : r.networks[row]};
}

/// Whether a column's values are a choice that was made, not a result that happened to differ.
bool separates_experiments(const Results& r, std::size_t column) {
    std::map<Key, std::set<std::string>> at_point;
    std::set<std::string> values;
    bool numbers = true, dates = true;
    for (std::size_t i = 0; i < r.rows(); ++i) {
        const std::string& field = r.table.rows[i][column];
        at_point[key_of(r, i)].insert(field), values.insert(field);
        numbers = numbers && (field.empty() || data::marks_of(field) != data::Marks::not_a_number);
        dates = dates && (field.empty() || like_a_date(field));
    }
    if (dates || (numbers && is_seed_name(r.table.columns[column]))) return false;
    std::map<std::string, std::size_t> returns;  // at how many points of several values a value is found
    std::size_t points = 0;
    for (const auto& [point, found] : at_point) {
        if (found.size() < 2) continue;
        ++points;
        for (const std::string& value : found) ++returns[value];
    }
    // a value of its own in nearly every row is a measurement
    if (points == 0 || 2 * values.size() > r.rows()) return false;
    if (!numbers) return true;
    // whole numbers may be results, too (the best epoch): those of a choice return at most points
    std::size_t sum = 0;
    for (const auto& [value, count] : returns) sum += count;
    return static_cast<double>(sum) > 0.4 * static_cast<double>(points * returns.size());
}

}  // namespace

void keep_rows(data::CsvTable& table, const std::vector<std::size_t>& kept) {
    if (kept.size() == table.rows.size()) return;
    for (std::size_t i = 0; i < kept.size(); ++i) {
        if (kept[i] == i) continue;
        table.rows[i] = std::move(table.rows[kept[i]]), table.lines[i] = table.lines[kept[i]];
    }
    table.rows.resize(kept.size()), table.lines.resize(kept.size());
}

std::string shown_name(const std::string& name) {
    const std::string quoted = in_quotes(name);
    return quoted.substr(1, quoted.size() - 2);
}

data::CsvTable select(data::CsvTable table, const std::vector<std::string>& where) {
    for (const std::string& condition : where) {
        const std::size_t equals = equals_sign(table, condition);
        if (equals == std::string::npos || data::without_blanks(condition.substr(0, equals)).empty())
            throw std::invalid_argument("--where: " + in_quotes(condition) + " is not COLUMN=VALUE");
        const std::string column(data::without_blanks(condition.substr(0, equals))),
            value(data::without_blanks(condition.substr(equals + 1)));
        const std::size_t at = table.index(column);
        std::vector<std::size_t> kept;
        for (std::size_t i = 0; i < table.rows.size(); ++i)
            if (same_value(table.rows[i][at], value)) kept.push_back(i);
        if (kept.empty())
            throw std::invalid_argument("--where: no row has " + in_quotes(condition) + "; " +
                                        in_quotes(column) + " is one of " + value_list(table, at, value));
        keep_rows(table, kept);
    }
    return table;
}

void drop_repeated_rows(Results& r) {
    if (r.seed.empty()) return;
    std::map<std::tuple<double, double, std::string>, std::size_t> runs;
    std::vector<std::size_t> kept;
    for (std::size_t i = 0; i < r.rows(); ++i) {
        const auto [size, network] = key_of(r, i);
        const auto [other, fresh] = runs.emplace(std::tuple{size, network, r.seeds[i]}, i);
        if (fresh)
            kept.push_back(i);
        else if (r.value[other->second] != r.value[i])
            throw FileError::at_line(
                r.table.path, r.line(i),
                "the same " + shown_name(r.x) + (r.network.empty() ? "" : ", " + shown_name(r.network)) +
                    " and " + shown_name(r.seed) + " as line " + std::to_string(r.line(other->second)) +
                    " with another " + shown_name(r.y) + "; choose rows with --where");
    }
    const std::size_t dropped = r.rows() - kept.size();
    if (dropped == 0) return;
    const auto keep = [&](auto& values) {
        if (values.empty()) return;
        for (std::size_t i = 0; i < kept.size(); ++i)
            if (kept[i] != i) values[i] = std::move(values[kept[i]]);
        values.resize(kept.size());
    };
    keep(r.table.rows), keep(r.table.lines), keep(r.size), keep(r.value), keep(r.loss), keep(r.seeds);
    keep(r.errors), keep(r.networks), keep(r.costs), keep(r.train);
    r.notes.push_back(dropped == 1 ? "1 row that repeats another one was dropped"
                                   : std::to_string(dropped) + " rows that repeat another one were dropped");
}

void refuse_mixture(const Results& r) {
    std::set<Key> points;
    for (std::size_t i = 0; i < r.rows(); ++i) points.insert(key_of(r, i));
    if (points.size() == r.rows()) return;
    for (std::size_t c = 0; c < r.table.columns.size(); ++c) {
        const std::string& name = r.table.columns[c];
        if (name.empty() || name == r.x || name == r.y || name == r.error || name == r.seed ||
            name == r.network || name == r.cost || !separates_experiments(r, c))
            continue;
        std::set<std::string> values;
        for (const auto& row : r.table.rows) values.insert(row[c]);
        throw std::invalid_argument(
            "column " + in_quotes(name) + " has several values at one " + shown_name(r.x) +
            (r.network.empty() ? "" : " and " + shown_name(r.network)) +
            ": these are other experiments, not repeats; choose with --where " + shown_name(name) + "=" +
            shown_name(*values.begin()) + ", or say that it numbers repeats with --seed-column " +
            shown_name(name));
    }
}

std::vector<double> log_errors(Results& r) {
    std::vector<double> errors;
    bool positive = true;
    for (std::size_t i = 0; i < r.rows(); ++i) {
        if (r.errors[i] < 0)
            throw FileError::at_line(r.table.path, r.line(i),
                                     "column " + in_quotes(r.error) + ": " + printed("%.6g", r.errors[i]) +
                                         ", must be at least 0");
        const double slope = r.scale.metric() == fit::Metric::psnr
                                 ? std::log(10) / 10 * (r.loss[i] + r.scale.floor())
                                 : 1.0;  // |d loss / d y|
        positive = positive && r.errors[i] > 0;
        errors.push_back(r.errors[i] * slope / r.loss[i]);
    }
    if (positive) return errors;
    r.notes.push_back("column " + in_quotes(r.error) + " has zeros: errors are not used");
    return {};
}

}  // namespace reconlaw::cli
