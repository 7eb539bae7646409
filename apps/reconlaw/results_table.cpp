#include "results_table.hpp"

#include <algorithm>
#include <array>
#include <cmath>
#include <iostream>
#include <stdexcept>
#include <utility>

#include "column_names.hpp"
#include "printed.hpp"
#include "reconlaw/data/file_error.hpp"
#include "reconlaw/data/in_quotes.hpp"

namespace reconlaw::cli {
namespace {

using data::CsvTable;
using data::FileError;
using data::in_quotes;
using data::NumberText;

std::string quoted_list(const std::vector<std::string>& names) {
    std::string list;
    for (std::size_t i = 0; i < std::min<std::size_t>(names.size(), 8); ++i)
        list += (i == 0 ? "" : ", ") + in_quotes(names[i]);
    if (names.size() > 8) list += " and " + std::to_string(names.size() - 8) + " more";
    return list;
}

/// A role for which a column is looked for by name.
struct Role {
    const char* what;                    ///< "training sizes"
    const char* option;                  ///< "--x"
    std::vector<std::string> standards;  ///< taken without a word; several of them: an error
    bool (*usual)(const std::string&);
};

/// The column asked for; otherwise a standard name, or the only usual one, with a note.
/// @return empty: none
std::string find_column(const CsvTable& table, const std::optional<std::string>& asked, const Role& role,
                        std::vector<std::string>& notes) {
    if (asked) {
        (void)table.index(*asked);
        return *asked;
    }
    std::vector<std::string> found;
    for (const std::string& name : role.standards)
        if (table.has(name)) found.push_back(name);
    if (found.empty() && role.usual != nullptr) {
        for (const std::string& name : table.columns)
            if (role.usual(name)) found.push_back(name);
        if (found.size() == 1)
            notes.push_back("column " + in_quotes(found[0]) + " is taken for the " + role.what + " (" +
                            role.option + " chooses another)");
    }
    if (found.empty()) return "";
    if (found.size() > 1)
        throw FileError(table.path, "several columns may be the " + std::string(role.what) + ": " +
                                        quoted_list(found) + "; choose one by " + role.option);
    (void)table.index(found[0]);
    return found[0];
}

[[noreturn]] void refuse_missing(const CsvTable& table, const Role& role) {
    const std::string& standard = role.standards.front();
    if (table.headless()) (void)table.index(standard);  // says that there is no header
    std::string text = "no column " + in_quotes(standard) + ", nor another that is named like " + role.what +
                       "; the file has: " + table.column_list() + "; choose one by " + role.option;
    if (role.option == std::string("--x"))
        for (const std::string& name : table.columns)
            if (is_progress_name(name)) {
                text += " (" + in_quotes(name) +
                        " counts the steps of a training: a curve over it is not one over training sizes)";
                break;
            }
    throw FileError(table.path, text);
}

/// One column cannot be two things.
void refuse_shared_columns(const Results& r, const std::string& train) {
    const std::array<std::pair<const char*, const std::string*>, 7> roles{
        std::pair{"--x", &r.x},
        std::pair{"--y", &r.y},
        std::pair{"--network-column", &r.network},
        std::pair{"--cost-column", &r.cost},
        std::pair{"--seed-column", &r.seed},
        std::pair{"--error-column", &r.error},
        std::pair{"--train", &train}};
    for (std::size_t i = 0; i < roles.size(); ++i)
        for (std::size_t j = 0; j < i; ++j)
            if (!roles[i].second->empty() && *roles[i].second == *roles[j].second)
                throw std::invalid_argument("column " + in_quotes(*roles[i].second) + " is taken for " +
                                            roles[j].first + " and for " + roles[i].first +
                                            ": must be different columns");
}

/// The numbers of the columns in use; a row that lacks one is an error, or left out.
class NumberColumns {
  public:
    explicit NumberColumns(const CsvTable& table) : table_(table) {}

