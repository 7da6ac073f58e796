package export

// Document is a profile as [JSON] writes it: what profile.proto has, with indices that
// count from 0 in place of numbers, and whose code each call is.
type Document struct {
	Format  string `json:"format"`  // DocumentFormat
	Version int    `json:"version"` // DocumentVersion
	// SampleTypes says what Values of samples are, DefaultType which to show first.
	SampleTypes []DocumentType `json:"sample_types"`
	DefaultType string         `json:"default_type"`
	// Time is when the profile was begun (RFC 3339); "" if that is not known.
	Time     string `json:"time,omitempty"`
	Duration int64  `json:"duration_ns,omitempty"`
	// Period is how much of PeriodType passed between two samples.
	Period     int64         `json:"period,omitempty"`
	PeriodType *DocumentType `json:"period_type,omitempty"`
	Comments   []string      `json:"comments,omitempty"`

	Modules   []DocumentModule   `json:"modules"`
	Functions []DocumentFunction `json:"functions"`
	Locations []DocumentLocation `json:"locations"`
	Samples   []DocumentSample   `json:"samples"`
}

// DocumentFormat and DocumentVersion are what a [Document] begins with. The version
// changes when something in it gets another meaning, not when something is added.
const (
	DocumentFormat  = "faaslens-profile"
	DocumentVersion = 1
)

// DocumentType is a type of values.
type DocumentType struct {
	Type string `json:"type"` // such as cpu
	Unit string `json:"unit"` // such as nanoseconds
}

// DocumentModule is what code was loaded from.
type DocumentModule struct {
	File    string `json:"file"` // a path, wasm:USER/FUNCTION or a name in brackets
	BuildID string `json:"build_id,omitempty"`
	// Start and End are the addresses that it had.
	Start uint64 `json:"start"`
	End   uint64 `json:"end"`
	// Offset is where Start is in the file, in bytes.
	Offset uint64 `json:"offset,omitempty"`
}

// DocumentFunction is a function.
type DocumentFunction struct {
	Name    string `json:"name"`
	Linkage string `json:"linkage,omitempty"` // the linker's name, where that is another
	File    string `json:"file,omitempty"`
	Line    int64  `json:"line,omitempty"` // where it is declared
}

// DocumentLocation is an instruction.
type DocumentLocation struct {
	Address uint64 `json:"address,omitempty"`
	Module  *int   `json:"module,omitempty"` // index
	// Lines are the calls there: inlined ones first, and last the one with a frame of
	// its own. There is none if nobody knows the function.
	Lines []DocumentLine `json:"lines,omitempty"`
	// Kind says whose code it is if there are no lines.
	Kind string `json:"kind,omitempty"`
}

// DocumentLine is a call.
type DocumentLine struct {
	Function int    `json:"function"` // index
	Line     int64  `json:"line,omitempty"`
	Column   int64  `json:"column,omitempty"`
	Kind     string `json:"kind"` // host, guest, library, host call, kernel or unknown
}

// DocumentSample is what was measured on a stack.
type DocumentSample struct {
	Stack  []int   `json:"stack"`  // indices of locations, the innermost first
	Values []int64 `json:"values"` // one of each of SampleTypes
	// Base means that it is of a difference's base. The values are negated.
	Base    bool                        `json:"base,omitempty"`
	Labels  map[string][]string         `json:"labels,omitempty"`
	Numbers map[string][]DocumentNumber `json:"numbers,omitempty"`
}

// DocumentNumber is a label that is a number.
type DocumentNumber struct {
	Value int64  `json:"value"`
	Unit  string `json:"unit,omitempty"`
}
