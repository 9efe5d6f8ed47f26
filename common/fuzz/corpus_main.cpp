// Runs a fuzz target over the files of the folders given as arguments, and over each file cut short
// and with one byte changed. Linked instead of libFuzzer, so that any compiler's build tests the
// corpus.
#include <algorithm>
#include <cstdio>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <string>
#include <vector>

#include "fuzz_target.h"

namespace {

void run(const std::string& bytes) {
  LLVMFuzzerTestOneInput(reinterpret_cast<const std::uint8_t*>(bytes.data()), bytes.size());
}

void run_with_variants(const std::string& bytes) {
  run(bytes);
  const std::size_t step = std::max<std::size_t>(1, bytes.size() / 100);
  for (std::size_t i = 0; i < bytes.size(); i += step) {
    run(bytes.substr(0, i));
    for (const unsigned char change : {0x01, 0x20, 0x80, 0xff}) {
      std::string changed = bytes;
      changed[i] = static_cast<char>(static_cast<unsigned char>(changed[i]) ^ change);
      run(changed);
    }
  }
}

std::vector<std::filesystem::path> files_of(const std::string& folder) {
  std::vector<std::filesystem::path> files;
  for (const auto& entry : std::filesystem::directory_iterator(folder)) {
    if (entry.is_regular_file()) files.push_back(entry.path());
  }
  std::sort(files.begin(), files.end());
  return files;
}

}  // namespace

int main(int argc, char** argv) {
  std::size_t count = 0;
  for (int i = 1; i < argc; ++i) {
    for (const auto& path : files_of(argv[i])) {
      std::ifstream file(path, std::ios::binary);
      run_with_variants({std::istreambuf_iterator<char>(file), std::istreambuf_iterator<char>()});
      ++count;
    }
  }
  std::printf("%zu inputs\n", count);
  if (count > 0) return 0;
  std::fprintf(stderr, "no inputs: give the folder of a corpus\n");
  return 1;
}
