// probe-<stage>: what one probe counted. Run by scripts/labs/asking.py, which writes the question
// to standard input, {"words": […], "answer": FILE}, and reads the answer from that file: what a
// stage prints, and how it ends the program, is none.
#include <exception>
#include <fstream>
#include <iostream>
#include <map>
#include <nlohmann/json.hpp>
#include <string_view>

#include "grading/probes.h"

namespace {

constexpr char kUsage[] =
    "Usage: probe-STAGE operations|inputs|logger|growth|loop OPERATION < QUESTION\n";
const std::map<std::string_view, grading::Counted (*)(const grading::Words&)> kProbes = {
    {"operations", grading::operations},
    {"inputs", grading::inputs},
    {"logger", grading::logger},
    {"growth", grading::growth},
};
constexpr int kUsageError = 2;

}  // namespace

int main(int argc, char** argv) {
  const std::string_view name = argc > 1 ? argv[1] : "";
  const bool loop = argc == 3 && name == "loop";
  if (!loop && !(argc == 2 && kProbes.contains(name))) {
    std::cerr << kUsage;
    return kUsageError;
  }
  try {
    const auto question = nlohmann::json::parse(std::cin);
    const auto words = question.at("words").get<grading::Words>();
    const auto counted = loop ? grading::loop(argv[2], words) : kProbes.at(name)(words);
    std::ofstream(question.at("answer").get<std::string>())
        << nlohmann::json{{"metrics", counted.metrics}, {"answers", counted.answers}};
  } catch (const std::exception& error) {
    std::cerr << argv[0] << ": " << error.what() << "\n";
    return 1;
  }
  return 0;
}
