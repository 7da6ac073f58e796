// Everything most functions need.
#ifndef _FAASM_H
#define _FAASM_H

#include "faasm/core.h"
#include "faasm/memory.h"

#endif
