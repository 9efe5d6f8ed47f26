// Preloaded into a service that is graded: makes it a program that sets the locale of its user, as
// the environment names it. Called by the loader, before main().
#include <locale>

namespace {

[[gnu::constructor]] void set_locale() { std::locale::global(std::locale("")); }

}  // namespace
