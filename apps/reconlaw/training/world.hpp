#pragma once
/// The processes of a sweep: this one alone, or those that mpirun started.

#include <optional>

namespace reconlaw::cli {

enum class MessageKind : int {
    request,      ///< worker: has nothing to do
    start,        ///< first process: train job number `job`
    stop,         ///< first process: there is nothing left
    progress,     ///< worker: part `value` of its job is done
    finished,     ///< worker
    failed,       ///< worker: `text` says why
    interrupted,  ///< worker: stopped by a signal
};

struct Message {
    MessageKind kind = MessageKind::request;
    int from = 0, job = -1;
    double value = 0;
    char text[232] = {};  ///< zero-terminated, cut off where longer
};

/// Starts MPI if mpirun started this process, and ends it.
class World {
  public:
    World();
    ~World();
    World(const World&) = delete;
    World& operator=(const World&) = delete;

    int rank() const { return rank_; }
    int size() const { return size_; }
    /// Among the processes on this machine.
    int local_rank() const { return local_rank_; }
    void send(int to, Message message) const;
    /// A message that has arrived, if there is one: never waits.
    std::optional<Message> receive() const;
    /// Ends all processes: what one cannot go on with, the others must not wait for.
    [[noreturn]] void abort(int status) const;

  private:
    int rank_ = 0, size_ = 1, local_rank_ = 0;
    bool started_ = false;
};

}  // namespace reconlaw::cli
