#include "table_options.hpp"

#include <filesystem>
#include <stdexcept>

#include "numbers.hpp"
#include "outputs.hpp"
#include "reconlaw/data/in_quotes.hpp"

namespace reconlaw::cli {

using data::in_quotes;

CLI::Option* add_text(CLI::App& app, const std::string& names, std::optional<std::string>& target,
                      const std::string& kind, const std::string& description) {
    return detail_options::add(app, names, description, kind,
                               [&target, name = names.substr(0, names.find(','))](const std::string& text) {
                                   if (text.empty()) throw std::invalid_argument(name + ": '' is empty");
                                   target = text;
                               });
}

void add_table_options(CLI::App& app, ResultColumns& columns) {
    const bool both = columns.with_network;
    add_text(
        app, both ? "--x,--samples-column" : "--x", columns.x, "COLUMN",
        "Number of training samples (default: samples, or the column with a usual name such as n_train)");
    add_text(app, both ? "--y,--loss-column" : "--y", columns.y, "COLUMN",
             "Test loss or quality (default: loss, or the column with a usual name such as val_psnr)");
    if (both) {
        add_text(app, "--network-column", columns.network, "COLUMN",
                 "Size of the network, in any unit (default: channels or parameters, or a usual name)");
        add_text(app, "--cost-column", columns.cost, "COLUMN",
                 "Cost of the run, in any unit (default: cost)");
    }
    detail_options::add(
        app, "--metric",
        "What y holds: loss, mse, psnr (dB), ssim, accuracy or r2 (default: what its name says, otherwise "
        "loss); psnr is fitted as MSE, the last three as 1 - y",
        "{loss|mse|psnr|ssim|accuracy|r2}", [&columns](const std::string& text) {
            columns.metric = parse_choice(text, "--metric", fit::metric_names());
        });
    add_text(app, "--seed-column", columns.seed, "COLUMN", "Column that numbers repeats (default: seed)");
    add_text(app, "--error-column", columns.error, "COLUMN", "Column of standard errors of y");
    app.add_option("--where", columns.where, "Only the rows with this value; may be repeated")
        ->type_name("COLUMN=VALUE")
        ->allow_extra_args(false);
    app.add_flag("--skip-bad-rows", columns.skip_bad_rows,
                 "Leave out rows without a number (empty, nan, inf, a word), and say which");
}

void check_outputs(const std::string& input,
                   const std::vector<std::pair<std::string, std::optional<std::string>>>& outputs) {
    namespace fs = std::filesystem;
    const auto same = [](const std::string& a, const std::string& b) {
        std::error_code error;
        if (fs::exists(a, error) && !fs::is_regular_file(a, error)) return false;
        return fs::equivalent(a, b, error) ||
               fs::absolute(a, error).lexically_normal() == fs::absolute(b, error).lexically_normal();
    };
    for (std::size_t i = 0; i < outputs.size(); ++i) {
        if (!outputs[i].second) continue;
        const std::string& path = *outputs[i].second;
        const auto refuse = [&](const std::string& other) {
            throw std::invalid_argument(outputs[i].first + ": " + in_quotes(path) + " is also the path of " +
                                        other + ", must be another file");
        };
        if (input != "-" && same(path, input)) refuse("the results");
        for (std::size_t j = 0; j < i; ++j)
            if (outputs[j].second && same(path, *outputs[j].second)) refuse(outputs[j].first);
    }
    for (const auto& [option, path] : outputs)
        if (path) require_writable(*path, option);
}

void require_figure_path(const std::optional<std::string>& path) {
    if (path && !path->ends_with(".svg") && !path->ends_with(".png"))
        throw std::invalid_argument("--plot: " + in_quotes(*path) + " must end in .svg or .png");
}

std::vector<std::string> words_of(const std::string& list, const std::string& option) {
    std::vector<std::string> words;
    for (std::size_t at = 0; at <= list.size();) {
        const std::size_t end = std::min(list.find(',', at), list.size());
        const std::string word(data::without_blanks(std::string_view(list).substr(at, end - at)));
        if (word.empty())
            throw std::invalid_argument(option + ": " + in_quotes(list) +
                                        " is not a comma-separated list without empty entries");
        words.push_back(word);
        at = end + 1;
    }
    return words;
}

}  // namespace reconlaw::cli
