#include <faasm/faasm.h>

int main(void)
{
    faasmSetOutput("hello", 5);
    return 0;
}
