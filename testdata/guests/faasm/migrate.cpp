// Offers to move to another host half-way and goes on.
// env: __faasm_migrate_point
#include <faasm/faasm.h>
#include <faasm/migrate.h>

#include <cstdio>

void work(int from)
{
    for (int i = from; i < 4; i++) {
        if (i == 2 && from == 0) {
            __faasm_migrate_point(&work, i);
        }
        printf("step %d\n", i);
    }
}

int main()
{
    work(0);
    return 0;
}
