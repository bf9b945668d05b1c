package generator_test

import (
	"bytes"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// checkSuite checks that what TestSchemaSuite runs backs the rows that say so.
func checkSuite(t *testing.T, rows []*supportRow) {
	t.Helper()
	suites := filepath.Join(shared(), "jsonschema/tests")
	_, missing := os.Stat(suites)
	for _, row := range rows {
		if row.suite == "" {
			continue
		}
		if _, refused := beyond[filepath.Base(row.suite)]; refused && row.support == "full" {
			t.Errorf("%s: TestSchemaSuite refuses parts of %s", row, row.suite)
		}
		if missing != nil {
			continue
		}
		if _, err := os.Stat(filepath.Join(suites, row.suite+".json")); err != nil {
			t.Errorf("%s: TestSchemaSuite does not run it: %v", row, err)
		}
	}
}

// supportPage is docs/openapi-support.md.
func supportPage(rows []*supportRow) []byte {
	count := map[string]int{}
	for _, row := range rows {
		count[row.support]++
	}
	var out bytes.Buffer
	fmt.Fprintf(&out, `# What apigen makes of OpenAPI

Every row is a file of [testdata/support](../testdata/support): a document, the messages it must give, and requests to
the service that is generated from it. %s runs them all and writes this page (%s). A new row is a new file; the comment
of supportRow in [generator/support_test.go](../generator/support_test.go) says what goes into it.

- **full**: the service does what the document says, and refuses what it does not allow.
- **partial**: the document is read, and the remark says what the service leaves out.
- **refused**: an error with its place and a way out; with %s only the operations that need it are left out.

%d rows: %d full, %d partial, %d refused.
`, "`TestSupport`", "`make golden`", "`--skip-unsupported`", len(rows), count["full"], count["partial"], count["refused"])
	for _, group := range supportGroups {
		fmt.Fprintf(&out, "\n## %s\n\n| feature | defined in | support | remark |\n|---|---|---|---|\n", group.title)
		for _, row := range rows {
			if row.group != group.folder {
				continue
			}
			remark := row.remark
			if row.suite != "" {
				remark = strings.TrimPrefix(remark+"; JSON Schema Test Suite, `"+row.suite+"`", "; ")
			}
			cell := strings.NewReplacer("|", `\|`).Replace
			fmt.Fprintf(&out, "| [%s](../testdata/support/%s.txtar) | %s | %s | %s |\n", cell(row.feature), row, cell(row.spec), row.support, cell(remark))
		}
	}
	return out.Bytes()
}
