package render

import (
	"bytes"
	"fmt"
	"go/format"
)

// rewriteImports gives a static file the module path of the project. The path is
// replaced wherever it stands, in comments too, and the import block sorted anew.
func rewriteImports(name string, src []byte, module string) ([]byte, error) {
	src = bytes.ReplaceAll(src, []byte(templateModule+"/"), []byte(module+"/"))
	out, err := format.Source(src)
	if err != nil {
		return nil, fmt.Errorf("format %s: %w", name, err)
	}
	return out, nil
}
