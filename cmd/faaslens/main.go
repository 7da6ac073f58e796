// Command faaslens runs WebAssembly functions and looks inside them. Package cli has
// all of it.
package main

import (
	"os"

	"github.com/faaslens/faaslens/cli"
)

func main() {
	os.Exit(cli.Main(os.Args, os.Stdin, os.Stdout, os.Stderr, os.Environ()))
}
