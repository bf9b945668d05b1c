package generator_test

import (
	"fmt"
	"maps"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"sync"
	"testing"
	"text/tabwriter"
	"time"
)

// maxPeak is the most memory that a run of the generator may hold.
const maxPeak = 512 << 20

// TestCorpus makes a project of every document by others and compiles it: those
// that stand alone, those in several files, every version of those that evolve.
// Documents that are not valid are refused, or understood and compiled. It takes
// long and runs when APIGEN_CORPUS is set:
//
//	make corpus
//
// In the folder of this file, go test -run TestCorpus/specs/github picks some.
func TestCorpus(t *testing.T) {
	if os.Getenv("APIGEN_CORPUS") == "" {
		t.Skip("APIGEN_CORPUS is not set")
	}
	command := buildCommand(t)
	score := &corpusScore{}
	t.Cleanup(func() { fmt.Print(score) })
	for _, set := range []struct {
		name      string
		documents []string
		tolerate  bool // a refusal is an answer
	}{
		{"specs", corpusFiles(t, "specs/*.*"), false},
		{"multi", corpusRoots(t), false},
		{"evolution", corpusFiles(t, "evolution/*/*.*"), false},
		{"invalid", corpusFiles(t, "specs/invalid/*.*"), true},
	} {
		t.Run(set.name, func(t *testing.T) {
			for _, document := range set.documents {
				name := filepath.Base(document)
				switch set.name {
				case "multi":
					name = filepath.Base(corpusFolder(document))
				case "evolution":
					name = filepath.Base(filepath.Dir(document)) + "/" + name
				}
				t.Run(name, func(t *testing.T) {
					t.Parallel()
					inTime(t)
					var args []string
					if set.name == "multi" {
						args = []string{"--allow-ref", corpusFolder(document)}
					}
					r := tryDocument(t, command, document, args...)
					r.name, r.set = name, set.name
					score.add(r)
					switch o := r.outcome; {
					case !o.Applied && !(set.tolerate && o.refused()):
						t.Errorf("it is not generated: %s%s", o.Error, head(o.Diagnostics.Error(), 12))
					case o.peak > maxPeak:
						t.Errorf("the generator held %d MB", o.peak>>20)
					case r.broken != "":
						t.Error(r.broken)
					}
				})
			}
		})
	}
}

var corpusBegin = time.Now()

// inTime skips a document when APIGEN_CORPUS_TIME has passed since the begin, so that a
// machine with a limit stays below it; without the variable all of them run.
func inTime(t *testing.T) {
	t.Helper()
	limit, err := time.ParseDuration(os.Getenv("APIGEN_CORPUS_TIME"))
	if err == nil && time.Since(corpusBegin) > limit {
		t.Skip("not run: APIGEN_CORPUS_TIME=" + limit.String() + " is over")
	}
}

// corpusFiles returns the documents of the corpus that match a pattern.
func corpusFiles(t *testing.T, pattern string) []string {
	t.Helper()
	all, err := filepath.Glob(filepath.Join(shared(), pattern))
	if err != nil {
		t.Fatal(err)
	}
	var out []string
	for _, file := range all {
		if slices.Contains([]string{".json", ".yaml", ".yml"}, filepath.Ext(file)) {
			abs, err := filepath.Abs(file)
			if err != nil {
				t.Fatal(err)
			}
			out = append(out, abs)
		}
	}
	if len(out) == 0 {
		t.Fatalf("no documents %s in %s", pattern, shared())
	}
	return out
}

// rootRow is a row of SOURCES.md about a document in several files.
var rootRow = regexp.MustCompile(`(?m)^\| (multi/\S+) \| (\S+) \|`)

// corpusRoots returns the documents in several files: the file to begin with.
func corpusRoots(t *testing.T) []string {
	t.Helper()
	text, err := os.ReadFile(filepath.Join(shared(), "specs/SOURCES.md"))
	if err != nil {
		t.Fatal(err)
	}
	var out []string
	for _, row := range rootRow.FindAllStringSubmatch(string(text), -1) {
		out = append(out, corpusFiles(t, filepath.Join("specs", row[1], row[2]))...)
	}
	return out
}

