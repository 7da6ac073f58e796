// The time of day, and that it goes on.
// env:
#include <faasm/time.h>

#include <cstdio>

int main()
{
    double before = faasm::getSecondsSinceEpoch();
    double after = faasm::getSecondsSinceEpoch();
    printf("%.3f\n", after);
    return before > 1.6e9 && after >= before ? 0 : 1;
}
