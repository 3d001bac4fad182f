// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "tier/compile_queue.h"

#include <algorithm>
#include <condition_variable>
#include <deque>
#include <mutex>
#include <vector>

#include "base/parallel.h"
#include "os/thread.h"

namespace wazuka {

namespace {

// A program that asks for more at once will ask again.
constexpr size_t kMaxJobs = 4096;

}  // namespace

struct CompileQueue::State {
  const u32 process = os::process_id();
  std::mutex lock;                   // of what follows
  std::condition_variable work;      // there is some, or it is over
  std::condition_variable progress;  // a job has ended, or a thread has
  std::deque<CompileJob> jobs;
  std::vector<const void*> running;  // owners
  u32 threads = 0, idle = 0;
  bool over = false;

  /// In the child of a fork there are no threads, and the lock may have been held.
  bool was_left_behind() const { return os::process_id() != process; }

  bool runs_for(const void* owner) const {
    return std::find(running.begin(), running.end(), owner) != running.end();
  }
  void forget(const void* owner) {
    std::erase_if(jobs, [owner](const CompileJob& job) { return job.owner == owner; });
  }
  void take_jobs();
  static void thread_main(void* raw);
};

void CompileQueue::State::take_jobs() {
  std::unique_lock<std::mutex> hold(lock);
  for (;;) {
    ++idle;
    work.wait(hold, [this] { return over || !jobs.empty(); });
    --idle;
    if (over) break;
    const CompileJob job = jobs.front();
    jobs.pop_front();
    running.push_back(job.owner);
    hold.unlock();
    job.run(job);
    hold.lock();
    running.erase(std::find(running.begin(), running.end(), job.owner));
    progress.notify_all();
  }
  --threads;
  progress.notify_all();
}

void CompileQueue::State::thread_main(void* raw) {
  const std::unique_ptr<std::shared_ptr<State>> state(static_cast<std::shared_ptr<State>*>(raw));
  os::become_background_thread();
  (*state)->take_jobs();
}

CompileQueue::CompileQueue() : state_(std::make_shared<State>()) {}

CompileQueue::~CompileQueue() {
  if (state_->was_left_behind()) return;
  std::unique_lock<std::mutex> hold(state_->lock);
  state_->over = true;
  state_->jobs.clear();
  state_->work.notify_all();
  state_->progress.wait(hold, [this] { return state_->threads == 0; });
}

bool CompileQueue::push(const CompileJob& job) {
  State& s = *state_;
  if (s.was_left_behind()) return false;
  std::unique_lock<std::mutex> hold(s.lock, std::try_to_lock);
  if (!hold || s.jobs.size() >= kMaxJobs) return false;
  if (s.idle <= s.jobs.size() && s.threads < std::max(usable_cores(), 2u) - 1) {
    auto state = std::make_unique<std::shared_ptr<State>>(state_);
    if (os::start_thread(State::thread_main, state.get())) {
      static_cast<void>(state.release());  // the thread owns it now
      ++s.threads;
    } else if (s.threads == 0) {
      return false;
    }
  }
  s.jobs.push_back(job);
  s.work.notify_one();
  return true;
}

void CompileQueue::cancel(const void* owner) {
  State& s = *state_;
  if (s.was_left_behind()) return;
  std::unique_lock<std::mutex> hold(s.lock);
  s.forget(owner);
  s.progress.wait(hold, [&] { return !s.runs_for(owner); });
}

void CompileQueue::drain() {
  State& s = *state_;
  if (s.was_left_behind()) return;
  std::unique_lock<std::mutex> hold(s.lock);
  s.progress.wait(hold, [&] { return s.jobs.empty() && s.running.empty(); });
}

}  // namespace wazuka
