package faasm

import "strings"

// Environment is the variables, as NAME=VALUE, that every guest gets. They keep
// numerical libraries to one thread and tell Python where it lives.
func Environment() []string {
	return []string{
		"MKL_NUM_THREADS=1",
		"OPENBLAS_NUM_THREADS=1",
		"PYTHONHASHSEED=0",
		"PYTHONHOME=/",
		"PYTHONNOUSERSITE=on",
		"PYTHONWASM=1",
		"PYTHON_PATH=/",
	}
}

// programName is a guest's argv[0], whatever the function's name.
const programName = "function.wasm"

// Args is a guest's argv for a command line: the program's name, then what single
// spaces separate. There are no quotes, and two spaces have an empty argument
// between them.
func Args(cmdline string) []string {
	args := []string{programName}
	if cmdline == "" {
		return args
	}
	return append(args, strings.Split(cmdline, " ")...)
}
