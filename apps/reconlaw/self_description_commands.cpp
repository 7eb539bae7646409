/// The commands that print what is made from the definitions of the others.

#include <filesystem>
#include <memory>
#include <ostream>
#include <system_error>

#include "commands.hpp"
#include "completion.hpp"
#include "numbers.hpp"
#include "reconlaw/data/atomic_file.hpp"
#include "reconlaw/data/file_error.hpp"
#include "version.hpp"

namespace reconlaw::cli {

Run add_completion_command(CLI::App& app) {
    auto shell = std::make_shared<std::string>();
    add_choice(app, "shell", *shell, std::vector<std::string>{"bash", "zsh", "fish"},
               "Shell whose language the script is in")
        ->required();
    app.footer(
        "Examples:\n"
        "  source <(reconlaw completion bash)\n"
        "  reconlaw completion zsh > ~/.zfunc/_reconlaw\n"
        "  reconlaw completion fish > ~/.config/fish/completions/reconlaw.fish");
    return [shell](const Streams& streams) { streams.out << completion_script(describe_program(), *shell); };
}

Run add_man_pages_command(CLI::App& app) {
    auto folder = std::make_shared<std::string>();
    add_text(app, "folder", *folder, Text::folder,
             "Where reconlaw.1 and a page for every command are written")
        ->required();
    app.footer("Example:\n  reconlaw man-pages man/man1");
    return [folder](const Streams&) {
        const std::filesystem::path path = *folder;
        std::error_code error;
        std::filesystem::create_directories(path, error);
        if (error) throw data::FileError(path, "cannot be created: " + error.message());
        const ProgramDescription program = describe_program();
        data::write_file_atomically(path / "reconlaw.1", man_page(program, program.program, version()));
        for (const CommandDescription& command : program.commands)
            if (!command.hidden)
                data::write_file_atomically(path / ("reconlaw-" + command.name + ".1"),
                                            man_page(program, command, version()));
    };
}

}  // namespace reconlaw::cli
