// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// The C++ API of Wazuka: one header for all of it. docs/cpp-api.md begins with what to know of it.
#pragma once

#include <wazuka/caller.hh>
#include <wazuka/engine.hh>
#include <wazuka/error.hh>
#include <wazuka/extern.hh>
#include <wazuka/func.hh>
#include <wazuka/global.hh>
#include <wazuka/instance.hh>
#include <wazuka/linker.hh>
#include <wazuka/memory.hh>
#include <wazuka/module.hh>
#include <wazuka/pool.hh>
#include <wazuka/store.hh>
#include <wazuka/table.hh>
#include <wazuka/types.hh>
#include <wazuka/val.hh>
#include <wazuka/wasi.hh>
