#include "commands.hpp"

#include <algorithm>
#include <map>

#include "failures.hpp"
#include "help.hpp"
#include "usage.hpp"
#include "version.hpp"

namespace reconlaw::cli {
namespace {

struct Program {
    CLI::App app{
        "Learning curves of learned image reconstruction: closed forms, exact simulation, real images."};
    std::map<std::string, Run> commands;
    bool quiet = false, version = false;
};

void add_quiet(CLI::App& app, bool& quiet) {
    app.add_flag("-q,--quiet", quiet, "No notes and no progress; errors and results only");
}

/// In place, for the options and commands point into it.
void define(Program& program) {
    CLI::App& app = program.app;
    app.name("reconlaw");
    app.add_flag("--version", program.version, "Versions of the program, its backends and libraries");
    add_quiet(app, program.quiet);
    app.require_subcommand(0, 1);
    app.footer(
        "Start with: reconlaw risk --problem subspace --n 100 --d 10 --sigma 0.05 --samples 1:10000:9\n"
        "Options of a command: reconlaw COMMAND --help. Completion in a shell: reconlaw completion "
        "--help.\n\n"
        "Exit status: 0 success; 2 a wrong command line, bad input, or a file that cannot be read or "
        "written;\n1 another failure; 130 interrupted.");
    const auto add = [&](const char* name, const char* description, Run (*command)(CLI::App&)) {
        CLI::App* sub = app.add_subcommand(name, description);
        program.commands[name] = command(*sub);
        add_quiet(*sub, program.quiet);
        for (CLI::Option* option : sub->get_options())  // of --where a b, b is an argument
            if (!option->get_positional()) option->allow_extra_args(false);
        return sub;
    };
    add("risk", "Closed-form risk of estimators for every number of training samples", add_risk_command);
    add("simulate", "Monte Carlo of the same estimators, by exact sampling", add_simulate_command);
    add("fit", "Laws fitted to a learning curve, and what more data would bring", add_fit_command);
    add("advise", "More data or a larger network: what measured losses say, and what to measure next",
        add_advise_command);
    add("reproduce", "The whole report: the paper's figures, simulated and predicted, and real images",
        add_reproduce_command);
#if RECONLAW_WITH_TRAINING
    add("train", "Train a network to remove noise, on photographs or any images", add_train_command);
    add("evaluate", "PSNR and SSIM of a trained network", add_evaluate_command);
    add("denoise", "Remove the noise of an image by a trained network", add_denoise_command);
    add("sweep", "Trainings over samples, channels and seeds: the table that fit and advise read",
        add_sweep_command);
#endif
    add("completion", "Print a script that completes command lines in a shell", add_completion_command);
    add("man-pages", "Write the manual pages into a folder", add_man_pages_command)->group("");
}

OptionDescription described(const CLI::Option& option) {
    OptionDescription d;
    d.positional = option.get_positional();
    for (const std::string& name : option.get_snames()) d.names.push_back("-" + name);
    for (const std::string& name : option.get_lnames()) d.names.push_back("--" + name);
    if (d.positional) d.names = {option.get_name()};
    std::stable_sort(d.names.begin(), d.names.end(), [](const std::string& a, const std::string& b) {
        return a.starts_with("--") > b.starts_with("--");
    });
    d.required = option.get_required();
    d.flag = option.get_expected_max() == 0;
    d.repeatable = option.get_items_expected_max() > 1;
    if (!d.flag) d.type = option.get_type_name();
    d.description = option.get_description();
    d.standard = option.get_default_str();
    const std::size_t open = d.type.find('{'), close = d.type.find('}');
    if (open != std::string::npos && close != std::string::npos) {
        std::string word;
        for (const char c : d.type.substr(open + 1, close - open)) {
            if (c != '|' && c != '}' && c != ',' && c != ' ') {
                word += c;
            } else if (!word.empty()) {
                d.choices.push_back(word);
                word.clear();
            }
        }
    }
    return d;
}

CommandDescription described(const CLI::App& app) {
    CommandDescription d;
    d.name = app.get_parent() ? app.get_name() : "";
    d.summary = app.get_description();
    d.footer = app.get_footer();
    d.hidden = app.get_parent() && app.get_group().empty();
    for (const CLI::Option* option : app.get_options()) d.options.push_back(described(*option));
    return d;
}

ProgramDescription described(const Program& program) {
    ProgramDescription d;
    d.program = described(program.app);
    for (const CLI::App* command : program.app.get_subcommands([](const CLI::App*) { return true; }))
        d.commands.push_back(described(*command));
    return d;
}

/// Parses what checked_words let through.
void parse(Program& program, const ProgramDescription& description, const Words& words) {
    std::vector<std::string> reversed(words.all.rbegin(), words.all.rend());
    const auto refuse = [&](const std::string& message) {
        throw UsageError("reconlaw " + words.command + (words.command.empty() ? "" : ": ") + message);
    };
    try {
        program.app.parse(reversed);
    } catch (const CLI::RequiredError& e) {
        const CommandDescription* command = description.find(words.command);
        const std::string what = command ? missing(*command, words) : "";
        refuse(what.empty() ? e.what() : what);
    } catch (const CLI::ParseError& e) {
        refuse(e.what());
    }
}

int parse_and(bool execute, int argc, const char* const* argv, const Streams& streams) {
    Program program;
    Words words;
    try {
        define(program);
        const ProgramDescription description = described(program);
        words = checked_words(description, {argv + std::min(argc, 1), argv + argc});
        if (words.help) {
            const CommandDescription* command = description.find(words.command);
            streams.out << help_text(description, command ? *command : description.program);
            return finish(streams.out);
        }
        parse(program, description, words);
        if (program.version) streams.out << version_text();
        if (program.version || !execute) return finish(streams.out);
    } catch (...) {
        Console console(streams.err, false, 0, false);
        return report_failure(console, "reconlaw");
    }
    Console console(streams.err, streams.interactive, streams.columns, program.quiet);
    try {
        program.commands.at(words.command)(
            {streams.out, console.notes(), console.draws(), streams.columns, &console});
        return finish(streams.out);
    } catch (...) {
        return report_failure(console, "reconlaw " + words.command);
    }
}

}  // namespace

ProgramDescription describe_program() {
    Program program;
    define(program);
    return described(program);
}

int run(int argc, const char* const* argv, const Streams& streams) {
    return parse_and(true, argc, argv, streams);
}

int check(int argc, const char* const* argv, const Streams& streams) {
    return parse_and(false, argc, argv, streams);
}

}  // namespace reconlaw::cli
