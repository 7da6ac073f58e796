// Moving a running function to another host: __faasm_migrate_point.
#ifndef FAASM_MIGRATE_H
#define FAASM_MIGRATE_H

#include "faasm/host_interface.h"

#endif
