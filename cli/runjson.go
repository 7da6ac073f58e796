package cli

import (
	"encoding/base64"
	"encoding/json"
	"io"
	"unicode/utf8"

	"github.com/faaslens/faaslens/scheduler"
)

// runReport is one invocation as --json prints it.
type runReport struct {
	Function string       `json:"function"`
	Run      int          `json:"run"` // 1 for the first
	ExitCode int          `json:"exit_code"`
	Ending   endingReport `json:"ending"`

	// What the function wrote. An encoding of "base64" says that it is no UTF-8.
	Stdout         string `json:"stdout"`
	StdoutEncoding string `json:"stdout_encoding,omitempty"`
	Stderr         string `json:"stderr"`
	StderrEncoding string `json:"stderr_encoding,omitempty"`
	Output         string `json:"output"`
	OutputEncoding string `json:"output_encoding,omitempty"`

	// ChainedFailures are the functions it chained, and those they chained, that did not
	// end by themselves.
	ChainedFailures []chainedFailure `json:"chained_failures,omitempty"`

	MemoryBytes uint64 `json:"memory_bytes"`
	ElapsedNS   int64  `json:"elapsed_ns"`
	// Cached is whether the compiled image was found rather than made.
	Cached bool `json:"cached"`
}

// chainedFailure is why a chained function did not end by itself.
type chainedFailure struct {
	Function string `json:"function"`
	scheduler.Failure
}

func chainedFailures(all []scheduler.Invocation) []chainedFailure {
	var failures []chainedFailure
	for _, i := range all {
		failures = append(failures, chainedFailure{i.Request.Function.String(), *i.Result.Failure})
	}
	return failures
}

type endingReport struct {
	Kind    string       `json:"kind"`
	Code    string       `json:"code"`
	Message string       `json:"message"`
	Frames  []stackFrame `json:"frames,omitempty"`
	Next    string       `json:"next,omitempty"`   // the next step
	Closer  string       `json:"closer,omitempty"` // the command that shows more
}

func (e *ending) report() endingReport {
	return endingReport{Kind: e.kind, Code: e.code, Message: e.message, Frames: jsonFrames(e.frames, e.sources), Next: e.advice, Closer: e.closer}
}

// jsonText writes bytes as a JSON string can hold them.
func jsonText(b []byte) (text, encoding string) {
	if utf8.Valid(b) {
		return string(b), ""
	}
	return base64.StdEncoding.EncodeToString(b), "base64"
}

// writeJSONLine writes a value on a line of its own.
func writeJSONLine(w io.Writer, v any) error {
	e := json.NewEncoder(w)
	e.SetEscapeHTML(false)
	return e.Encode(v)
}

// writeJSON writes a value for people to read too.
func writeJSON(w io.Writer, v any) error {
	e := json.NewEncoder(w)
	e.SetEscapeHTML(false)
	e.SetIndent("", "  ")
	return e.Encode(v)
}
