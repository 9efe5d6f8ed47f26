// Profiles on a server of GNU libmicrohttpd, a thread for each connection.
// Usage: pprof_microhttpd [PORT]   (default 6060, 0: any; loopback only)
#include <arpa/inet.h>
#include <microhttpd.h>
#include <pprof/handler.h>
#include <unistd.h>

#include <iostream>

static MHD_Result add_header(void* request, MHD_ValueKind, const char* name, const char* value) {
  static_cast<pprof::Request*>(request)->headers.emplace_back(name, value);
  return MHD_YES;
}

// Called with the head, then with each piece of the body, then once more.
static MHD_Result answer(void* profiles, MHD_Connection* connection, const char*,
                         const char* method, const char*, const char* body, std::size_t* size,
                         void** state) {
  auto& request = *static_cast<pprof::Request*>(*state);
  if (std::exchange(request.method, method).empty() || *size > 0) {
    if (request.body->size() <= pprof::Request::kMaxBody) request.body->append(body, *size);
    *size = 0;
    return MHD_YES;
  }
  MHD_get_connection_values(connection, MHD_HEADER_KIND, add_header, &request);
  pprof::Response profile = (*static_cast<const pprof::Handler*>(profiles))(request);
  const auto* client = MHD_get_connection_info(connection, MHD_CONNECTION_INFO_CONNECTION_FD);
  while (!profile.wait(std::chrono::milliseconds(50))) {
    if (!pprof::is_connected(client->connect_fd)) return MHD_NO;
  }
  auto* const response = MHD_create_response_from_buffer(profile.body.size(), profile.body.data(),
                                                         MHD_RESPMEM_MUST_COPY);
  for (const auto& [name, value] : profile.headers) {
    MHD_add_response_header(response, name.c_str(), value.c_str());
  }
  const auto queued = MHD_queue_response(connection, profile.status, response);
  MHD_destroy_response(response);
  return queued;
}

int main(int argc, char** argv) {
  pprof::Handler profiles;
  const auto port = static_cast<in_port_t>(argc > 1 ? std::stoi(argv[1]) : 6060);
  const sockaddr_in address{AF_INET, htons(port), {htonl(INADDR_LOOPBACK)}, {}};
  const auto begin = [](void*, const char* target, MHD_Connection*) -> void* {
    return new pprof::Request{.method = "", .target = target};
  };
  const auto end = [](void*, MHD_Connection*, void** request, MHD_RequestTerminationCode) {
    delete static_cast<pprof::Request*>(*request);
  };
  MHD_Daemon* const server = MHD_start_daemon(
      MHD_USE_THREAD_PER_CONNECTION | MHD_USE_INTERNAL_POLLING_THREAD, 0, nullptr, nullptr, answer,
      &profiles, MHD_OPTION_SOCK_ADDR, &address, MHD_OPTION_URI_LOG_CALLBACK, +begin, nullptr,
      MHD_OPTION_NOTIFY_COMPLETED, +end, nullptr, MHD_OPTION_END);
  if (server == nullptr) return 1;
  const auto* const bound = MHD_get_daemon_info(server, MHD_DAEMON_INFO_BIND_PORT);
  std::cout << "http://127.0.0.1:" << bound->port << "/debug/pprof/" << std::endl;
  for (;;) pause();
}
