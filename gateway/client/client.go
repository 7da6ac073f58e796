// Package client asks a service over HTTP what package gateway answers.
package client

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/url"
	"strconv"
	"strings"
	"time"

	"github.com/faaslens/faaslens/gateway"
	"github.com/faaslens/faaslens/guest"
	"github.com/faaslens/faaslens/scheduler"
)

// Client is a service's client. Its methods may be called from any goroutine.
type Client struct {
	base *url.URL
	http *http.Client
}

// New makes a client of the service at a URL such as http://127.0.0.1:7070.
func New(base string) (*Client, error) {
	if !strings.Contains(base, "://") {
		base = "http://" + base
	}
	u, err := url.Parse(base)
	if err != nil || u.Host == "" || u.Scheme != "http" && u.Scheme != "https" {
		return nil, fmt.Errorf("the service's URL %q: want http://HOST:PORT", base)
	}
	return &Client{base: u, http: &http.Client{}}, nil
}

// Error is a service's refusal.
type Error struct {
	Problem gateway.Problem
}

func (e *Error) Error() string {
	if e.Problem.Hint == "" {
		return e.Problem.Error
	}
	return e.Problem.Error + ": " + e.Problem.Hint
}

// Options are what a client asks of an invocation. Zero fields leave it to the service.
type Options struct {
	Args    []string
	Timeout time.Duration
	Memory  uint64 // bytes
	Output  uint64 // bytes
}

func (o *Options) query() url.Values {
	q := url.Values{"arg": o.Args}
	if o.Timeout > 0 {
		q.Set("timeout", o.Timeout.String())
	}
	if o.Memory > 0 {
		q.Set("memory", strconv.FormatUint(o.Memory, 10))
	}
	if o.Output > 0 {
		q.Set("output-limit", strconv.FormatUint(o.Output, 10))
	}
	return q
}

// Result is what a function gave that succeeded.
type Result struct {
	ID     scheduler.ID
	Output []byte
	Timing string // as the header Server-Timing has it
}

// Invoke runs a function to its end. The error is an *Error if it failed.
func (c *Client) Invoke(ctx context.Context, name guest.Name, input []byte, o Options) (*Result, error) {
	resp, err := c.do(ctx, "POST", functionPath(name, "invoke"), o.query(), input)
	if err != nil {
		return nil, err
	}
	return readResult(resp)
}

func functionPath(name guest.Name, action string) []string {
	return []string{"v1", "functions", name.User, name.Function, action}
}

func readResult(resp *http.Response) (*Result, error) {
	defer resp.Body.Close()
	b, err := io.ReadAll(resp.Body)
	if err != nil {
		return nil, fmt.Errorf("read the result: %w", err)
	}
	id, err := strconv.ParseUint(resp.Header.Get(gateway.HeaderInvocation), 10, 32)
	if err != nil {
		return nil, fmt.Errorf("read the result: the header %s is no number: is this a faaslens service?", gateway.HeaderInvocation)
	}
	return &Result{ID: scheduler.ID(id), Output: b, Timing: resp.Header.Get("Server-Timing")}, nil
}

// Start starts an invocation that goes on without the client.
func (c *Client) Start(ctx context.Context, name guest.Name, input []byte, o Options) (*gateway.Invocation, error) {
	i := new(gateway.Invocation)
	return i, c.read(ctx, i, "POST", functionPath(name, "start"), o.query(), input)
}

// Invocation tells what is known of an invocation when it has ended, or after a while.
func (c *Client) Invocation(ctx context.Context, id scheduler.ID, wait time.Duration) (*gateway.Invocation, error) {
	i := new(gateway.Invocation)
	return i, c.read(ctx, i, "GET", invocationPath(id, ""), waitQuery(wait), nil)
}

// Result returns what an invocation gave that has ended; it is nil if it has not. The
// error is an *Error if it failed.
func (c *Client) Result(ctx context.Context, id scheduler.ID, wait time.Duration) (*Result, error) {
	resp, err := c.do(ctx, "GET", invocationPath(id, "result"), waitQuery(wait), nil)
	if err != nil {
		return nil, err
	}
	if resp.StatusCode == http.StatusAccepted {
		resp.Body.Close()
		return nil, nil
	}
	return readResult(resp)
}

func invocationPath(id scheduler.ID, what string) []string {
	return []string{"v1", "invocations", id.String(), what}
}

func waitQuery(d time.Duration) url.Values {
	if d <= 0 {
		return nil
	}
	return url.Values{"wait": {d.String()}}
}

// Cancel ends an invocation. It reports whether that, or one that it chained, had not
// ended before.
func (c *Client) Cancel(ctx context.Context, id scheduler.ID) (bool, error) {
	var answer gateway.Cancelled
	err := c.read(ctx, &answer, "POST", invocationPath(id, "cancel"), nil, nil)
	return answer.Cancelled, err
}

// Graph returns an invocation's graph in a format: json, dot, svg or text.
func (c *Client) Graph(ctx context.Context, id scheduler.ID, format string) (j Joint[[]byte], err error) {
	resp, err := c.do(ctx, "GET", invocationPath(id, "graph"), url.Values{"format": {format}}, nil)
	if err != nil {
		return j, err
	}
	defer resp.Body.Close()
	j.Silent = membersIn(resp, gateway.HeaderSilent)
	j.All, err = io.ReadAll(resp.Body)
	return j, err
}

// Joint is what the members of a service said together.
type Joint[T any] struct {
	All    T
	Silent []string // members that did not answer: All has nothing of theirs
	Lost   []string // those that ended without saying so, whose work others are about to take
}

