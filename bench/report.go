package main

import (
	"encoding/json"
	"fmt"
	"io"
	"os"
	"slices"
	"text/tabwriter"
	"time"
)

// report is everything that a run found out; its JSON is what -json writes.
type report struct {
	Started  time.Time `json:"started"`
	Rounds   int       `json:"rounds"`
	Quick    bool      `json:"quick"`
	Machine  machine   `json:"machine"`
	Results  []result  `json:"results"`
	Verdicts []verdict `json:"verdicts"`
}

// writeJSON writes the report to a file.
func (r *report) writeJSON(path string) error {
	b, err := json.MarshalIndent(r, "", "  ")
	if err != nil {
		return fmt.Errorf("encode the report: %w", err)
	}
	if err := os.WriteFile(path, append(b, '\n'), 0o644); err != nil {
		return fmt.Errorf("write the report: %w", err)
	}
	return nil
}

// held tells whether no floor was missed. Floors that were not measured count as
// missed: a claim that nobody looked at does not hold.
func (r *report) held() bool {
	return !slices.ContainsFunc(r.Verdicts, func(v verdict) bool { return v.State != pass })
}

// noisy is the share of the cores from which on down figures deserve doubt.
const noisy = 0.9

func (r *report) writeHead(out io.Writer) {
	m := r.Machine
	fmt.Fprintf(out, "%s, %d cores, %s, Linux %s, %s; %d rounds\n", m.CPU, m.Cores, m.System, m.Kernel, m.Go, r.Rounds)
	if m.Free < noisy {
		fmt.Fprintf(out, "noisy: this process gets %.0f %% of the cores; look at the spreads\n", 100*m.Free)
	}
	if r.Quick {
		fmt.Fprintln(out, "quick: shows that everything runs; the figures mean little")
	}
}

// writeTable prints one benchmark's results: a row a case, a column a subject.
// The baseline's column has values, the others ratios to it; where there is no
// baseline all have values.
func writeTable(out io.Writer, b benchmark, results []result) error {
	fmt.Fprintf(out, "\n%s: %s\n", b.name, b.about)
	var cases, subjects []string
	for _, r := range results {
		if !slices.Contains(cases, r.Case) {
			cases = append(cases, r.Case)
		}
		if !slices.Contains(subjects, r.Subject) {
			subjects = append(subjects, r.Subject)
		}
	}
	table := tabwriter.NewWriter(out, 0, 0, 2, ' ', tabwriter.AlignRight)
	fmt.Fprint(table, "\t")
	for _, subject := range subjects {
		fmt.Fprintf(table, "%s\t", subject)
	}
	fmt.Fprintln(table)
	for _, c := range cases {
		fmt.Fprintf(table, "%s\t", c)
		for _, subject := range subjects {
			i := slices.IndexFunc(results, func(r result) bool { return r.Case == c && r.Subject == subject })
			if i < 0 {
				fmt.Fprint(table, "\t")
				continue
			}
			fmt.Fprintf(table, "%s\t", cell(results[i]))
		}
		fmt.Fprintln(table)
	}
	return table.Flush()
}

// cell writes a figure and its spread: "1.21× ±4%" or "231 ms ±2%".
func cell(r result) string {
	text := fmt.Sprintf("%.2f×", r.Ratio)
	if r.Ratio == 0 {
		text = quantity(r.Value, r.Unit)
	}
	if len(r.Samples) > 1 {
		text += fmt.Sprintf(" ±%.0f%%", 50*r.Spread)
	}
	return text
}

// quantity writes times in the unit that reads best and everything else as it is.
func quantity(value float64, unit string) string {
	if unit == "ns" {
		for _, u := range []struct {
			size float64
			name string
		}{{1e9, "s"}, {1e6, "ms"}, {1e3, "µs"}} {
			if value >= u.size {
				return fmt.Sprintf("%.3g %s", value/u.size, u.name)
			}
		}
	}
	return fmt.Sprintf("%.4g %s", value, unit)
}

func writeVerdicts(out io.Writer, verdicts []verdict) {
	if len(verdicts) > 0 {
		fmt.Fprintln(out, "\nfloors:")
	}
	for _, v := range verdicts {
		if v.State == unmeasured {
			fmt.Fprintf(out, "  %-10s %s: %s\n", v.State, v.Benchmark, v.Floor)
			continue
		}
		fmt.Fprintf(out, "  %-10s %s: %s (got %.4g)\n", v.State, v.Benchmark, v.Floor, v.Got)
	}
}
