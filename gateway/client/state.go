package client

import (
	"context"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"strconv"
	"strings"

	"github.com/faaslens/faaslens/gateway"
	"github.com/faaslens/faaslens/state"
)

// statePath is where a value is. A key may have slashes and dots, which are no part of the
// path.
func statePath(k state.Key) []string {
	name := url.PathEscape(k.Name)
	if strings.Trim(name, ".") == "" {
		name = strings.ReplaceAll(name, ".", "%2E")
	}
	return []string{"v1", "state", url.PathEscape(k.User), name}
}

// State opens a value of that user for reading, n bytes from an offset on; an n of 0 is all
// that there are. It tells how many bytes the reader has. The caller closes it.
func (c *Client) State(ctx context.Context, k state.Key, offset, n int64) (io.ReadCloser, int64, error) {
	header := http.Header{}
	if offset != 0 || n != 0 {
		last := ""
		if n != 0 {
			last = strconv.FormatInt(offset+n-1, 10)
		}
		header.Set("Range", fmt.Sprintf("bytes=%d-%s", offset, last))
	}
	resp, err := c.send(ctx, "GET", statePath(k), nil, header, http.NoBody, 0)
	if err != nil {
		return nil, 0, err
	}
	return resp.Body, resp.ContentLength, nil
}

// PutState makes a value of what a reader has, which is size bytes, or a number that is not
// known where that is negative.
func (c *Client) PutState(ctx context.Context, k state.Key, from io.Reader, size int64) (*gateway.Value, error) {
	return c.putState(ctx, k, nil, from, size)
}

// PutStateAt writes what a reader has into a value that there is, from an offset on.
func (c *Client) PutStateAt(ctx context.Context, k state.Key, offset int64, from io.Reader, size int64) (*gateway.Value, error) {
	return c.putState(ctx, k, url.Values{"offset": {strconv.FormatInt(offset, 10)}}, from, size)
}

func (c *Client) putState(ctx context.Context, k state.Key, query url.Values, from io.Reader, size int64) (*gateway.Value, error) {
	resp, err := c.send(ctx, "PUT", statePath(k), query, nil, from, size)
	if err != nil {
		return nil, err
	}
	v := new(gateway.Value)
	return v, c.decode(resp, v)
}

// RemoveState removes a value.
func (c *Client) RemoveState(ctx context.Context, k state.Key) error {
	resp, err := c.do(ctx, "DELETE", statePath(k), nil, nil)
	if err != nil {
		return err
	}
	return resp.Body.Close()
}

// ListState lists a user's values.
func (c *Client) ListState(ctx context.Context, user string) ([]state.Listed, error) {
	var all []state.Listed
	return all, c.read(ctx, &all, "GET", []string{"v1", "state", url.PathEscape(user)}, nil, nil)
}
