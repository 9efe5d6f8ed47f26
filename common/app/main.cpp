// Entry point of the service. Built once per stage.
#include "app/run_app.h"

int main(int argc, char** argv) { return service::run_app(argc, argv); }
