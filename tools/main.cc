#include "program.h"

int main(int argc, char** argv) { return kith::tools::RunProgram(argc, argv); }
