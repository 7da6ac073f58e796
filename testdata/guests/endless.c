// Never ends: "loop" (the default) computes, "host" calls the host over and over,
// "sleep" sleeps an hour at a time, "read" waits for standard input. A correct
// runtime ends each at its deadline or when it is cancelled.
#include <sched.h>
#include <stdio.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

__attribute__((noinline)) static void turn(const char *how) {
  char byte;
  struct timespec hour = {3600, 0};
  if (strcmp(how, "host") == 0) sched_yield();
  else if (strcmp(how, "sleep") == 0) nanosleep(&hour, NULL);
  else if (strcmp(how, "read") == 0) (void)read(0, &byte, 1);
  else for (;;) __asm__ volatile("");
}

int main(int argc, char **argv) {
  const char *how = argc > 1 ? argv[1] : "loop";
  fprintf(stderr, "started\n");
  for (;;) turn(how);
}
