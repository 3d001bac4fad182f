// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// The verifier of one function: follows the code from its entries, with what is known of registers
// and slots (state.h), and checks each instruction. Where paths meet at the target of a jump, what
// holds on both is kept, until nothing changes any more.
#pragma once

#include <map>
#include <string>
#include <unordered_map>
#include <vector>

#include "abi/call_conv.h"
#include "verify/decoded.h"
#include "verify/state.h"
#include "verify/verify.h"

// Switches over the thousand mnemonics name the few that they are about.
#pragma GCC diagnostic ignored "-Wswitch-enum"

namespace wazuka::verify {

class Verifier {
 public:
  Verifier(const CompileEnv& env, u32 func_index, const CompiledCode& code,
           const OsrEntry* osr = nullptr);

  Result<void> run();
  /// After run(): see disassemble().
  std::vector<CodeLine> lines() const;

 private:
  /// An operand in memory.
  struct Access {
    Value base, index;
    bool has_index = false;
    u32 scale = 1;
    i64 disp = 0;
    u32 bytes = 0;
    bool reads = false, writes = false;
    // What is written, if it is the whole and known.
    Value stored;
    bool stores_value = false;
    std::optional<u32> stored_register;  // where it is
  };

  // Flow (verifier.cc).
  void follow(u32 at);
  /// One instruction: whether the next one follows, and where it is.
  bool step(u32 at, State& s, u32& next);
  void flow_to(i64 target, const State& s);
  bool claim_bytes(u32 at, u32 length);
  void entry_state(State& s) const;
  void osr_state(State& s);
  bool zero_loop(u32 at, State& s, u32& next);

  // Control (control.cc).
  bool control(State& s, u32 next, bool& goes_on);
  void jump(State& s, u32 next);
  void jump_by_table(const State& s, const Value& target);
  bool take_condition(State& s, ZydisMnemonic m, bool holds) const;
  void learn_order(State& s, const Side& smaller, const Side& larger, bool strictly) const;
  void push_pop(State& s);
  void check_frame_at_trap(const State& s);
  bool call(State& s, u32 next);
  void call_function(State& s, const CallSite& site, const Value& code);
  void call_builtin(State& s);
  void forget_roots(State& s, const CallSite& site);
  void tier_up(State& s);
  void limit(State& s);
  void forget_elements(State& s) const;
  void leave_for_better_code(const State& s);
  void clobber_registers(State& s) const;
  void land(const State& s, const CallSite& site);
  const FuncType* callee_type(const CallSite& site, std::optional<u32>& func) const;
  void check_references(const State& s, std::span<const ValueLocation> places, i64 stack);
  void leave_by_return(const State& s, i64 expected_rsp);
  void leave_by_tail_call(const State& s);

  // Memory (memory_rules.cc): checks an access and says what is read.
  Access access_of(const State& s, u32 operand) const;
  Value check_access(State& s, const Access& a);
  Value in_frame(State& s, const Access& a);
  Value in_context(const Access& a);
  Value in_store(const Access& a);
  Value in_heap(const State& s, const Access& a);
  Value in_table(const State& s, const Access& a);
  bool is_element(const State& s, const Access& a) const;
  bool moves(const Value& v) const;
  Value in_place(const Access& a);
  Value in_jump_table(const Access& a);
  Value in_cells(const Access& a, ValType type, i64 offset);
  bool plain(const Access& a, u32 bytes) const;  // no index, no write, so many bytes
  bool has_trap_site(u32 at) const;

  // Values (values.cc): what an instruction that is neither of the two leaves in registers.
  void transfer(State& s, const Value& loaded);
  void set(State& s, u32 reg, const Value& v, u32 bits) const;
  Value source(const State& s, u32 operand, const Value& loaded) const;
  void lea(State& s);
  void compare(State& s, const Value& loaded);
  void copy(State& s, const Value& loaded);
  void shift_left(State& s);
  void add_sub(State& s, const Value& loaded);
  static Value sum_of(const Access& a, u32 bits);
  void conditional_move(State& s, const Value& loaded);
  void default_effects(State& s);

  void reject(std::string why);
  bool failed() const { return !error_.empty(); }
  i64 frame_top() const { return 16 + conv_.param_bytes + conv_.result_bytes; }
  bool is_func(ValType t) const;
  Value value_of(ValType t) const;
  bool may_be(const Value& v, ValType t) const;
  const Relocation* relocation(u32 at) const;

  const CompileEnv& env_;
  const Module& module_;
  const CompiledCode& code_;
  u32 func_index_;
  CallConv conv_;
  const OsrEntry* osr_;
  std::unordered_map<u32, State> states_;
  std::vector<u32> work_;
  std::vector<u32> starts_;  // by byte: 1 + offset of the instruction that it belongs to; 0: none
  Decoded d_;
  u32 at_ = 0;
  std::string error_;
};

}  // namespace wazuka::verify
