// Sleeps for 5 ms.
#include <unistd.h>

int main(void) { return usleep(5000); }
