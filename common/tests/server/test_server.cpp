// Test server; see test_server.h.
#include "test_server.h"

#include <stdexcept>

#include "app/server/routes.h"

namespace service::testing {

TestServer::TestServer(ServerOptions options) : server_(make_server(options, counters_)) {
  const auto echo = [](const httplib::Request& request, httplib::Response& response) {
    response.set_content(request.get_param_value("id"), "text/plain");
  };
  add_routes();
  install_routes(
      *server_,
      {{"GET", "/echo", echo}, {"POST", "/body"}, {"GET", "/files/*"}, {"DELETE", "/files/*"}});
  const auto bound = bind_server(*server_, "127.0.0.1", 0);
  if (!bound) throw std::runtime_error(bound.error());
  port_ = *bound;
  thread_ = std::thread([this] { server_->listen_after_bind(); });
  while (!server_->is_running()) std::this_thread::yield();
}

TestServer::~TestServer() { stop(); }

void TestServer::stop() {
  if (!thread_.joinable()) return;
  server_->stop();
  thread_.join();
}

void TestServer::add_routes() {
  server_->Post("/body", [](const httplib::Request& request, httplib::Response& response) {
    response.set_content(request.body, "text/plain");
  });
  server_->Get("/slow", [this](const httplib::Request& request, httplib::Response& response) {
    slow_began = true;
    const int ms = std::stoi(request.get_param_value("ms"));
    std::this_thread::sleep_for(std::chrono::milliseconds(ms));
    response.set_content("slow", "text/plain");
  });
  server_->Get("/held", [this](const httplib::Request&, httplib::Response& response) {
    while (held) std::this_thread::sleep_for(std::chrono::milliseconds(5));
    response.set_content("held", "text/plain");
  });
  server_->Get("/throw", [](const httplib::Request&, httplib::Response&) {
    throw std::runtime_error("secret detail");
  });
  server_->Get("/large", [](const httplib::Request& request, httplib::Response& response) {
    response.set_content(std::string(std::stoul(request.get_param_value("n")), 'x'), "text/plain");
  });
  server_->Get("/headers", [](const httplib::Request& request, httplib::Response& response) {
    const auto field = request.headers.find("REMOTE_ADDR");  // has_header() may throw for it
    response.set_content(
        (field == request.headers.end() ? "" : field->second) + " " + request.remote_addr,
        "text/plain");
  });
  server_->Get("/agent", [](const httplib::Request& request, httplib::Response& response) {
    response.set_content(request.get_header_value("User-Agent"), "text/plain");
  });
  server_->Get(R"(/files/(.*))", [](const httplib::Request& request, httplib::Response& response) {
    response.set_content(request.matches[1], "text/plain");
  });
  server_->Get("/stream", [this](const httplib::Request&, httplib::Response& response) {
    response.set_chunked_content_provider(
        "text/plain", [this](std::size_t, httplib::DataSink& sink) {
          sink.write("piece", 5);
          while (stream_wanted && sink.is_writable()) {
            std::this_thread::sleep_for(std::chrono::milliseconds(5));
          }
          sink.done();
          stream_ended = true;
          return true;
        });
  });
}

}  // namespace service::testing
