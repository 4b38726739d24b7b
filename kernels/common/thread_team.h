#pragma once

#include <stdint.h>

namespace heddle::kernels {

/// Threads that share loops of independent chunks. Between loops they spin for a moment, then sleep.
///
/// Why not OpenMP: its loops end in a barrier that every thread must reach, so on a machine with other work each loop waits until
/// the last thread is scheduled again, and a training epoch of a small graph is some twenty loops. Here a thread that is held up
/// costs only the chunk that it is working on; those it has not begun are taken by the others.
class ThreadTeam;

/// `threads` threads, the caller of each loop among them.
ThreadTeam* make_thread_team(int threads);
void destroy_thread_team(ThreadTeam* team) noexcept;

/// body(context, chunk) once for every chunk in [0, chunks); returns when all are done. Chunks are dealt out in equal runs of
/// neighbours, the same to the same thread each time, and whoever is done early takes what others have not begun. If the team is
/// busy (a body that calls this, another thread that shares the device) the caller does all of it. `body` must not throw.
void run_on_team(ThreadTeam& team, int64_t chunks, void (*body)(const void* context, int64_t chunk),
                 const void* context) noexcept;

/// What the cpu kernels are handed. Plain: files compiled per instruction set include this.
struct Threads {
  ThreadTeam* team = nullptr;  ///< null: the caller alone
  int count = 1;
};

}  // namespace heddle::kernels
