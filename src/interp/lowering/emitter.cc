// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "interp/lowering/emitter.h"

#include "interp/dispatch.h"

namespace wazuka::interp {

void Emitter::reset(bool record_offsets) {
  words_.clear();
  uses_.clear();
  landings_.clear();
  offsets_.clear();
  last_ = before_last_ = {};
  offset_ = 0;
  record_offsets_ = record_offsets;
}

void Emitter::record(u32 position) {
  if (record_offsets_) offsets_.push_back({position, offset_});
}

u32 Emitter::emit(Form form, Fields fields) {
  const u32 at = position();
  record(at);
  words_.push_back(handler_word(form));
  words_.push_back(fields.bits);
  before_last_ = last_;
  last_ = {form, at, true};
  return at;
}

u32 Emitter::emit_bare(Base base) {
  const u32 at = position();
  record(at);
  words_.push_back(handler_word({base, 0}));
  before_last_ = last_;
  last_ = {{base, 0}, at, true};
  return at;
}

void Emitter::take_back() {
  words_.resize(last_.position);
  while (!offsets_.empty() && offsets_.back().position >= last_.position) offsets_.pop_back();
  last_ = before_last_;
  before_last_ = {};
}

void Emitter::rewrite(u32 position, Form form, Fields fields) {
  words_[position] = handler_word(form);
  words_[position + 1] = fields.bits;
  if (last_.position == position) last_.form = form;
}

void Emitter::store_result(u32 position, Form form, u32 cell) {
  form.form |= 1;
  words_[position] = handler_word(form);
  words_[position + 1] |= cell;
  if (last_.position == position) last_.form = form;
  if (before_last_.position == position) before_last_.form = form;
}

void Emitter::lift_last(std::vector<u64>& words) {
  words.assign(words_.begin() + last_.position, words_.end());
  take_back();
}

u32 Emitter::put_back(Form form, const std::vector<u64>& words) {
  const u32 at = position();
  record(at);
  words_.insert(words_.end(), words.begin(), words.end());
  before_last_ = last_;
  last_ = {form, at, true};
  return at;
}

void Emitter::fill(const Use& use, u32 target) {
  const u64 distance = static_cast<u64>(i64{target} - i64{use.instruction});
  switch (use.kind) {
    case Use::Kind::kImmediate:
      words_[use.word] = (words_[use.word] & 0xffffffff) | distance << 32;
      return;
    case Use::Kind::kWord: words_[use.word] = distance; return;
    case Use::Kind::kLanding: landings_[use.word] = target; return;
  }
}

void Emitter::use(Label& label, Use use) {
  if (label.bound()) return fill(use, label.position);
  use.next = label.uses;
  label.uses = static_cast<i32>(uses_.size());
  uses_.push_back(use);
}

void Emitter::branch_to(Label& label, u32 position) {
  use(label, {position, position + 1, -1, Use::Kind::kImmediate});
}

void Emitter::table_entry_to(Label& label, u32 position, u32 word_position) {
  use(label, {position, word_position, -1, Use::Kind::kWord});
}

u32 Emitter::landing_at(Label& label) {
  const u32 index = static_cast<u32>(landings_.size());
  landings_.push_back(0);
  use(label, {0, index, -1, Use::Kind::kLanding});
  return index;
}

void Emitter::bind(Label& label) {
  label.position = position();
  for (i32 i = label.uses; i >= 0; i = uses_[static_cast<u32>(i)].next) {
    fill(uses_[static_cast<u32>(i)], label.position);
  }
  barrier();
}

void Emitter::barrier() {
  last_ = before_last_ = {};
}

}  // namespace wazuka::interp
