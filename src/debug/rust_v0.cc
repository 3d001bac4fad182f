// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// Rust's v0 scheme (RFC 2603): a prefix grammar, printed while it is parsed.
//
// A path, type or constant starts with a letter that tells what it is and ends by itself. `B`
// refers back to an earlier position, from which the same kind of thing is then parsed again. Parts
// that are not to be shown (the path of an `impl`) are parsed with printing off; back references in
// them are not followed.
#include <algorithm>
#include <utility>

#include "debug/demangle.h"
#include "debug/punycode.h"
#include "debug/text.h"

namespace wazuka::debug {
namespace {

struct BasicType {
  char tag;
  std::string_view name;
};
constexpr BasicType kBasicTypes[] = {
    {'a', "i8"},   {'b', "bool"},  {'c', "char"},  {'d', "f64"}, {'e', "str"}, {'f', "f32"},
    {'h', "u8"},   {'i', "isize"}, {'j', "usize"}, {'l', "i32"}, {'m', "u32"}, {'n', "i128"},
    {'o', "u128"}, {'p', "_"},     {'s', "i16"},   {'t', "u16"}, {'u', "()"},  {'v', "..."},
    {'x', "i64"},  {'y', "u64"},   {'z', "!"}};

std::string_view basic_type(char tag) {
  for (const BasicType& t : kBasicTypes) {
    if (t.tag == tag) return t.name;
  }
  return {};
}

struct Identifier {
  std::string_view ascii, punycode;
  bool empty() const { return ascii.empty() && punycode.empty(); }
};

class V0Demangler {
 public:
  explicit V0Demangler(std::string_view s) : s_(s) {}

  std::optional<std::string> run() {
    path(/*in_value=*/true);
    if (at_upper()) {  // the crate that instantiated it
      const Muted muted(*this);
      path(false);
    }
    const std::string_view suffix = s_.substr(pos_);
    if (!ok_ || (!suffix.empty() && suffix[0] != '.')) return std::nullopt;
    out_ += suffix;
    return std::move(out_);
  }

 private:
  /// One level of nesting.
  class Level {
   public:
    explicit Level(V0Demangler& d) : d_(d) {
      if (++d.depth_ > kMaxDemangleDepth || ++d.steps_ > kMaxDemangleSteps) d.fail();
    }
    ~Level() { --d_.depth_; }
    Level(const Level&) = delete;
    Level& operator=(const Level&) = delete;

   private:
    V0Demangler& d_;
  };
  class Muted {
   public:
    explicit Muted(V0Demangler& d) : d_(d), before_(std::exchange(d.muted_, true)) {}
    ~Muted() { d_.muted_ = before_; }
    Muted(const Muted&) = delete;
    Muted& operator=(const Muted&) = delete;

   private:
    V0Demangler& d_;
    bool before_;
  };

  // Reading. After a failure everything reads as the end.
  void fail() {
    ok_ = false;
    pos_ = s_.size();
  }
  char peek() const { return pos_ < s_.size() ? s_[pos_] : '\0'; }
  bool at_upper() const { return peek() >= 'A' && peek() <= 'Z'; }
  bool eat(char c) {
    if (peek() != c || pos_ >= s_.size()) return false;
    ++pos_;
    return true;
  }
  char next() {
    if (pos_ >= s_.size()) {
      fail();
      return '\0';
    }
    return s_[pos_++];
  }
  u64 base_62();
  u64 optional_base_62(char tag);
  Identifier identifier();
  std::string_view hex();

  // Printing.
  void print(std::string_view text) {
    if (muted_ || !ok_) return;
    if (out_.size() + text.size() > kMaxDemangledName) return fail();
    out_ += text;
  }
  void print_number(u64 n) { print(std::to_string(n)); }
  void print_identifier(const Identifier& id);
  void print_lifetime(u64 index);
  void print_quoted(char quote, std::u32string_view characters);

  // The grammar.
  void path(bool in_value);
  void crate_root();
  void nested_path(bool in_value);
  void impl_path(char tag);
  bool path_with_open_generics();
  void generic_arg();
  void type();
  void reference_type(char tag);
  void function_type();
  void dyn_type();
  void dyn_trait();
  void pattern();
  void constant(bool in_value);
  bool scalar_constant(char tag);
  void compound_constant(char tag);
  void struct_constant();
  void integer_constant(char tag);
  void string_constant();

  template <class Fn>
  size_t list(std::string_view separator, Fn&& item) {
    size_t count = 0;
    while (ok_ && !eat('E')) {
      if (count++ != 0) print(separator);
      item();
    }
    return count;
  }
  template <class Fn>
  void back_reference(Fn&& fn) {
    const size_t start = pos_ - 1;
    const u64 target = base_62();
    if (target >= start) return fail();
    if (muted_ || !ok_) return;
    const size_t after = std::exchange(pos_, static_cast<size_t>(target));
    const Level level(*this);
    if (ok_) fn();
    if (ok_) pos_ = after;
  }
  template <class Fn>
  void binder(Fn&& fn);

