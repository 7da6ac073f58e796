package faasm

import (
	"fmt"
	"strconv"
	"strings"

	"github.com/faaslens/faaslens/guest"
	"github.com/faaslens/faaslens/hostcall"
)

// module is the import module of every call here.
const module = "env"

// Calls returns the calls that this package provides. Their state is an
// *Invocation.
func Calls() hostcall.Set {
	var specs []hostcall.Spec
	for _, group := range [][]hostcall.Spec{
		messageCalls(), debugCalls(), sharedMemoryCalls(),
		memoryCalls(), fileCalls(), identityCalls(), processCalls(),
		textCalls(), libraryCalls(), chainCalls(), stateCalls(),
	} {
		specs = append(specs, group...)
	}
	return hostcall.Set{Specs: specs}
}

// call describes a call of module env.
func call(name string, result hostcall.Result, do func(*hostcall.Call) error, params ...hostcall.Param) hostcall.Spec {
	return hostcall.Spec{Module: module, Name: name, Params: params, Result: result, Do: do}
}

func number(name string) hostcall.Param { return hostcall.Param{Name: name, Kind: hostcall.Int32} }

// address is a pointer that the call does not follow, or follows by itself.
func address(name string) hostcall.Param {
	return hostcall.Param{Name: name, Kind: hostcall.Pointer}
}

func text(name string) hostcall.Param { return hostcall.Param{Name: name, Kind: hostcall.CString} }

func bytesIn(name string) hostcall.Param { return hostcall.Param{Name: name, Kind: hostcall.InBytes} }

func bytesOut(name string) hostcall.Param { return hostcall.Param{Name: name, Kind: hostcall.OutBytes} }

// none, i32 and pointer are the results that calls have.
func none() hostcall.Result { return hostcall.Result{} }

func i32() hostcall.Result { return hostcall.Result{Type: guest.I32} }

func pointer() hostcall.Result { return hostcall.Result{Type: guest.I32, Show: showPointer} }

func showPointer(v uint64) string {
	switch uint32(v) {
	case 0:
		return "NULL"
	case failed:
		return "-1"
	}
	return "0x" + strconv.FormatUint(uint64(uint32(v)), 16)
}

func showSize(v uint64) string { return strconv.FormatUint(uint64(uint32(v)), 10) }

func showOctal(v uint64) string { return fmt.Sprintf("%#o", uint32(v)) }

// flag is one bit with its name.
type flag struct {
	bit  uint32
	name string
}

// showFlags writes the names of the bits of v, and what is left in hexadecimal.
func showFlags(v uint64, zero string, flags ...flag) string {
	rest := uint32(v)
	if rest == 0 {
		return zero
	}
	var names []string
	for _, f := range flags {
		if rest&f.bit != 0 {
			names = append(names, f.name)
			rest &^= f.bit
		}
	}
	if rest != 0 {
		names = append(names, fmt.Sprintf("0x%x", rest))
	}
	return strings.Join(names, "|")
}

// failed is what a call returns that has no result to give: -1 as a number,
// MAP_FAILED or (void *)-1 as a pointer.
const failed = 0xffffffff

// returns is a call that only answers a number.
func returns(v uint32) func(*hostcall.Call) error {
	return func(c *hostcall.Call) error {
		c.SetResult(uint64(v))
		return nil
	}
}

// trap ends the invocation with a message.
func trap(format string, args ...any) error {
	return &guest.Trap{Code: guest.TrapHost, Message: fmt.Sprintf(format, args...)}
}
