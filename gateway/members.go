package gateway

import (
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"slices"
	"strings"
)

// HeaderSilent names the members, separated by commas, that did not answer in time and of
// which an answer has nothing.
const HeaderSilent = "Faaslens-Silent"

// HeaderLost names the members, likewise, that ended without saying so and whose work others
// are about to take.
const HeaderLost = "Faaslens-Lost"

// Members are the other processes that share the work with this one.
type Members interface {
	// Members are their names, as far as they are known now.
	Members() []string
	// Lost are the names of members that ended without saying so, as long as others have not
	// taken what they left behind.
	Lost() []string
	// Ask has each answered by all of them, or by the one of that name, and waits for them
	// for as long as the context lets it, or two seconds. The question is sent as JSON.
	Ask(ctx context.Context, only, kind string, question any, each func(member string, answer []byte, err error))
	// Answer has f answer the questions of a kind that they ask.
	Answer(kind string, f func(ctx context.Context, question []byte) ([]byte, error))
}

// alone is to have no others.
type alone struct{}

func (alone) Members() []string                                                         { return nil }
func (alone) Lost() []string                                                            { return nil }
func (alone) Ask(context.Context, string, string, any, func(string, []byte, error))     {}
func (alone) Answer(string, func(ctx context.Context, question []byte) ([]byte, error)) {}

// Kinds of questions that gateways ask one another.
const (
	askInvocations = "invocations"
	askStatus      = "status"
	askStacks      = "stacks"
	askLogs        = "logs"
)

// answerMembers has this gateway answer what others want to know.
func (g *Gateway) answerMembers() {
	answerWith(g, askInvocations, func(context.Context, struct{}) []*Invocation { return g.invocationsHere() })
	answerWith(g, askStatus, func(context.Context, struct{}) MemberStatus { return g.statusHere() })
	answerWith(g, askStacks, func(context.Context, struct{}) []Stack { return g.stacksHere() })
	answerWith(g, askLogs, g.logsHere)
}

func answerWith[Q, A any](g *Gateway, kind string, f func(context.Context, Q) A) {
	g.cfg.Members.Answer(kind, func(ctx context.Context, b []byte) ([]byte, error) {
		var q Q
		if err := json.Unmarshal(b, &q); err != nil {
			return nil, fmt.Errorf("the question about %s cannot be read: %w", kind, err)
		}
		return json.Marshal(f(ctx, q))
	})
}

// said is what a member said.
type said[T any] struct {
	member string
	answer T
	err    error
}

// gather has a question answered by this gateway and by all others, or by the one that the
// request wants. Those that do not answer are named in the response's header.
func gather[Q, A any](g *Gateway, w http.ResponseWriter, r *http.Request, kind string, question Q, here func(context.Context, Q) A) ([]said[A], *Problem) {
	only, p := g.memberOf(r)
	if p != nil {
		return nil, p
	}
	var all []said[A]
	if only == "" || only == g.cfg.Host {
		all = append(all, said[A]{member: g.cfg.Host, answer: here(r.Context(), question)})
	}
	if only != g.cfg.Host {
		all = append(all, askOthers[A](g, r.Context(), only, kind, question)...)
	}
	var silent []string
	for _, s := range all {
		if s.err != nil {
			silent = append(silent, s.member)
		}
	}
	nameSilent(w, silent)
	return all, nil
}

func nameSilent(w http.ResponseWriter, silent []string) { nameMembers(w, HeaderSilent, silent) }

func nameMembers(w http.ResponseWriter, header string, names []string) {
	if len(names) > 0 {
		w.Header().Set(header, strings.Join(names, ", "))
	}
}

func askOthers[A any](g *Gateway, ctx context.Context, only, kind string, question any) []said[A] {
	var all []said[A]
	g.cfg.Members.Ask(ctx, only, kind, question, func(member string, answer []byte, err error) {
		s := said[A]{member: member, err: err}
		if err == nil {
			s.err = json.Unmarshal(answer, &s.answer)
		}
		all = append(all, s)
	})
	return all
}

// memberOf is the member that a request is about; "" for all.
func (g *Gateway) memberOf(r *http.Request) (string, *Problem) {
	only := r.URL.Query().Get("member")
	if only == "" || only == g.cfg.Host {
		return only, nil
	}
	known := g.cfg.Members.Members()
	if slices.Contains(known, only) {
		return only, nil
	}
	return "", &Problem{Status: http.StatusNotFound, Error: fmt.Sprintf("there is no member %q", only),
		Hint: "there are " + strings.Join(append([]string{g.cfg.Host}, known...), ", ")}
}
