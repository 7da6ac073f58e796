package toolchain

import (
	"context"
	"fmt"
)

// GoTool is the Go toolchain.
type GoTool struct {
	Path    string
	Version Version
}

// oldestGo is the first release with GOOS=wasip1.
var oldestGo = Version{1, 21, 0}

const installGo = "a release from https://go.dev/dl/, unpacked to /usr/local/go, with /usr/local/go/bin on the PATH"

func findGo(ctx context.Context, h Host) (*GoTool, *MissingTool) {
	var old string
	for _, path := range append(h.lookPath("go"), h.fixed("/usr/local/go/bin/go")) {
		if !isExecutable(path) {
			continue
		}
		out, err := h.probe(ctx, path, "version")
		v, ok := parseVersion("go version go", out)
		if err != nil || !ok {
			continue
		}
		if v.Less(oldestGo) {
			old = fmt.Sprintf("; %s is %d.%d", path, v.Major, v.Minor)
			continue
		}
		return &GoTool{Path: path, Version: v}, nil
	}
	return nil, &MissingTool{
		What:    "Go",
		Why:     fmt.Sprintf("Go sources need Go %d.%d or newer, the first that builds for wasip1%s", oldestGo.Major, oldestGo.Minor, old),
		Install: installGo,
	}
}
