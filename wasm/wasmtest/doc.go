// Package wasmtest makes modules for tests: by an encoder that writes any bytes a
// test asks for, right or wrong, and by the C compiler that users have. Only
// tests import it.
package wasmtest
