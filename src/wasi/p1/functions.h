// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// The functions of wasi_snapshot_preview1, one C++ function each. Parameters are those of the witx
// text, in its order; the last pointers are where results go. What each does is the witx text's
// business; where Wasmtime decides a detail, the implementation says so.
#pragma once

#include "wasi/context.h"
#include "wasi/guest_memory.h"
#include "wasi/p1/binding.h"
#include "wasi/p1/types.h"

namespace wazuka::wasi::p1 {

// process.cc
Outcome args_get(Context&, GuestMemory, GuestPtr argv, GuestPtr argv_buf);
Outcome args_sizes_get(Context&, GuestMemory, GuestPtr argc, GuestPtr argv_buf_size);
Outcome environ_get(Context&, GuestMemory, GuestPtr environ, GuestPtr environ_buf);
Outcome environ_sizes_get(Context&, GuestMemory, GuestPtr count, GuestPtr buf_size);
Outcome clock_res_get(Context&, GuestMemory, ClockCase id, GuestPtr resolution);
Outcome clock_time_get(Context&, GuestMemory, ClockCase id, u64 precision, GuestPtr time);
NoReturn proc_exit(Context&, GuestMemory, u32 rval);
Outcome proc_raise(Context&, GuestMemory, SignalCase sig);
Outcome sched_yield(Context&, GuestMemory);
Outcome random_get(Context&, GuestMemory, GuestPtr buf, u32 buf_len);

// fd_io.cc
Outcome fd_pread(Context&, GuestMemory, Fd fd, GuestPtr iovs, u32 iovs_len, u64 offset,
                 GuestPtr nread);
Outcome fd_pwrite(Context&, GuestMemory, Fd fd, GuestPtr iovs, u32 iovs_len, u64 offset,
                  GuestPtr nwritten);
Outcome fd_read(Context&, GuestMemory, Fd fd, GuestPtr iovs, u32 iovs_len, GuestPtr nread);
Outcome fd_write(Context&, GuestMemory, Fd fd, GuestPtr iovs, u32 iovs_len, GuestPtr nwritten);
Outcome fd_seek(Context&, GuestMemory, Fd fd, i64 offset, WhenceCase whence, GuestPtr newoffset);
Outcome fd_tell(Context&, GuestMemory, Fd fd, GuestPtr offset);
Outcome fd_readdir(Context&, GuestMemory, Fd fd, GuestPtr buf, u32 buf_len, u64 cookie,
                   GuestPtr bufused);

// fd.cc
Outcome fd_advise(Context&, GuestMemory, Fd fd, u64 offset, u64 len, AdviceCase advice);
Outcome fd_allocate(Context&, GuestMemory, Fd fd, u64 offset, u64 len);
Outcome fd_close(Context&, GuestMemory, Fd fd);
Outcome fd_datasync(Context&, GuestMemory, Fd fd);
Outcome fd_fdstat_get(Context&, GuestMemory, Fd fd, GuestPtr stat);
Outcome fd_fdstat_set_flags(Context&, GuestMemory, Fd fd, FdFlags flags);
Outcome fd_fdstat_set_rights(Context&, GuestMemory, Fd fd, Rights base, Rights inheriting);
Outcome fd_filestat_get(Context&, GuestMemory, Fd fd, GuestPtr stat);
Outcome fd_filestat_set_size(Context&, GuestMemory, Fd fd, u64 size);
Outcome fd_filestat_set_times(Context&, GuestMemory, Fd fd, u64 atim, u64 mtim, FstFlags flags);
Outcome fd_prestat_get(Context&, GuestMemory, Fd fd, GuestPtr prestat);
Outcome fd_prestat_dir_name(Context&, GuestMemory, Fd fd, GuestPtr path, u32 path_len);
Outcome fd_renumber(Context&, GuestMemory, Fd fd, Fd to);
Outcome fd_sync(Context&, GuestMemory, Fd fd);

// path.cc
Outcome path_create_directory(Context&, GuestMemory, Fd fd, GuestPtr path, u32 path_len);
Outcome path_filestat_get(Context&, GuestMemory, Fd fd, LookupFlags flags, GuestPtr path,
                          u32 path_len, GuestPtr stat);
Outcome path_filestat_set_times(Context&, GuestMemory, Fd fd, LookupFlags flags, GuestPtr path,
                                u32 path_len, u64 atim, u64 mtim, FstFlags fst_flags);
Outcome path_link(Context&, GuestMemory, Fd old_fd, LookupFlags old_flags, GuestPtr old_path,
                  u32 old_path_len, Fd new_fd, GuestPtr new_path, u32 new_path_len);
Outcome path_open(Context&, GuestMemory, Fd fd, LookupFlags dirflags, GuestPtr path, u32 path_len,
                  OFlags oflags, Rights base, Rights inheriting, FdFlags fdflags,
                  GuestPtr opened_fd);
Outcome path_readlink(Context&, GuestMemory, Fd fd, GuestPtr path, u32 path_len, GuestPtr buf,
                      u32 buf_len, GuestPtr bufused);
Outcome path_remove_directory(Context&, GuestMemory, Fd fd, GuestPtr path, u32 path_len);
Outcome path_rename(Context&, GuestMemory, Fd fd, GuestPtr old_path, u32 old_path_len, Fd new_fd,
                    GuestPtr new_path, u32 new_path_len);
Outcome path_symlink(Context&, GuestMemory, GuestPtr old_path, u32 old_path_len, Fd fd,
                     GuestPtr new_path, u32 new_path_len);
Outcome path_unlink_file(Context&, GuestMemory, Fd fd, GuestPtr path, u32 path_len);

// poll.cc
Outcome poll_oneoff(Context&, GuestMemory, GuestPtr in, GuestPtr out, u32 nsubscriptions,
                    GuestPtr nevents);

// sock.cc
Outcome sock_accept(Context&, GuestMemory, Fd fd, FdFlags flags, GuestPtr opened_fd);
Outcome sock_recv(Context&, GuestMemory, Fd fd, GuestPtr ri_data, u32 ri_data_len, RiFlags ri_flags,
                  GuestPtr ro_datalen, GuestPtr ro_flags);
Outcome sock_send(Context&, GuestMemory, Fd fd, GuestPtr si_data, u32 si_data_len, u16 si_flags,
                  GuestPtr so_datalen);
Outcome sock_shutdown(Context&, GuestMemory, Fd fd, SdFlags how);

}  // namespace wazuka::wasi::p1