    void add(const std::string& name, std::vector<double>& target) {
        if (name.empty()) return;
        const std::size_t at = table_.index(name);
        columns_.push_back({at, table_.decimal_mark(at), &target});
        if (columns_.back().mark == data::DecimalMark::comma) commas_.push_back(name);
    }

    /// @return the rows that have a number in every column
    std::vector<std::size_t> read(bool skip_bad_rows, std::vector<data::LeftOut>& left_out) {
        std::vector<std::size_t> kept;
        std::vector<double> values(columns_.size());
        for (std::size_t i = 0; i < table_.rows.size(); ++i) {
            std::string problem;
            for (std::size_t c = 0; c < columns_.size(); ++c) {
                const NumberText number = table_.number(i, columns_[c].at, columns_[c].mark);
                values[c] = number.value;
                if (number.kind == NumberText::Kind::number) continue;
                const std::string complaint = table_.complaint(i, columns_[c].at, number);
                if (number.kind == NumberText::Kind::malformed)
                    throw FileError::at_line(table_.path, table_.lines[i], complaint);
                if (!skip_bad_rows)
                    throw FileError::at_line(table_.path, table_.lines[i],
                                             complaint + " (--skip-bad-rows leaves such rows out)");
                if (problem.empty()) problem = complaint;
            }
            if (!problem.empty()) {
                left_out.push_back({table_.lines[i], problem});
                continue;
            }
            kept.push_back(i);
            for (std::size_t c = 0; c < columns_.size(); ++c) columns_[c].target->push_back(values[c]);
        }
        return kept;
    }

    const std::vector<std::string>& with_commas() const { return commas_; }

