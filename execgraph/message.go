package execgraph

import (
	"math"
	"strconv"
	"time"

	"github.com/faaslens/faaslens/scheduler"
)

// Message is Faasm's message about an invocation in its JSON, which is that of protobuf:
// defaults are left out, 64-bit numbers are strings, bytes are base64. The source is
// faabric's faabric.proto.
type Message struct {
	ID              int32  `json:"id,omitempty"`
	AppID           int32  `json:"appId,omitempty"`
	AppIndex        int32  `json:"appIdx,omitempty"`
	MainHost        string `json:"mainHost,omitempty"`
	Type            int32  `json:"type,omitempty"`
	User            string `json:"user,omitempty"`
	Function        string `json:"function,omitempty"`
	Input           []byte `json:"input_data,omitempty"`
	Output          string `json:"output_data,omitempty"`
	Pointer         int32  `json:"funcPtr,omitempty"`
	ReturnValue     int32  `json:"returnValue,omitempty"`
	Started         int64  `json:"start_ts,omitempty,string"` // ms since 1970
	ExecutedHost    string `json:"executedHost,omitempty"`
	Finished        int64  `json:"finish_ts,omitempty,string"`
	IsPython        bool   `json:"python,omitempty"`
	PythonUser      string `json:"py_user,omitempty"`
	PythonFunction  string `json:"py_func,omitempty"`
	PythonEntry     string `json:"pythonEntry,omitempty"`
	Cmdline         string `json:"cmdline,omitempty"`
	RecordExecGraph bool   `json:"record_exec_graph,omitempty"`
	Chained         []int  `json:"chainedMsgIds,omitempty"`
	// IntDetails has times in microseconds, and the worker; Details the status and
	// what failed.
	IntDetails map[string]int32  `json:"intExecGraphDetails,omitempty"`
	Details    map[string]string `json:"execGraphDetails,omitempty"`
}

// MessageOf tells an invocation as of now in Faasm's terms, as one of the application app.
func MessageOf(i *scheduler.Invocation, app int32, now time.Time) *Message {
	r := i.Request
	m := &Message{
		ID: int32(i.ID), AppID: app, MainHost: i.Host, User: r.Function.User, Function: r.Function.Function,
		Input: r.Input, RecordExecGraph: true, Started: millis(i.Times.Queued), Finished: millis(i.Times.Finished),
		IsPython: r.Python.Function != "", PythonUser: r.Python.User, PythonFunction: r.Python.Function, PythonEntry: r.Python.Entry,
	}
	if r.Pointer != nil {
		m.Pointer = int32(*r.Pointer)
	}
	if i.Worker >= 0 {
		m.ExecutedHost = i.Host
	}
	for _, c := range i.Chained {
		m.Chained = append(m.Chained, int(c))
	}
	m.detail(i, now)
	if i.Result != nil {
		m.ReturnValue = i.Result.ReturnValue
		m.Output = string(scheduler.FaasmOutput(i.ID, i.Result))
	}
	return m
}

func (m *Message) detail(i *scheduler.Invocation, now time.Time) {
	p := PhasesOf(i, now)
	m.IntDetails = map[string]int32{
		"queue_us": micros(p.Queue), "ready_us": micros(p.Ready), "run_us": micros(p.Run), "wait_us": micros(p.Wait),
		"worker": int32(i.Worker),
	}
	if p.Cold {
		m.IntDetails["cold_start"] = 1
	}
	m.Details = map[string]string{"status": i.Status.String()}
	if i.Result != nil && i.Result.Failure != nil {
		m.Details["failure"] = i.Result.Failure.Message
	}
}

func millis(t time.Time) int64 {
	if t.IsZero() {
		return 0
	}
	return t.UnixMilli()
}

func micros(d time.Duration) int32 { return int32(min(d.Microseconds(), math.MaxInt32)) }

func itoa(n int64) string { return strconv.FormatInt(n, 10) }
