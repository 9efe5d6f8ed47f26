// probe-<stage>: prints what one probe counted, as one line of JSON. Run by scripts/labs.
#include <cstdlib>
#include <exception>
#include <iostream>
#include <map>
#include <nlohmann/json.hpp>
#include <string_view>

#include "grading/probes.h"

namespace {

constexpr char kUsage[] =
    "Usage: probe-STAGE operations|inputs|logger|blocking|growth|sharing|loop OPERATION "
    "ITERATIONS\n";
const std::map<std::string_view, grading::Metrics (*)()> kProbes = {
    {"operations", grading::operations}, {"inputs", grading::inputs}, {"logger", grading::logger},
    {"blocking", grading::blocking},     {"growth", grading::growth}, {"sharing", grading::sharing},
};
constexpr int kUsageError = 2;

}  // namespace

int main(int argc, char** argv) {
  const std::string_view name = argc > 1 ? argv[1] : "";
  grading::Metrics metrics;
  try {
    if (argc == 4 && name == "loop") {
      metrics = grading::loop(argv[2], std::atoi(argv[3]));
    } else if (argc == 2 && kProbes.contains(name)) {
      metrics = kProbes.at(name)();
    } else {
      std::cerr << kUsage;
      return kUsageError;
    }
  } catch (const std::exception& error) {
    std::cerr << argv[0] << ": " << error.what() << "\n";
    return 1;
  }
  std::cout << nlohmann::json(metrics).dump() << "\n";
  return 0;
}
