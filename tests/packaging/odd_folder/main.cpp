#include <c10/core/ScalarType.h>

int main() { return c10::elementSize(c10::kFloat) == 4 ? 0 : 1; }
