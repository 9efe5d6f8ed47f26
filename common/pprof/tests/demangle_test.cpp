// The demangler of names as pprof shows them: short_name() and its corner cases.
#include "symbolize/demangle.h"

#include <gtest/gtest.h>

namespace pprof::internal {

TEST(Demangle, LeavesCNamesAlone) {
  // The last ones would be types: float, double, int*, and a list of them.
  for (const char* name : {"__libc_send", "main", "f", "d", "Pi", "if"}) {
    EXPECT_EQ(demangle(name), name);
  }
}

TEST(Demangle, GivesTheFullCppName) { EXPECT_EQ(demangle("_Z7leftpadi"), "leftpad(int)"); }

TEST(ShortName, DropsParametersAndTemplateArguments) {
  EXPECT_EQ(short_name("leftpad(std::basic_string<char, A<b> > const&, unsigned long)"), "leftpad");
  EXPECT_EQ(short_name("std::vector<int, std::allocator<int> >::push_back(int&&)"),
            "std::vector::push_back");
}

TEST(ShortName, DropsReturnTypeOfTemplateFunctions) {
  EXPECT_EQ(short_name("void ns::apply<int>(int)"), "ns::apply");
  EXPECT_EQ(short_name("std::vector<int> const& ns::get<3, (Kind)1>(int)"), "ns::get");
}

TEST(ShortName, DropsReturnTypesWithExpressions) {
  EXPECT_EQ(short_name("decltype(auto) std::__do_visit<A, B<C&>&>(A&&, B<C&>&)"),
            "std::__do_visit");
  EXPECT_EQ(short_name("decltype ({parm#1}+(1)) ns::next<int>(int)"), "ns::next");
  EXPECT_EQ(short_name("std::enable_if<(sizeof (char))<(3), int>::type ns::small<char>(char)"),
            "ns::small");
  EXPECT_EQ(short_name("std::enable_if<((sizeof (char))>(3)), int>::type ns::big<char>(char)"),
            "ns::big");
  EXPECT_EQ(short_name("ns::Array<((2)<<(3))>::at(int)"), "ns::Array::at");
}

TEST(ShortName, KeepsOperators) {
  EXPECT_EQ(short_name("ns::A<int>::operator()(int) const"), "ns::A::operator()");
  EXPECT_EQ(short_name("std::ostream& std::operator<< <char>(std::ostream&, char)"),
            "std::operator<<");
  EXPECT_EQ(short_name("bool std::operator< <int>(int, int)"), "std::operator<");
  EXPECT_EQ(short_name("A::operator->() const"), "A::operator->");
  EXPECT_EQ(short_name("operator new(unsigned long)"), "operator new");
  EXPECT_EQ(short_name("A::operator bool() const"), "A::operator bool");
}

TEST(ShortName, DropsAnonymousNamespacesButKeepsLambdas) {
  EXPECT_EQ(short_name("(anonymous namespace)::work(int)"), "work");
  EXPECT_EQ(short_name("ns::(anonymous namespace)::A::work(int)"), "ns::A::work");
  EXPECT_EQ(short_name("ns::run(int)::{lambda(int, char const*)#2}::operator()(int) const"),
            "ns::run::{lambda#2}::operator()");
  EXPECT_EQ(short_name("ns::A::run(int) const::{lambda()#1}::operator()() const"),
            "ns::A::run::{lambda#1}::operator()");
  EXPECT_EQ(short_name("A::run() const &::{lambda()#1}::operator()() const"),
            "A::run::{lambda#1}::operator()");
  EXPECT_EQ(short_name("A::run() &&::{lambda()#1}::operator()() const"),
            "A::run::{lambda#1}::operator()");
}

TEST(ShortName, DropsAbiTagsAndClones) {
  EXPECT_EQ(short_name("ns::name[abi:cxx11](int)"), "ns::name");
  EXPECT_EQ(short_name("leftpad(int) [clone .cold]"), "leftpad");
}

TEST(ShortName, LeavesPlainNamesAlone) {
  EXPECT_EQ(short_name("main"), "main");
  EXPECT_EQ(short_name(""), "");
}

}  // namespace pprof::internal