// corpusFolder returns the folder of specs/multi that holds all files of a
// document; some refer to files above their own folder.
func corpusFolder(document string) string {
	dir := filepath.Dir(document)
	for filepath.Base(filepath.Dir(dir)) != "multi" {
		dir = filepath.Dir(dir)
	}
	return dir
}

// corpusResult is what became of one document.
type corpusResult struct {
	set, name string
	outcome   *outcome
	compile   time.Duration
	broken    string // what the compiler said
}

// tryDocument makes a project of a document, compiles it and removes it.
func tryDocument(t *testing.T, command, document string, args ...string) *corpusResult {
	t.Helper()
	dir := t.TempDir()
	r := &corpusResult{outcome: runNew(t, command, dir, document, args...)}
	if r.outcome.Applied {
		start := time.Now()
		r.broken = compileProject(t, filepath.Join(dir, "svc"))
		r.compile = time.Since(start)
	}
	return r
}

// corpusScore counts the results.
type corpusScore struct {
	mu      sync.Mutex
	results []*corpusResult
}

func (s *corpusScore) add(r *corpusResult) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.results = append(s.results, r)
}

// String prints what was generated and compiled, what was refused, the kinds of
// warnings, the slowest and the largest.
func (s *corpusScore) String() string {
	var b strings.Builder
	w := tabwriter.NewWriter(&b, 0, 0, 2, ' ', 0)
	fmt.Fprintln(w, "set\tgenerated\tcompiled\ttotal")
	for _, set := range []string{"specs", "multi", "evolution", "invalid"} {
		var generated, compiled, total int
		for _, r := range s.results {
			if r.set != set {
				continue
			}
			total++
			if r.outcome.Applied {
				generated++
				if r.broken == "" {
					compiled++
				}
			}
		}
		fmt.Fprintf(w, "%s\t%d\t%d\t%d\n", set, generated, compiled, total)
	}
	fmt.Fprintln(w, "\nslowest\tCPU of generation\tpeak MB\tcompiled after")
	slices.SortFunc(s.results, func(a, b *corpusResult) int { return int(b.outcome.cpu - a.outcome.cpu) })
	for _, r := range s.results[:min(10, len(s.results))] {
		fmt.Fprintf(w, "%s/%s\t%.2f s\t%d\t%.1f s\n", r.set, r.name, r.outcome.cpu.Seconds(), r.outcome.peak>>20, r.compile.Seconds())
	}
	w.Flush()
	fmt.Fprintln(&b, "\nwarnings, documents, kind")
	for _, k := range s.kinds() {
		fmt.Fprintf(&b, "%8d  %9d  %s\n", k.warnings, k.documents, k.text)
	}
	return b.String()
}

// kind is a warning without the names in it, and how often it was given.
type kind struct {
	text                string
	warnings, documents int
}

var (
	quotedName = regexp.MustCompile(`"[^"]*"|` + "`[^`]*`")
	andMore    = regexp.MustCompile(` \(and \d+ more like it\)$`)
	plainName  = regexp.MustCompile(`\S*[/#{}0-9_.]\S*[^\s.,:;)]|\b[A-Z]+\b|\b\w*[a-z][A-Z]\w*\b`)
)

// kinds counts the warnings of all documents by their kind, most first.
func (s *corpusScore) kinds() []kind {
	found := map[string]*kind{}
	for _, r := range s.results {
		seen := map[string]bool{}
		for _, d := range r.outcome.Diagnostics {
			if d.Severity != "warning" {
				continue
			}
			text := andMore.ReplaceAllString(d.Msg, "")
			text = plainName.ReplaceAllString(quotedName.ReplaceAllString(text, "…"), "…")
			if found[text] == nil {
				found[text] = &kind{text: text}
			}
			found[text].warnings++
			if !seen[text] {
				seen[text] = true
				found[text].documents++
			}
		}
	}
	var out []kind
	for _, name := range slices.Sorted(maps.Keys(found)) {
		out = append(out, *found[name])
	}
	slices.SortStableFunc(out, func(a, b kind) int { return b.warnings - a.warnings })
	return out
}
