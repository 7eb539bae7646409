#include "commands.hpp"

#include <iostream>
#include <map>

#include "interrupt.hpp"
#include "reconlaw/data/file_error.hpp"
#if RECONLAW_WITH_TRAINING
#include "reconlaw/gpu/device.hpp"
#endif

namespace reconlaw::cli {

int run(int argc, const char* const* argv, const Streams& streams) {
    CLI::App app{
        "Learning curves of learned image reconstruction: closed forms, exact simulation, real images."};
    app.name("reconlaw");
    app.set_version_flag("--version", std::string("reconlaw ") + RECONLAW_VERSION);
    app.require_subcommand(1);
    app.footer(
        "Start with: reconlaw risk --problem subspace --n 100 --d 10 --sigma 0.05 --samples 1:10000:9");
    std::map<CLI::App*, Run> commands;
    auto add = [&](const char* name, const char* description, Run (*command)(CLI::App&)) {
        CLI::App* sub = app.add_subcommand(name, description);
        commands[sub] = command(*sub);
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

    try {
        app.parse(argc, argv);
    } catch (const CLI::ParseError& e) {
        const int status = app.exit(e, streams.out, streams.err);
        return status == 0 ? 0 : 2;
    }
    CLI::App* chosen = app.get_subcommands().front();
    const std::string prefix = "reconlaw " + chosen->get_name() + ": ";
    try {
        commands.at(chosen)(streams);
        streams.out.flush();
        // no message: who closes the pipe (head, less) wants no more
        if (!streams.out && pipe_was_closed()) return closed_pipe_status;
        if (!streams.out) throw std::runtime_error("cannot write the output (disk full or pipe closed)");
        return 0;
    } catch (const Interrupted& e) {
        streams.err << prefix << e.what() << '\n';
        return 130;
    } catch (const std::invalid_argument& e) {
        streams.err << prefix << e.what() << '\n';
        return 2;
    } catch (const data::FileError& e) {
        streams.err << prefix << e.what() << '\n';
        return 2;
#if RECONLAW_WITH_TRAINING
    } catch (const gpu::DeviceError& e) {
        streams.err << prefix << e.what() << '\n';
        return 2;
#endif
    } catch (const std::exception& e) {
        streams.err << prefix << e.what() << '\n';
        return 1;
    }
}

}  // namespace reconlaw::cli