  private:
    struct Column {
        std::size_t at;
        data::DecimalMark mark;
        std::vector<double>* target;
    };
    const CsvTable& table_;
    std::vector<Column> columns_;
    std::vector<std::string> commas_;
};

std::string left_out_note(std::vector<data::LeftOut> rows) {
    std::sort(rows.begin(), rows.end(), [](const auto& a, const auto& b) { return a.line < b.line; });
    std::string note =
        std::to_string(rows.size()) + (rows.size() == 1 ? " row was" : " rows were") + " left out: ";
    for (std::size_t i = 0; i < std::min<std::size_t>(rows.size(), 5); ++i)
        note += (i == 0 ? "line " : "; line ") + std::to_string(rows[i].line) + ", " + rows[i].reason;
    if (rows.size() > 5) {
        note += "; also line" + std::string(rows.size() > 6 ? "s" : "");
        for (std::size_t i = 5; i < std::min<std::size_t>(rows.size(), 25); ++i)
            note += (i == 5 ? " " : ", ") + std::to_string(rows[i].line);
        if (rows.size() > 25) note += " and " + std::to_string(rows.size() - 25) + " more";
    }
    return note;
}

/// What values of a column that is read as a loss may be instead.
std::string metric_hint(const std::vector<double>& size, const std::vector<double>& y) {
    const auto [low, high] = std::minmax_element(y.begin(), y.end());
    double first = 0, last = 0, smallest = INFINITY, largest = 0;  // y at the smallest and the largest size
    for (std::size_t i = 0; i < y.size(); ++i) {
        if (size[i] < smallest) smallest = size[i], first = y[i];
        if (size[i] > largest) largest = size[i], last = y[i];
    }
    if (*high < 0) return "; an error in decibels is minus a PSNR: change the sign and use --metric psnr";
    if (!(last > first)) return "";
    if (*low < 0 && *high < 1) return "; if it is a coefficient of determination: --metric r2";
    if (*high < 1 && *low >= 0)
        return "; where larger is better, --metric accuracy, ssim or r2 says so (1 - value is then the loss)";
    if (*low >= 0 && *high <= 100 && *high > 60)
        return "; an accuracy in per cent: divide by 100 and use --metric accuracy";
    if (*low > 0 && *high <= 100) return "; where it is a PSNR in decibels, --metric psnr says so";
    return "; where larger is better, --metric psnr, ssim, accuracy or r2 says so";
}

/// Values that cannot be of the metric, or are of two kinds.
void check_values(const Results& r, bool metric_given) {
    const fit::Metric metric = r.scale.metric();
    const auto refuse = [&](std::size_t row, const std::string& why) {
        throw FileError::at_line(r.table.path, r.line(row),
                                 "column " + in_quotes(r.y) + ": " + printed("%.6g", r.value[row]) + why);
    };
    std::size_t low = 0, high = 0;
    for (std::size_t i = 0; i < r.rows(); ++i) {
        const double v = r.value[i];
        if (v < r.value[low]) low = i;
        if (v > r.value[high]) high = i;
        if (metric == fit::Metric::psnr && !(v > -100 && v < 200))
            refuse(i, " is not a PSNR in dB (-100 to 200)");
        if (metric == fit::Metric::ssim && !(v >= -1 && v < 1)) refuse(i, " is not an SSIM (-1 to below 1)");
        if (metric == fit::Metric::accuracy && !(v >= 0 && v < 1))
            refuse(i, v > 1 && v <= 100
                          ? " is not an accuracy from 0 to below 1; if it is in per cent, divide by 100"
                          : " is not an accuracy (0 to below 1)");
        if (metric == fit::Metric::r2 && !(v < 1))
            refuse(i, " is not a coefficient of determination (below 1)");
        if (!r.scale.reversed() && !(v > 0)) refuse(i, ", a loss must be above 0" + r.hint);
    }
    const double smallest = r.value[low], largest = r.value[high];
    // A mean squared error below 1 among values in dB: no PSNR curve spans from under 1 dB to above 10 dB.
    if (metric == fit::Metric::psnr && smallest < 1 && largest > 10)
        refuse(low, " dB, and others reach " + printed("%.6g", largest) + " dB: mixed units?");
    if (!r.scale.reversed() && !metric_given && smallest < 1 && largest > 1e4 * smallest && largest > 15)
        refuse(high, ", and others are as small as " + printed("%.6g", smallest) +
                         ": mixed units? If they are meant so, use --metric mse");
}

/// Products and a hundredfold of the numbers must not leave double precision.
void check_magnitude(const Results& r, const std::string& column, const std::vector<double>& values) {
    const double most = r.network.empty() ? 1e305 : 1e150;
    for (std::size_t i = 0; i < values.size(); ++i)
        if (std::abs(values[i]) > most || (values[i] != 0 && std::abs(values[i]) < 1 / most))
            throw FileError::at_line(r.table.path, r.line(i),
                                     "column " + in_quotes(column) + ": " + printed("%.6g", values[i]) +
                                         ", must be from " + printed("%g to %g", 1 / most, most) +
                                         ": use another unit");
}

void check_positive(const Results& r, const std::string& column, const std::vector<double>& values) {
    for (std::size_t i = 0; i < values.size(); ++i)
        if (!(values[i] > 0))
            throw FileError::at_line(
                r.table.path, r.line(i),
                "column " + in_quotes(column) + ": " + printed("%.6g", values[i]) + ", must be above 0");
}

fit::Metric metric_of(const ResultColumns& columns, const std::string& y, std::vector<std::string>& notes) {
    if (columns.metric) return fit::metric_named(*columns.metric);
    const std::optional<fit::Metric> named = metric_in_name(y);
    if (!named) return fit::Metric::loss;
    if (*named != fit::Metric::mse)
        notes.push_back("column " + in_quotes(y) + " is taken as " + fit::label(*named) +
                        " (--metric says otherwise)");
    return *named;
}

}  // namespace

data::CsvTable read_table(const std::string& path, bool skip_bad_rows) {
    const data::CsvOptions options{.skip_ragged_rows = skip_bad_rows};
    if (path != "-") return data::read_csv(path, options);
    std::string text, piece(1 << 16, '\0');
    while (std::cin.read(piece.data(), static_cast<std::streamsize>(piece.size())) || std::cin.gcount() > 0) {
        text.append(piece, 0, static_cast<std::size_t>(std::cin.gcount()));
        if (text.size() > options.max_bytes)
            throw FileError("standard input",
                            "larger than the limit of " + std::to_string(options.max_bytes) + " bytes");
    }
    return data::parse_csv(text, "standard input", options);
}

Results read_results(data::CsvTable whole, const ResultColumns& asked) {
    Results r;
    r.table = select(std::move(whole), asked.where);
    const CsvTable& table = r.table;
    r.notes = table.notes;
    const Role sizes{"training sizes", "--x", {"samples"}, is_size_name},
        losses{"losses", "--y", {"loss"}, is_loss_name},
        networks{"network sizes", "--network-column", {"channels", "parameters"}, is_network_name},
        costs{"costs", "--cost-column", {"cost"}, nullptr},
        seeds{"seeds", "--seed-column", {"seed"}, nullptr},
        errors{"standard errors", "--error-column", {}, nullptr},
        trains{"rows to fit", "--train", {}, nullptr};
    r.x = find_column(table, asked.x, sizes, r.notes);
    if (r.x.empty()) refuse_missing(table, sizes);
    r.y = find_column(table, asked.y, losses, r.notes);
    if (r.y.empty()) refuse_missing(table, losses);
    r.error = find_column(table, asked.error, errors, r.notes);
    if (asked.with_network) {
        r.network = find_column(table, asked.network, networks, r.notes);
        r.cost = find_column(table, asked.cost, costs, r.notes);
    }
    if (asked.seed || (r.x != "seed" && r.y != "seed"))
        r.seed = find_column(table, asked.seed, seeds, r.notes);
    const std::string train = find_column(table, asked.train, trains, r.notes);
    refuse_shared_columns(r, train);

    NumberColumns numbers(table);
    numbers.add(r.x, r.size), numbers.add(r.y, r.value), numbers.add(r.error, r.errors);
    numbers.add(r.network, r.networks), numbers.add(r.cost, r.costs), numbers.add(train, r.train);
    std::vector<data::LeftOut> left_out = table.left_out;
    const std::vector<std::size_t> kept = numbers.read(asked.skip_bad_rows, left_out);
    if (!left_out.empty()) r.notes.push_back(left_out_note(left_out));
    if (!numbers.with_commas().empty())
        r.notes.push_back("decimal commas in " + quoted_list(numbers.with_commas()));
    if (kept.empty()) throw FileError(table.path, "no row is left: " + left_out_note(left_out));
    keep_rows(r.table, kept);
    if (!r.seed.empty()) r.seeds = r.table.text(r.seed);

    r.scale = LossScale(metric_of(asked, r.y, r.notes), asked.floor);
    for (std::size_t i = 0; i < r.rows(); ++i)
        if (!(r.size[i] > 0))
            throw FileError::at_line(
                table.path, r.line(i),
                "column " + in_quotes(r.x) + ": " + printed("%.6g", r.size[i]) + ", must be above 0" +
                    (r.size[i] == 0 ? " (laws have no value without data: remove the row)" : ""));
    check_magnitude(r, r.x, r.size), check_magnitude(r, r.y, r.value);
    check_magnitude(r, r.network, r.networks), check_magnitude(r, r.cost, r.costs);
    check_positive(r, r.network, r.networks);
    check_positive(r, r.cost, r.costs);
    if (!r.scale.reversed()) r.hint = metric_hint(r.size, r.value);
    check_values(r, asked.metric.has_value());
    double smallest = INFINITY;
    for (const double v : r.value) smallest = std::min(smallest, fit::to_loss(r.scale.metric(), v));
    if (!(asked.floor >= 0 && asked.floor < smallest))
        throw std::invalid_argument(
            "--floor: value = " + printed("%.6g", asked.floor) +
            ", must be at least 0 and below the smallest loss = " + printed("%.6g", smallest));
    for (const double v : r.value) r.loss.push_back(r.scale.to_loss(v));
    return r;
}

}  // namespace reconlaw::cli
