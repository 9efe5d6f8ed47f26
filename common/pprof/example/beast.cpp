// Profiles on a server of Boost.Beast, a thread for each connection.
// Usage: pprof_beast [PORT]   (default 6060, 0: any; loopback only)
#include <pprof/handler.h>

#include <boost/asio/ip/tcp.hpp>
#include <boost/beast/core.hpp>
#include <boost/beast/http.hpp>
#include <iostream>
#include <thread>

namespace http = boost::beast::http;
using boost::asio::ip::tcp;
using HttpRequest = http::request<http::string_body>;
using HttpResponse = http::response<http::string_body>;

HttpResponse answer(const pprof::Handler& profiles, const HttpRequest& request,
                    tcp::socket& client) {
  pprof::Request asked{.method = std::string(request.method_string()),
                       .target = std::string(request.target()),
                       .body = request.body()};
  for (const auto& field : request) asked.headers.emplace_back(field.name_string(), field.value());
  pprof::Response profile = profiles(asked);
  while (!profile.wait(std::chrono::milliseconds(50))) {
    if (!pprof::is_connected(client.native_handle())) throw std::runtime_error("client left");
  }
  HttpResponse response(http::int_to_status(profile.status), request.version());
  for (const auto& [name, value] : profile.headers) response.set(name, value);
  response.body() = profile.body;
  response.prepare_payload();
  if (request.method() == http::verb::head) response.body().clear();
  return response;
}

void serve(tcp::socket client, const pprof::Handler& profiles) try {
  boost::beast::flat_buffer buffer;
  for (bool goes_on = true; goes_on;) {
    HttpRequest request;
    http::read(client, buffer, request);
    http::write(client, answer(profiles, request, client));
    goes_on = request.keep_alive();
  }
} catch (const std::exception&) {  // the connection has ended
}

int main(int argc, char** argv) {
  static const pprof::Handler profiles;  // as long as the threads
  boost::asio::io_context context;
  const auto port = static_cast<unsigned short>(argc > 1 ? std::atoi(argv[1]) : 6060);
  tcp::acceptor acceptor(context, {boost::asio::ip::address_v4::loopback(), port});
  std::cout << "http://" << acceptor.local_endpoint() << "/debug/pprof/" << std::endl;
  for (;;) std::thread(serve, acceptor.accept(), std::cref(profiles)).detach();
}