  std::string_view s_;
  size_t pos_ = 0;
  std::string out_;
  u64 lifetimes_ = 0;  // bound around the current position
  u32 depth_ = 0, steps_ = 0;
  bool muted_ = false;
  bool ok_ = true;
};

u64 V0Demangler::base_62() {
  if (eat('_')) return 0;
  u64 n = 0;
  while (ok_ && !eat('_')) {
    const char c = next();
    u64 digit = 0;
    if (c >= '0' && c <= '9') {
      digit = static_cast<u64>(c - '0');
    } else if (c >= 'a' && c <= 'z') {
      digit = static_cast<u64>(c - 'a' + 10);
    } else if (c >= 'A' && c <= 'Z') {
      digit = static_cast<u64>(c - 'A' + 36);
    } else {
      fail();
    }
    if (n > (~u64{0} - digit - 1) / 62) fail();
    n = n * 62 + digit;
  }
  return n + 1;
}

u64 V0Demangler::optional_base_62(char tag) {
  if (!eat(tag)) return 0;
  const u64 n = base_62();
  if (n == ~u64{0}) fail();
  return n + 1;
}

Identifier V0Demangler::identifier() {
  const bool unicode = eat('u');
  const auto digit = [&] { return peek() >= '0' && peek() <= '9'; };
  if (!digit()) {
    fail();
    return {};
  }
  size_t length = 0;
  if (!eat('0')) {
    while (digit() && length <= s_.size()) length = length * 10 + static_cast<size_t>(next() - '0');
  }
  eat('_');
  if (length > s_.size() - pos_) {
    fail();
    return {};
  }
  const std::string_view text = s_.substr(pos_, length);
  pos_ += length;
  if (!unicode) return {text, {}};
  const size_t split = text.rfind('_');
  const bool has_ascii = split != std::string_view::npos;
  Identifier id{has_ascii ? text.substr(0, split) : std::string_view(),
                has_ascii ? text.substr(split + 1) : text};
  if (id.punycode.empty()) fail();
  return id;
}

std::string_view V0Demangler::hex() {
  const size_t start = pos_;
  while (ok_ && !eat('_')) {
    const char c = next();
    if (!(c >= '0' && c <= '9') && !(c >= 'a' && c <= 'f')) fail();
  }
  return ok_ ? s_.substr(start, pos_ - 1 - start) : std::string_view();
}

void V0Demangler::print_identifier(const Identifier& id) {
  if (muted_ || !ok_) return;
  if (id.punycode.empty()) return print(id.ascii);
  if (const auto text = decode_punycode(id.ascii, id.punycode)) return print(*text);
  print("punycode{");
  if (!id.ascii.empty()) {
    print(id.ascii);
    print("-");
  }
  print(id.punycode);
  print("}");
}

/// Index 0 is the erased lifetime; others count binders from the inside.
void V0Demangler::print_lifetime(u64 index) {
  if (muted_) return;
  print("'");
  if (index == 0) return print("_");
  if (index > lifetimes_) return fail();
  const u64 depth = lifetimes_ - index;
  if (depth < 26) {
    const char letter = static_cast<char>('a' + depth);
    return print({&letter, 1});
  }
  print("_");
  print_number(depth);
}

void V0Demangler::print_quoted(char quote, std::u32string_view characters) {
  if (muted_) return;
  print({&quote, 1});
  for (const char32_t c : characters) {
    std::string text;
    const bool control = c < 0x20 || (c >= 0x7f && c < 0xa0);
    if (c == '\0') {
      text = "\\0";
    } else if (c == '\t' || c == '\n' || c == '\r') {
      text = c == '\t' ? "\\t" : c == '\n' ? "\\n" : "\\r";
    } else if (c == '\\' || (c == static_cast<char32_t>(quote))) {
      text = {'\\', static_cast<char>(c)};
    } else if (control) {
      constexpr std::string_view kDigits = "0123456789abcdef";
      text = "\\u{";
      if (c >= 16) text += kDigits[c >> 4];
      text += kDigits[c & 15];
      text += '}';
    } else {
      append_utf8(text, c);
    }
    print(text);
  }
  print({&quote, 1});
}

void V0Demangler::path(bool in_value) {
  const Level level(*this);
  const char tag = next();
  switch (tag) {
    case 'C': return crate_root();
    case 'N': return nested_path(in_value);
    case 'M':
    case 'X':
    case 'Y': return impl_path(tag);
    case 'I':
      path(in_value);
      print(in_value ? "::<" : "<");
      list(", ", [&] { generic_arg(); });
      return print(">");
    case 'B': return back_reference([&] { path(in_value); });
    default: fail();
  }
}

void V0Demangler::crate_root() {
  const u64 disambiguator = optional_base_62('s');
  print_identifier(identifier());
  if (disambiguator == 0) return;
  char digits[17];
  size_t i = sizeof digits;
  for (u64 n = disambiguator; n != 0; n >>= 4) digits[--i] = "0123456789abcdef"[n & 15];
  print("[");
  print({digits + i, sizeof digits - i});
  print("]");
}

void V0Demangler::nested_path(bool in_value) {
  const char space = next();
  const bool special =
      space >= 'A' && space <= 'Z';  // closures, shims: not named by the programmer
  if (!special && !(space >= 'a' && space <= 'z')) return fail();
  path(in_value);
  const u64 disambiguator = optional_base_62('s');
  const Identifier name = identifier();
  if (!special) {
    if (name.empty()) return;
    print("::");
    return print_identifier(name);
  }
  print("::{");
  print(space == 'C' ? "closure" : space == 'S' ? "shim" : std::string_view(&space, 1));
  if (!name.empty()) {
    print(":");
    print_identifier(name);
  }
  print("#");
  print_number(disambiguator);
  print("}");
}

/// `<T>`, `<T as Trait>`: of an impl, whose own path is not shown, or (Y) of a trait's definition.
void V0Demangler::impl_path(char tag) {
  if (tag != 'Y') {
    optional_base_62('s');
    const Muted muted(*this);
    path(false);
  }
  print("<");
  type();
  if (tag != 'M') {
    print(" as ");
    path(false);
  }
  print(">");
}

void V0Demangler::generic_arg() {
  if (eat('L')) return print_lifetime(base_62());
  if (eat('K')) return constant(false);
  type();
}

void V0Demangler::type() {
  const Level level(*this);
  const char tag = next();
  if (const std::string_view basic = basic_type(tag); !basic.empty()) return print(basic);
  switch (tag) {
    case 'R':
    case 'Q': return reference_type(tag);
    case 'P':
    case 'O': print(tag == 'P' ? "*const " : "*mut "); return type();
    case 'A':
    case 'S':
      print("[");
      type();
      if (tag == 'A') {
        print("; ");
        constant(true);
      }
      return print("]");
    case 'T': {
      print("(");
      const size_t count = list(", ", [&] { type(); });
      return print(count == 1 ? ",)" : ")");
    }
    case 'F': return binder([&] { function_type(); });
    case 'D': return dyn_type();
    case 'B': return back_reference([&] { type(); });
    case 'W':
      type();
      print(" is ");
      return pattern();
    default:
      if (!ok_) return;
      --pos_;
      path(false);
  }
}

void V0Demangler::reference_type(char tag) {
  print("&");
  if (eat('L')) {
    if (const u64 lifetime = base_62(); lifetime != 0) {
      print_lifetime(lifetime);
      print(" ");
    }
  }
  if (tag == 'Q') print("mut ");
  type();
}

/// `for<'a, 'b> ` before what binds lifetimes.
template <class Fn>
void V0Demangler::binder(Fn&& fn) {
  const u64 count = optional_base_62('G');
  if (muted_ || !ok_) return fn();
  if (count > kMaxDemangledName) return fail();
  if (count != 0) print("for<");
  for (u64 i = 0; i < count; ++i) {
    if (i != 0) print(", ");
    ++lifetimes_;
    print_lifetime(1);
  }
  if (count != 0) print("> ");
  fn();
  lifetimes_ -= count;
}

void V0Demangler::function_type() {
  const bool is_unsafe = eat('U');
  std::string abi;
  if (eat('K')) {
    abi = "C";
    if (!eat('C')) {
      const Identifier id = identifier();
      if (id.ascii.empty() || !id.punycode.empty()) return fail();
      abi = id.ascii;
      std::ranges::replace(abi, '_', '-');
    }
  }
  if (is_unsafe) print("unsafe ");
  if (!abi.empty()) {
    print("extern \"");
    print(abi);
    print("\" ");
  }
  print("fn(");
  list(", ", [&] { type(); });
  print(")");
  if (eat('u')) return;  // returns ()
  print(" -> ");
  type();
}

void V0Demangler::dyn_type() {
  print("dyn ");
  binder([&] { list(" + ", [&] { dyn_trait(); }); });
  if (!eat('L')) return fail();
  if (const u64 lifetime = base_62(); lifetime != 0) {
    print(" + ");
    print_lifetime(lifetime);
  }
}

/// Associated types join the generic arguments: `Iterator<Item = u8>`.
void V0Demangler::dyn_trait() {
  bool open = path_with_open_generics();
  while (eat('p')) {
    print(open ? ", " : "<");
    open = true;
    print_identifier(identifier());
    print(" = ");
    if (eat('K')) {
      constant(false);
    } else {
      type();
    }
  }
  if (open) print(">");
}

/// Tells whether it left a `<` open.
bool V0Demangler::path_with_open_generics() {
  const Level level(*this);
  bool open = false;
  if (eat('B')) {
    back_reference([&] { open = path_with_open_generics(); });
  } else if (eat('I')) {
    path(false);
    print("<");
    list(", ", [&] { generic_arg(); });
    open = true;
  } else {
    path(false);
  }
  return open;
}

void V0Demangler::pattern() {
  const Level level(*this);
  const char tag = next();
  if (tag == 'R') {
    constant(false);
    print("..=");
    return constant(false);
  }
  if (tag == 'O') {
    list(" | ", [&] { pattern(); });
    return;
  }
  if (tag != 'N') return fail();
  print("!null");
}

/// Constants as generic arguments; those that are not literals have braces, unless they are part of
/// another one.
void V0Demangler::constant(bool in_value) {
  const Level level(*this);
  const char tag = next();
  if (scalar_constant(tag)) return;
  if (tag == 'B') return back_reference([&] { constant(in_value); });
  if (tag == 'R' && eat('e')) return string_constant();  // a literal has type &str
  if (!in_value) print("{");
  compound_constant(tag);
  if (!in_value) print("}");
}

bool V0Demangler::scalar_constant(char tag) {
  switch (tag) {
    case 'p': print("_"); return true;
    case 'a':
    case 's':
    case 'l':
    case 'x':
    case 'n':
    case 'i':
      if (eat('n')) print("-");
      integer_constant(tag);
      return true;
    case 'h':
    case 't':
    case 'm':
    case 'y':
    case 'o':
    case 'j': integer_constant(tag); return true;
    case 'b': {
      const std::string_view digits = hex();
      if (digits != "0" && digits != "1") fail();
      print(digits == "1" ? "true" : "false");
      return true;
    }
    case 'c': {
      const std::string_view digits = hex();
      if (digits.empty() || digits.size() > 6) fail();
      u32 c = 0;
      for (const char d : digits) c = c * 16 + static_cast<u32>(d <= '9' ? d - '0' : d - 'a' + 10);
      if (c > 0x10ffff || (c >= 0xd800 && c < 0xe000)) fail();
      const auto character = static_cast<char32_t>(c);
      print_quoted('\'', {&character, 1});
      return true;
    }
    default: return false;
  }
}

void V0Demangler::compound_constant(char tag) {
  const auto value = [&] { constant(true); };
  switch (tag) {
    case 'e': print("*"); return string_constant();
    case 'R':
    case 'Q': print(tag == 'Q' ? "&mut " : "&"); return value();
    case 'A':
      print("[");
      list(", ", value);
      return print("]");
    case 'T': {
      print("(");
      const size_t count = list(", ", value);
      return print(count == 1 ? ",)" : ")");
    }
    case 'V': return struct_constant();
    default: fail();
  }
}

void V0Demangler::struct_constant() {
  path(true);
  const char shape = next();
  if (shape == 'U') return;
  if (shape == 'T') {
    print("(");
    list(", ", [&] { constant(true); });
    return print(")");
  }
  if (shape != 'S') return fail();
  print(" { ");
  list(", ", [&] {
    optional_base_62('s');
    print_identifier(identifier());
    print(": ");
    constant(true);
  });
  print(" }");
}

void V0Demangler::integer_constant(char tag) {
  const std::string_view digits = hex();
  std::string_view significant = digits;
  while (significant.starts_with('0')) significant.remove_prefix(1);
  if (significant.size() > 16) {
    print("0x");
    print(digits);
  } else {
    u64 n = 0;
    for (const char d : significant)
      n = n << 4 | static_cast<u64>(d <= '9' ? d - '0' : d - 'a' + 10);
    print_number(n);
  }
  print(basic_type(tag));
}

void V0Demangler::string_constant() {
  const std::string_view digits = hex();
  if (digits.size() % 2 != 0) return fail();
  std::string bytes;
  const auto nibble = [](char d) { return d <= '9' ? d - '0' : d - 'a' + 10; };
  for (size_t i = 0; i < digits.size(); i += 2) {
    bytes += static_cast<char>(nibble(digits[i]) << 4 | nibble(digits[i + 1]));
  }
  const auto characters = decode_utf8(bytes);
  if (!characters) return fail();
  print_quoted('"', *characters);
}

}  // namespace

std::optional<std::string> demangle_rust_v0(std::string_view name) {
  if (name.starts_with("__")) name.remove_prefix(1);
  if (!name.starts_with("_R")) return std::nullopt;
  name.remove_prefix(2);
  // The only version of the encoding has no number.
  if (name.empty() || name[0] < 'A' || name[0] > 'Z') return std::nullopt;
  return V0Demangler(name).run();
}

}  // namespace wazuka::debug
