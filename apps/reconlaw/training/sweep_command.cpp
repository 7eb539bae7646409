#include <memory>
#include <ostream>

#include "failures.hpp"
#include "folder_lock.hpp"
#include "numbers.hpp"
#include "options.hpp"
#include "reconlaw/gpu/device.hpp"
#include "sweep.hpp"

namespace reconlaw::cli {
namespace {

namespace fs = std::filesystem;

struct SweepArguments {
    std::string study, out;
    DeviceOptions device;
    double checkpoint_seconds = 30;
    bool panels = false, dry_run = false;
};

void sweep(SweepArguments o, const Streams& streams) {
    const TrainingStudy study = read_study(o.study);
    SweepOptions options;
    options.folder = o.out.empty() ? fs::path(o.study).stem() : fs::path(o.out);
    options.checkpoint_seconds = o.checkpoint_seconds, options.panels = o.panels;
    const std::vector<Job> jobs = jobs_of(study, options.folder);
    if (o.dry_run) {
        streams.out << "samples,channels,seed,steps,batch,cost\n";
        double all = 0;
        for (const Job& job : jobs) all += job.cost;
        for (const Job& job : jobs)
            streams.out << job.settings.samples << ',' << job.settings.channels << ',' << job.settings.seed
                        << ',' << job.settings.steps << ',' << job.settings.batch << ',' << job.cost / all
                        << '\n';
        return;
    }
    const World world;
    try {
        gpu::set_gpu(world.local_rank());  // one GPU a process
        // one thread a process where several share the processor
        if (world.size() > 1 && o.device.threads == 0) o.device.threads = 1;
        const std::string device = use_device(o.device);
        std::unique_ptr<FolderLock> lock;
        if (world.rank() == 0) {
            lock = std::make_unique<FolderLock>(options.folder, "sweep");
            streams.err << device << '\n' << precision_note(jobs.front().settings.precision);
        }
        run_sweep(jobs, options, world, streams);
    } catch (const Interrupted&) {
        throw;
    } catch (const std::exception&) {
        if (world.size() == 1) throw;
        world.abort(report_failure(*streams.console, "reconlaw sweep"));
    }
    if (world.rank() == 0) streams.out << (options.folder / "results.csv").string() << '\n';
}

}  // namespace

Run add_sweep_command(CLI::App& app) {
    auto options = std::make_shared<SweepArguments>();
    SweepArguments& o = *options;
    add_text(app, "study", o.study, Text::file,
             "TOML file: the options of train with _ for -; samples, channels, seed may be lists")
        ->required();
    add_text(app, "--out", o.out, Text::folder,
             "Folder for results.csv and the trainings (default: the study's name)");
    add_number(app, "--checkpoint-seconds", o.checkpoint_seconds, {0, 1e9},
               "Time between checkpoints of a training");
    app.add_flag("--panels", o.panels, "Write a panel.png for every training");
    app.add_flag("--dry-run", o.dry_run, "List the trainings and their part of the time, and do nothing");
    add_device_options(app, o.device);
    app.footer(
        "Interrupted or killed, the same command does what is missing. Several processes:\n  mpirun -n 2 "
        "reconlaw sweep "
        "study.toml\nThen: reconlaw fit results.csv --where channels=16; reconlaw advise results.csv");
    return [options](const Streams& streams) { sweep(*options, streams); };
}

}  // namespace reconlaw::cli
