// Package native reads machine code as the engine writes it for x86-64 and ARM64: its
// instructions as text, where they go, and the data that stands between them.
//
// Decoding is golang.org/x/arch's; this package puts right what that gets wrong,
// writes conditions as people and other tools do, and tells code from data: a jump
// table stands behind the jump that uses it, and constants behind the code that reads
// them.
//
// Text is in Intel's syntax for x86-64 and in ARM's for ARM64. What cannot be decoded is
// shown as bytes, never guessed. Bytes come from outside: nothing panics, and memory is
// at most proportional to the code's size.
package native
