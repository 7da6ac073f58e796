package gateway

import (
	_ "embed"
	"io"
	"net/http"
)

//go:embed openapi.json
var openAPI string

// openAPI answers with the description of all paths.
func (g *Gateway) openAPI(w http.ResponseWriter, _ *http.Request) {
	w.Header().Set("Content-Type", "application/json")
	_, _ = io.WriteString(w, openAPI) // the client may have gone
}
