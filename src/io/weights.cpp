#include <expandnet/io/weights.h>
