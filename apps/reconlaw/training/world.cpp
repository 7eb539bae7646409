#include "world.hpp"

#include <cstdlib>
#include <stdexcept>

#if RECONLAW_WITH_MPI
#include <mpi.h>
#endif

namespace reconlaw::cli {
namespace {

/// What Open MPI, and MPICH and its relatives, tell the processes they start.
bool under_mpirun() {
    for (const char* name : {"OMPI_COMM_WORLD_SIZE", "PMI_SIZE", "PMIX_RANK"})
        if (std::getenv(name)) return true;
    return false;
}

}  // namespace

#if RECONLAW_WITH_MPI

World::World() {
    if (!under_mpirun()) return;
    int was_started = 0;
    MPI_Initialized(&was_started);
    if (!was_started && MPI_Init(nullptr, nullptr) != MPI_SUCCESS)
        throw std::runtime_error("MPI cannot be started");
    started_ = !was_started;
    MPI_Comm_rank(MPI_COMM_WORLD, &rank_);
    MPI_Comm_size(MPI_COMM_WORLD, &size_);
    MPI_Comm machine = MPI_COMM_NULL;
    MPI_Comm_split_type(MPI_COMM_WORLD, MPI_COMM_TYPE_SHARED, rank_, MPI_INFO_NULL, &machine);
    MPI_Comm_rank(machine, &local_rank_);
    MPI_Comm_free(&machine);
}

World::~World() {
    if (started_) MPI_Finalize();
}

void World::send(int to, Message message) const {
    message.from = rank_;
    MPI_Send(&message, static_cast<int>(sizeof message), MPI_BYTE, to, 0, MPI_COMM_WORLD);
}

std::optional<Message> World::receive() const {
    if (size_ == 1) return std::nullopt;
    int there = 0;
    MPI_Iprobe(MPI_ANY_SOURCE, 0, MPI_COMM_WORLD, &there, MPI_STATUS_IGNORE);
    if (!there) return std::nullopt;
    Message message;
    MPI_Recv(&message, static_cast<int>(sizeof message), MPI_BYTE, MPI_ANY_SOURCE, 0, MPI_COMM_WORLD,
             MPI_STATUS_IGNORE);
    return message;
}

void World::abort(int status) const {
    MPI_Abort(MPI_COMM_WORLD, status);
    std::abort();
}

#else

World::World() {
    if (under_mpirun())
        throw std::runtime_error(
            "started by mpirun, but built without MPI; install libopenmpi-dev and build again");
}
World::~World() = default;
void World::send(int, Message) const {}
std::optional<Message> World::receive() const {
    return std::nullopt;
}
void World::abort(int status) const {
    std::exit(status);
}

#endif

}  // namespace reconlaw::cli
