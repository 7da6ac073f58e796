// Counts in state, by function and by class.
// env: __faasm_read_state __faasm_write_state __faasm_lock_state_write __faasm_unlock_state_write
#include "faasm/counter.h"

#include <cstdio>

int main()
{
    faasm::initCounter("counter");
    faasm::incrementCounter("counter");
    if (faasm::incrementCounter("counter", 4) != 5 || faasm::getCounter("counter") != 5) {
        return 1;
    }
    faasm::AtomicInt byName("other_counter");
    byName.reset();
    byName += 3;
    faasm::AtomicInt byDefault;
    byDefault.reset();
    printf("%i %i\n", byName.get(), byDefault.get());
    return byName.get() == 3 && byDefault.get() == 0 ? 0 : 2;
}
