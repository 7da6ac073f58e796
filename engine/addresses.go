package engine

import (
	"fmt"
	"syscall"

	"github.com/faaslens/faaslens/engine/internal/wasmtime"
	"github.com/faaslens/faaslens/guest"
)

// What the pool reserves, in bytes: for every memory all that 32 bits can address and
// a guard behind it, and for every element of a table a pointer.
const (
	memoryReservation = 4<<30 + 32<<20
	elementSize       = 8
)

// checkAddresses tries to reserve the address space that the pools will take, and
// gives it back: where there is too little, the engine would end the whole process.
func checkAddresses(cfg Config) error {
	memories := uint64(cfg.Slots+wasmtime.MaxMemories*cfg.greedy()) * memoryReservation
	tables := uint64(2*cfg.Slots+wasmtime.MaxTables*cfg.greedy()) * cfg.TableElements * elementSize
	const more = 256 << 20 // guards, instances, and what the process takes meanwhile
	size := uint64(cfg.Shards) * (memories + tables + more)
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
