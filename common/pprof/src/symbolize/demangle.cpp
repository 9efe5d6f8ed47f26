// Demangling and shortening; see demangle.h.
// The shortening works on the text that __cxa_demangle gives, so it follows that text's habits:
// template functions carry a return type, and operators may contain the brackets that are cut
// elsewhere.
#include "symbolize/demangle.h"

#include <cxxabi.h>

#include <array>
#include <cctype>
#include <cstdlib>
#include <memory>

namespace pprof::internal {
namespace {

constexpr std::string_view kOperator = "operator";
constexpr std::string_view kAnonymous = "(anonymous namespace)";

bool is_identifier(char c) { return std::isalnum(static_cast<unsigned char>(c)) != 0 || c == '_'; }

// True if the word "operator" starts at `at`.
bool operator_at(std::string_view text, std::size_t at) {
  return text.substr(at).starts_with(kOperator) && (at == 0 || !is_identifier(text[at - 1])) &&
         (at + kOperator.size() == text.size() || !is_identifier(text[at + kOperator.size()]));
}

// Length of the operator's symbol behind the word: "<<" in "operator<<(...)".
std::size_t operator_symbol_length(std::string_view rest) {
  static constexpr std::array<std::string_view, 13> kSymbols = {
      "<=>", "->*", "<<=", ">>=", "()", "<<", ">>", "<=", ">=", "->", "[]", "<", ">"};
  for (const std::string_view symbol : kSymbols) {
    if (rest.starts_with(symbol)) return symbol.size();
  }
  return 0;
}

// How many characters of a comparison or shift stand at `at`: "<" in "(sizeof (T))<(3)". Its
// operands are in brackets; a list of template arguments follows a bracket only in
// "operator()<int>".
std::size_t comparison_length(std::string_view text, std::size_t at) {
  const std::string_view before = text.substr(0, at);
  if (text[at] != '<' || !before.ends_with(')') || before.ends_with("operator()")) return 0;
  return text.substr(at).starts_with("<<") || text.substr(at).starts_with("<=") ? 2 : 1;
}

// Position behind the bracket that closes the one at `open`, or the end of the text.
std::size_t behind_group(std::string_view text, std::size_t open) {
  std::string opened;
  for (std::size_t i = open; i < text.size(); ++i) {
    const char c = text[i];
    if (const std::size_t comparison = comparison_length(text, i); comparison > 0 && i > open) {
      i += comparison - 1;
    } else if (c == '<' || c == '(' || c == '[' || c == '{') {
      opened += c;
    } else if (c == ')' || c == ']' || c == '}' || (c == '>' && opened.ends_with('<'))) {
      opened.pop_back();
    }
    if (opened.empty()) return i + 1;
  }
  return text.size();
}

// Position behind "decltype(auto)" or "decltype (...)" at `at`, or `at` if there is none.
std::size_t behind_decltype(std::string_view text, std::size_t at) {
  constexpr std::string_view kDecltype = "decltype";
  if (!text.substr(at).starts_with(kDecltype) || (at > 0 && is_identifier(text[at - 1]))) return at;
  std::size_t open = at + kDecltype.size();
  if (text.substr(open).starts_with(' ')) ++open;
  return text.substr(open).starts_with('(') ? behind_group(text, open) : at;
}

// Collects a name and drops the return type: what stands before the last space outside braces.
class NameWriter {
 public:
  void append(std::string_view part) { out_ += part; }
  void space(bool inside_braces) {
    if (!inside_braces && !in_operator_) name_start_ = out_.size() + 1;
    out_ += ' ';
  }
  void begin_operator() { in_operator_ = true; }
  std::string finish() const {
    std::string name = out_.substr(name_start_);
    while (name.ends_with(' ')) name.pop_back();  // "operator<< <char>" without its arguments
    return name;
  }

 private:
  std::string out_;
  std::size_t name_start_ = 0;
  bool in_operator_ = false;
};

// Parameters outside braces end the name (" const" and " [clone .cold]" behind them are dropped),
// unless another "::" follows, as in "f(int)::{lambda()#1}::operator()" or "A::f() const &::...".
// The position of that "::", or npos.
std::size_t continuation_after(std::string_view text, std::size_t at) {
  for (const std::string_view qualifier : {" const", " volatile", " &", "&"}) {
    if (text.substr(at).starts_with(qualifier)) at += qualifier.size();
  }
  return text.substr(at).starts_with("::") ? at : std::string_view::npos;
}

}  // namespace

std::string demangle(const std::string& symbol) {
  // Without this prefix __cxa_demangle reads a type: "float" from a C function called f.
  if (!symbol.starts_with("_Z")) return symbol;
  int status = 0;
  const std::unique_ptr<char, decltype(&std::free)> text(
      abi::__cxa_demangle(symbol.c_str(), nullptr, nullptr, &status), &std::free);
  return status == 0 && text != nullptr ? std::string(text.get()) : symbol;
}

std::string short_name(std::string_view full) {
  NameWriter name;
  int braces = 0;
  for (std::size_t i = 0; i < full.size();) {
    const std::string_view rest = full.substr(i);
    if (operator_at(full, i)) {
      const std::size_t symbol = operator_symbol_length(rest.substr(kOperator.size()));
      name.begin_operator();
      name.append(rest.substr(0, kOperator.size() + symbol));
      i += kOperator.size() + symbol;
    } else if (rest.starts_with(kAnonymous)) {
      i += kAnonymous.size();
      if (full.substr(i).starts_with("::")) i += 2;
    } else if (rest.starts_with("[abi:") || full[i] == '<') {
      i = behind_group(full, i);
    } else if (const std::size_t behind = behind_decltype(full, i); behind != i) {
      i = behind;
    } else if (full[i] == '(') {
      i = behind_group(full, i);
      const std::size_t next = continuation_after(full, i);
      if (braces == 0 && next == std::string_view::npos) break;
      if (next != std::string_view::npos) i = next;
    } else {
      braces += (full[i] == '{') - (full[i] == '}');
      if (full[i] == ' ') {
        name.space(braces > 0);
      } else {
        name.append(rest.substr(0, 1));
      }
      ++i;
    }
  }
  std::string result = name.finish();
  return result.empty() ? std::string(full) : result;
}

}  // namespace pprof::internal
