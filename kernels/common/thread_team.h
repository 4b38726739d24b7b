#pragma once

#include <stdint.h>

namespace heddle::kernels {

/// Threads that share loops of independent chunks. Between loops they spin for a moment, then sleep.
///
/// Why not OpenMP: its loops end in a barrier that every thread must reach, so on a machine with other work each loop waits until
/// the last thread is scheduled again, and a training epoch of a small graph is some twenty loops. Here a thread that is held up
/// costs only the chunk that it is working on; those it has not begun are taken by the others.
///
/// Any number of threads may call at the same time, and a body may call too. Each caller begins its loop at once; threads of the
/// team that have nothing to do join the loop that fewest help with. Where sixteen loops are under way already, a caller does its
/// own alone: there is a thread at work for each of them. Which threads do a chunk never shows in its result.
class ThreadTeam;

/// `threads` threads, the caller of each loop among them.
ThreadTeam* make_thread_team(int threads);
void destroy_thread_team(ThreadTeam* team) noexcept;

/// body(context, chunk) once for every chunk in [0, chunks); returns when all are done. Chunks are dealt out in equal runs of
/// neighbours, the same to the same thread each time, and whoever is done early takes what others have not begun. `body` must not
/// throw.
void run_on_team(ThreadTeam& team, int64_t chunks, void (*body)(const void* context, int64_t chunk),
                 const void* context) noexcept;

/// body(context, thread) once on every thread of the team, the caller as thread 0; returns when all are done, however long one of
/// them has other loops to do. For what must be done by the thread itself, such as the first touch of memory. Called by the body
/// of a loop it runs on the calling thread alone, since that loop's threads cannot come.
void run_on_every_thread(ThreadTeam& team, void (*body)(const void* context, int64_t thread), const void* context) noexcept;

/// Counts the requests under way that share a team (heddle/session.h): each cuts its work for an equal share of the threads.
/// Returns how many there are, the new one among them.
int begin_request(ThreadTeam& team) noexcept;
void end_request(ThreadTeam& team) noexcept;

/// Who is told of a team's loops and chunks: tests count how work is cut and who does it.
struct LoopObserver {
  void (*loop)(void* context, int64_t chunks);  ///< on the calling thread, before the loop
  void (*chunk)(void* context, int64_t chunk);  ///< on the thread that does the chunk, before it
  void* context;
};
/// From the next loop on, until another observer or null is set; it must live as long.
void observe_loops(ThreadTeam& team, const LoopObserver* observer) noexcept;

/// What the cpu kernels are handed. Plain: files compiled per instruction set include this.
struct Threads {
  ThreadTeam* team = nullptr;  ///< null: the caller alone
  int count = 1;
};

}  // namespace heddle::kernels
