// See index.h.
#include "http/index.h"

#include <unistd.h>

#include "http/url.h"
#include "profiles/table.h"
#include "stacks/unwind.h"

namespace pprof::internal {
namespace {

constexpr char kHead[] = R"(<!DOCTYPE html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<style>
body { font: 16px/1.5 system-ui, sans-serif; max-width: 60em; margin: 2em auto; padding: 0 1em;
       color: #222; background: #fff; }
table { border-collapse: collapse; width: 100%; }
th, td { text-align: left; vertical-align: top; padding: .4em .8em .4em 0;
         border-bottom: 1px solid #ddd; }
td.count, th.count { text-align: right; font-variant-numeric: tabular-nums; }
code { background: #f3f3f3; padding: 0 .2em; }
</style>
)";

constexpr char kTableHead[] = R"(<table>
<thead>
<tr><th class="count">Count</th><th>Profile</th><th>Text</th><th>What it shows</th></tr>
</thead>
<tbody>
)";

constexpr char kFoot[] = R"(</tbody>
</table>
<p>With <code>?seconds=N</code>, a profile that counts since the start shows what N seconds
added.</p>
</body>
</html>
)";

std::string escape(const std::string& text) {
  std::string out;
  for (const char c : text) {
    switch (c) {
      case '&':
        out += "&amp;";
        break;
      case '<':
        out += "&lt;";
        break;
      case '>':
        out += "&gt;";
        break;
      case '"':
        out += "&quot;";
        break;
      default:
        out += c;
    }
  }
  return out;
}

// One link of the page; `query` without '?', may be empty.
std::string link(const std::string& name, const std::string& query, const std::string& token,
                 const std::string& text) {
  std::string all = query;
  if (!token.empty()) {
    all += (all.empty() ? "" : "&") + ("token=" + encode_parameter(token));
  }
  return "<a href=\"" + name + (all.empty() ? "" : "?") + escape(all) + "\">" + text + "</a>";
}

// For a shell: in quotes where it has a query. With a token the host may be any text.
std::string profile_url(const IndexPage& about) {
  const std::string url = "http://" + about.host + about.prefix + "/profile";
  if (about.token.empty()) return url;
  std::string quoted = "'";
  for (const char c : url + "?token=" + encode_parameter(about.token)) {
    quoted += c == '\'' ? "%27" : std::string(1, c);
  }
  return quoted + "'";
}

std::string text_links(const Endpoint& endpoint, const std::string& token) {
  if (endpoint.json) return "";
  if (endpoint.timed) return link(endpoint.name, "seconds=5&debug=1", token, "5 s");
  std::string links = link(endpoint.name, "debug=1", token, "debug=1");
  if (endpoint.text) links += " " + link(endpoint.name, "debug=2", token, "full");
  return links;
}

std::string row(const std::string& count, const std::string& name, const std::string& text,
                const std::string& description) {
  return "<tr><td class=\"count\">" + count + "</td><td>" + name + "</td><td>" + text +
         "</td><td>" + description + "</td></tr>\n";
}

std::string profile_row(const Endpoint& endpoint, const std::string& token) {
  const std::string reason = endpoint.unavailable ? endpoint.unavailable() : "";
  if (!reason.empty()) {
    return row("", endpoint.name, "", endpoint.description + " <b>Off:</b> " + escape(reason));
  }
  const std::string rate = endpoint.rate ? endpoint.rate() : "";
  return row(endpoint.count ? std::to_string(endpoint.count()) : "",
             link(endpoint.name, "", token, endpoint.name), text_links(endpoint, token),
             endpoint.description + (rate.empty() ? "" : " " + escape(rate)));
}

}  // namespace

std::string index_page(const IndexPage& about) {
  const std::string title = escape(about.prefix + "/");
  std::string page = kHead;
  page += "<title>" + title + "</title>\n</head>\n<body>\n<h1>" + title + "</h1>\n<p>";
  if (!about.version.empty()) page += "<b>" + escape(about.version) + "</b>, ";
  page += "process " + std::to_string(getpid()) + "</p>\n";
  page += "<p>Each profile is a file for pprof: <code>go tool pprof " + escape(profile_url(about)) +
          "</code></p>\n";
  if (const std::string cut = why_stacks_are_cut(); !cut.empty()) {
    page += "<p><b>Stacks are cut:</b> " + escape(cut) + "</p>\n";
  }
  page += kTableHead;
  for (const Endpoint& endpoint : endpoints()) page += profile_row(endpoint, about.token);
  page += row("", link("cmdline", "", about.token, "cmdline"), "",
              "The command line of the process, its arguments separated by NUL.");
  page += row("", link("symbol", "", about.token, "symbol"), "",
              "Names of addresses: <code>symbol?0x1234+0x5678</code>, or the same as a POST body.");
  return page + kFoot;
}

}  // namespace pprof::internal
