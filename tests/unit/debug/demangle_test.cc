// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// The expected texts are what Wasmtime prints in backtraces, except where a comment says otherwise.
#include "debug/demangle.h"

#include <gtest/gtest.h>
#include <span>

#include "debug/punycode.h"

namespace wazuka::debug {
namespace {

struct Case {
  std::string_view mangled, readable;
};

void check(std::span<const Case> cases) {
  for (const Case& c : cases) EXPECT_EQ(demangle(c.mangled), c.readable) << c.mangled;
}

TEST(Demangle, LeavesOtherNamesAlone) {
  for (const std::string_view name :
       {"", "main", "_start", "f", "b", "PKc", "RC4_init", "ZN3fooE", "_Z", "_ZN", "_R",
        "_ZeroIndices", "memory.copy", "_Z41foo_too_short", "_ZN4testEjunk", "_RNvC3foo",
        "_ZN\xc3\xa4"
        "E",
        "_Z3foo v"}) {
    EXPECT_EQ(demangle(name), name);
  }
}

TEST(Demangle, RustLegacy) {
  constexpr Case kCases[] = {
      {"_ZN3foo17h05af221e174051e9E", "foo::h05af221e174051e9"},
      {"_ZN4core3fmt9Formatter3pad17h05af221e174051e9E",
       "core::fmt::Formatter::pad::h05af221e174051e9"},
      {"__ZN4test1a2bcE", "test::a::bc"},
      {"_ZN35Bar$LT$$u5b$u32$u3b$$u20$4$u5d$$GT$E", "Bar<[u32; 4]>"},
      {"_ZN8$RF$testE", "&test"},
      {"_ZN14_$RF$mut$u20$aE", "&mut a"},
      {"_ZN13alloc..string5write17h0123456789abcdefE", "alloc::string::write::h0123456789abcdef"},
      {"_ZN13test$u20$test4foobE", "test test::foob"},
      {"_ZN5a.b.c1dE", "a.b.c::d"},
      {"_ZN4$xx$E", "$xx$"},      // no such escape
      {"_ZN6$u0a$xE", "$u0a$x"},  // a control character
      {"_ZN7$u3b1$xE", "\u03b1x"},
      {"_ZN4testE.llvm.8A9B", "test"},
      {"_ZN4testE.cold.1", "test.cold.1"},
  };
  check(kCases);
}

TEST(Demangle, RustV0Paths) {
  constexpr Case kCases[] = {
      {"_RNvC6_123foo3bar", "123foo::bar"},
      {"_RNvCs1234_7mycrate3foo", "mycrate[3c1c0]::foo"},
      {"_RINvNtC3std3mem8align_ofNtNtC3std3mem12DiscriminantE",
       "std::mem::align_of::<std::mem::Discriminant>"},
      {"_RNCNvC4main4main0B3_", "main::main::{closure#0}"},
      {"_RNCNvC4main4mains_0B3_", "main::main::{closure#1}"},
      {"_RNSC3foo3bar", "foo::{shim:bar#0}"},
      {"_RNvNtCs2_1a1b1c.llvm.9D1C9369", "a[4]::b::c"},
      {"_RNvMC1aNtB2_1S1f", "<a::S>::f"},
      {"_RNvXC1aNtB2_1SNtC1b1T1f", "<a::S as b::T>::f"},
      {"_RNvYNtC1a1SNtC1b1T1f", "<a::S as b::T>::f"},
      {"_RNqCs4fqI2P2rA04_11utf8_identsu30____7hkackfecea1cbdathfdh9hlq6y",
       "utf8_idents[317d481089b8c8fe]::\u10e1\u10d0\u10ed\u10db\u10d4\u10da\u10d0\u10d3_"
       "\u10d2\u10d4"
       "\u10db\u10e0\u10d8\u10d4\u10da\u10d8_\u10e1\u10d0\u10d3\u10d8\u10da\u10d8"},
      {"_RNvC1au3_a_", "_RNvC1au3_a_"},  // no insertions
  };
  check(kCases);
}

TEST(Demangle, RustV0Types) {
  const auto type = [](std::string_view code) { return demangle("_RMC0" + std::string(code)); };
  EXPECT_EQ(type("h"), "<u8>");
  EXPECT_EQ(type("Rh"), "<&u8>");
  EXPECT_EQ(type("QL0_h"), "_RMC0QL0_h");  // no such lifetime is bound
  EXPECT_EQ(type("POe"), "<*const *mut str>");
  EXPECT_EQ(type("Ahj8_"), "<[u8; 8usize]>");
  EXPECT_EQ(type("Sh"), "<[u8]>");
  EXPECT_EQ(type("TE"), "<()>");
  EXPECT_EQ(type("ThE"), "<(u8,)>");
  EXPECT_EQ(type("TheE"), "<(u8, str)>");
  EXPECT_EQ(type("FUKCheEu"), "<unsafe extern \"C\" fn(u8, str)>");
  EXPECT_EQ(type("FK6_fast_hEh"), "<extern \"fast-h\" fn() -> u8>");
  EXPECT_EQ(type("FG_RL0_hEu"), "<for<'a> fn(&'a u8)>");
  EXPECT_EQ(type("FG0_RL0_hRL1_hEu"), "<for<'a, 'b> fn(&'b u8, &'a u8)>");
  EXPECT_EQ(type("DNtC1a1TEL_"), "<dyn a::T>");
  EXPECT_EQ(type("DINtC1a1ThEp1XeEL_"), "<dyn a::T<u8, X = str>>");
  EXPECT_EQ(type("DNtC1a1Tp4ItemhEL_"), "<dyn a::T<Item = u8>>");
}

TEST(Demangle, RustV0Constants) {
  const auto constant = [](std::string_view code) {
    return demangle("_RIC0K" + std::string(code) + "E");
  };
  EXPECT_EQ(constant("j7b_"), "::<123usize>");
  EXPECT_EQ(constant("ln80_"), "::<-128i32>");
  EXPECT_EQ(constant("b1_"), "::<true>");
  EXPECT_EQ(constant("c76_"), "::<'v'>");
  EXPECT_EQ(constant("ca_"), "::<'\\n'>");
  EXPECT_EQ(constant("c2202_"), "::<'\u2202'>");
  EXPECT_EQ(constant("offffffffffffffffffff_"), "::<0xffffffffffffffffffffu128>");
  EXPECT_EQ(constant("Re616263_"), "::<\"abc\">");
  EXPECT_EQ(constant("e27_"), "::<{*\"'\"}>");
  EXPECT_EQ(constant("Aj1_j2_E"), "::<{[1usize, 2usize]}>");
  EXPECT_EQ(constant("TbE"), "_RIC0KTbEE");
  EXPECT_EQ(constant("Tb0_E"), "::<{(false,)}>");
  EXPECT_EQ(constant("VNtC1a1SU"), "::<{a::S}>");
  EXPECT_EQ(constant("VNtC1a1STj1_E"), "::<{a::S(1usize)}>");
  EXPECT_EQ(constant("VNtC1a1SS1xj1_E"), "::<{a::S { x: 1usize }}>");
  EXPECT_EQ(constant("Re80_"), "_RIC0KRe80_E");  // not UTF-8
}

TEST(Demangle, CxxNames) {
  constexpr Case kCases[] = {
      {"_ZN3foo3barEv", "foo::bar()"},
      {"__ZN3foo3barEv", "foo::bar()"},
      {"_ZN12_GLOBAL__N_13fooEv", "(anonymous namespace)::foo()"},
      {"_ZNSt6vectorIiSaIiEE9push_backERKi",
       "std::vector<int, std::allocator<int> >::push_back(int const&)"},
      {"_ZNKSs4sizeEv", "std::string::size() const"},
      {"_ZNSsC1Ev", "std::string::string()"},
      {"_ZNSaIcEC1Ev", "std::allocator<char>::allocator()"},
      {"_ZN3FooC2B5cxx11Ev", "Foo::Foo[abi:cxx11]()"},
      {"_ZN3FooD0Ev", "Foo::~Foo()"},
      {"_ZdlPv", "operator delete(void*)"},
      {"_ZnamSt11align_val_t", "operator new[](unsigned long, std::align_val_t)"},
      {"_ZN1AaSERKS_", "A::operator=(A const&)"},
      {"_ZN1AssERKS_", "A::operator<=>(A const&)"},
      {"_ZN1AcviEv", "A::operator int()"},
      {"_ZNKR3Foo3barEv", "Foo::bar() const &"},
      {"_ZL3barv", "bar()"},
      {"_ZThn8_N3Foo3barEv", "{virtual override thunk({offset(-8)}, Foo::bar())}"},
      {"_ZTv0_n24_N3Foo3barEv", "{virtual override thunk({virtual offset(0, -24)}, Foo::bar())}"},
      {"_ZTV3Foo", "{vtable(Foo)}"},
      {"_ZGVZ3foovE1x", "guard variable for foo()::x"},
      {"_Z3foov.isra.0.constprop.1", "foo() [clone .isra.0] [clone .constprop.1]"},
  };
  check(kCases);
}

TEST(Demangle, CxxLocalNamesAndLambdas) {
  constexpr Case kCases[] = {
      {"_ZZ4mainENK3$_0clEv", "main::$_0::operator()() const"},
      {"_ZZ3foovENKUlvE_clEv", "foo()::{lambda()#1}::operator()() const"},
      {"_ZZ3foovENKUliE0_clEi", "foo()::{lambda(int)#2}::operator()(int) const"},
      {"_ZZ3foovENKUlT_E_clIiEEDaS_", "auto foo()::{lambda(auto:1)#1}::operator()<int>(int) const"},
      {"_ZN3FooUt_3barEv", "Foo::{unnamed type#1}::bar()"},
      {"_ZZ3foovE1x__12_", "foo()::x"},
      {"_ZZ3foovEs", "foo()::string literal"},
      // Wasmtime gives up in the middle of this one ("foo()()").
      {"_ZZ3foovEd0_NKUlvE_clEv", "foo()::{default arg#2}::{lambda()#1}::operator()() const"},
  };
  check(kCases);
}

TEST(Demangle, CxxTypes) {
  constexpr Case kCases[] = {
      {"_Z3fooPKc", "foo(char const*)"},
      {"_Z3fooPVKi", "foo(int const volatile*)"},
      {"_Z3fooPA10_A5_i", "foo(int (*) [10][5])"},
      {"_Z3fooRA10_Kc", "foo(char const (&) [10])"},
      {"_Z3fooPFvzE", "foo(void (*)(...))"},
      {"_Z3fooPKFvvE", "foo(void (*)() const)"},
      {"_Z3fooPA3_PFvvE", "foo(void (* (*) [3])())"},
      {"_Z3fooPFPFviEcE", "foo(void (*(*)(char))(int))"},
      {"_Z3fooPDOLb1EEFvvE", "foo(void (*)() noexcept(true))"},
      {"_Z3fooM3FooKFvvE", "foo(void (Foo::*)() const)"},
      {"_Z3fooM3Fooi", "foo(int Foo::*)"},
      {"_Z1fDn", "f(std::nullptr_t)"},
      {"_Z3fooDv4_f", "foo(float __vector(4))"},
      {"_Z3fooCf", "foo(float complex)"},
      {"_Z3fooPKvS0_", "foo(void const*, void const*)"},
      {"_Z3fooDF16_", "foo(_Float16)"},
      {"_ZNKSt8functionIFviEEclEi", "std::function<void (int)>::operator()(int) const"},
  };
  check(kCases);
}

TEST(Demangle, CxxTemplates) {
  constexpr Case kCases[] = {
      {"_Z3fooIiEvT_", "void foo<int>(int)"},
      {"_Z1fIiEPFvcET_", "void (*f<int>(int))(char)"},
      {"_Z3fooILi5EEvv", "void foo<5>()"},
      {"_Z3fooILin5EEvv", "void foo<-5>()"},
      {"_Z3fooILm5EEvv", "void foo<(unsigned long)5>()"},
      {"_Z1fILb1EEvv", "void f<true>()"},
      {"_Z3fooILDn0EEvv", "void foo<nullptr>()"},
      {"_Z3fooIXadL_Z3barvEEEvv", "void foo<&bar()>()"},
      {"_Z1fIJicEEvDpT_", "void f<int, char>(int, char)"},
      {"_Z3fooIJEEvDpT_", "void foo<>()"},
      {"_ZN3FooIiEcvT_IcEEv", "Foo<int>::operator char<char>()"},
      {"_Z3fooIiENSt9enable_ifIXsr3std6is_intIT_EE5valueEvE4typeE",
       "_Z3fooIiENSt9enable_ifIXsr3std6is_intIT_EE5valueEvE4typeE"},
      {"_Z3fooIiEDTplfp_fp0_ET_S0_",
       "decltype ({parm#1}+{parm#2}) foo<int>(int, decltype ({parm#1}+{parm#2}))"},
      {"_Z3fooIiEvPAszT__i", "void foo<int>(int (*) [sizeof (int)])"},
      {"_Z3fooIXgtLi1ELi2EEEvv", "void foo<((1)>(2))>()"},
      {"_Z3fooIXquLb1ELi1ELi2EEEvv", "void foo<(true)?(1) : (2)>()"},
      {"_Z3fooIXtlSt5arrayLi1EEEEvv", "void foo<std::array{1}>()"},
      {"_ZStlsISt11char_traitsIcEERSt13basic_ostreamIcT_ES5_PKc",
       "std::basic_ostream<char, std::char_traits<char> >& std::operator<< <std::char_traits<char> "
       ">("
       "std::basic_ostream<char, std::char_traits<char> >&, char const*)"},
  };
  check(kCases);
}

// Wasmtime's library gets these wrong or gives up; expected is what the names mean.
TEST(Demangle, CxxBeyondWasmtime) {
  constexpr Case kCases[] = {
      {"_ZN3FooC1IiEET_", "Foo::Foo<int>(int)"},
      {"_Z3fooIJidEEvDpOT_", "void foo<int, double>(int&&, double&&)"},
      {"_Z3fooIJRidEEvDpOT_", "void foo<int&, double>(int&, double&&)"},
      {"_Zli2_xPKc", "operator\"\" _x(char const*)"},
      {"_ZN3FooUt0_3barEv", "Foo::{unnamed type#2}::bar()"},
      {"_Z1fIiTnNS_9enable_ifEEvT_", "_Z1fIiTnNS_9enable_ifEEvT_"},
      {"_Z1fIiTniLi0EEvT_", "void f<int, 0>(int)"},
      {"_ZN1AaSEUa9enable_ifILb1EERKS_", "A::operator=(A const&)"},
      {"_Z1fIiQ8integralIT_EEvS0_", "void f<int>(int)"},
      {"_Z1fIA3_KcEvRKT_", "void f<char const [3]>(char const (&) [3])"},
      // The substitution for the lambda's T_ is also that of f's: compilers count them as one.
      {"_Z1fIiZ1gIcEvT_EUlvE_EvS1_", "void f<int, void g<char>(char)::{lambda()#1}>(int)"},
  };
  check(kCases);
}

/// Each level names the one before twice, so that the text doubles: a name of a few hundred bytes
/// for gigabytes.
TEST(Demangle, OutputIsBounded) {
  std::string cxx = "_Z1f1AIiiE", rust = "_RMC0";
  for (int i = 1; i <= 40; ++i) {
    constexpr std::string_view kDigits = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ";
    const int n = i - 1;  // the number of the substitution, in base 36, is one less
    std::string id = n < 36 ? std::string(1, kDigits[static_cast<size_t>(n)])
                            : "1" + std::string(1, kDigits[static_cast<size_t>(n - 36)]);
    cxx += "S_IS" + id + "_S" + id + "_E";
  }
  EXPECT_EQ(demangle(cxx), cxx);
  // T at position p: a tuple of two of the tuple before; back references count from the start.
  size_t last = 3;
  rust += "ThhE";
  for (int i = 0; i < 40; ++i) {
    const size_t start = rust.size() - 2;
    const char digit = static_cast<char>(last <= 10 ? '0' + last - 1 : 'a' + last - 11);
    rust += "TB";
    rust += digit;
    rust += "_B";
    rust += digit;
    rust += "_E";
    last = start < 36 ? start : last;
  }
  EXPECT_EQ(demangle(rust), rust);
  EXPECT_EQ(demangle_rust_v0("_RNvC1a" + std::to_string(kMaxMangledName * 2) + "x"), std::nullopt);
}

TEST(Demangle, NestingIsBounded) {
  const std::string pointers = "_Z1f" + std::string(100, 'P') + "i";
  EXPECT_EQ(demangle(pointers), "f(int" + std::string(100, '*') + ")");
  for (const std::string& name :
       {"_Z1f" + std::string(60'000, 'P') + "i", "_Z" + std::string(60'000, 'N'),
        "_Z" + std::string(60'000, 'Z'), "_Z1fIX" + std::string(60'000, 'n') + "EEvv",
        "_RMC0" + std::string(60'000, 'R') + "h", "_RMC0" + std::string(60'000, 'T'),
        "_RIC0K" + std::string(60'000, 'R'), "_Z1fI" + std::string(60'000, 'J') + "E"}) {
    EXPECT_EQ(demangle(name), name);
  }
}

TEST(Demangle, TruncatedNamesAreNoNames) {
  for (const std::string whole :
       {"_ZNSt3__212basic_stringIcNS_11char_traitsIcEENS_9allocatorIcEEE6appendEPKcm",
        "_ZZ3fooIiEvT_ENKUlRKT_DpOT0_E_clIcJidEEEDaS3_S6_",
        "_RNvXs_INtC1a1ShEDNtC1b1Tp1XReEL_NtC1c1U1f", "_RINvC1a1fKVNtB2_1STj1_Re6162_EE"}) {
    EXPECT_NE(demangle(whole), whole);
    for (size_t n = 0; n < whole.size(); ++n) {
      const std::string part = whole.substr(0, n);
      const std::string readable = demangle(part);  // some are complete names of less
      EXPECT_LE(readable.size(), 300u) << part;
    }
  }
}

TEST(Punycode, DecodesTheExamplesOfTheRfc) {
  EXPECT_EQ(decode_punycode("Mnchen", "3ya").value_or(""), "M\u00fcnchen");
  EXPECT_EQ(decode_punycode("", "ihqwcrb4cv8a8dqg056pqjye").value_or(""),
            "\u4ed6\u4eec\u4e3a\u4ec0\u4e48\u4e0d\u8bf4\u4e2d\u6587");
  EXPECT_EQ(decode_punycode("", ""), std::nullopt);
  EXPECT_EQ(decode_punycode("", "9"), std::nullopt);              // ends in a number
  EXPECT_EQ(decode_punycode("a", "999999999999"), std::nullopt);  // beyond Unicode
  EXPECT_EQ(decode_punycode("a", "A"), std::nullopt);
}

}  // namespace
}  // namespace wazuka::debug
