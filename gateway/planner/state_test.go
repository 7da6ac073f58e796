package planner

import (
	"net/http"
	"strconv"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/faaslens/faaslens/state"
)

// headers are those of an answer that say something, by name.
func headers(h http.Header) map[string]string {
	all := make(map[string]string)
	for name := range h {
		if name != "Date" {
			all[name] = h.Get(name)
		}
	}
	return all
}

func TestStateAndFilesAnswerAsFaasmsUploadServer(t *testing.T) {
	r := newRig(t)
	text := func(length string) map[string]string {
		return map[string]string{
			"Access-Control-Allow-Origin": "*", "Access-Control-Allow-Methods": "GET,POST,PUT,OPTIONS", "Access-Control-Allow-Headers": "User-Agent,Accept,Content-Type,FilePath",
			"Content-Type": "text/plain", "X-Content-Type-Options": "nosniff", "Content-Length": length,
		}
	}
	const file = "FilePath: dir/file"
	for _, step := range []struct {
		name, method, path, body, header string
		status                           int
		says                             string
	}{
		{"a value that there is not", "GET", "/s/demo/key", "", "", 500, "Empty response"},
		{"a value", "PUT", "/s/demo/key", "a\x00value", "", 200, "State upload complete\n"},
		{"that value", "GET", "/s/demo/key", "", "", 200, "a\x00value"},
		{"an empty value, which changes nothing", "PUT", "/s/demo/key", "", "", 200, "State upload complete\n"},
		{"the value that was there before", "GET", "/s/demo/key", "", "", 200, "a\x00value"},
		{"a value of another size", "PUT", "/s/demo/key", "longer than that", "", 200, "State upload complete\n"},
		{"that one", "GET", "/s/demo/key", "", "", 200, "longer than that"},
		{"another user's", "GET", "/s/other/key", "", "", 500, "Empty response"},
		{"a user that is none", "PUT", "/s/-demo/key", "x", "", 400, "user name \"-demo\" starts with '-': it must start with a letter, a digit or '_'\n"},
		{"a key that is too long", "PUT", "/s/demo/" + strings.Repeat("k", 1025), "x", "", 400, "the key of 1025 bytes: a key has 1 to 1,024 bytes\n"},
		{"a value that is too large", "PUT", "/s/demo/key", strings.Repeat("x", 1<<20+1), "", 413, "the body has more than 1 MiB\n"},
		{"a path without a key", "GET", "/s/demo", "", "", 400, "Unrecognised GET request to s/demo"},
		{"a path to nothing", "PUT", "/x/demo/key", "x", "", 400, "Unrecognised PUT request to x/demo/key"},
		{"a method that there is not", "DELETE", "/s/demo/key", "", "", 400, "Unrecognised request method"},
		{"a file without a path", "PUT", "/file", "x", "", 400, "Bad request, expected file path header FilePath"},
		{"a file whose path leads out", "PUT", "/file", "x", "FilePath: ../x", 400, "the header FilePath leads out of the shared directory\n"},
		{"a file", "PUT", "/file", "content", file, 200, "Shared file uploaded\n"},
		{"that file", "GET", "/file", "", file, 200, "content"},
		{"its directory", "GET", "/file", "", "FilePath: dir", 200, "IS_DIR"},
		{"a Python function", "PUT", "/p/demo/py", "pass", "", 200, "Python function upload complete\n"},
		{"its file", "GET", "/file", "", "FilePath: pyfuncs/demo/py/function.py", 200, "pass"},
		{"a ping", "GET", "/ping", "", "", 200, "PONG"},
	} {
		t.Run(step.name, func(t *testing.T) {
			var sent []string
			if step.header != "" {
				sent = append(sent, step.header)
			}
			status, says := r.ask(step.method, step.path, step.body, sent...)
			if status != step.status || says != step.says {
				t.Errorf("got %d %q, want %d %q", status, says, step.status, step.says)
			}
			got := headers(r.header)
			if diff := cmp.Diff(text(strconv.Itoa(len(step.says))), got); diff != "" {
				t.Errorf("headers (- want, + got):\n%s", diff)
			}
		})
	}
}

func TestFunctionsReadWhatWasUploaded(t *testing.T) {
	r := newRig(t)
	r.stock("faasm/state_peek.c", "shared_file.c")
	for _, value := range []string{"one", "other"} {
		if status, text := r.ask("PUT", "/s/demo/peeked", value); status != 200 {
			t.Fatalf("%d %s", status, text)
		}
		if status, text := r.ask("POST", "/", `{"user":"demo","function":"state_peek"}`); status != 200 || text != value {
			t.Errorf("the function reads %d %q, want %q", status, text, value)
		}
	}
	if status, text := r.ask("POST", "/", `{"user":"demo","function":"state_peek","input_data":"pushd"}`); status != 200 {
		t.Fatalf("%d %s", status, text)
	}
	if _, text := r.ask("GET", "/s/demo/peeked", ""); text != "pushd" {
		t.Errorf("after the function has pushed, the value is %q", text)
	}
	if all, err := r.values.List(t.Context(), "demo"); err != nil || len(all) != 1 || all[0] != (state.Listed{Key: "peeked", Size: 5}) {
		t.Errorf("the values are %v, %v", all, err)
	}
}