// Invocations are those that have not ended, of all members or the one of that name.
func (c *Client) Invocations(ctx context.Context, member string) (j Joint[[]gateway.Invocation], err error) {
	err = readJoint(c, ctx, &j, memberQuery(member), "v1", "invocations")
	return j, err
}

// Stacks tells where the invocations are that run, on all members or the one of that name.
func (c *Client) Stacks(ctx context.Context, member string) (j Joint[[]gateway.Stack], err error) {
	err = readJoint(c, ctx, &j, memberQuery(member), "v1", "stacks")
	return j, err
}

// Stack tells where one is.
func (c *Client) Stack(ctx context.Context, id scheduler.ID) (*gateway.Stack, error) {
	s := new(gateway.Stack)
	return s, c.read(ctx, s, "GET", invocationPath(id, "stack"), nil, nil)
}

// Status tells what the service is doing, or the member of that name.
func (c *Client) Status(ctx context.Context, member string) (*gateway.Status, error) {
	s := new(gateway.Status)
	return s, c.read(ctx, s, "GET", []string{"v1", "status"}, memberQuery(member), nil)
}

func memberQuery(member string) url.Values {
	if member == "" {
		return nil
	}
	return url.Values{"member": {member}}
}

// Logs passes entries of the log on, the oldest first, until there are no more or each
// returns an error. It calls silent, before the first entry, with the members that did not
// answer. The query is as the service's.
func (c *Client) Logs(ctx context.Context, query url.Values, silent func(member string), each func(*gateway.LogEntry) error) error {
	resp, err := c.do(ctx, "GET", []string{"v1", "logs"}, query, nil)
	if err != nil {
		return err
	}
	defer resp.Body.Close()
	for _, member := range membersIn(resp, gateway.HeaderSilent) {
		silent(member)
	}
	d := json.NewDecoder(resp.Body)
	for {
		e := new(gateway.LogEntry)
		switch err := d.Decode(e); {
		case err == io.EOF:
			return nil
		case err != nil:
			return fmt.Errorf("read the log: %w", err)
		}
		if err := each(e); err != nil {
			return err
		}
	}
}

// membersIn are the members that a header names.
func membersIn(resp *http.Response, header string) []string {
	names := resp.Header.Get(header)
	if names == "" {
		return nil
	}
	return strings.Split(names, ", ")
}

// readJoint asks for JSON that members said together.
func readJoint[T any](c *Client, ctx context.Context, j *Joint[T], query url.Values, path ...string) error {
	resp, err := c.do(ctx, "GET", path, query, nil)
	if err != nil {
		return err
	}
	j.Silent, j.Lost = membersIn(resp, gateway.HeaderSilent), membersIn(resp, gateway.HeaderLost)
	return c.decode(resp, &j.All)
}

// read asks for JSON.
func (c *Client) read(ctx context.Context, v any, method string, path []string, query url.Values, body []byte) error {
	resp, err := c.do(ctx, method, path, query, body)
	if err != nil {
		return err
	}
	return c.decode(resp, v)
}

// decode reads an answer's JSON, and closes it.
func (c *Client) decode(resp *http.Response, v any) error {
	defer resp.Body.Close()
	if err := json.NewDecoder(resp.Body).Decode(v); err != nil {
		return fmt.Errorf("read the answer of %s: %w", c.base, err)
	}
	return nil
}

// unanswered is the error of a request that got no answer.
func (c *Client) unanswered(err error) error {
	const next = "start one with 'faaslens serve', or name another with --server or FAASLENS_SERVER"
	if dial, ok := errors.AsType[*net.OpError](err); ok && dial.Op == "dial" {
		return fmt.Errorf("no service at %s: %w: %s", c.base.Host, dial.Err, next)
	}
	return fmt.Errorf("ask the service at %s: %w", c.base.Host, err)
}

// maxProblem bounds what is read of a refusal.
const maxProblem = 16 << 20

// do asks. The caller closes the answer's body; refusals are errors.
func (c *Client) do(ctx context.Context, method string, path []string, query url.Values, body []byte) (*http.Response, error) {
	return c.send(ctx, method, path, query, nil, bytes.NewReader(body), int64(len(body)))
}

// send is do with headers and a body of that many bytes; a negative number is not known.
func (c *Client) send(ctx context.Context, method string, path []string, query url.Values, header http.Header, body io.Reader, size int64) (*http.Response, error) {
	if path[len(path)-1] == "" {
		path = path[:len(path)-1]
	}
	u := c.base.JoinPath(path...)
	u.RawQuery = query.Encode()
	if size == 0 {
		body = http.NoBody
	}
	req, err := http.NewRequestWithContext(ctx, method, u.String(), body)
	if err != nil {
		return nil, err
	}
	req.ContentLength = size
	for name, values := range header {
		req.Header[name] = values
	}
	resp, err := c.http.Do(req)
	if err != nil {
		return nil, c.unanswered(err)
	}
	if resp.StatusCode < 300 {
		return resp, nil
	}
	defer resp.Body.Close()
	b, err := io.ReadAll(io.LimitReader(resp.Body, maxProblem))
	if err != nil {
		return nil, fmt.Errorf("read the answer of %s: %w", c.base, err)
	}
	e := &Error{}
	if json.Unmarshal(b, &e.Problem) != nil || e.Problem.Error == "" {
		return nil, fmt.Errorf("%s answered %s: is this a faaslens service?", c.base, resp.Status)
	}
	return nil, e
}
