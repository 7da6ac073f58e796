package engine

import (
	"fmt"
	"syscall"

	"github.com/faaslens/faaslens/engine/internal/wasmtime"
	"github.com/faaslens/faaslens/guest"
)

// memoryReservation is what every memory reserves, in bytes: all that 32 bits can address
// and a guard on either side.
const memoryReservation = 4<<30 + 2*32<<20

// checkAddresses tries to reserve the address space that memories can take, and
// gives it back: where there is too little, functions would fail later, and the host with them.
func checkAddresses(cfg Config) error {
	memories := uint64(cfg.Slots+wasmtime.MaxMemories*cfg.greedy()+cfg.idleMemories()) * memoryReservation
	const more = 256 << 20 // tables, instances, and what the process takes meanwhile
	size := uint64(cfg.Shards) * (memories + more)
	b, err := syscall.Mmap(-1, 0, int(size), syscall.PROT_NONE, syscall.MAP_PRIVATE|syscall.MAP_ANON|syscall.MAP_NORESERVE)
	if err != nil {
		return fmt.Errorf("start the engine: reserve %s of address space for %d instance(s): %w: lift the limit with 'ulimit -v unlimited'",
			guest.FormatBytes(size), cfg.Shards*cfg.Slots, err)
	}
	if err := syscall.Munmap(b); err != nil {
		return fmt.Errorf("start the engine: give back address space: %w", err)
	}
	return nil
}
