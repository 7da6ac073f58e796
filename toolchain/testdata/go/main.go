package main

import (
	"fmt"
	"os"
)

//go:noinline
func triple(n int) int { return 3 * n }

func main() {
	fmt.Println("go", triple(14))
	os.Exit(3)
}
